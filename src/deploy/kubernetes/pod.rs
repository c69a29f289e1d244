//! Hardening of every pod: the one that serves, and the one that migrates.
//!
//! The restricted Pod Security Standard, and what scanners ask for beyond it.
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMapEnvSource, Container, EmptyDirVolumeSource, EnvFromSource,
    EnvVar, EnvVarSource, LocalObjectReference, NodeAffinity, NodeSelector,
    NodeSelectorRequirement, NodeSelectorTerm, PodDNSConfig, PodDNSConfigOption,
    PodSecurityContext, PodSpec, ResourceFieldSelector, ResourceRequirements, SeccompProfile,
    SecretEnvSource, SecurityContext, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{names, secret};
use crate::deploy::plan::{self, Placement, Resources};
use crate::deploy::service::Service;

/// Size limit of an emptyDir.
const DIRECTORY_SIZE: &str = "64Mi";

/// A pod of `container` without anything that it does not need.
pub(super) fn spec(service: &Service, container: Container, restart: &str, grace: i64) -> PodSpec {
    PodSpec {
        service_account_name: Some(service.name.clone()),
        automount_service_account_token: Some(false),
        // The addresses of other Services would be variables, and could be taken for settings.
        enable_service_links: Some(false),
        restart_policy: Some(restart.to_owned()),
        termination_grace_period_seconds: Some(grace),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(i64::from(service.user)),
            run_as_group: Some(i64::from(service.user)),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        dns_config: Some(PodDNSConfig {
            // Otherwise each name outside the cluster is first asked for in five wrong ways.
            options: Some(vec![PodDNSConfigOption {
                name: Some("ndots".to_owned()),
                value: Some("2".to_owned()),
            }]),
            ..PodDNSConfig::default()
        }),
        affinity: Some(linux()),
        containers: vec![container],
        volumes: Some(volumes(service)),
        ..PodSpec::default()
    }
}

/// A container that reads its variables, and writes to `/tmp` only.
pub(super) fn container(service: &Service, name: &str, image: &str, args: &[String]) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("Always".to_owned()),
        command: (!service.program.command.is_empty()).then(|| literal(&service.program.command)),
        args: Some(literal(args)),
        env: service
            .cores
            .as_ref()
            .map(|variable| vec![cores(variable, name)]),
        env_from: Some(env_from(service, true)),
        resources: Some(ResourceRequirements {
            requests: Some(quantities([
                ("cpu", "100m"),
                ("memory", "128Mi"),
                ("ephemeral-storage", "64Mi"),
            ])),
            limits: Some(quantities([
                ("cpu", "500m"),
                ("memory", "256Mi"),
                ("ephemeral-storage", "128Mi"),
            ])),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            privileged: Some(false),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            run_as_user: Some(i64::from(service.user)),
            run_as_group: Some(i64::from(service.user)),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(mounts(service)),
        // What a program says of its end stands in its log, also when a signal ended it.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// `words` as Kubernetes hands them over unchanged: it fills in `$(NAME)`, and reads `$$` as `$`.
pub(super) fn literal(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.replace('$', "$$")).collect()
}

/// The sources of the variables.
pub(super) fn env_from(service: &Service, secrets: bool) -> Vec<EnvFromSource> {
    let mut sources = vec![EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: names::config_map(service),
            ..ConfigMapEnvSource::default()
        }),
        ..EnvFromSource::default()
    }];
    if secrets && secret::any(service) {
        sources.push(EnvFromSource {
            secret_ref: Some(SecretEnvSource {
                name: names::secret(service),
                // A service that can do without any secret starts without the object as well.
                optional: secret::is_optional(service).then_some(true),
            }),
            ..EnvFromSource::default()
        });
    }
    sources
}

/// The cores of the limit as `variable`: a program counts those of the node, which are others' as
/// well.
fn cores(variable: &str, container: &str) -> EnvVar {
    EnvVar {
        name: variable.to_owned(),
        value_from: Some(EnvVarSource {
            resource_field_ref: Some(ResourceFieldSelector {
                container_name: Some(container.to_owned()),
                resource: "limits.cpu".to_owned(),
                // Kubernetes rounds up: a limit of half a core counts as one.
                divisor: Some(Quantity("1".to_owned())),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

/// Requests and limits of the plan.
pub(super) fn resources(resources: &Resources) -> ResourceRequirements {
    let all = |from: &BTreeMap<String, String>| {
        let quantity = |(name, text): (&String, &String)| (name.clone(), Quantity(text.clone()));
        from.iter().map(quantity).collect()
    };
    ResourceRequirements {
        requests: Some(all(&resources.requests)),
        limits: Some(all(&resources.limits)),
        ..ResourceRequirements::default()
    }
}

/// Placement of a pod by the plan, as a patch of the pod. User ids of the cluster are a patch of
/// their own (`run_as.rs`).
pub(super) fn placed(placement: &Placement) -> PodSpec {
    let Placement {
        image_pull_secrets,
        node_selector,
        tolerations,
        priority_class,
        run_as: _,
    } = placement;
    let secret = |name: &String| LocalObjectReference { name: name.clone() };
    PodSpec {
        image_pull_secrets: Some(image_pull_secrets.iter().map(secret).collect()),
        node_selector: Some(node_selector.clone()),
        tolerations: Some(tolerations.iter().map(toleration).collect()),
        priority_class_name: priority_class.clone(),
        ..PodSpec::default()
    }
}

fn toleration(toleration: &plan::Toleration) -> Toleration {
    Toleration {
        key: toleration.key.clone(),
        operator: Some(toleration.operator.as_str().to_owned()),
        value: toleration.value.clone(),
        effect: toleration.effect.map(|effect| effect.as_str().to_owned()),
        toleration_seconds: toleration.seconds.map(i64::from),
    }
}

fn quantities(from: [(&str, &str); 3]) -> BTreeMap<String, Quantity> {
    from.map(|(name, text)| (name.to_owned(), Quantity(text.to_owned())))
        .into()
}

/// An empty directory, as old as the pod.
pub(super) fn directory(name: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(DIRECTORY_SIZE.to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// The folders that a pod may write to.
fn volumes(service: &Service) -> Vec<Volume> {
    let own = (1..=service.writable.len()).map(|number| directory(&format!("writable-{number}")));
    std::iter::once(directory("tmp")).chain(own).collect()
}

/// The same, inside a container.
fn mounts(service: &Service) -> Vec<VolumeMount> {
    let own = service.writable.iter().enumerate();
    let own = own.map(|(at, path)| mount(&format!("writable-{}", at + 1), path));
    std::iter::once(mount("tmp", "/tmp")).chain(own).collect()
}

pub(super) fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    }
}

/// Nodes that run Linux.
fn linux() -> Affinity {
    let term = NodeSelectorTerm {
        match_expressions: Some(vec![NodeSelectorRequirement {
            key: "kubernetes.io/os".to_owned(),
            operator: "In".to_owned(),
            values: Some(vec!["linux".to_owned()]),
        }]),
        ..NodeSelectorTerm::default()
    };
    Affinity {
        node_affinity: Some(NodeAffinity {
            required_during_scheduling_ignored_during_execution: Some(NodeSelector {
                node_selector_terms: vec![term],
            }),
            ..NodeAffinity::default()
        }),
        ..Affinity::default()
    }
}
