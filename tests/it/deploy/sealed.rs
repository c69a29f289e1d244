//! Secrets that the cluster makes: what is sealed or fetched has exactly the keys of the settings.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::manifests::{kustomize, tool};
use super::{generate, said};
use crate::support::Settings;

/// Something of the form that `kubeseal` writes.
fn ciphertext() -> String {
    "AgBy".repeat(200)
}

/// A `SealedSecret` of production as `kubeseal` writes it, with these keys.
fn sealed(keys: &[&str]) -> String {
    let data = keys
        .iter()
        .map(|key| format!("    {key}: {}\n", ciphertext()));
    format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  \
         creationTimestamp: null\n  name: aura-secrets\n  namespace: aura\nspec:\n  \
         encryptedData:\n{}  template:\n    metadata:\n      name: aura-secrets\n      \
         namespace: aura\n    type: Opaque\n",
        data.collect::<String>()
    )
}

/// What `aura config check --strict` says of `path`.
async fn check(path: &Path) -> (bool, String) {
    let path = path.display().to_string();
    let arguments = ["config", "check", "--strict", "--from", &path];
    let done = Settings::new().run(&arguments).await;
    (done.status.success(), said(&done))
}

const PLAN: &str = r#"
[environments.development]
components = ["sealed-secret"]

[environments.production]
components = ["sealed-secret", "ha"]
"#;
const ALL: [&str; 3] = ["DATABASE_URL", "JWT_SECRET_KEY", "REDIS_URL"];

#[tokio::test]
async fn a_sealed_secret_has_exactly_the_keys_of_the_settings() {
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    fs::write(here.join("deploy.toml"), PLAN).expect("a file");
    let (plan, out) = (
        here.join("deploy.toml").display().to_string(),
        here.display().to_string(),
    );
    let done = generate(&["k8s", "--config", &plan, "--out", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
    // The operator's own kustomization, as docs/workflows/production-secrets.md has it.
    fs::create_dir(here.join("auth")).expect("a folder");
    let own = "resources:\n- ../k8s/overlays/production\npatches:\n- path: sealed-secret.yaml\n";
    fs::write(here.join("auth/kustomization.yaml"), own).expect("a file");
    for (keys, problem) in [
        (ALL.to_vec(), ""),
        (ALL[1..].to_vec(), "DATABASE_URL: is to be set"),
        ([&ALL[..], &["LLM_UPSTREAM_API_KEY"]].concat(), ""),
        (
            [&ALL[..], &["JWT_SECRET"]].concat(),
            "JWT_SECRET: is not a setting",
        ),
    ] {
        fs::write(here.join("auth/sealed-secret.yaml"), sealed(&keys)).expect("a file");
        let text = kustomize(&kubectl, &here.join("auth"));
        let file = here.join("built.yaml");
        fs::write(&file, text).expect("a file");
        let (passes, said) = check(&file).await;
        assert_eq!(passes, problem.is_empty(), "{keys:?}: {said}");
        assert!(said.contains(problem), "{keys:?}: {said}");
    }
    // What is inside the process needs no secret, and development makes its own key.
    let text = kustomize(&kubectl, &here.join("k8s/overlays/development"));
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    let sealed = objects
        .iter()
        .find(|object| object["kind"] == "SealedSecret");
    let data = &sealed.expect("one")["spec"]["encryptedData"];
    assert!(data.as_object().is_none_or(Map::is_empty), "{data}");
    assert!(objects.iter().all(|object| object["kind"] != "Secret"));
}
