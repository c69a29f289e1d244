//! Fields that clusters, kubectl and `GitOps` tools add to objects, and that change nothing.

use serde_json::Value;

/// Fields that an API server fills in, with the value that stands for none.
const DEFAULTS: &[(&str, &str)] = &[
    ("apiVersion", r#""v1""#),
    ("backoffLimit", "6"),
    ("completionMode", r#""NonIndexed""#),
    ("completions", "1"),
    ("defaultMode", "420"),
    ("divisor", r#""0""#),
    ("dnsPolicy", r#""ClusterFirst""#),
    ("failureThreshold", "3"),
    ("imagePullPolicy", r#""IfNotPresent""#),
    ("internalTrafficPolicy", r#""Cluster""#),
    ("ipFamilyPolicy", r#""SingleStack""#),
    ("manualSelector", "false"),
    ("parallelism", "1"),
    ("periodSeconds", "10"),
    ("podReplacementPolicy", r#""TerminatingOrFailed""#),
    ("progressDeadlineSeconds", "600"),
    ("protocol", r#""TCP""#),
    ("restartPolicy", r#""Always""#),
    ("revisionHistoryLimit", "10"),
    ("schedulerName", r#""default-scheduler""#),
    ("scheme", r#""HTTP""#),
    ("securityContext", "{}"),
    (
        "policies",
        r#"[{"type": "Percent", "value": 100, "periodSeconds": 15}]"#,
    ),
    (
        "scaleUp",
        r#"{"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15}]}"#,
    ),
    ("selectPolicy", r#""Max""#),
    ("sessionAffinity", r#""None""#),
    ("successThreshold", "1"),
    ("suspend", "false"),
    ("terminationMessagePath", r#""/dev/termination-log""#),
    ("terminationMessagePolicy", r#""File""#),
    ("timeoutSeconds", "1"),
    ("type", r#""ClusterIP""#),
];

/// Fields that are the cluster's own, by the map that holds them.
const ASSIGNED: &[(&str, &[&str])] = &[
    ("", &["status"]),
    (
        "metadata",
        &[
            "creationTimestamp",
            "finalizers",
            "generation",
            "managedFields",
            "resourceVersion",
            "selfLink",
            "uid",
        ],
    ),
    (
        "spec",
        &["clusterIP", "clusterIPs", "finalizers", "ipFamilies"],
    ),
];

/// Beginnings of annotations that kubectl, controllers and tools of `GitOps` write.
const NOTED: &[&str] = &[
    "argocd.argoproj.io/",
    "autoscaling.alpha.kubernetes.io/",
    "alpha.config.kubernetes.io/",
    "batch.kubernetes.io/",
    "config.kubernetes.io/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
    "kustomize.toolkit.fluxcd.io/",
];

/// Labels that decide what pods a namespace takes.
const ADMISSION: &str = "pod-security.kubernetes.io/";

/// Checks whether `found`, which the plan does not set, is such a field at `path` of an object of
/// `kind`.
pub(super) fn is_harmless(kind: &str, path: &[&str], found: &Value) -> bool {
    let (key, above) = path.split_last().unwrap_or((&"", &[]));
    let parent = above.last().unwrap_or(&"");
    match *parent {
        "annotations" => NOTED.iter().any(|beginning| key.starts_with(beginning)),
        "labels" => !key.starts_with(ADMISSION),
        _ => {
            let mut defaults = DEFAULTS.iter().filter(|(name, _)| name == key);
            let is_default = |(_, text): &(&str, &str)| {
                // `Always` is the default of a pod; on an init container it makes a sidecar.
                let value: Option<Value> = serde_json::from_str(text).ok();
                value.as_ref() == Some(found) && (*key != "restartPolicy" || *parent == "spec")
            };
            let mut assigned = ASSIGNED.iter().filter(|(map, _)| *map == above.join("."));
            defaults.any(is_default)
                || assigned.any(|(_, keys)| keys.contains(key))
                // An autoscaler sets the number that the plan leaves to it.
                || path == ["spec", "replicas"]
                || kind == "Job" && path == ["spec", "selector"]
                || found.is_null()
        }
    }
}
