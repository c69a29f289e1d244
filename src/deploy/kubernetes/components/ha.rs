//! More than one pod: autoscaling, a disruption budget, and pods that stand apart.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};
use k8s_openapi::api::core::v1::{
    Affinity, PodAffinityTerm, PodAntiAffinity, PodSpec, TopologySpreadConstraint,
    WeightedPodAffinityTerm,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::deploy::kubernetes::folder::{Folder, Target, remove};
use crate::deploy::kubernetes::{deployment, names, waiver};
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let name = &service.name;
    folder.resource("hpa.yaml", &autoscaler(service, 3, 10));
    let budget = PodDisruptionBudget {
        metadata: names::meta(service, name),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(names::selector(name)),
            // A pod that is not ready serves no requests, and must not block a drain.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    };
    folder.resource("pdb.yaml", &budget);
    folder.patch("deployment.yaml", &deployment::patch(service, spread(name)));
    // An apply would set the number back that the autoscaler has chosen.
    let operation = remove("/spec/replicas");
    folder.operations("replicas.yaml", &Target::deployment(service), &[operation]);
}

/// The autoscaler of `environment`, with the least and the most pods.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> HorizontalPodAutoscaler {
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let most = environment.max_replicas.max(environment.replicas);
    let mut scaler = autoscaler(service, count(environment.replicas), count(most));
    scaler.metadata.annotations = waiver::annotations(&waiver::autoscaler(environment));
    scaler
}

fn autoscaler(service: &Service, least: i32, most: i32) -> HorizontalPodAutoscaler {
    HorizontalPodAutoscaler {
        metadata: names::meta(service, &service.name),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: service.name.clone(),
            },
            min_replicas: Some(least),
            max_replicas: most,
            metrics: Some(vec![MetricSpec {
                type_: "Resource".to_owned(),
                resource: Some(ResourceMetricSource {
                    name: "cpu".to_owned(),
                    target: MetricTarget {
                        type_: "Utilization".to_owned(),
                        average_utilization: Some(70),
                        ..MetricTarget::default()
                    },
                }),
                ..MetricSpec::default()
            }]),
            behavior: Some(HorizontalPodAutoscalerBehavior {
                scale_down: Some(HPAScalingRules {
                    stabilization_window_seconds: Some(300),
                    ..HPAScalingRules::default()
                }),
                ..HorizontalPodAutoscalerBehavior::default()
            }),
        }),
        ..HorizontalPodAutoscaler::default()
    }
}

/// Pods stand on different nodes and in different zones where that can be had.
fn spread(name: &str) -> PodSpec {
    let apart = |key: &str| TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(names::selector(name)),
        ..TopologySpreadConstraint::default()
    };
    let term = WeightedPodAffinityTerm {
        weight: 100,
        pod_affinity_term: PodAffinityTerm {
            topology_key: HOST.to_owned(),
            label_selector: Some(names::selector(name)),
            ..PodAffinityTerm::default()
        },
    };
    PodSpec {
        affinity: Some(Affinity {
            pod_anti_affinity: Some(PodAntiAffinity {
                preferred_during_scheduling_ignored_during_execution: Some(vec![term]),
                ..PodAntiAffinity::default()
            }),
            ..Affinity::default()
        }),
        topology_spread_constraints: Some(vec![apart(ZONE), apart(HOST)]),
        ..PodSpec::default()
    }
}
