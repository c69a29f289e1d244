//! The Deployment: that of the base, and what an environment changes in it.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ExecAction, Lifecycle, LifecycleHandler, PodSpec, PodTemplateSpec,
    SleepAction,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::state_is_local;
use super::names::{self, CONTAINER, HTTP, METRICS};
use super::values::{PRE_STOP_SECONDS, Values};
use super::{pod, probes, waiver};
use crate::deploy::artefact::Project;
use crate::deploy::plan::{Component, Environment, Tier};
use crate::deploy::service::Service;

/// The Deployment of the base.
pub(super) fn base(project: &Project) -> Deployment {
    let service = &project.service;
    let values = Values::base(service);
    let image = project.plan.image.reference();
    let mut container = pod::container(service, CONTAINER, &image, &service.program.serve);
    container.ports = Some(ports(service, &values));
    container.lifecycle = Some(Lifecycle {
        // The image has no shell, and no `sleep`.
        pre_stop: Some(LifecycleHandler {
            sleep: Some(SleepAction {
                seconds: PRE_STOP_SECONDS,
            }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    });
    probes::base(&service.probes, &mut container);
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(names::pod_labels(service, &service.name, CONTAINER)),
            annotations: Some(checksum(&values)),
            ..ObjectMeta::default()
        }),
        spec: Some(pod::spec(
            service,
            container,
            "Always",
            values.grace_seconds(service),
        )),
    };
    Deployment {
        metadata: names::meta(service, &service.name),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            min_ready_seconds: Some(5),
            // More than the startup probe grants.
            progress_deadline_seconds: Some(300),
            revision_history_limit: Some(5),
            selector: names::selector(&service.name),
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                // A new pod is ready before an old one goes, also where there is only one.
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
            }),
            template,
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// The patch of the Deployment in `environment`.
pub(super) fn overlay(service: &Service, environment: &Environment) -> Deployment {
    let values = Values::of(service, environment);
    let mut container = Container {
        name: CONTAINER.to_owned(),
        resources: Some(pod::resources(&environment.resources)),
        ..Container::default()
    };
    if environment.tier == Tier::Development {
        // An image that was built on the machine is in no registry.
        container.image_pull_policy = Some("IfNotPresent".to_owned());
    } else {
        probes::split(&service.probes, &mut container);
    }
    let local = state_is_local(environment);
    container.volume_mounts = local.then(|| vec![pod::mount("state", &service.state_dir)]);
    let grace = values.grace_seconds(service);
    let changed = grace != Values::base(service).grace_seconds(service);
    let spec = PodSpec {
        termination_grace_period_seconds: changed.then_some(grace),
        containers: vec![container],
        volumes: local.then(|| vec![pod::directory("state")]),
        ..pod::placed(&environment.placement)
    };
    // With an autoscaler, the number of pods is the autoscaler's to say.
    let replicas = (!environment.has(Component::Ha)).then_some(environment.replicas);
    let mut deployment = patch(service, spec);
    deployment.metadata.annotations =
        waiver::annotations(&waiver::deployment(service, environment));
    if let Some(spec) = &mut deployment.spec {
        spec.replicas = replicas.and_then(|count| i32::try_from(count).ok());
        spec.template.metadata = Some(ObjectMeta {
            annotations: Some(annotations(&values, environment)),
            ..ObjectMeta::default()
        });
    }
    deployment
}

/// The replacement of the `preStop` of the base, where the cluster is too old for it: the
/// program itself waits.
pub(super) fn pre_stop(service: &Service, environment: &Environment) -> Option<LifecycleHandler> {
    let mut command = service.program.exec(service.program.sleep.as_ref()?);
    command.push(PRE_STOP_SECONDS.to_string());
    (!environment.kubernetes.sleeps()).then(|| LifecycleHandler {
        exec: Some(ExecAction {
            command: Some(command),
        }),
        ..LifecycleHandler::default()
    })
}

/// A patch of its pods.
pub(super) fn patch(service: &Service, spec: PodSpec) -> Deployment {
    Deployment {
        metadata: names::patch_meta(service, &service.name),
        spec: Some(DeploymentSpec {
            template: PodTemplateSpec {
                spec: Some(spec),
                ..PodTemplateSpec::default()
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// The name of the annotation that replaces pods when a variable changes.
pub(crate) const CHECKSUM: &str = "checksum/config";

/// That annotation.
pub(super) fn checksum(values: &Values) -> BTreeMap<String, String> {
    [(CHECKSUM.to_owned(), values.checksum())].into()
}

/// The annotations of every pod of `environment`.
pub(super) fn annotations(values: &Values, environment: &Environment) -> BTreeMap<String, String> {
    let mut annotations = environment.annotations.pods.clone();
    annotations.extend(checksum(values));
    annotations
}

/// The ports, named.
pub(super) fn ports(service: &Service, values: &Values) -> Vec<ContainerPort> {
    let port = |name: &str, number: u16| ContainerPort {
        name: Some(name.to_owned()),
        container_port: i32::from(number),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let metrics = values
        .metrics_port(service)
        .map(|number| port(METRICS, number));
    std::iter::once(port(HTTP, values.port(service)))
        .chain(metrics)
        .collect()
}
