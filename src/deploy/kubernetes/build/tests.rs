//! Unit tests of `build`.

use super::*;
use crate::deploy::kubernetes::example;

#[test]
fn production_is_what_its_components_make_of_the_base() {
    let objects = example::built(&example::project(), "production");
    let object = |kind: &str| {
        let found = objects.iter().find(|object| object["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}"))
    };
    assert!(objects.iter().all(|object| object["kind"] != "Secret"));
    let deployment = object("Deployment");
    assert_eq!(deployment["metadata"]["namespace"], "demo-production");
    assert!(deployment["spec"].get("replicas").is_none());
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["secret"]["defaultMode"], 288);
    assert_eq!(pod["securityContext"]["fsGroup"], 65532);
    assert_eq!(pod["securityContext"]["runAsUser"], 65532);
    let container = &pod["containers"][0];
    assert_eq!(container["envFrom"].as_array().unwrap().len(), 1);
    assert_eq!(
        container["livenessProbe"]["httpGet"]["path"],
        "/health/live"
    );
    assert!(text_at(container, "/image").ends_with(&"a".repeat(64)));
    let job = object("Job");
    assert!(text_at(job, "/metadata/name").starts_with("demo-migrate-"));
    let config = object("ConfigMap");
    assert_eq!(config["data"]["LOG_FORMAT"], "json");
    assert_eq!(config["data"]["SERVER_PORT"], "8000");
}

#[test]
fn the_stream_is_of_one_environment_or_of_all() {
    let project = example::project();
    let one = stream(&project, Some("staging")).unwrap();
    let all = stream(&project, None).unwrap();
    assert!(one.starts_with("# Generated for demo (k8s)"));
    assert_eq!(one.matches("kind: Namespace\n").count(), 1);
    assert_eq!(all.matches("kind: Namespace\n").count(), 3);
    assert!(!all.contains("kind: Kustomization"));
    let error = stream(&project, Some("nowhere")).unwrap_err().to_string();
    assert!(
        error.contains("development, staging, production"),
        "{error}"
    );
}

#[test]
fn an_image_is_replaced_by_name_only() {
    let object = |image: &str| json!({ "spec": { "template": { "spec": { "containers": [{ "image": image }] } } } });
    let new = json!({ "name": "r/a", "newTag": "2", "digest": "sha256:0" });
    for (old, expected) in [("r/a:1", "r/a:2@sha256:0"), ("r/ab:1", "r/ab:1")] {
        let mut changed = object(old);
        image(&mut changed, &new);
        assert_eq!(changed, object(expected));
    }
}
