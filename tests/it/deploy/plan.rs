//! `deploy.toml`: every fault at once, with its place; nothing impossible is rendered.

use std::fs;

use super::{generate, said};

/// Renders with `text` as the plan.
async fn with(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = folder.path().join("deploy.toml");
    fs::write(&plan, text).expect("a file");
    let done = generate(&["k8s", "--config", &plan.display().to_string()]).await;
    (done.status.code(), said(&done))
}

#[tokio::test]
async fn all_faults_come_at_once_with_line_and_column() {
    let (code, said) = with(
        "image = \"registry.example.com/aura:latest\"\n\
         [environments.production]\n\
         replicas = \"three\"\n\
         hots = \"auth.example.com\"\n\
         [environments.production.backends]\n\
         database = \"postgres://user:canary-77@db\"\n\
         [environments.production.settings]\n\
         RATE_LIMIT_LOGIN_PER_MINUT = 5\n\
         LOG_LEVEL = \"loud\"\n",
    )
    .await;
    assert_eq!(code, Some(78), "{said}");
    for part in [
        ":1:",
        ":3:",
        ":4:",
        ":6:",
        ":8:",
        ":9:",
        "latest",
        "host",
        "RATE_LIMIT_LOGIN_PER_MINUTE",
        "warn, info",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("canary"), "{said}");
}

#[tokio::test]
async fn broken_toml_is_named_by_line_and_column() {
    let (code, said) = with("image = \"a\"\n[environments.production\n").await;
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("deploy.toml:2:"), "{said}");
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_the_reason() {
    for (text, why) in [
        (
            "[environments.production.backends]\ndatabase = \"sqlite\"\n",
            "inside the process",
        ),
        (
            "[environments.production.settings]\nJWT_SECRET_KEY = \"x\"\n",
            "secret",
        ),
        (
            "[environments.production.settings]\nSERVER_PORT = 70000\n",
            "65535",
        ),
    ] {
        let (code, said) = with(text).await;
        assert_eq!(code, Some(78), "{text}: {said}");
        assert!(said.contains(why), "{text}: {said}");
    }
}
