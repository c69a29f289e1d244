//! Streams that were changed after they were rendered, and what clusters and kustomizations do to
//! them.

use serde_json::{Value, json};

use super::{Draft, of_stream};
use crate::deploy::kubernetes;
use crate::inspect::input::Input;
use crate::inspect::yaml;

/// An object of the stream, where in it, and what is put there; null takes it out.
const CHANGES: &str = r#"
Deployment | /spec/paused | true
Deployment | /spec/revisionHistoryLimit | 0
Deployment | /spec/strategy | {"type": "Recreate"}
Deployment | /spec/selector/matchLabels/x | "y"
Deployment | /spec/template/metadata/annotations/x | "y"
Deployment | POD/hostAliases | [{"ip": "192.0.2.1", "hostnames": ["db"]}]
Deployment | POD/tolerations | [{"operator": "Exists"}]
Deployment | POD/serviceAccount | "another"
Deployment | POD/readinessGates | [{"conditionType": "x"}]
Deployment | POD/initContainers | [{"name": "x", "image": "x"}]
Deployment | POD/containers/0/image | "example.org/shop:1.2.3"
Deployment | POD/containers/0/resources/limits/memory | "16Mi"
Deployment | POD/containers/0/livenessProbe/httpGet/scheme | "HTTPS"
Deployment | POD/containers/0/readinessProbe/failureThreshold | 1000
Deployment | POD/containers/0/envFrom/0/prefix | "X_"
Deployment | POD/containers/0/env | [{"name": "LD_PRELOAD", "value": "/tmp/x.so"}]
Deployment | POD/containers/0/lifecycle/stopSignal | "SIGKILL"
Deployment | POD/containers/0/volumeMounts | [{"name": "tmp", "mountPath": "/etc"}]
Deployment | POD/containers/0/startupProbe | null
Service | /spec/externalIPs | ["192.0.2.1"]
Service | /spec/publishNotReadyAddresses | true
Service | /spec/selector/x | "y"
ServiceAccount | /automountServiceAccountToken | true
ConfigMap | /immutable | true
ConfigMap | /binaryData | {"GREETING": "aGk="}
NetworkPolicy | /spec/podSelector/matchLabels | {"x": "y"}
NetworkPolicy | /spec/policyTypes | ["Ingress"]
NetworkPolicy | /spec/egress | [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
NetworkPolicy |  | null
HorizontalPodAutoscaler | /spec/maxReplicas | 1000
HorizontalPodAutoscaler |  | null
PodDisruptionBudget | /spec/maxUnavailable | 0
Namespace | /metadata/labels/pod-security.kubernetes.io~1enforce | "privileged"
"#;

/// Objects beside the plan's that meddle with its pods.
const OTHERS: &[&str] = &[
    r#"{"kind": "ClusterRoleBinding", "metadata": {"name": "x"},
        "subjects": [{"kind": "ServiceAccount", "name": "shop", "namespace": "shop-production"}]}"#,
    r#"{"kind": "RoleBinding", "metadata": {"name": "x", "namespace": "NAMESPACE"},
        "subjects": [{"kind": "Group", "name": "system:serviceaccounts"}]}"#,
    r#"{"kind": "NetworkPolicy", "metadata": {"name": "x", "namespace": "NAMESPACE"},
        "spec": {"podSelector": {"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}}}"#,
    r#"{"kind": "Service", "metadata": {"name": "x", "namespace": "NAMESPACE"},
        "spec": {"type": "LoadBalancer", "selector": {"app.kubernetes.io/name": "shop"}}}"#,
    r#"{"kind": "Pod", "metadata": {"name": "x", "namespace": "NAMESPACE",
        "labels": {"app.kubernetes.io/name": "shop"}}}"#,
    r#"{"kind": "DaemonSet", "metadata": {"name": "x", "namespace": "NAMESPACE"},
        "spec": {"template": {"spec": {"serviceAccountName": "shop"}}}}"#,
];

/// Harmless additions: the API server's own fields, marks of tools, and neighbours.
const HARMLESS: &str = r#"
Deployment | /status | {"replicas": 3}
Deployment | /metadata/uid | "x"
Deployment | /metadata/labels/team | "x"
Deployment | /metadata/annotations/deployment.kubernetes.io~1revision | "4"
Deployment | /spec/replicas | 7
Deployment | POD/schedulerName | "default-scheduler"
Deployment | POD/serviceAccount | "shop"
Deployment | POD/dnsPolicy | "ClusterFirst"
Deployment | /metadata/annotations/config.kubernetes.io~1origin | "x"
HorizontalPodAutoscaler | /spec/behavior/scaleUp | {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}], "selectPolicy": "Max", "stabilizationWindowSeconds": 0}
HorizontalPodAutoscaler | /spec/behavior/scaleDown/policies | [{"periodSeconds": 15, "type": "Percent", "value": 100}]
Deployment | POD/containers/0/image | "shop:1.3.0"
Service | /spec/clusterIP | "192.0.2.1"
Service | /spec/sessionAffinity | "None"
Namespace |  | null
"#;

/// The objects of production, with `components`.
fn objects(draft: &Draft) -> Vec<Value> {
    let text = kubernetes::stream(&draft.project, Some("production")).unwrap();
    let file = "stream".to_owned();
    yaml::objects(&Input { file, text }).unwrap()
}

