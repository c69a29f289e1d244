//! An environment: the base, its components, and what is different here.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service as ServiceObject, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::components::{
    self, external_secret, gateway, ha, ingress, migrate_job, monitoring, network_policy,
    sealed_secret,
};
use super::folder::{Deletion, Folder, Image, Operation, Target};
use super::values::{Values, hex};
use super::{config, deployment, names, namespace, run_as, secret};
use crate::deploy::artefact::Project;
use crate::deploy::emit::EmitError;
use crate::deploy::plan::{self, Component, Environment, Tier};
use crate::deploy::service::Service;

/// `k8s/overlays/NAME`.
pub(super) fn folder(project: &Project, environment: &Environment) -> Result<Folder, EmitError> {
    let service = &project.service;
    let mut folder = Folder::kustomization(&format!("k8s/overlays/{}", environment.name));
    folder.namespace(&environment.namespace);
    let namespace = namespace::namespace(service, environment);
    folder.resource("namespace.yaml", &namespace)?;
    folder.base("../../base/backend");
    for component in &environment.components {
        folder.uses(format!("../../components/{}", component.as_str()));
    }
    let image = image(project, environment);
    let tag = image.new_tag.as_deref().and_then(names::label);
    if let Some(tag) = tag.filter(|tag| Some(tag) != names::label(&service.version).as_ref()) {
        folder.label(names::VERSION, tag);
    }
    if !environment.labels.is_empty() {
        folder.labels(environment.labels.clone());
    }
    folder.image(image);

    variables(&mut folder, service, environment)?;
    let patch = deployment::overlay(service, environment);
    folder.patch("deployment.yaml", &patch)?;
    ports(&mut folder, service, environment)?;
    if let Some(hook) = deployment::pre_stop(service, environment) {
        let at = "/spec/template/spec/containers/0/lifecycle/preStop";
        replace(&mut folder, service, "prestop.yaml", at, hook)?;
    }
    annotations(&mut folder, service, environment)?;
    for component in &environment.components {
        component_patches(&mut folder, *component, project, environment)?;
    }
    run_as::patches(&mut folder, service, environment)?;
    if environment.has(Component::MigrateJob) && environment.gitops.is_none() {
        name_job(&mut folder, project, environment)?;
    }
    Ok(folder)
}

/// The ConfigMap, and what becomes of the template of the Secret.
fn variables(
    folder: &mut Folder,
    service: &Service,
    environment: &Environment,
) -> Result<(), EmitError> {
    if let Some(patch) = config::patch(service, environment) {
        folder.patch(config::FILE, &patch)?;
    }
    if let Some(name) = config::revision(service, environment) {
        let target = Target {
            kind: "ConfigMap",
            name: names::config_map(service),
        };
        folder.rename("configmap-name.yaml", target, &name)?;
    }
    let made_there = [Component::ExternalSecret, Component::SealedSecret];
    if !secret::any(service) || made_there.into_iter().any(|one| environment.has(one)) {
        return Ok(());
    }
    if environment.tier != Tier::Development {
        return folder.patch(secret::FILE, &Deletion::of_secret(service));
    }
    match secret::patch(service, environment) {
        Some(patch) => folder.patch(secret::FILE, &patch),
        None => Ok(()),
    }
}

/// Other ports than the base's: a merge would keep the old ones beside them.
fn ports(
    folder: &mut Folder,
    service: &Service,
    environment: &Environment,
) -> Result<(), EmitError> {
    let ports = deployment::ports(service, &Values::of(service, environment));
    if ports == deployment::ports(service, &Values::base(service)) {
        return Ok(());
    }
    let path = "/spec/template/spec/containers/0/ports";
    replace(folder, service, "ports.yaml", path, ports)
}

/// Puts `value` in the place of what stands at `path` of the Deployment.
fn replace(
    folder: &mut Folder,
    service: &Service,
    file: &str,
    path: &str,
    value: impl Serialize,
) -> Result<(), EmitError> {
    let target = Target {
        kind: "Deployment",
        name: service.name.clone(),
    };
    let operation = Operation {
        op: "replace",
        path: path.to_owned(),
        value: serde_json::to_value(value).ok(),
    };
    folder.operations(file, target, &[operation])
}

