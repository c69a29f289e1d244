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
async fn a_setting_that_cannot_work_is_refused_with_the_reason() {
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

/// Renders production with `lines`: all of it, and the secrets that are made for it.
async fn rendered(lines: &str) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (plan, out, made) = (at("deploy.toml"), at("out"), at("secrets.env"));
    let text = format!("[environments.production]\ncomponents = [\"network-policy\"]\n{lines}");
    fs::write(&plan, text).expect("a file");
    fs::create_dir(&out).expect("a folder");
    let done = generate(&["k8s", "--config", &plan, "--out", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
    let environment = ["--environment", "production", "--config", &plan];
    let secrets = [&["secrets", "--out", &made], &environment[..]].concat();
    let done = generate(&secrets).await;
    assert!(done.status.success(), "{}", said(&done));
    let files = super::files(std::path::Path::new(&out)).into_iter();
    let overlay = files.filter(|(path, _)| path.contains("overlays/production"));
    let texts = overlay.map(|(_, bytes)| String::from_utf8(bytes).expect("UTF-8"));
    let secrets = fs::read_to_string(&made).expect("the file");
    (texts.collect::<Vec<_>>().concat(), secrets)
}

#[tokio::test]
async fn pods_reach_the_proxy_in_place_of_the_upstream_behind_it() {
    let upstream = "settings.LLM_UPSTREAM_URL = \"https://203.0.113.7/v1\"\n";
    let (direct, secrets) = rendered(upstream).await;
    assert!(direct.contains("203.0.113.7/32"), "{direct}");
    assert!(!direct.contains("LLM_UPSTREAM_PROXY") && !secrets.contains("LLM_UPSTREAM_PROXY"));
    let proxy = "backends.proxy = \"http://198.51.100.9:3128\"\n";
    let (by, secrets) = rendered(&format!("{upstream}{proxy}")).await;
    assert!(
        by.contains("198.51.100.9/32") && by.contains("3128"),
        "{by}"
    );
    assert!(!by.contains("203.0.113.7/32"), "{by}");
    let url = "http://198.51.100.9:3128";
    let line = secrets
        .lines()
        .find(|line| line.starts_with("LLM_UPSTREAM_PROXY="));
    assert!(line.is_some_and(|line| line.contains(url)), "{secrets}");
}
