//! Secrets as files of a folder: no variable holds one, so no crash report, child process or
//! `kubectl describe` shows one. A variable names the folder, and not an argument of the server,
//! because `kubectl exec` runs other commands in the same environment.

use k8s_openapi::api::core::v1::{
    Container, EnvVar, PodSecurityContext, PodSpec, SecretVolumeSource, Volume, VolumeMount,
};

use super::migrate_job;
use crate::deploy::kubernetes::folder::{Folder, Target};
use crate::deploy::kubernetes::names::{self, CONTAINER, MIGRATE};
use crate::deploy::kubernetes::{deployment, pod, secret};
use crate::deploy::service::Service;

const VOLUME: &str = "secrets";
/// Read by owner and group, 0440; written in decimal, since readers of YAML do not agree on octal.
const MODE: i32 = 0o440;

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let serving = deployment::patch(service, spec(service, CONTAINER));
    folder.patch("deployment.yaml", &serving);
    if service.program.migrate.is_none() {
        return;
    }
    let job = migrate_job::patch(service, spec(service, MIGRATE));
    folder.patch_if_there("job.yaml", &Target::job(service), &job);
}

fn path(service: &Service) -> String {
    format!("/run/secrets/{}", service.name)
}

fn spec(service: &Service, container: &str) -> PodSpec {
    let variable = service.program.secrets_variable.iter();
    let variable = variable.map(|name| EnvVar {
        name: name.clone(),
        value: Some(path(service)),
        ..EnvVar::default()
    });
    PodSpec {
        security_context: Some(PodSecurityContext {
            // The files belong to root; the group is how the service may read them.
            fs_group: Some(i64::from(service.user)),
            ..PodSecurityContext::default()
        }),
        containers: vec![Container {
            name: container.to_owned(),
            env: Some(variable.collect()),
            env_from: Some(pod::env_from(service, false)),
            volume_mounts: Some(vec![VolumeMount {
                read_only: Some(true),
                ..pod::mount(VOLUME, &path(service))
            }]),
            ..Container::default()
        }],
        volumes: Some(vec![Volume {
            name: VOLUME.to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(names::secret(service)),
                default_mode: Some(MODE),
                optional: secret::is_optional(service).then_some(true),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}
