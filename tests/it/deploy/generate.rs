//! `aura generate`: printing, writing, comparing, and what it will not do.

use std::fs;
use std::path::Path;

use super::{files, generate, said};
use crate::support::Settings;

/// The top of the repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test]
async fn committed_files_are_those_that_the_code_renders() {
    for artefact in [
        "openapi",
        "env-docs",
        "schema",
        "deploy-schema",
        "service-schema",
        "hardening",
        "guides",
    ] {
        let done = generate(&[artefact, "--check", ROOT]).await;
        assert!(done.status.success(), "{}", said(&done));
    }
}

#[tokio::test]
async fn a_missing_digest_is_reported_where_an_image_is_rendered() {
    for (artefact, told) in [
        ("env-docs", false),
        ("openapi", false),
        ("schema", false),
        ("k8s", true),
    ] {
        let done = generate(&[artefact]).await;
        let warnings = String::from_utf8_lossy(&done.stderr);
        assert_eq!(
            warnings.contains("has no digest"),
            told,
            "{artefact}: {warnings}"
        );
    }
}

#[tokio::test]
async fn written_files_pass_the_check_and_edited_ones_fail_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("out").display().to_string();
    let done = generate(&["all", "--out", &at]).await;
    assert!(done.status.success(), "{}", said(&done));
    let done = generate(&["all", "--check", &at]).await;
    assert!(done.status.success(), "{}", said(&done));

    let edited = Path::new(&at).join("k8s/base/backend/configmap.yaml");
    let text = fs::read_to_string(&edited).expect("the ConfigMap");
    fs::write(
        &edited,
        text.replace("LOG_LEVEL: \"info\"", "LOG_LEVEL: \"debug\""),
    )
    .expect("a file");
    let done = generate(&["all", "--check", &at]).await;
    let said = said(&done);
    assert_eq!(done.status.code(), Some(1), "{said}");
    for part in [
        "k8s/base/backend/configmap.yaml",
        "-  LOG_LEVEL: \"debug\"",
        "+  LOG_LEVEL: \"info\"",
        &format!("aura generate all --out {at}"),
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Nothing was mended by looking.
    assert!(
        fs::read_to_string(&edited)
            .expect("the ConfigMap")
            .contains("debug")
    );
}

#[tokio::test]
async fn the_command_that_a_check_names_removes_the_drift() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let (plan, out) = (here.join("my plan.toml"), here.join("it's here"));
    fs::write(
        &plan,
        "environments.staging.components = [\"external-secret\"]\n",
    )
    .expect("a file");
    let (config, to) = (plan.display().to_string(), out.display().to_string());
    let done = generate(&["k8s", "--config", &config, "--out", &to]).await;
    assert!(done.status.success(), "{}", said(&done));
    // One file changes, and one is no longer rendered.
    fs::write(&plan, "environments.staging.components = []\n").expect("a file");
    let left = out.join("k8s/overlays/staging/old.yaml");
    let text = fs::read_to_string(out.join("k8s/base/backend/service.yaml")).expect("a file");
    fs::write(&left, text).expect("a file");
    let check = ["k8s", "--config", &config, "--check", &to];
    let done = generate(&check).await;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    let said = said(&done);
    let (_, command) = said.rsplit_once("mend it with: aura ").expect("a command");
    let aura = env!("CARGO_BIN_EXE_aura");
    let mended = std::process::Command::new("bash")
        .args(["-c", &format!("{aura} {command}")])
        .output()
        .expect("bash");
    assert!(mended.status.success(), "{command}: {mended:?}");
    assert!(generate(&check).await.status.success(), "{command}");
    assert!(!left.exists());
}

#[tokio::test]
async fn the_bytes_depend_on_nothing_around() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut trees = Vec::new();
    for (name, settings) in [
        ("plain", Settings::new()),
        (
            "odd",
            Settings::new()
                .set("TZ", "Pacific/Apia")
                .set("LC_ALL", "tr_TR.UTF-8")
                .set("HOME", "/nowhere")
                .set("SERVER_PORT", "1234")
                .set("JWT_SECRET_KEY", "canary-2f9d")
                .set("DATABASE_URL", "postgres://u:canary-2f9d@db/x"),
        ),
    ] {
        let at = folder.path().join(name);
        let to = at.display().to_string();
        let done = settings.run(&["generate", "all", "--out", &to]).await;
        assert!(done.status.success(), "{}", said(&done));
        assert!(!said(&done).contains("canary"), "{}", said(&done));
        trees.push(files(&at));
    }
    assert!(trees[0].len() > 30, "{:?}", trees[0].keys());
    assert_eq!(trees[0], trees[1]);
    let here = folder.path().display().to_string();
    for (path, bytes) in &trees[0] {
        let text = String::from_utf8_lossy(bytes);
        for word in ["canary", here.as_str(), ROOT] {
            assert!(!text.contains(word), "{path} holds {word}");
        }
    }
}

