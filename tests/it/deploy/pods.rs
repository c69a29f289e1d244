//! The overlays of staging and production as running containers, and the commands of the pages run
//! in them as they stand there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::overlay::{AURA, Overlay};
use super::{generate, said};
use crate::support::{IMAGE, Network, PASSWORD, Podman, put_image};

/// Address of the account of the pages.
const ROOT: &str = "root@example.com";

/// A podman with the image; `None`, said aloud, where it cannot be had. Networks take root.
async fn podman() -> Option<Podman> {
    // Said aloud where it is not root.
    drop(Network::new()?);
    let podman = Podman::installed()?;
    put_image(&podman).await.then_some(podman)
}

#[tokio::test]
async fn production_starts_as_rendered_and_the_commands_of_the_pages_work_in_its_pod() {
    let Some(podman) = podman().await else {
        return;
    };
    let Some(overlay) = Overlay::new(&podman, "production").await else {
        return;
    };
    says_why_it_ends(&overlay).await;
    let migrated = overlay.runs(&overlay.pod("Job")).await;
    assert!(migrated.starts_with("applied "), "{migrated}");
    overlay.serves().await;

    let page = Overlay::lines("workflows/production-deployment.md");
    let [asks, reads, rest @ ..] = &page[..] else {
        panic!("{page:?}");
    };
    assert!(asks.contains(" -it ") && reads.contains("--password-stdin"));
    overlay.answers(asks).await;
    let (status, body) = overlay.sign_in(ROOT).await;
    assert_eq!(status, 200, "{body}");
    let created = overlay
        .prints(&reads.replace(ROOT, "second@example.com"))
        .await;
    assert!(created.contains("created second@example.com"), "{created}");
    for line in rest {
        overlay.prints(line).await;
    }
    for line in Overlay::lines("dashboard.md") {
        // The account is there already.
        overlay
            .prints(&line.replace(ROOT, "third@example.com"))
            .await;
    }

    let users = overlay.command("user list --json").await;
    assert_eq!(users.lines().count(), 3, "{users}");
    let trail = overlay
        .command("audit list --action user.created --json")
        .await;
    assert_eq!(trail.lines().count(), 3, "{trail}");
    let purged = overlay.command("cache purge --yes").await;
    assert_eq!(purged, "the cache is purged\n");
    let migrated = overlay.command("migrate").await;
    assert_eq!(migrated, "the database is up to date\n");
    assert_eq!(overlay.command("config check").await, "ok\n");
    let explained = overlay.command("config explain JWT_SECRET_KEY").await;
    assert!(explained.contains("[redacted] (secrets directory /run/secrets/aura"));
    let shown = overlay.command("config show --json").await;
    let shown: Vec<Value> = serde_json::from_str(&shown).expect("JSON");
    for name in ["DATABASE_URL", "REDIS_URL", "JWT_SECRET_KEY"] {
        let setting = shown.iter().find(|one| one["name"] == name);
        let origin = setting.expect("a setting")["origin"].to_string();
        assert!(origin.contains("/run/secrets/aura/"), "{name}: {origin}");
    }
    // An option is stronger than the variable.
    let words = [
        "exec",
        AURA,
        "/aura",
        "config",
        "show",
        "--secrets-dir",
        "/tmp",
    ];
    let elsewhere = overlay.podman.run(&words).await;
    assert_eq!(elsewhere.status.code(), Some(78), "{}", said(&elsewhere));
}

/// Without its secrets it ends with 78: one line of JSON in the log, and the reason in the file that
/// the kubelet reads.
async fn says_why_it_ends(overlay: &Overlay<'_>) {
    let file = overlay.podman.path("termination-log");
    fs::write(&file, "").expect("a file");
    let everybody = fs::Permissions::from_mode(0o666);
    fs::set_permissions(&file, everybody).expect("a file of ours");
    let pod = overlay.pod("Deployment");
    let mut options = overlay.options(&pod);
    options.push(format!("--volume={}:/dev/termination-log", file.display()));
    options.push("--tmpfs=/run/secrets/aura".to_owned());
    let mut words = vec!["run", "--rm"];
    words.extend(options.iter().map(String::as_str));
    words.extend([IMAGE, "serve", "--no-migrate"]);
    let ended = overlay.podman.run(&words).await;
    assert_eq!(ended.status.code(), Some(78), "{}", said(&ended));
    let log = String::from_utf8(ended.stderr).expect("UTF-8");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {log}")))
        .collect();
    let [line] = &lines[..] else {
        panic!("one line: {log}");
    };
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["exit_code"], 78);
    let reason = fs::read_to_string(&file).expect("the file");
    assert_eq!(line["message"], reason);
    assert!(
        reason.starts_with("JWT_SECRET_KEY: is required in production"),
        "{reason}"
    );
}

#[tokio::test]
async fn staging_starts_as_rendered_and_a_job_makes_its_first_administrator() {
    let Some(podman) = podman().await else {
        return;
    };
    let Some(overlay) = Overlay::new(&podman, "staging").await else {
        return;
    };
    overlay.serves().await;
    let job = async || {
        let words = [
            "job",
            "--config",
            &overlay.plan,
            "--environment",
            overlay.environment,
        ];
        let command = ["--", "user", "first-admin", ROOT];
        let done = generate(&[words.as_slice(), &command].concat()).await;
        assert!(done.status.success(), "{}", said(&done));
        let text = String::from_utf8(done.stdout).expect("UTF-8");
        let objects: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
        let job = objects.iter().find(|object| object["kind"] == "Job");
        let pod = job.expect("a Job")["spec"]["template"]["spec"].clone();
        overlay.runs(&pod).await.trim().to_owned()
    };
    let (lost, token) = (job().await, job().await);
    let set = |token: &str| json!({"reset_token": token, "new_password": PASSWORD});
    let (status, body) = overlay.post("/auth/password/reset", &set(&lost)).await;
    assert_eq!(status, 401, "{body}");
    let (status, body) = overlay.post("/auth/password/reset", &set(&token)).await;
    assert_eq!(status, 204, "{body}");
    assert_eq!(overlay.sign_in(ROOT).await.0, 200);
    let users = overlay.command("user list --role admin --json").await;
    assert!(users.contains(ROOT), "{users}");
    let again = job().await;
    assert!(again.starts_with("an administrator can sign in"), "{again}");
}

#[tokio::test]
async fn development_on_servers_starts_once_its_secrets_are_made() {
    let Some(podman) = podman().await else {
        return;
    };
    let Some(overlay) = Overlay::new(&podman, "development").await else {
        return;
    };
    let rendered = overlay.object("Secret")["stringData"].clone();
    let rendered = rendered.as_object().expect("its data");
    let names: Vec<&str> = rendered.keys().map(String::as_str).collect();
    assert_eq!(names, ["DATABASE_URL", "REDIS_URL"], "the key is its own");
    overlay.serves().await;
    assert_eq!(overlay.command("config check").await, "ok\n");
}
