//! A command of the program as a Job, in the environment of the pods that serve: their image,
//! variables, secrets, hardening and way out. It is made of the Deployment as its overlay builds
//! it, so that whatever holds there holds here; no overlay applies it.

use base16ct::HexDisplay;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{build, facts, manifests, names, pod, waiver};
use crate::deploy::artefact::Project;
use crate::deploy::emit;
use crate::deploy::emit::RenderError;
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;

/// The part of the service that such pods are.
const RUN: &str = "run";

/// Fields that only a pod that serves has.
const SERVING: [&str; 5] = [
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "startupProbe",
];

/// `args` of the program as a Job of `environment`, and the policy of its pod where the pods that
/// serve have one, as a stream of YAML documents. The name follows from the content: applied twice,
/// it runs once.
///
/// # Errors
/// [`RenderError::Facts`] where there is no such environment, or its database is inside the
/// process.
pub fn job(project: &Project, environment: &str, args: &[String]) -> Result<String, RenderError> {
    let service = &project.service;
    let place = project.plan.environment(environment)?;
    if facts::state_is_local(place) {
        return Err(RenderError::Facts(format!(
            "the database of {environment} is inside the process, out of a Job's reach; run the \
             command in the pod: kubectl exec -n {} deploy/{} -- {}",
            place.namespace,
            service.name,
            service.program.line(args).join(" ")
        )));
    }
    let objects = build::overlay(&manifests::render(project)?, environment)?;
    let of_service = |kind: &str| {
        let mut objects = objects.iter();
        objects.find(|one| one["kind"] == kind && one["metadata"]["name"] == *service.name)
    };
    let template = of_service("Deployment").map(|deployment| &deployment["spec"]["template"]);
    let template = template.ok_or_else(|| {
        RenderError::Facts(format!("{environment} has no Deployment {}", service.name))
    })?;
    let job = of_template(service, place, template, args)?;
    let policy = of_service("NetworkPolicy").map(|policy| of_policy(service, place, policy));
    let mut text = String::new();
    if let Some(policy) = policy.transpose()? {
        text += "---\n";
        text += &emit::yaml(&policy)?;
    }
    text += "---\n";
    text += &emit::yaml(&job)?;
    Ok(text)
}

/// The Job of a template of pods that serve.
fn of_template(
    service: &Service,
    environment: &Environment,
    template: &Value,
    args: &[String],
) -> Result<Job, RenderError> {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        let own = names::pod_labels(service, &names::run(service), RUN);
        labels.extend(own.into_iter().map(|(key, text)| (key, text.into())));
    }
    let args = pod::literal(args);
    let pod = &mut template["spec"];
    // A Job refuses `Always`, which the pods that serve have.
    pod["restartPolicy"] = "OnFailure".into();
    pod["containers"][0]["args"] = json!(args);
    for key in SERVING {
        pod["containers"][0]
            .as_object_mut()
            .map(|container| container.shift_remove(key));
    }
    // Both count the pods that serve.
    if let Some(pod) = pod.as_object_mut() {
        pod.shift_remove("topologySpreadConstraints");
    }
    if let Some(affinity) = pod["affinity"].as_object_mut() {
        affinity.shift_remove("podAntiAffinity");
    }
    let digest = Sha256::digest(template.to_string());
    let digest = format!("{:x}", HexDisplay(&digest));
    let template: PodTemplateSpec = serde_json::from_value(template)
        .map_err(|error| RenderError::Facts(format!("the pods that serve: {error}")))?;
    let name = format!("{}-{}", names::run(service), &digest[..8]);
    let mut metadata = meta(service, environment, &name);
    metadata.annotations = waiver::annotations(&waiver::pod(service, environment));
    Ok(Job {
        metadata,
        spec: Some(JobSpec {
            active_deadline_seconds: Some(3600),
            backoff_limit: Some(3),
            ttl_seconds_after_finished: Some(3600),
            template,
            ..JobSpec::default()
        }),
        ..Job::default()
    })
}

/// The policy of its pod: the same way out as from the pods that serve, and no way in.
fn of_policy(
    service: &Service,
    environment: &Environment,
    policy: &Value,
) -> Result<NetworkPolicy, RenderError> {
    let mut policy: NetworkPolicy = serde_json::from_value(policy.clone())
        .map_err(|error| RenderError::Facts(format!("the network policy: {error}")))?;
    policy.metadata = meta(service, environment, &names::run(service));
    if let Some(spec) = &mut policy.spec {
        spec.pod_selector = Some(names::policy_selector(&names::run(service)));
        spec.ingress = Some(Vec::new());
    }
    Ok(policy)
}

fn meta(service: &Service, environment: &Environment, object: &str) -> ObjectMeta {
    let mut metadata = names::meta_of(service, object, &names::run(service), RUN);
    metadata.namespace = Some(environment.namespace.clone());
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(environment.labels.clone());
    metadata
}

#[cfg(test)]
mod tests;
