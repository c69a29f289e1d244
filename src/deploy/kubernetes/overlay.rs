//! An environment: the base, its components, and what is different here.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service as ServiceObject, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::components::{
    self, external_secret, gateway, ha, ingress, migrate_job, monitoring, network_policy,
    sealed_secret,
};
use super::folder::{Deletion, Folder, Image, Labels, Operation, Target};
use super::values::{Values, hex};
use super::{config, deployment, names, namespace, run_as, secret};
use crate::deploy::artefact::Project;
use crate::deploy::plan::{self, Component, Environment, Tier};
use crate::deploy::service::Service;

/// `k8s/overlays/NAME`.
pub(super) fn folder(project: &Project, environment: &Environment) -> Folder {
    let service = &project.service;
    let mut folder = Folder::kustomization(&format!("k8s/overlays/{}", environment.name));
    folder.kustomization.namespace = Some(environment.namespace.clone());
    let namespace = namespace::namespace(service, environment);
    folder.resource("namespace.yaml", &namespace);
    let kustomization = &mut folder.kustomization;
    kustomization
        .resources
        .push("../../base/backend".to_owned());
    let components = environment.components.iter();
    kustomization.components = components
        .map(|component| format!("../../components/{}", component.as_str()))
        .collect();
    let image = image(project, environment);
    let tag = image.new_tag.as_deref().and_then(names::label);
    if let Some(tag) = tag.filter(|tag| Some(tag) != names::label(&service.version).as_ref()) {
        kustomization.labels.push(Labels {
            pairs: [(names::VERSION.to_owned(), tag)].into(),
            include_templates: false,
        });
    }
    if !environment.labels.is_empty() {
        kustomization.labels.push(Labels {
            pairs: environment.labels.clone(),
            include_templates: true,
        });
    }
    kustomization.images.push(image);

    variables(&mut folder, service, environment);
    let patch = deployment::overlay(service, environment);
    folder.patch("deployment.yaml", &patch);
    replaced(&mut folder, service, environment);
    annotations(&mut folder, service, environment);
    for component in &environment.components {
        component_patches(&mut folder, *component, service, environment);
    }
    run_as::patches(&mut folder, service, environment);
    if environment.has(Component::MigrateJob) && environment.gitops.is_none() {
        name_job(&mut folder, project, environment);
    }
    folder
}

/// The ConfigMap, and the fate of the template of the Secret.
fn variables(folder: &mut Folder, service: &Service, environment: &Environment) {
    if let Some(patch) = config::patch(service, environment) {
        folder.patch(config::FILE, &patch);
    }
    if let Some(name) = config::revision(service, environment) {
        let target = Target {
            kind: "ConfigMap",
            name: names::config_map(service),
        };
        folder.rename("configmap-name.yaml", target, &name);
    }
    let made_there = [Component::ExternalSecret, Component::SealedSecret];
    if !secret::any(service) || made_there.into_iter().any(|one| environment.has(one)) {
        return;
    }
    if environment.tier != Tier::Development {
        folder.patch(secret::FILE, &Deletion::of_secret(service));
    } else if let Some(patch) = secret::patch(service, environment) {
        folder.patch(secret::FILE, &patch);
    }
}

/// Parts of the container that a merge would leave as they are: it keeps the old ports beside the
/// new ones, and the old hook.
fn replaced(folder: &mut Folder, service: &Service, environment: &Environment) {
    const CONTAINER: &str = "/spec/template/spec/containers/0";
    let mut replace = |file: &str, key: &str, value: serde_json::Value| {
        let operation = Operation::replace(&format!("{CONTAINER}/{key}"), value);
        folder.operations(file, Target::deployment(service), &[operation]);
    };
    let ports = deployment::ports(service, &Values::of(service, environment));
    if ports != deployment::ports(service, &Values::base(service)) {
        replace("ports.yaml", "ports", json!(ports));
    }
    if let Some(hook) = deployment::pre_stop(service, environment) {
        replace("prestop.yaml", "lifecycle/preStop", json!(hook));
    }
}

/// Annotations of the objects of the base that no other patch is about.
fn annotations(folder: &mut Folder, service: &Service, environment: &Environment) {
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
        folder.patch("service.yaml", &patch);
    }
    if !service_account.is_empty() {
        let patch = ServiceAccount {
            metadata: metadata(service_account),
            ..ServiceAccount::default()
        };
        folder.patch("serviceaccount.yaml", &patch);
    }
}

/// Patches that tell `component` of the environment.
fn component_patches(
    folder: &mut Folder,
    component: Component,
    service: &Service,
    environment: &Environment,
) {
    match component {
        Component::MigrateJob => {
            let job = migrate_job::overlay(service, environment);
            folder.patch(migrate_job::FILE, &job);
            let policy = network_policy::job_overlay(service, environment);
            folder.patch("networkpolicy-migrate.yaml", &policy);
        }
        Component::ExternalSecret => {
            if let Some(patch) = external_secret::overlay(service, environment) {
                folder.patch("externalsecret.yaml", &patch);
            }
        }
        Component::SealedSecret => {
            if let Some(patch) = sealed_secret::overlay(service, environment) {
                folder.patch("sealedsecret.yaml", &patch);
            }
        }
        Component::Ha => folder.patch("hpa.yaml", &ha::overlay(service, environment)),
        Component::NetworkPolicy => {
            let policy = network_policy::overlay(service, environment);
            folder.patch("networkpolicy.yaml", &policy);
        }
        Component::Gateway => {
            folder.patch("httproute.yaml", &gateway::overlay(service, environment));
        }
        Component::Ingress => folder.patch("ingress.yaml", &ingress::overlay(service, environment)),
        Component::Monitoring => {
            if let Some(patch) = monitoring::overlay(service, environment) {
                folder.patch(monitoring::FILE, &patch);
            }
        }
        Component::SecretFiles => {}
    }
}

/// Ends the name of the Job in a digest of all that goes into it, so that an apply makes a new one
/// instead of failing at the old one.
fn name_job(folder: &mut Folder, project: &Project, environment: &Environment) {
    let mut hash = Sha256::new();
    // Everything that ends in the pod of the Job, which cannot be changed once it exists.
    hash.update(environment.image.reference());
    hash.update(folder.text(migrate_job::FILE));
    hash.update(folder.text(run_as::JOB_FILE));
    for (key, value) in &environment.labels {
        hash.update(format!("{key}={value}\n"));
    }
    let parts = [Component::MigrateJob, Component::SecretFiles];
    for part in parts.into_iter().filter(|part| environment.has(*part)) {
        hash.update(components::folder(part, project).text(migrate_job::FILE));
    }
    let digest = hex(&hash.finalize());
    let target = Target::job(&project.service);
    let name = format!("{}-{}", target.name, &digest[..8]);
    folder.rename("job-name.yaml", target, &name);
}

/// The replacement of the image of the base.
fn image(project: &Project, environment: &Environment) -> Image {
    let plan::Image { name, tag, digest } = environment.image.clone();
    let base = project.plan.image.name.clone();
    Image {
        new_name: (name != base).then_some(name),
        name: base,
        new_tag: tag,
        digest,
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
            let folder = folder(project, &project.plan.environments[2]);
            folder.text("job-name.yaml").to_owned()
        };
        let before = name(&project);
        assert_eq!(before, name(&project));
        let image = &mut project.plan.environments[2].image;
        image.digest = Some(format!("sha256:{}", "b".repeat(64)));
        assert_ne!(before, name(&project));
    }
}
