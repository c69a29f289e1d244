//! Unit tests of `job`.

use super::*;
use crate::deploy::hardening::rules::judge;
use crate::deploy::kubernetes::example;

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The objects of a command in production.
fn made(project: &Project, args: &str) -> Vec<Value> {
    let text = job(project, "production", &words(args)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

#[test]
fn a_command_runs_in_the_environment_of_the_pods_that_serve() {
    let mut project = example::project();
    let labels = [("team".to_owned(), "identity".to_owned())];
    project.plan.environments[2].labels = labels.into();
    let made = made(&project, "user list");
    assert_eq!(made, self::made(&project, "user list"));
    let [policy, job] = &made[..] else {
        panic!("{made:?}")
    };
    let objects = example::built(&project, "production");
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
    let args = "user first-admin $(JWT_SECRET_KEY) $$(A) $";
    let made = made(&example::project(), args);
    let args = &made.last().unwrap()["spec"]["template"]["spec"]["containers"][0]["args"];
    let escaped = ["$$(JWT_SECRET_KEY)", "$$$$(A)", "$$"];
    assert_eq!(args.as_array().unwrap()[2..], escaped);
}

#[test]
fn another_command_has_another_name_and_a_local_database_is_refused() {
    let project = example::project();
    let name = |args: &str| made(&project, args).pop().unwrap()["metadata"]["name"].take();
    assert_ne!(name("user list"), name("audit list"));
    let refused = |environment: &str| {
        let refused = job(&project, environment, &words("user list"));
        refused.unwrap_err().to_string()
    };
    let local = refused("development");
    assert!(local.ends_with("kubectl exec -n demo-development deploy/demo -- /demo user list"));
    assert!(refused("nowhere").contains("development, staging, production"));
}
