//! A Job that brings the database up to date, and pods that leave it as it is.
//!
//! A Job cannot be changed once it is there, so the overlay gives it a name of its own for each
//! change (`overlay.rs`); those that have ended go by themselves.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::network_policy;
use crate::deploy::emit::EmitError;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, CONTAINER, MIGRATE};
use crate::deploy::kubernetes::values::Values;
use crate::deploy::kubernetes::{base, deployment, pod, waiver};
use crate::deploy::plan::{Environment, Tier};
use crate::deploy::{Project, Service};

/// The file of the Job, in the component and in an overlay.
pub(in crate::deploy::kubernetes) const FILE: &str = "job.yaml";

pub(super) fn fill(folder: &mut Folder, project: &Project) -> Result<(), EmitError> {
    let service = &project.service;
    let name = names::job(service);
    let meta = || names::meta_of(service, &name, &name, MIGRATE);
    folder.resource(FILE, &job(project, meta()))?;
    let policy = network_policy::of_job(service, meta());
    folder.resource("networkpolicy.yaml", &policy)?;
    let Some(args) = serve_args(service) else {
        return Ok(());
    };
    let container = Container {
        name: CONTAINER.to_owned(),
        args: Some(args),
        ..Container::default()
    };
    let pods = PodSpec {
        containers: vec![container],
        ..PodSpec::default()
    };
    folder.patch("deployment.yaml", &deployment::patch(service, pods))
}

/// Arguments that serve and leave the database as it is; none where the service never touches it.
pub(super) fn serve_args(service: &Service) -> Option<Vec<String>> {
    let option = service.program.no_migrate.clone()?;
    let mut args = service.program.serve.clone();
    args.push(option);
    Some(args)
}

fn job(project: &Project, metadata: ObjectMeta) -> Job {
    let service = &project.service;
    let values = Values::base(service);
    let args = service.program.migrate.as_deref().unwrap_or_default();
    let container = pod::container(service, MIGRATE, &base::image(project), args);
    let grace = values.grace_seconds(service);
    Job {
        metadata,
        spec: Some(JobSpec {
            active_deadline_seconds: Some(600),
            backoff_limit: Some(3),
            ttl_seconds_after_finished: Some(3600),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(names::pod_labels(service, &names::job(service), MIGRATE)),
                    annotations: Some(deployment::checksum(&values)),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod::spec(service, container, "OnFailure", grace)),
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

/// What `environment` changes in it.
pub(in crate::deploy::kubernetes) fn overlay(service: &Service, environment: &Environment) -> Job {
    let local = environment.tier == Tier::Development;
    let container = Container {
        name: MIGRATE.to_owned(),
        image_pull_policy: local.then(|| "IfNotPresent".to_owned()),
        resources: Some(pod::resources(&environment.resources)),
        ..Container::default()
    };
    let pod = PodSpec {
        containers: vec![container],
        ..PodSpec::default()
    };
    let mut job = patch(service, pod);
    job.metadata.annotations = waiver::annotations(&waiver::job(service, environment));
    if let Some(spec) = &mut job.spec {
        let values = Values::of(service, environment);
        spec.template.metadata = Some(ObjectMeta {
            annotations: Some(deployment::checksum(&values)),
            ..ObjectMeta::default()
        });
    }
    job
}

/// A patch of its pod.
pub(super) fn patch(service: &Service, spec: PodSpec) -> Job {
    Job {
        metadata: names::patch_meta(service, &names::job(service)),
        spec: Some(JobSpec {
            template: PodTemplateSpec {
                spec: Some(spec),
                ..PodTemplateSpec::default()
            },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}
