//! A service in another language: `generate --service` renders it from facts in `service.toml` and
//! a JSON Schema that pydantic wrote, and it starts with what was rendered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::manifests::tool;
use super::{files, generate, said};
use crate::support::{PATIENCE, Port, Process, eventually};

/// The example.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fastapi");

/// Its `service.toml`.
const SERVICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fastapi/service.toml");

/// Python with what the example needs; none, said aloud, where that is not installed.
fn python() -> Option<PathBuf> {
    tool("uvicorn").map(|uvicorn| uvicorn.with_file_name("python"))
}

/// A command in the folder of the example that has `variables` and no others.
fn command(program: &Path, variables: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(EXAMPLE).env_clear().envs(variables);
    // Otherwise it leaves compiled files beside the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[tokio::test]
async fn the_rendered_files_of_the_example_are_those_committed() {
    let done = generate(&["k8s", "--service", SERVICE, "--check", EXAMPLE]).await;
    assert!(done.status.success(), "{}", said(&done));
}

#[tokio::test]
async fn the_schema_of_the_example_is_what_pydantic_writes() {
    let Some(python) = python() else {
        return;
    };
    let mut print = command(&python, &BTreeMap::new());
    let done = print.args(["-m", "app.settings"]).output().expect("python");
    assert!(done.status.success(), "{}", said(&done));
    let written = fs::read(format!("{EXAMPLE}/settings.schema.json")).expect("the schema");
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&written)
    );
}

/// The objects of an overlay, as kubectl builds them.
fn built(kubectl: &Path, environment: &str) -> Vec<Value> {
    let done = Command::new(kubectl)
        .args([
            "kustomize",
            &format!("{EXAMPLE}/k8s/overlays/{environment}"),
        ])
        .output()
        .expect("kubectl");
    assert!(done.status.success(), "{}", said(&done));
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    serde_saphyr::from_multiple(&text).expect("YAML")
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.unwrap_or_else(|| panic!("a {kind}"))
}

fn variables(map: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(map.clone()).expect("texts")
}

