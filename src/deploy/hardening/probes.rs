//! Rules about probes of what serves; a Job that ends has none.

use serde_json::Value;

use super::look::Look::One;
use super::look::Part::{Container, Server};
use super::objects::{PROBES, items};
use super::rule::{Rule, checked, unless};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Probes",
        asks: "`livenessProbe`, `readinessProbe` and `startupProbe` of what serves",
        scanners: "kube-linter `no-liveness-probe`, `no-readiness-probe` (optional); kube-score \
                   `pod-probes`; Polaris `livenessProbeMissing`, `readinessProbeMissing`; checkov \
                   `CKV_K8S_8`, `CKV_K8S_9`; Kubescape `C-0018`, `C-0056`",
        met: checked(One(Server, "lacks a probe", |container, _| {
            PROBES.iter().all(|probe| container[*probe].is_object())
        })),
    },
    Rule {
        name: "Probe ports",
        asks: "probes that go to a port of the container, by its name",
        scanners: "kube-linter `liveness-port`, `readiness-port`, `startup-port`",
        met: checked(One(
            Container,
            "is probed at a port that it does not name",
            |container, _| {
                let is_named = |port: &Value| {
                    port.is_string() && items(&container["ports"]).any(|one| one["name"] == *port)
                };
                let mut probes = PROBES.iter().map(|probe| &container[*probe]);
                probes.all(|probe| probe.is_null() || is_named(&probe["httpGet"]["port"]))
            },
        )),
    },
    Rule {
        name: "Probes differ",
        asks: "liveness and readiness that ask different questions",
        scanners: "kube-score `pod-probes-identical`",
        met: unless(
            One(Server, "is alive where it is ready", |container, _| {
                let path = |probe: &str| &container[probe]["httpGet"]["path"];
                path("livenessProbe") != path("readinessProbe")
            }),
            &["pod-probes-identical"],
            "the service has one health endpoint",
        ),
    },
];
