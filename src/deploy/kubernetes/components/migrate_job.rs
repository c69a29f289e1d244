//! A Job that brings the database up to date, and pods that leave it as it is.
//!
//! A Job cannot be changed once it is there, so the overlay gives it a name of its own for each
//! change (`overlay.rs`); those that have ended go by themselves. Where a program applies the files
//! again and again, the Job keeps its name and stays, and an annotation has it made anew.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::network_policy;
use crate::deploy::artefact::Project;
use crate::deploy::kubernetes::folder::Folder;
use crate::deploy::kubernetes::names::{self, CONTAINER, MIGRATE};
use crate::deploy::kubernetes::values::Values;
use crate::deploy::kubernetes::{deployment, pod, waiver};
use crate::deploy::plan::{Environment, GitOps, Tier};
use crate::deploy::service::Service;

/// The file of the Job, in the component and in an overlay.
pub(crate) const FILE: &str = "job.yaml";

pub(super) fn fill(folder: &mut Folder, project: &Project) {
    let service = &project.service;
    let name = names::job(service);
    let meta = || names::meta_of(service, &name, &name, MIGRATE);
    folder.resource(FILE, &job(project, meta()));
    let policy = network_policy::of_job(service, meta());
    folder.resource("networkpolicy.yaml", &policy);
    let Some(args) = serve_args(service) else {
        return;
    };
    let container = Container {
        name: CONTAINER.to_owned(),
        args: Some(pod::literal(&args)),
        ..Container::default()
    };
    let pods = PodSpec {
        containers: vec![container],
        ..PodSpec::default()
    };
    folder.patch("deployment.yaml", &deployment::patch(service, pods));
}

/// Arguments that serve and leave the database as it is; none where the service never touches it.
fn serve_args(service: &Service) -> Option<Vec<String>> {
    let option = service.program.no_migrate.clone()?;
    let mut args = service.program.serve.clone();
    args.push(option);
    Some(args)
}

fn job(project: &Project, metadata: ObjectMeta) -> Job {
    let service = &project.service;
    let values = Values::base(service);
    let args = service.program.migrate.as_deref().unwrap_or_default();
    let container = pod::container(service, MIGRATE, &project.plan.image.reference(), args);
    let grace = values.grace_seconds(service);
    Job {
        metadata,
        spec: Some(JobSpec {
            active_deadline_seconds: Some(600),
            backoff_limit: Some(3),
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

/// The patch of the Job in `environment`.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> Job {
    let local = environment.tier == Tier::Development;
    let container = Container {
        name: MIGRATE.to_owned(),
        image_pull_policy: local.then(|| "IfNotPresent".to_owned()),
        resources: Some(pod::resources(&environment.resources)),
        ..Container::default()
    };
    let pod = PodSpec {
        containers: vec![container],
        ..pod::placed(&environment.placement)
    };
    let mut job = patch(service, pod);
    let mut annotations = waiver::annotations(&waiver::job(service, environment));
    if let Some(gitops) = environment.gitops {
        let renewal = renewal(gitops).iter();
        let renewal = renewal.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        annotations.get_or_insert_default().extend(renewal);
    }
    job.metadata.annotations = annotations;
    if let Some(spec) = &mut job.spec {
        // Argo CD and Flux would miss a Job that is gone, and run it again.
        spec.ttl_seconds_after_finished = environment.gitops.is_none().then_some(3600);
        let values = Values::of(service, environment);
        spec.template.metadata = Some(ObjectMeta {
            annotations: Some(deployment::annotations(&values, environment)),
            ..ObjectMeta::default()
        });
    }
    job
}

/// Annotations that have `gitops` make the Job anew where it can only be changed.
const fn renewal(gitops: GitOps) -> &'static [(&'static str, &'static str)] {
    match gitops {
        // Not PreSync: at the first sync there is no ConfigMap before it, and no ServiceAccount.
        GitOps::ArgoCd => &[
            ("argocd.argoproj.io/hook", "Sync"),
            (
                "argocd.argoproj.io/hook-delete-policy",
                "BeforeHookCreation",
            ),
        ],
        GitOps::Flux => &[("kustomize.toolkit.fluxcd.io/force", "enabled")],
    }
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
