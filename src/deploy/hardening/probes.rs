//! Rules about probes of what serves; a Job that ends has none.

use serde_json::Value;

use super::objects::{Objects, items};
use super::rule::{Rule, checked, unless};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Probes",
        asks: "`livenessProbe`, `readinessProbe` and `startupProbe` of what serves",
        scanners: "kube-linter `no-liveness-probe`, `no-readiness-probe` (optional); kube-score \
                   `pod-probes`; Polaris `livenessProbeMissing`, `readinessProbeMissing`; checkov \
                   `CKV_K8S_8`, `CKV_K8S_9`; Kubescape `C-0018`, `C-0056`",
        met: checked(present),
    },
    Rule {
        name: "Probe ports",
        asks: "probes that go to a port of the container, by its name",
        scanners: "kube-linter `liveness-port`, `readiness-port`, `startup-port`",
        met: checked(port),
    },
    Rule {
        name: "Probes differ",
        asks: "liveness and readiness that ask different questions",
        scanners: "kube-score `pod-probes-identical`",
        met: unless(
            differ,
            &["pod-probes-identical"],
            "the service has one health endpoint",
        ),
    },
];

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

fn present(objects: &Objects) -> Vec<String> {
    objects.every_server("lacks a probe", |container| {
        PROBES.iter().all(|probe| container[*probe].is_object())
    })
}

fn port(objects: &Objects) -> Vec<String> {
    objects.every_container("is probed at a port that it does not name", |container| {
        let named = |port: &Value| {
            port.is_string() && items(&container["ports"]).any(|one| one["name"] == *port)
        };
        PROBES.iter().all(|probe| {
            let probe = &container[*probe];
            probe.is_null() || named(&probe["httpGet"]["port"])
        })
    })
}

fn differ(objects: &Objects) -> Vec<String> {
    objects.every_server("is alive where it is ready", |container| {
        let path = |probe: &str| &container[probe]["httpGet"]["path"];
        path("livenessProbe") != path("readinessProbe")
    })
}
