//! Rules about who reaches whom.

use serde_json::Value;

use super::look::Look::{All, One};
use super::look::Part::{Kind, Workload};
use super::objects::{Objects, containers, is_empty, items, pod, pod_labels, selects};
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
        met: waivable(
            All(&[
                One(Workload, "may talk to anybody", is_guarded),
                One(
                    Kind("NetworkPolicy"),
                    "selects no pods by one label",
                    is_of_pods,
                ),
                One(
                    Kind("NetworkPolicy"),
                    "leads to where clouds keep secrets",
                    |policy, _| {
                        let rules = items(&policy["spec"]["egress"]);
                        let mut peers = rules.flat_map(|rule| items(&rule["to"]));
                        peers.all(|peer| spares_metadata(&peer["ipBlock"]))
                    },
                ),
            ]),
            &["CKV2_K8S_6"],
        ),
    },
    Rule {
        name: "Service",
        asks: "`ClusterIP`, two labels that never change, and ports that the pods have",
        scanners: "kube-linter `dangling-service`, `exposed-services` (optional); kube-score \
                   `service-targets-pod`, `service-type`; Kubescape `C-0293`",
        met: checked(One(
            Kind("Service"),
            "leads to no pods, or past the route",
            service,
        )),
    },
    Rule {
        name: "Selectors",
        asks: "name and instance only, as the pods have them",
        scanners: "kube-linter `mismatching-selector`; kube-score \
                   `deployment-pod-selector-labels-match-template-metadata-labels`; Kubescape \
                   `C-0296`",
        met: checked(One(
            Kind("Deployment"),
            "does not select its pods",
            |owner, _| {
                let selector = &owner["spec"]["selector"]["matchLabels"];
                is_stable(selector) && selects(selector, pod_labels(owner))
            },
        )),
    },
    Rule {
        name: "Ingress and routes",
        asks: "where there is one: a Service that is there; of an Ingress also `tls`, and no snippets",
        scanners: "kube-linter `dangling-ingress` (optional); kube-score `ingress-targets-service`; \
                   Polaris `tlsSettingsMissing`; checkov `CKV_K8S_152`, `CKV_K8S_153`, \
                   `CKV_K8S_154`; Kubescape `C-0059`, `C-0292`, `C-0298`, `C-0302`",
        met: checked(All(&[
            One(Kind("Ingress"), "is open, or leads to no Service", ingress),
            One(
                Kind("HTTPRoute"),
                "leads to no Service",
                |route, objects| {
                    let rules = items(&route["spec"]["rules"]);
                    let mut backends = rules.flat_map(|rule| items(&rule["backendRefs"]));
                    backends.all(|backend| objects.has("Service", &backend["name"]))
                },
            ),
        ])),
    },
    Rule {
        name: "Service monitor",
        asks: "where there is one: labels and a port of a Service that is there",
        scanners: "kube-linter `dangling-servicemonitor` (optional)",
        met: checked(One(Kind("ServiceMonitor"), "watches no Service", monitor)),
    },
];

/// Checks whether a block that is everywhere leaves out the metadata of clouds.
fn spares_metadata(block: &Value) -> bool {
    let whole = EVERYWHERE.iter().find(|(cidr, _)| block["cidr"] == *cidr);
    whole.is_none_or(|(_, left_out)| {
        left_out
            .iter()
            .all(|cidr| items(&block["except"]).any(|one| one == cidr))
    })
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

fn is_guarded(owner: &Value, objects: &Objects) -> bool {
    objects.kind("NetworkPolicy").any(|policy| {
        let spec = &policy["spec"];
        let label = &spec["podSelector"]["matchLabels"];
        // A policy governs only the directions that it names; the other stays open.
        let mut types = ["Ingress", "Egress"].iter();
        let both = types.all(|kind| items(&spec["policyTypes"]).any(|one| one == kind));
        // Nobody talks to a migration.
        let asked = owner["kind"] != "Deployment" || !is_empty(&spec["ingress"]);
        selects(label, pod_labels(owner)) && both && asked && !is_empty(&spec["egress"])
    })
}

fn is_of_pods(policy: &Value, objects: &Objects) -> bool {
    let label = &policy["spec"]["podSelector"]["matchLabels"];
    // `includeSelectors` of a kustomization above adds the instance.
    let most = if objects.is_copy() { 2 } else { 1 };
    let number = label.as_object().map_or(0, serde_json::Map::len);
    let mut owners = objects.workloads();
    (1..=most).contains(&number) && owners.any(|owner| selects(label, pod_labels(owner)))
}

fn service(service: &Value, objects: &Objects) -> bool {
    let spec = &service["spec"];
    let has_port = |owner: &Value, target: &Value| {
        let mut ports = containers(pod(owner)).flat_map(|container| items(&container["ports"]));
        ports.any(|port| port["name"] == *target)
    };
    let reaches = |owner: &Value| {
        selects(&spec["selector"], pod_labels(owner))
            && items(&spec["ports"]).all(|port| has_port(owner, &port["targetPort"]))
    };
    spec["type"] == "ClusterIP"
        && is_stable(&spec["selector"])
        && objects.kind("Deployment").any(reaches)
}

fn ingress(ingress: &Value, objects: &Objects) -> bool {
    let spec = &ingress["spec"];
    let annotations = ingress["metadata"]["annotations"].as_object();
    let mut keys = annotations.into_iter().flat_map(|all| all.keys());
    let paths = items(&spec["rules"]).flat_map(|rule| items(&rule["http"]["paths"]));
    let mut names = paths.map(|path| &path["backend"]["service"]["name"]);
    // A snippet is put into the configuration of the ingress controller as it is.
    !keys.any(|key| key.contains("snippet"))
        && !is_empty(&spec["tls"])
        && items(&spec["tls"]).all(|tls| tls["secretName"].is_string())
        && names.all(|name| objects.has("Service", name))
}

fn monitor(monitor: &Value, objects: &Objects) -> bool {
    let spec = &monitor["spec"];
    items(&spec["endpoints"]).all(|endpoint| {
        objects.kind("Service").any(|service| {
            let labels = &service["metadata"]["labels"];
            let mut ports = items(&service["spec"]["ports"]);
            selects(&spec["selector"]["matchLabels"], labels)
                && ports.any(|port| port["name"] == endpoint["port"])
        })
    })
}