#[tokio::test]
async fn one_artefact_goes_to_standard_output() {
    let done = generate(&["openapi"]).await;
    assert!(done.status.success(), "{}", said(&done));
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert!(document["paths"]["/auth/login"].is_object());
    let done = generate(&["k8s"]).await;
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    assert!(text.contains("\nkind: Deployment\n") && text.contains("\n---\n"));
}

#[tokio::test]
async fn a_wrong_command_line_is_answered_with_the_right_one() {
    let done = generate(&["k9s"]).await;
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("k8s"), "{}", said(&done));
    let done = generate(&["all"]).await;
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("--out"), "{}", said(&done));
    let done = generate(&["k8s", "--out", "a", "--check", "b"]).await;
    assert_eq!(done.status.code(), Some(2));
}

#[tokio::test]
async fn files_of_others_are_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().display().to_string();
    let mine = folder.path().join("compose.yaml");
    fs::write(&mine, "services: {}\n").expect("a file");
    let done = generate(&["all", "--out", &at]).await;
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("compose.yaml"), "{}", said(&done));
    // All or nothing.
    assert_eq!(files(folder.path()).len(), 1);
    assert_eq!(fs::read_to_string(&mine).expect("mine"), "services: {}\n");

    let nowhere = folder.path().join("a/b/c").display().to_string();
    let done = generate(&["k8s", "--out", &nowhere]).await;
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("a/b"), "{}", said(&done));
}

#[tokio::test]
async fn settings_in_files_are_checked_as_the_server_would() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().display().to_string();
    let done = generate(&["k8s", "--out", &at]).await;
    assert!(done.status.success(), "{}", said(&done));
    let check = async |more: &[&str]| {
        let arguments = ["config", "check", "--from", &at];
        let words: Vec<&str> = arguments.iter().chain(more).copied().collect();
        Settings::new().run(&words).await
    };
    let done = check(&[]).await;
    assert!(done.status.success(), "{}", said(&done));
    // What is still to be set is nothing to apply.
    let base = folder.path().join("k8s/base").display().to_string();
    let words = ["config", "check", "--from", &base, "--strict"];
    let done = Settings::new().run(&words).await;
    assert_eq!(done.status.code(), Some(78), "{}", said(&done));
    assert!(said(&done).contains("JWT_SECRET_KEY"), "{}", said(&done));

    let edited = folder.path().join("k8s/base/backend/configmap.yaml");
    let text = fs::read_to_string(&edited).expect("the ConfigMap");
    let text = text.replace(
        "  LOG_LEVEL: \"info\"",
        "  LOG_LEVLE: \"info\"\n  JWT_SECRET_KEY: \"canary-91c5-canary-91c5-canary-91c5\"",
    );
    fs::write(&edited, text).expect("a file");
    let done = check(&[]).await;
    let said = said(&done);
    assert_eq!(done.status.code(), Some(78), "{said}");
    for part in [
        "configmap.yaml",
        "LOG_LEVLE",
        "LOG_LEVEL",
        "JWT_SECRET_KEY",
        "Secret",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("canary"), "{said}");
}

#[tokio::test]
async fn another_service_renders_its_own_files() {
    let source =
        fs::read_to_string(Path::new(ROOT).join("examples/greeter.rs")).expect("its source");
    assert!(source.lines().count() < 50, "an example that is too long");
    let test = std::env::current_exe().expect("this test");
    let built = test.parent().and_then(Path::parent).expect("the build");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    fs::write(folder.path().join("deploy.toml"), "").expect("a plan");
    let done = std::process::Command::new(built.join("examples/greeter"))
        .arg(&out)
        .current_dir(folder.path())
        .output()
        .expect("the example, which the tests build");
    assert!(done.status.success(), "{}", said(&done));
    let files = files(&out);
    let config = String::from_utf8_lossy(&files["k8s/base/backend/configmap.yaml"]).into_owned();
    assert!(
        config.contains("PORT: \"8080\"") && !config.contains("API_TOKEN"),
        "{config}"
    );
    let page = String::from_utf8_lossy(&files["docs/reference/environment.md"]).into_owned();
    assert!(page.contains("What it says."), "{page}");
    for (path, bytes) in files {
        assert!(
            !String::from_utf8_lossy(&bytes).contains("aura.db"),
            "{path}"
        );
    }
}