/// Puts `value` at `pointer`, making what is above it.
fn put(at: &mut Value, pointer: &str, value: Value) {
    let Some((step, rest)) = pointer
        .strip_prefix('/')
        .map(|rest| match rest.split_once('/') {
            Some((step, _)) => (step, &rest[step.len()..]),
            None => (rest, ""),
        })
    else {
        *at = value;
        return;
    };
    let step = step.replace("~1", "/");
    if rest.is_empty() && value.is_null() {
        assert!(
            at.as_object_mut().unwrap().remove(&step).is_some(),
            "{step}"
        );
    } else if let Ok(number) = step.parse::<usize>() {
        put(&mut at[number], rest, value);
    } else {
        put(&mut at[step], rest, value);
    }
}

/// Faults of the comparison, once `change` was made to what is rendered.
fn faults(change: impl FnOnce(&mut Vec<Value>)) -> Vec<String> {
    let draft =
        Draft::planned("environments.production.components = [\"ha\", \"network-policy\"]\n");
    let mut objects = objects(&draft);
    change(&mut objects);
    let documents: Vec<_> = objects.iter().map(ToString::to_string).collect();
    let report = of_stream(draft, documents.join("\n---\n")).unwrap();
    let item = report.outcomes().find(|one| one.id == "objects-planned");
    item.unwrap().faults.clone()
}

/// The cells of a line of a table.
fn cells(line: &str) -> [&str; 3] {
    let cells: Vec<_> = line.split(" | ").collect();
    cells.try_into().unwrap_or_else(|_| panic!("{line}"))
}

/// Makes one change of a table.
fn changed(objects: &mut Vec<Value>, line: &str) {
    let [kind, pointer, text] = cells(line);
    let value: Value = serde_json::from_str(text).unwrap();
    let at = objects.iter().position(|one| one["kind"] == kind);
    let at = at.unwrap_or_else(|| panic!("no {kind}"));
    if pointer.is_empty() {
        objects.remove(at);
    } else {
        let pointer = pointer.replace("POD", "/spec/template/spec");
        put(&mut objects[at], &pointer, value);
    }
}

#[test]
fn every_change_after_rendering_is_a_difference_with_its_place() {
    assert_eq!(faults(|_| {}), [""; 0]);
    for change in CHANGES.trim().lines() {
        let faults = faults(|objects| changed(objects, change));
        assert!(!faults.is_empty(), "{change}");
        let [kind, pointer, _] = cells(change);
        let key = pointer.rsplit('/').next().unwrap().replace("~1", "/");
        let named = |fault: &String| fault.contains(&key) && fault.contains(kind);
        assert!(faults.iter().any(named), "{change}: {faults:?}");
    }
}

#[test]
fn objects_that_meddle_with_the_pods_are_named() {
    for other in OTHERS {
        let faults = faults(|objects| {
            let namespace = objects[1]["metadata"]["namespace"].as_str().unwrap();
            let other = other.replace("NAMESPACE", namespace);
            objects.push(serde_json::from_str(&other).unwrap());
        });
        assert_eq!(faults.len(), 1, "{other}: {faults:?}");
        assert!(
            faults[0].contains("is not one of the plan's, and "),
            "{faults:?}"
        );
    }
}

#[test]
fn the_fields_of_a_cluster_and_the_marks_of_tools_are_no_difference() {
    for change in HARMLESS.trim().lines() {
        assert_eq!(
            faults(|objects| changed(objects, change)),
            [""; 0],
            "{change}"
        );
    }
    let made = json!({ "kind": "ReplicaSet", "metadata": { "name": "shop-1", "namespace": "shop",
        "ownerReferences": [{ "kind": "Deployment", "name": "shop" }] },
        "spec": { "template": { "spec": { "serviceAccountName": "shop" } } } });
    assert_eq!(faults(|objects| objects.push(made)), [""; 0]);
    let neighbour = json!({ "kind": "Deployment",
        "metadata": { "name": "redis", "namespace": "shop" } });
    assert_eq!(faults(|objects| objects.push(neighbour)), [""; 0]);
}

#[test]
fn a_variable_that_was_added_by_hand_is_named_and_its_value_is_not_shown() {
    let env = r#"[{"name": "SIGNING_KEY", "value": "hunter2"}]"#;
    let change = &format!("Deployment | POD/containers/0/env | {env}");
    let faults = faults(|objects| changed(objects, change));
    assert!(!format!("{faults:?}").contains("hunter2"), "{faults:?}");
    assert!(faults[0].starts_with("stream:"), "{faults:?}");
}

#[test]
fn many_differences_are_counted() {
    let faults = faults(|objects| objects.retain(|one| one["kind"] == "Deployment"));
    assert!(faults.len() > 3, "{faults:?}");
    let faults = self::faults(|objects| {
        for object in objects.iter_mut() {
            let annotations = (0..9).map(|at| (format!("x{at}"), json!("y")));
            object["metadata"]["annotations"] = Value::Object(annotations.collect());
        }
    });
    assert_eq!(faults.len(), 21);
    assert!(faults[20].ends_with(" more"), "{}", faults[20]);
}
