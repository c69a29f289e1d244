//! The development overlay as running containers, as it is rendered: `podman kube play` reads the
//! manifests without a cluster. The pod has no network but its own loopback device.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tokio::process::Command;

use super::manifests::tool;
use super::{generate, said};
use crate::support::{IMAGE, PATIENCE, Podman, eventually, put_image, run};

/// What podman calls the container `backend` of the Deployment `aura`.
const CONTAINER: &str = "aura-pod-0-backend";

#[tokio::test]
async fn the_development_overlay_runs_and_has_the_values_of_its_config_map() {
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    let Some(podman) = Podman::installed() else {
        return;
    };
    if !put_image(&podman).await {
        return;
    }
    let (config, secrets) = play(&podman, &kubectl).await;
    becomes_healthy(&podman).await;
    let shown = podman.done(&["exec", CONTAINER, "/aura", "config", "show", "--json"]);
    let shown: Value = serde_json::from_str(&shown.await).expect("JSON");
    for (name, text) in &config {
        let setting = setting(&shown, name);
        let value = as_text(&setting["value"]);
        assert_eq!(Some(value.as_str()), text.as_str(), "{setting}");
        // An empty text may stand for no value at all.
        if !setting["value"].is_null() {
            assert_eq!(setting["origin"], "variable", "{setting}");
        }
    }
    for name in secrets.keys() {
        let setting = setting(&shown, name);
        assert_eq!(setting["origin"], "variable", "{setting}");
    }
    // It makes its own key, which no placeholder keeps it from.
    assert_eq!(setting(&shown, "JWT_SECRET_KEY")["origin"], "default");
}

/// One line of what `aura config show --json` prints.
fn setting<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let mut all = shown.as_array().expect("a list").iter();
    let found = all.find(|setting| setting["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {shown:#}"))
}

/// A value as an environment variable would hold it.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Stores the rendered Secret in the form that podman reads for `envFrom`: podman 4.3 does not read
/// documents of kind Secret there.
async fn create_secret(podman: &Podman, secret: &Value) -> Map<String, Value> {
    let data = secret["stringData"].as_object();
    let mut secrets = data.expect("its data").clone();
    for value in secrets.values_mut() {
        *value = STANDARD.encode(value.as_str().expect("a text")).into();
    }
    let stored = podman.path("stored.json");
    fs::write(&stored, Value::from(secrets.clone()).to_string()).expect("a file");
    let stored = stored.display().to_string();
    podman
        .done(&["secret", "create", "aura-secrets", &stored])
        .await;
    secrets
}

/// Renders the overlay, builds it and plays it; gives the data of its `ConfigMap` and of its Secret.
async fn play(podman: &Podman, kubectl: &Path) -> (Map<String, Value>, Map<String, Value>) {
    let out = podman.path("").display().to_string();
    let done = generate(&["k8s", "--out", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
    let overlay = podman.path("k8s/overlays/development");
    let built = run(Command::new(kubectl).arg("kustomize").arg(overlay)).await;
    assert!(built.status.success(), "{}", said(&built));
    let text = String::from_utf8(built.stdout).expect("UTF-8");
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    let secret = documents.iter().find(|it| it["kind"] == "Secret");
    let secrets = create_secret(podman, secret.expect("a Secret")).await;
    documents.retain(|document| document["kind"] == "ConfigMap" || is_deployment(document));
    documents
        .iter_mut()
        .filter(|document| is_deployment(document))
        .for_each(adapt);
    let config = documents.iter().find(|it| it["kind"] == "ConfigMap");
    let config = config.expect("a ConfigMap")["data"].as_object();
    // JSON is YAML too, and leaves no text to be taken for a number.
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    let file = podman.path("played.yaml");
    fs::write(&file, texts.join("\n---\n")).expect("a file");
    let file = file.display().to_string();
    podman
        .done(&["kube", "play", "--network", "none", &file])
        .await;
    (config.expect("its data").clone(), secrets)
}

/// Waits until aura calls itself healthy, and asks `/health` as a neighbour in the pod would.
async fn becomes_healthy(podman: &Podman) {
    eventually(PATIENCE, "a healthy container", async || {
        let asked = podman
            .run(&["exec", CONTAINER, "/aura", "healthcheck"])
            .await;
        asked.status.success().then_some(())
    })
    .await;
    if !rustix::process::geteuid().is_root() {
        // Entering the pod's network is root's.
        return;
    }
    let (status, body) = podman.call(CONTAINER, "/health", &[]).await;
    assert_eq!(status, 200, "{body}");
    let health: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(health["status"], "healthy", "{health}");
}

fn is_deployment(document: &Value) -> bool {
    document["kind"] == "Deployment"
}

/// Changes what podman cannot do: it takes a liveness probe for a command of the container,
/// publishes every port on all addresses of the machine, and knows no registry.
fn adapt(deployment: &mut Value) {
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array_mut();
    for container in containers.expect("a list of containers") {
        container["image"] = IMAGE.into();
        let container = container.as_object_mut().expect("a container");
        container.remove("livenessProbe").expect("a liveness probe");
        container.remove("ports").expect("a list of ports");
    }
}
