//! A command of the program as a Job, in the environment of the pods that serve: their image,
//! variables, secrets, hardening and way out. It is made of the Deployment as its overlay builds it,
//! so that whatever holds there holds here; no overlay applies it.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::values::hex;
use super::{build, facts, names, pod, waiver};
use crate::deploy::plan::Environment;
use crate::deploy::{Project, RenderError, Service, emit};

/// The part of the service that such pods are.
const RUN: &str = "run";

/// What only a pod that serves has.
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
    let objects = build::overlay(&super::render(project)?, environment)?;
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
    let digest = hex(&Sha256::digest(template.to_string()));
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
mod tests {
    use super::*;
    use crate::deploy::hardening::given::judge;
    use crate::deploy::kubernetes::{example, render};

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_command_runs_in_the_environment_of_the_pods_that_serve() {
        let mut project = example::project();
        let labels = [("team".to_owned(), "identity".to_owned())];
        project.plan.environments[2].labels = labels.into();
        let text = job(&project, "production", &words("user list")).unwrap();
        assert_eq!(
            text,
            job(&project, "production", &words("user list")).unwrap()
        );
        let made: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let [policy, job] = &made[..] else {
            panic!("{text}")
        };
        let objects = build::overlay(&render(&project).unwrap(), "production").unwrap();
        let one = |kind: &str| {
            let mut objects = objects.iter();
            objects.find(|it| it["kind"] == kind && it["metadata"]["name"] == "demo")
        };
        let serving = &one("Deployment").unwrap()["spec"]["template"]["spec"];
        let pod = &job["spec"]["template"]["spec"];
        for same in ["securityContext", "volumes", "serviceAccountName"] {
            assert_eq!(pod[same], serving[same], "{same}");
        }
        let (container, server) = (&pod["containers"][0], &serving["containers"][0]);
        for same in ["env", "envFrom", "image", "resources", "securityContext"] {
            assert_eq!(container[same], server[same], "{same}");
        }
        assert_eq!(container["args"], json!(["user", "list"]));
        assert!(container.get("livenessProbe").is_none());
        assert_eq!(pod["restartPolicy"], "OnFailure");
        for object in &made {
            assert_eq!(object["metadata"]["labels"]["team"], "identity");
        }
        // No Service and no policy of the others selects it.
        let labels = &job["spec"]["template"]["metadata"]["labels"];
        assert_eq!(labels["app.kubernetes.io/name"], "demo-run");
        let selected = &policy["spec"]["podSelector"]["matchLabels"];
        assert_eq!(selected["app.kubernetes.io/name"], "demo-run");
        let egress = &one("NetworkPolicy").unwrap()["spec"]["egress"];
        assert_eq!(&policy["spec"]["egress"], egress);
        assert!(
            policy["spec"]
                .get("ingress")
                .is_none_or(|it| it == &json!([]))
        );
        // It is as hard as the rest.
        let all: Vec<Value> = objects.iter().chain(&made).cloned().collect();
        for standing in judge(&all) {
            assert_eq!(standing.faults, Vec::<String>::new(), "{}", standing.rule);
        }
    }

    #[test]
    fn no_variable_of_the_pod_gets_into_the_command() {
        let args = words("user first-admin $(JWT_SECRET_KEY) $$(A) $");
        let text = job(&example::project(), "production", &args).unwrap();
        let made: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let args = &made.last().unwrap()["spec"]["template"]["spec"]["containers"][0]["args"];
        let escaped = ["$$(JWT_SECRET_KEY)", "$$$$(A)", "$$"];
        assert_eq!(args.as_array().unwrap()[2..], escaped);
    }

    #[test]
    fn another_command_has_another_name_and_a_local_database_is_refused() {
        let project = example::project();
        let name = |args: &str| {
            let text = job(&project, "production", &words(args)).unwrap();
            let made: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
            made.last().unwrap()["metadata"]["name"].clone()
        };
        assert_ne!(name("user list"), name("audit list"));
        let refused = |environment: &str| {
            let refused = job(&project, environment, &words("user list"));
            refused.unwrap_err().to_string()
        };
        let local = refused("development");
        assert!(local.ends_with("kubectl exec -n demo-development deploy/demo -- /demo user list"));
        assert!(refused("nowhere").contains("development, staging, production"));
    }
}
