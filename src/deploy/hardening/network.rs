//! Rules about who reaches whom.

use serde_json::Value;

use super::objects::{Objects, containers, failing, is_empty, items, pod, pod_labels, selects};
use super::rule::{Rule, checked, waivable};
use crate::deploy::kubernetes::EVERYWHERE;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Network policy",
        asks: "every pod under a policy of both types that selects by one label; rules for what \
               it needs, and none where it needs nothing; no way to the metadata of a cloud",
        scanners: "kube-linter `non-isolated-pod`, `dangling-networkpolicy`, \
                   `dangling-networkpolicypeer-podselector` (all optional); kube-score \
                   `pod-networkpolicy`, `networkpolicy-targets-pod`; Polaris \
                   `missingNetworkPolicy`; checkov `CKV2_K8S_6`; Kubescape `C-0030`, `C-0054`, \
                   `C-0260`",
        met: waivable(policy, &["CKV2_K8S_6"]),
    },
    Rule {
        name: "Service",
        asks: "`ClusterIP`, two labels that never change, and ports that the pods have",
        scanners: "kube-linter `dangling-service`, `exposed-services` (optional); kube-score \
                   `service-targets-pod`, `service-type`; Kubescape `C-0293`",
        met: checked(service),
    },
    Rule {
        name: "Selectors",
        asks: "name and instance only, as the pods have them",
        scanners: "kube-linter `mismatching-selector`; kube-score \
                   `deployment-pod-selector-labels-match-template-metadata-labels`; Kubescape \
                   `C-0296`",
        met: checked(selectors),
    },
    Rule {
        name: "Ingress and routes",
        asks: "where there is one: a Service that is there; of an Ingress also `tls`, and no snippets",
        scanners: "kube-linter `dangling-ingress` (optional); kube-score `ingress-targets-service`; \
                   Polaris `tlsSettingsMissing`; checkov `CKV_K8S_152`, `CKV_K8S_153`, \
                   `CKV_K8S_154`; Kubescape `C-0059`, `C-0292`, `C-0298`, `C-0302`",
        met: checked(routes),
    },
    Rule {
        name: "Service monitor",
        asks: "where there is one: labels and a port of a Service that is there",
        scanners: "kube-linter `dangling-servicemonitor` (optional)",
        met: checked(monitor),
    },
];

fn policy(objects: &Objects) -> Vec<String> {
    let mut faults = failing(objects.workloads(), "may talk to anybody", |owner| {
        objects.kind("NetworkPolicy").any(|policy| {
            let spec = &policy["spec"];
            let label = &spec["podSelector"]["matchLabels"];
            let both = ["Ingress", "Egress"]
                .iter()
                .all(|kind| items(&spec["policyTypes"]).any(|one| one == kind));
            // Nobody talks to a migration.
            let asked = owner["kind"] != "Deployment" || !is_empty(&spec["ingress"]);
            selects(label, pod_labels(owner)) && both && asked && !is_empty(&spec["egress"])
        })
    });
    faults.extend(
        objects.every("NetworkPolicy", "selects no pods by one label", |policy| {
            let label = &policy["spec"]["podSelector"]["matchLabels"];
            // `includeSelectors` of a kustomization above adds the instance.
            let most = if objects.is_copy() { 2 } else { 1 };
            label
                .as_object()
                .is_some_and(|labels| (1..=most).contains(&labels.len()))
                && objects
                    .workloads()
                    .any(|owner| selects(label, pod_labels(owner)))
        }),
    );
    let leads = "leads to where clouds keep secrets";
    faults.extend(objects.every("NetworkPolicy", leads, |policy| {
        let rules = items(&policy["spec"]["egress"]);
        rules
            .flat_map(|rule| items(&rule["to"]))
            .all(|peer| spares_metadata(&peer["ipBlock"]))
    }));
    faults
}

/// Checks whether a block that is everywhere leaves out the metadata of clouds.
fn spares_metadata(block: &Value) -> bool {
    let whole = EVERYWHERE.iter().find(|(cidr, _)| block["cidr"] == *cidr);
    whole.is_none_or(|(_, left_out)| {
        left_out
            .iter()
            .all(|cidr| items(&block["except"]).any(|one| one == cidr))
    })
}

fn service(objects: &Objects) -> Vec<String> {
    objects.every(
        "Service",
        "leads to no pods, or past the route",
        |service| {
            let spec = &service["spec"];
            let has_port = |owner: &Value, target: &Value| {
                containers(pod(owner))
                    .flat_map(|container| items(&container["ports"]))
                    .any(|port| port["name"] == *target)
            };
            let reaches = |owner: &Value| {
                selects(&spec["selector"], pod_labels(owner))
                    && items(&spec["ports"]).all(|port| has_port(owner, &port["targetPort"]))
            };
            spec["type"] == "ClusterIP"
                && is_stable(&spec["selector"])
                && objects.kind("Deployment").any(reaches)
        },
    )
}

/// Checks for exactly the two labels that no release changes.
fn is_stable(selector: &Value) -> bool {
    selector.as_object().is_some_and(|labels| {
        labels.len() == 2
            && ["app.kubernetes.io/name", "app.kubernetes.io/instance"]
                .iter()
                .all(|key| labels.contains_key(*key))
    })
}

fn selectors(objects: &Objects) -> Vec<String> {
    objects.every("Deployment", "does not select its pods", |owner| {
        let selector = &owner["spec"]["selector"]["matchLabels"];
        is_stable(selector) && selects(selector, pod_labels(owner))
    })
}

fn routes(objects: &Objects) -> Vec<String> {
    let mut faults = objects.every("Ingress", "is open, or leads to no Service", |ingress| {
        let spec = &ingress["spec"];
        let annotations = ingress["metadata"]["annotations"].as_object();
        let snippet = annotations
            .into_iter()
            .flatten()
            .any(|(key, _)| key.contains("snippet"));
        let paths = items(&spec["rules"]).flat_map(|rule| items(&rule["http"]["paths"]));
        let mut names = paths.map(|path| &path["backend"]["service"]["name"]);
        let closed = |tls: &Value| tls["secretName"].is_string();
        !snippet
            && !is_empty(&spec["tls"])
            && items(&spec["tls"]).all(closed)
            && names.all(|name| objects.has("Service", name))
    });
    faults.extend(objects.every("HTTPRoute", "leads to no Service", |route| {
        let rules = items(&route["spec"]["rules"]);
        rules
            .flat_map(|rule| items(&rule["backendRefs"]))
            .all(|backend| objects.has("Service", &backend["name"]))
    }));
    faults
}

fn monitor(objects: &Objects) -> Vec<String> {
    objects.every("ServiceMonitor", "watches no Service", |monitor| {
        let spec = &monitor["spec"];
        items(&spec["endpoints"]).all(|endpoint| {
            objects.kind("Service").any(|service| {
                let labels = &service["metadata"]["labels"];
                selects(&spec["selector"]["matchLabels"], labels)
                    && items(&service["spec"]["ports"]).any(|port| port["name"] == endpoint["port"])
            })
        })
    })
}
