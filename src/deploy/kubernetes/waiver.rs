//! Rules of scanners that are waived, with the reasons.
//!
//! A waiver stands where a rule asks for something that is not wanted here; a rule that can be met
//! is met. Each is written as the annotation that its scanner reads, on the object itself: those
//! on pods are not looked at.

use std::collections::BTreeMap;

use super::facts::missing;
use super::secret;
use crate::deploy::facts::sounds_secret;
use crate::deploy::plan::{Component, Environment, RunAs, Tier};
use crate::deploy::service::Service;

/// A program that reads manifests and complains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanner {
    /// checkov: `checkov.io/skip1: ID=reason`.
    Checkov,
    /// kube-score: `kube-score/ignore: a,b`.
    KubeScore,
    /// kube-linter: `ignore-check.kube-linter.io/ID: reason`.
    KubeLinter,
    /// Polaris: `polaris.fairwinds.com/ID-exempt: "true"`.
    Polaris,
}

/// A rule that is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The scanner whose rule it is.
    pub scanner: Scanner,
    /// Its name there.
    pub id: &'static str,
    /// Why not; without `=`, which checkov cannot read.
    pub reason: &'static str,
}

const fn waive(scanner: Scanner, id: &'static str, reason: &'static str) -> Waiver {
    Waiver {
        scanner,
        id,
        reason,
    }
}

const PRIORITY: Waiver = waive(
    Scanner::Polaris,
    "priorityClassNotSet",
    "which classes there are is the cluster's business",
);
const CLASS: Waiver = waive(
    Scanner::KubeLinter,
    "priority-class-name",
    "the plan names the class, and the cluster has it",
);
const IDS: [(Scanner, &str); 2] = [
    (Scanner::Checkov, "CKV_K8S_40"),
    (
        Scanner::KubeScore,
        "container-security-context-user-group-id",
    ),
];
const ASSIGNED: &str = "the cluster gives every namespace user ids of its own, as the plan asks";
const SECRETS: Waiver = waive(
    Scanner::Checkov,
    "CKV_K8S_35",
    "secrets are variables here; the component secret-files mounts them instead",
);
const VARIABLES: Waiver = waive(
    Scanner::Checkov,
    "CKV_K8S_35",
    "secrets are variables here; the service reads them from nowhere else",
);
const DIGEST: Waiver = waive(
    Scanner::Checkov,
    "CKV_K8S_43",
    "the image is chosen by its tag here; a digest in deploy.toml pins it",
);
const POLICY: Waiver = waive(
    Scanner::Checkov,
    "CKV2_K8S_6",
    "who may talk to the pods is open here; the component network-policy closes it",
);

const PULL: &str = "an image that was built on the machine is in no registry";
const FEWER: &str = "the plan asks for fewer pods where there is little to do";
const ONE: &str = "more pods than the plan asks for come with the component ha";

/// Waivers of the Deployment.
pub(super) fn deployment(service: &Service, environment: &Environment) -> Vec<Waiver> {
    let mut waivers = pod(service, environment);
    if !environment.has(Component::NetworkPolicy) {
        waivers.push(POLICY);
    }
    if environment.tier == Tier::Development {
        waivers.push(waive(
            Scanner::KubeScore,
            "pod-probes-identical",
            "one endpoint is enough to try things out",
        ));
    }
    if environment.has(Component::Ha) {
        waivers.push(waive(
            Scanner::Polaris,
            "deploymentMissingReplicas",
            "the number of pods is the autoscaler's to say",
        ));
    } else {
        for (scanner, id) in [
            (Scanner::KubeLinter, "minimum-three-replicas"),
            (Scanner::KubeScore, "deployment-has-host-podantiaffinity"),
            (Scanner::KubeScore, "deployment-has-poddisruptionbudget"),
            (Scanner::KubeScore, "deployment-replicas"),
            (Scanner::KubeScore, "pod-topology-spread-constraints"),
            (Scanner::Polaris, "deploymentMissingReplicas"),
            (Scanner::Polaris, "missingPodDisruptionBudget"),
            (Scanner::Polaris, "topologySpreadConstraint"),
        ] {
            waivers.push(waive(scanner, id, ONE));
        }
    }
    waivers
}

