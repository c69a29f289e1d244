//! Rules about how many pods there are, where they run, and how they come and go.

use serde_json::Value;

use super::look::Look::One;
use super::look::Part::Kind;
use super::objects::{Objects, items, pod, pod_labels, selects};
use super::rule::{Rule, checked, waivable};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Replicas",
        asks: "three pods, or an autoscaler that says how many",
        scanners: "kube-linter `minimum-three-replicas` (optional); kube-score \
                   `deployment-replicas`; Polaris `deploymentMissingReplicas`, waived where an \
                   autoscaler says it",
        met: waivable(
            One(Kind("Deployment"), "has fewer than three pods", replicas),
            &["minimum-three-replicas", "deployment-replicas"],
        ),
    },
    Rule {
        name: "Autoscaler",
        asks: "where there is one: `autoscaling/v2`, from three pods to more, of a Deployment \
               without `replicas`",
        scanners: "kube-linter `dangling-horizontalpodautoscaler`, `hpa-minimum-three-replicas` \
                   (both optional); kube-score `horizontalpodautoscaler-has-target`, \
                   `horizontalpodautoscaler-replicas`, \
                   `deployment-targeted-by-hpa-does-not-have-replicas-configured`; Polaris \
                   `hpaMinAvailability`, `hpaMaxAvailability`; Kubescape `C-0300`",
        met: waivable(
            One(
                Kind("HorizontalPodAutoscaler"),
                "does not scale a Deployment from three pods to more",
                autoscaler,
            ),
            &["hpa-minimum-three-replicas"],
        ),
    },
    Rule {
        name: "Disruption budget",
        asks: "`maxUnavailable: 1` and `unhealthyPodEvictionPolicy: AlwaysAllow`",
        scanners: "kube-linter `pdb-max-unavailable`, `pdb-min-available`, \
                   `pdb-unhealthy-pod-eviction-policy`; kube-score \
                   `deployment-has-poddisruptionbudget`, `poddisruptionbudget-has-policy`; \
                   Polaris `missingPodDisruptionBudget`, `pdbDisruptionsIsZero`, \
                   `pdbMinAvailableGreaterThanHPAMinReplicas`",
        met: waivable(
            One(Kind("Deployment"), "has no disruption budget", budget),
            &[
                "missingPodDisruptionBudget",
                "deployment-has-poddisruptionbudget",
            ],
        ),
    },
    Rule {
        name: "Spread",
        asks: "a preferred anti-affinity by host, and a spread over zones and over hosts",
        scanners: "kube-linter `no-anti-affinity`; kube-score \
                   `deployment-has-host-podantiaffinity`, `pod-topology-spread-constraints`; \
                   Polaris `topologySpreadConstraint`",
        met: waivable(
            One(Kind("Deployment"), "may have all pods in one place", spread),
            &[
                "topologySpreadConstraint",
                "pod-topology-spread-constraints",
            ],
        ),
    },
    Rule {
        name: "Strategy",
        asks: "`RollingUpdate` with `maxSurge: 1` and `maxUnavailable: 0`",
        scanners: "kube-linter `no-rolling-update-strategy` (optional); kube-score \
                   `deployment-strategy`; Kubescape `C-0305`",
        met: checked(One(
            Kind("Deployment"),
            "may have no pod during an update",
            |owner, _| {
                let strategy = &owner["spec"]["strategy"];
                strategy["type"] == "RollingUpdate"
                    && strategy["rollingUpdate"]["maxSurge"] == 1
                    && strategy["rollingUpdate"]["maxUnavailable"] == 0
            },
        )),
    },
    Rule {
        name: "End of a Job",
        asks: "`ttlSecondsAfterFinished` of every Job",
        scanners: "kube-linter `job-ttl-seconds-after-finished`",
        met: waivable(
            One(Kind("Job"), "stays when it has ended", |job, _| {
                job["spec"]["ttlSecondsAfterFinished"].is_u64()
            }),
            &["job-ttl-seconds-after-finished"],
        ),
    },
];

/// Checks whether the autoscaler `scaler` is that of `deployment`.
fn scales(scaler: &Value, deployment: &Value) -> bool {
    let target = &scaler["spec"]["scaleTargetRef"];
    target["kind"] == "Deployment" && target["name"] == deployment["metadata"]["name"]
}

fn replicas(deployment: &Value, objects: &Objects) -> bool {
    let number = deployment["spec"]["replicas"].as_u64();
    let mut scalers = objects.kind("HorizontalPodAutoscaler");
    number.is_some_and(|number| number >= 3) || scalers.any(|scaler| scales(scaler, deployment))
}

fn autoscaler(scaler: &Value, objects: &Objects) -> bool {
    let spec = &scaler["spec"];
    // The API server's own default.
    let fewest = spec["minReplicas"].as_u64().unwrap_or(1);
    let most = spec["maxReplicas"].as_u64();
    scaler["apiVersion"] == "autoscaling/v2"
        && fewest >= 3
        && most.is_some_and(|most| most > fewest)
        && objects.kind("Deployment").any(|deployment| {
            // A number there would undo the autoscaler's at every apply.
            scales(scaler, deployment) && deployment["spec"]["replicas"].is_null()
        })
}

fn budget(deployment: &Value, objects: &Objects) -> bool {
    objects.kind("PodDisruptionBudget").any(|budget| {
        let spec = &budget["spec"];
        selects(&spec["selector"]["matchLabels"], pod_labels(deployment))
            && spec["maxUnavailable"] == 1
            && spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    })
}

fn spread(owner: &Value, _: &Objects) -> bool {
    const HOST: &str = "kubernetes.io/hostname";
    const ZONE: &str = "topology.kubernetes.io/zone";
    // A term or a constraint whose selector misses the pods counts none of them.
    let is_at = |one: &Value, place: &str| {
        one["topologyKey"] == place
            && selects(&one["labelSelector"]["matchLabels"], pod_labels(owner))
    };
    let pod = pod(owner);
    let apart = &pod["affinity"]["podAntiAffinity"];
    let apart = &apart["preferredDuringSchedulingIgnoredDuringExecution"];
    let over = |place| items(&pod["topologySpreadConstraints"]).any(|one| is_at(one, place));
    items(apart).any(|one| is_at(&one["podAffinityTerm"], HOST)) && over(ZONE) && over(HOST)
}