#[tokio::test]
async fn every_overlay_of_the_example_fits_the_schemas_of_kubernetes() {
    let (Some(kubectl), Some(validate)) = (tool("kubectl"), tool("kubernetes-validate")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for environment in ["development", "staging", "production"] {
        let objects = built(&kubectl, environment);
        let objects: Vec<String> = objects.iter().map(Value::to_string).collect();
        let path = folder.path().join(format!("{environment}.yaml"));
        // JSON is YAML, too.
        fs::write(&path, objects.join("\n---\n")).expect("a file");
        let mut command = Command::new(&validate);
        let done = command
            .args(["-k", "1.36", "--strict", "--quiet"])
            .arg(path);
        let done = done.output().expect("kubernetes-validate");
        assert!(done.status.success(), "{environment}: {}", said(&done));
    }
}

/// Values for the secrets of `environment`.
async fn secrets(environment: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secrets.json");
    let out = path.display().to_string();
    let words = [
        "secrets",
        "--service",
        SERVICE,
        "--environment",
        environment,
    ];
    let done = generate(&[&words[..], &["--out", &out]].concat()).await;
    assert!(done.status.success(), "{}", said(&done));
    assert!(!said(&done).contains("still to be set"), "{}", said(&done));
    let text = fs::read_to_string(path).expect("the secrets");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn the_example_starts_with_the_values_of_each_config_map() {
    let (Some(python), Some(kubectl)) = (python(), tool("kubectl")) else {
        return;
    };
    for environment in ["development", "staging", "production"] {
        let objects = built(&kubectl, environment);
        let mut variables = variables(&of_kind(&objects, "ConfigMap")["data"]);
        // What is unset is left out: an empty text would be a value.
        assert!(!variables.contains_key("GREETING"), "{variables:?}");
        assert!(!variables.contains_key("TRACING__RATIO"), "{variables:?}");
        variables.extend(secrets(environment).await);

        let port = Port::reserve();
        let container =
            &of_kind(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        let mut args: Vec<String> =
            serde_json::from_value(container["args"].clone()).expect("words");
        for word in &mut args {
            if word == "8000" {
                *word = port.address().port().to_string();
            }
        }
        let mut serve = command(&python.with_file_name(&args[0]), &variables);
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Process::spawn(serve.args(&args[1..]), &folder.path().join("log"));
        let probe = &container["readinessProbe"]["httpGet"]["path"];
        let url = format!(
            "http://{}{}",
            port.address(),
            probe.as_str().expect("a path")
        );
        let what = format!("{environment}: an answer of {url}");
        let health = eventually(PATIENCE, &what, async || {
            let answer = reqwest::get(&url).await.ok();
            assert!(
                answer.is_some() || process.ended().is_none(),
                "{}",
                process.output()
            );
            answer?.json::<Value>().await.ok()
        })
        .await;
        assert_eq!(
            health,
            json!({ "status": "healthy", "environment": environment })
        );
    }
}

#[tokio::test]
async fn the_example_reads_every_variable_as_it_was_meant() {
    let (Some(python), Some(kubectl)) = (python(), tool("kubectl")) else {
        return;
    };
    let read = |variables: &BTreeMap<String, String>| -> Value {
        let code = "from app.settings import Settings; print(Settings().model_dump_json())";
        let mut print = command(&python, variables);
        let done = print.args(["-c", code]).output().expect("python");
        assert!(done.status.success(), "{}", said(&done));
        serde_json::from_slice(&done.stdout).expect("JSON")
    };
    let secrets = secrets("production").await;
    let objects = built(&kubectl, "production");
    let mut given = variables(&of_kind(&objects, "ConfigMap")["data"]);
    given.extend(secrets.clone());
    // Without the ConfigMap, with what has no default.
    let mut bare = secrets;
    bare.insert("REGION".to_owned(), "eu".to_owned());
    let mut expected = read(&bare);
    expected["environment"] = "production".into();
    expected["cors_origins"] =
        json!(["https://shop.example.com", "https://admin.shop.example.com"]);
    expected["features"] = json!({ "search": true, "wishlist": true });
    expected["database"]["pool_size"] = 20.into();
    assert_eq!(read(&given), expected);
}

#[tokio::test]
async fn everything_that_is_not_auras_own_is_rendered_and_the_rest_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let to = out.display().to_string();
    let done = generate(&["all", "--service", SERVICE, "--out", &to]).await;
    assert!(done.status.success(), "{}", said(&done));
    let done = generate(&["all", "--service", SERVICE, "--check", &to]).await;
    assert!(done.status.success(), "{}", said(&done));
    let files = files(&out);
    for path in [
        "k8s/base/backend/deployment.yaml",
        "compose.yaml",
        ".env.example",
        "docs/reference/environment.md",
        "docs/reference/config.schema.json",
        "docs/reference/deploy.md",
        "docs/reference/hardening.md",
    ] {
        assert!(files.contains_key(path), "{path}: {:?}", files.keys());
    }
    for path in [
        "Dockerfile",
        "systemd/shop.service",
        "docs/reference/service.md",
    ] {
        assert!(!files.contains_key(path), "{path}");
    }
    for (path, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        // The command that made it, and the placeholder of secrets.
        let text = text
            .replace("`aura generate ", "")
            .replace("__AURA_SET_ME__", "");
        let text = text.replace("aura generate secrets --", "");
        assert!(!text.to_lowercase().contains("aura"), "{path}: {text}");
    }
    for artefact in [
        "dockerfile",
        "oci",
        "systemd",
        "guides",
        "openapi",
        "service-schema",
    ] {
        let done = generate(&[artefact, "--service", SERVICE]).await;
        assert_eq!(done.status.code(), Some(2), "{artefact}: {}", said(&done));
        assert!(said(&done).contains(artefact), "{}", said(&done));
    }
}

#[tokio::test]
async fn a_faulty_service_file_is_reported_with_file_and_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("service.toml");
    let (shown, schema) = (path.display().to_string(), folder.path().join("s.json"));
    let good = "name = \"shop\"\nversion = \"1\"\nport = 8000\nsettings.schema = \"s.json\"\n";
    let fields = |fields: Value| json!({ "properties": fields }).to_string();
    for (text, fields, code, expected) in [
        (good, fields(json!({})), 0, String::new()),
        (
            "name = \"shop\"\nprot = 1\n",
            String::new(),
            78,
            format!("{shown}:2:1 prot: is not known here; did you mean port?"),
        ),
        (
            good,
            "{".to_owned(),
            78,
            format!("{shown}:4:10 settings.schema: names a file that is not"),
        ),
        (
            good,
            fields(json!({ "ld_preload": { "type": "string" } })),
            78,
            format!(
                "{shown}:4:10 settings.schema: names a schema that cannot be used: LD_PRELOAD is"
            ),
        ),
        (
            good,
            fields(json!({ "x": { "type": "string",
                "x-default-in": { "staging": "x".repeat(200_000) } } })),
            78,
            "environments.staging.settings.X: comes to 200002 bytes, and Linux".to_owned(),
        ),
        (
            good,
            " ".repeat(1024 * 1024 + 1),
            1,
            "has more than 1048576 bytes".to_owned(),
        ),
    ] {
        fs::write(&path, text).expect("a file");
        fs::write(&schema, fields).expect("a file");
        let done = generate(&["k8s", "--service", &shown]).await;
        assert_eq!(done.status.code(), Some(code), "{}", said(&done));
        assert!(
            said(&done).contains(&expected),
            "{expected}\n{}",
            said(&done)
        );
    }
    fs::remove_file(&schema).expect("it was there");
    let done = generate(&["k8s", "--service", &shown]).await;
    assert!(
        said(&done).contains("s.json cannot be read"),
        "{}",
        said(&done)
    );
    let done = generate(&["k8s", "--service", "/dev/zero"]).await;
    assert!(
        said(&done).contains("not a regular file"),
        "{}",
        said(&done)
    );
}