/// Waivers of the Job that migrates; none where there is no Job.
pub(super) fn job(service: &Service, environment: &Environment) -> Vec<Waiver> {
    if !environment.has(Component::MigrateJob) {
        return Vec::new();
    }
    let mut waivers = pod(service, environment);
    if environment.gitops.is_some() {
        waivers.push(waive(
            Scanner::KubeLinter,
            "job-ttl-seconds-after-finished",
            "what applies the files would miss a Job that goes, and run it again",
        ));
    }
    waivers
}

/// Waivers of the autoscaler; none where there is none.
pub(super) fn autoscaler(environment: &Environment) -> Vec<Waiver> {
    let fewer = |than: u32| environment.has(Component::Ha) && environment.replicas < than;
    let mut waivers = Vec::new();
    if fewer(3) {
        waivers.push(waive(
            Scanner::KubeLinter,
            "hpa-minimum-three-replicas",
            FEWER,
        ));
    }
    if fewer(2) {
        for (scanner, id) in [
            (Scanner::KubeScore, "horizontalpodautoscaler-replicas"),
            (Scanner::Polaris, "hpaMinAvailability"),
        ] {
            waivers.push(waive(scanner, id, FEWER));
        }
    }
    waivers
}

/// Waivers of every pod.
pub(super) fn pod(service: &Service, environment: &Environment) -> Vec<Waiver> {
    let placement = &environment.placement;
    let named = placement.priority_class.is_some();
    let mut waivers = vec![if named { CLASS } else { PRIORITY }];
    if placement.run_as == RunAs::Cluster {
        waivers.extend(IDS.map(|(scanner, id)| waive(scanner, id, ASSIGNED)));
    }
    if secret::any(service) && !environment.has(Component::SecretFiles) {
        let files = missing(Component::SecretFiles, service).is_none();
        waivers.push(if files { SECRETS } else { VARIABLES });
    }
    let pinned = environment.image.digest.is_some();
    if !pinned {
        waivers.push(DIGEST);
    }
    if environment.tier == Tier::Development {
        if !pinned {
            waivers.push(waive(Scanner::Checkov, "CKV_K8S_15", PULL));
        }
        waivers.push(waive(
            Scanner::KubeScore,
            "container-image-pull-policy",
            PULL,
        ));
        waivers.push(waive(Scanner::Polaris, "pullPolicyNotAlways", PULL));
    }
    waivers
}

/// Waivers of the ConfigMap: names that sound like secrets, of settings that are none.
pub(super) fn config_map(service: &Service) -> Vec<Waiver> {
    let found = service
        .plain_settings()
        .any(|setting| sounds_secret(&setting.name));
    let waiver = waive(
        Scanner::Polaris,
        "sensitiveConfigmapContent",
        "no value here is a secret, whatever its name; secrets have a type of their own",
    );
    found.then_some(waiver).into_iter().collect()
}

/// `waivers` as the annotations that the scanners read; none where there are none.
pub(super) fn annotations(waivers: &[Waiver]) -> Option<BTreeMap<String, String>> {
    let mut annotations = BTreeMap::new();
    let mut skips = 0;
    for Waiver {
        scanner,
        id,
        reason,
    } in waivers
    {
        match scanner {
            Scanner::Checkov => {
                skips += 1;
                annotations.insert(format!("checkov.io/skip{skips}"), format!("{id}={reason}"));
            }
            Scanner::KubeScore => {
                let ids: &mut String = annotations
                    .entry("kube-score/ignore".to_owned())
                    .or_default();
                if !ids.is_empty() {
                    ids.push(',');
                }
                ids.push_str(id);
            }
            Scanner::KubeLinter => {
                let key = format!("ignore-check.kube-linter.io/{id}");
                annotations.insert(key, (*reason).to_owned());
            }
            Scanner::Polaris => {
                let key = format!("polaris.fairwinds.com/{id}-exempt");
                annotations.insert(key, "true".to_owned());
            }
        }
    }
    (!annotations.is_empty()).then_some(annotations)
}

#[cfg(test)]
mod tests;