/// Annotations of the objects of the base that no other patch is about.
fn annotations(
    folder: &mut Folder,
    service: &Service,
    environment: &Environment,
) -> Result<(), EmitError> {
    let metadata = |annotations: &BTreeMap<String, String>| ObjectMeta {
        annotations: Some(annotations.clone()),
        ..names::patch_meta(service, &service.name)
    };
    let plan::Annotations {
        service: of_service,
        service_account,
        ..
    } = &environment.annotations;
    if !of_service.is_empty() {
        let patch = ServiceObject {
            metadata: metadata(of_service),
            ..ServiceObject::default()
        };
        folder.patch("service.yaml", &patch)?;
    }
    if !service_account.is_empty() {
        let patch = ServiceAccount {
            metadata: metadata(service_account),
            ..ServiceAccount::default()
        };
        folder.patch("serviceaccount.yaml", &patch)?;
    }
    Ok(())
}

/// What a component has to know of the environment.
fn component_patches(
    folder: &mut Folder,
    component: Component,
    project: &Project,
    environment: &Environment,
) -> Result<(), EmitError> {
    let service = &project.service;
    match component {
        Component::MigrateJob => {
            let job = migrate_job::overlay(service, environment);
            folder.patch(migrate_job::FILE, &job)?;
            let policy = network_policy::job_overlay(service, environment);
            folder.patch("networkpolicy-migrate.yaml", &policy)
        }
        Component::ExternalSecret => match external_secret::overlay(service, environment) {
            Some(patch) => folder.patch("externalsecret.yaml", &patch),
            None => Ok(()),
        },
        Component::SealedSecret => match sealed_secret::overlay(service, environment) {
            Some(patch) => folder.patch("sealedsecret.yaml", &patch),
            None => Ok(()),
        },
        Component::Ha => folder.patch("hpa.yaml", &ha::overlay(service, environment)),
        Component::NetworkPolicy => {
            let policy = network_policy::overlay(service, environment);
            folder.patch("networkpolicy.yaml", &policy)
        }
        Component::Gateway => {
            let route = gateway::overlay(service, environment);
            folder.patch("httproute.yaml", &route)
        }
        Component::Ingress => {
            let ingress = ingress::overlay(service, environment);
            folder.patch("ingress.yaml", &ingress)
        }
        Component::Monitoring => match monitoring::overlay(service, environment) {
            Some(patch) => folder.patch(monitoring::FILE, &patch),
            None => Ok(()),
        },
        Component::SecretFiles => Ok(()),
    }
}

/// Ends the name of the Job in a digest of all that goes into it, so that an apply makes a new one
/// instead of failing at the old one.
fn name_job(
    folder: &mut Folder,
    project: &Project,
    environment: &Environment,
) -> Result<(), EmitError> {
    let mut hash = Sha256::new();
    hash.update(environment.image.reference());
    hash.update(folder.text(migrate_job::FILE));
    hash.update(folder.text(run_as::JOB_FILE));
    for (key, value) in &environment.labels {
        hash.update(format!("{key}={value}\n"));
    }
    let parts = [Component::MigrateJob, Component::SecretFiles];
    for part in parts.into_iter().filter(|part| environment.has(*part)) {
        hash.update(components::folder(part, project)?.text(migrate_job::FILE));
    }
    let digest = hex(&hash.finalize());
    let name = names::job(&project.service);
    let target = Target {
        kind: "Job",
        name: name.clone(),
    };
    let name = format!("{name}-{}", &digest[..8]);
    folder.rename("job-name.yaml", target, &name)
}

/// What stands in the place of the image of the base.
fn image(project: &Project, environment: &Environment) -> Image {
    let plan::Image { name, tag, digest } = &environment.image;
    let base = &project.plan.image.name;
    let tag = tag.clone().or_else(|| {
        let pinned = digest.is_some();
        (!pinned).then(|| project.service.version.replace('+', "_"))
    });
    Image {
        name: base.clone(),
        new_name: (name != base).then(|| name.clone()),
        new_tag: tag,
        digest: digest.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::kubernetes::example;

    #[test]
    fn the_job_has_another_name_after_any_change() {
        let mut project = example::project();
        let name = |project: &Project| {
            let folder = folder(project, &project.plan.environments[2]).unwrap();
            folder.text("job-name.yaml").to_owned()
        };
        let before = name(&project);
        assert_eq!(before, name(&project));
        let image = &mut project.plan.environments[2].image;
        image.digest = Some(format!("sha256:{}", "b".repeat(64)));
        assert_ne!(before, name(&project));
    }
}
