//! An environment: the base, its components, and what is different here.

use std::collections::BTreeMap;

use base16ct::HexDisplay;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::components::{
    self, external_secret, gateway, ha, ingress, migrate_job, monitoring, network_policy,
    sealed_secret,
};
use super::folder::{Folder, Target, remove, replace, without_secret};
use super::values::Values;
use super::{config, deployment, names, secret};
use crate::deploy::artefact::Project;
use crate::deploy::plan::{self, Component, Environment, RunAs, Tier};
use crate::deploy::service::Service;

/// The version of the Pod Security Standard that is meant; a newer one may ask for more.
const POD_SECURITY: &str = "v1.33";

/// The patch that takes the ids from the Job that migrates; it is part of the Job's name.
const RUN_AS_JOB: &str = "run-as-job.yaml";

/// `k8s/overlays/NAME`.
pub(super) fn folder(project: &Project, environment: &Environment) -> Folder {
    let service = &project.service;
    let mut folder = Folder::kustomization(&format!("k8s/overlays/{}", environment.name));
    folder.kustomization.namespace = Some(environment.namespace.clone());
    folder.resource("namespace.yaml", &namespace(service, environment));
    let kustomization = &mut folder.kustomization;
    kustomization
        .resources
        .push("../../base/backend".to_owned());
    let components = environment.components.iter();
    kustomization.components = components
        .map(|component| format!("../../components/{}", component.as_str()))
        .collect();
    let plan::Image { name, tag, digest } = &environment.image;
    let base = &project.plan.image.name;
    let version = tag.as_deref().and_then(names::label);
    if let Some(version) = version.filter(|it| Some(it) != names::label(&service.version).as_ref())
    {
        let label = json!({ "pairs": { (names::VERSION): version } });
        kustomization.labels.push(label);
    }
    if !environment.labels.is_empty() {
        let labels = json!({ "pairs": environment.labels, "includeTemplates": true });
        kustomization.labels.push(labels);
    }
    kustomization.images.push(json!({
        "name": base,
        "newName": (name != base).then_some(name),
        "newTag": tag,
        "digest": digest,
    }));

    variables(&mut folder, service, environment);
    let patch = deployment::overlay(service, environment);
    folder.patch("deployment.yaml", &patch);
    replaced(&mut folder, service, environment);
    annotations(&mut folder, service, environment);
    for component in &environment.components {
        component_patches(&mut folder, *component, service, environment);
    }
    without_ids(&mut folder, service, environment);
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
        folder.rename("configmap-name.yaml", &target, &name);
    }
    let made_there = [Component::ExternalSecret, Component::SealedSecret];
    if !secret::any(service) || made_there.into_iter().any(|one| environment.has(one)) {
        return;
    }
    if environment.tier != Tier::Development {
        folder.patch(secret::FILE, &without_secret(service));
    } else if let Some(patch) = secret::patch(service, environment) {
        folder.patch(secret::FILE, &patch);
    }
}

/// Parts of the container that a merge would leave as they are: it keeps the old ports beside the
/// new ones, and the old hook.
fn replaced(folder: &mut Folder, service: &Service, environment: &Environment) {
    const CONTAINER: &str = "/spec/template/spec/containers/0";
    let mut put = |file: &str, key: &str, value: serde_json::Value| {
        let operation = replace(&format!("{CONTAINER}/{key}"), value);
        folder.operations(file, &Target::deployment(service), &[operation]);
    };
    let ports = deployment::ports(service, &Values::of(service, environment));
    if ports != deployment::ports(service, &Values::base(service)) {
        put("ports.yaml", "ports", json!(ports));
    }
    if let Some(hook) = deployment::pre_stop(service, environment) {
        put("prestop.yaml", "lifecycle/preStop", json!(hook));
    }
}

/// Annotations of the objects of the base that no other patch is about.
fn annotations(folder: &mut Folder, service: &Service, environment: &Environment) {
    let plan::Annotations {
        service: of_service,
        service_account: of_account,
        ..
    } = &environment.annotations;
    for (kind, file, annotations) in [
        ("Service", "service.yaml", of_service),
        ("ServiceAccount", "serviceaccount.yaml", of_account),
    ] {
        let metadata = ObjectMeta {
            annotations: Some(annotations.clone()),
            ..names::patch_meta(service, &service.name)
        };
        let patch = json!({ "apiVersion": "v1", "kind": kind, "metadata": metadata });
        if !annotations.is_empty() {
            folder.patch(file, &patch);
        }
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
    hash.update(folder.text(RUN_AS_JOB));
    for (key, value) in &environment.labels {
        hash.update(format!("{key}={value}\n"));
    }
    let parts = [Component::MigrateJob, Component::SecretFiles];
    for part in parts.into_iter().filter(|part| environment.has(*part)) {
        hash.update(components::folder(part, project).text(migrate_job::FILE));
    }
    let digest = format!("{:x}", HexDisplay(&hash.finalize()));
    let target = Target::job(&project.service);
    let name = format!("{}-{}", target.name, &digest[..8]);
    folder.rename("job-name.yaml", &target, &name);
}

/// The Namespace, which holds every pod in it to the restricted standard.
/// <https://kubernetes.io/docs/concepts/security/pod-security-admission/>
fn namespace(service: &Service, environment: &Environment) -> Namespace {
    let mut labels = BTreeMap::new();
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}");
        labels.insert(format!("{key}-version"), POD_SECURITY.to_owned());
        labels.insert(key, "restricted".to_owned());
    }
    let own = names::meta(service, &service.name).labels;
    labels.extend(own.unwrap_or_default());
    Namespace {
        metadata: ObjectMeta {
            name: Some(environment.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

/// Removes the numeric ids of every pod, for clusters whose admission assigns them (`restricted-v2`
/// of `OpenShift`); the rest of the restricted standard stays.
fn without_ids(folder: &mut Folder, service: &Service, environment: &Environment) {
    const POD: &str = "/spec/template/spec";
    if environment.placement.run_as != RunAs::Cluster {
        return;
    }
    // Secrets as files come with a group of their own.
    let files = environment.has(Component::SecretFiles);
    let group = files.then(|| format!("{POD}/securityContext/fsGroup"));
    let ids = ["", "/containers/0"].into_iter().flat_map(|owner| {
        ["runAsUser", "runAsGroup"].map(|id| format!("{POD}{owner}/securityContext/{id}"))
    });
    let operations: Vec<_> = ids.chain(group).map(remove).collect();
    folder.operations("run-as.yaml", &Target::deployment(service), &operations);
    if environment.has(Component::MigrateJob) {
        folder.operations(RUN_AS_JOB, &Target::job(service), &operations);
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
