//! Proves `aura verify`: its exit codes, what it prints, and that the page which is kept with the
//! source is of the checklist that there is. With a built image, `image::checklist` goes on.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use aura::verify::checklist::GROUPS;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Settings, installed, run, said};

/// Where `scripts/test` puts the tools of Python.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");

/// The top of the repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where the page is.
const PAGE: &str = "docs/containerization-verification.md";

/// Runs `aura verify` with `arguments`, in a folder that is no checkout.
pub(crate) async fn verify(arguments: &[&str]) -> Output {
    let words: Vec<&str> = ["verify"].iter().chain(arguments).copied().collect();
    Settings::new().run(&words).await
}

/// Manifests as they are rendered without a `deploy.toml`.
pub(crate) async fn manifests() -> (TempDir, String) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().display().to_string();
    let done = Settings::new()
        .run(&["generate", "k8s", "--out", &path])
        .await;
    assert!(done.status.success(), "{}", said(&done));
    (folder, path)
}

/// The page as it was committed.
pub(crate) fn page() -> String {
    let path = Path::new(ROOT).join(PAGE);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of `page` about each item: from its own to the next one's, by its name.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for line in page.lines() {
        if line.starts_with("- **") {
            let id = line
                .rsplit_once("(`")
                .and_then(|(_, end)| end.strip_suffix("`)"));
            let id = id.unwrap_or_else(|| panic!("no name at the end of {line}"));
            blocks.push((id.to_owned(), line.to_owned()));
        } else if let Some((_, block)) = blocks.last_mut().filter(|_| line.starts_with("  - ")) {
            block.push('\n');
            block.push_str(line);
        }
    }
    blocks
}

#[tokio::test]
async fn this_source_and_its_manifests_pass() {
    let (_folder, path) = manifests().await;
    let done = verify(&["--checkout", ROOT, "--manifests", &path]).await;
    let text = said(&done);
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert!(!text.contains("FAILED"), "{text}");
    let unseen = text.lines().filter(|line| line.contains("not looked at:"));
    assert_eq!(unseen.count(), 1, "{text}");
    assert!(text.contains(": no image was given"), "{text}");
    for evidence in [
        "`bcrypt` 0.19",
        "`jsonwebtoken` 1",
        "`redis` 1",
        "`docs/GETTING_STARTED.md` names `DATABASE_URL`, `REDIS_URL`, `JWT_SECRET_KEY`",
        "ConfigMap `aura-config` has all of them",
        "base: 8000, which is `SERVER_PORT`",
        "`livenessProbe`: delay 30 s, period 10 s, time-out 5 s, failures 3",
    ] {
        assert!(text.contains(evidence), "{evidence}: {text}");
    }
}

#[tokio::test]
async fn the_page_that_is_kept_is_of_the_checklist_that_there_is() {
    let kept = page();
    let kept = blocks(&kept);
    let items: Vec<_> = GROUPS.iter().flat_map(|group| group.items).collect();
    let ids: Vec<_> = items.iter().map(|item| item.id).collect();
    let found: Vec<_> = kept.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        found, ids,
        "{PAGE} has other items; docs/contributing.md tells how it is written"
    );
    for (item, (_, block)) in items.iter().zip(&kept) {
        let question = item.question.replace('\n', " ");
        assert!(block.contains(&question), "{question}: {block}");
        assert!(
            block.starts_with("- **passed**: "),
            "{PAGE} shows a release that failed: {block}"
        );
    }
    // What can be looked at without an image is the same, to the letter.
    let (_folder, path) = manifests().await;
    let done = verify(&["--checkout", ROOT, "--manifests", &path, "--markdown"]).await;
    assert!(done.status.success(), "{}", said(&done));
    let now = String::from_utf8(done.stdout).expect("UTF-8");
    for (id, block) in blocks(&now) {
        if !block.starts_with("- **not looked at**") {
            assert!(
                kept.contains(&(id, block.clone())),
                "{PAGE} lacks:\n{block}"
            );
        }
    }
}

#[tokio::test]
async fn a_broken_item_is_named_and_exits_with_1() {
    let (folder, path) = manifests().await;
    let file = folder.path().join("k8s/base/backend/deployment.yaml");
    let text = fs::read_to_string(&file).expect("the Deployment");
    let text = text
        .replace(
            "readOnlyRootFilesystem: true",
            "readOnlyRootFilesystem: false",
        )
        .replace("path: /health\n", "path: /healthz\n");
    fs::write(&file, text).expect("a file");
    let done = verify(&["--manifests", &path]).await;
    let text = said(&done);
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(
        text.contains("FAILED: Is the root of every container read-only?"),
        "{text}"
    );
    assert!(
        text.contains("asks `/healthz`, which the API lacks"),
        "{text}"
    );

    let done = verify(&["--manifests", &path, "--json"]).await;
    assert_eq!(done.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(json["service"], "aura");
    assert_eq!(json["ok"], false);
    let items = json["groups"].as_array().expect("groups").iter();
    let items = items.flat_map(|group| group["items"].as_array().expect("items"));
    let failed: BTreeSet<_> = items
        .filter(|item| item["verdict"] == "failed")
        .map(|item| item["id"].as_str().expect("a name"))
        .collect();
    let expected = [
        "objects-planned",
        "pods-read-only-root",
        "probe-paths",
        "probe-questions",
    ];
    assert_eq!(failed, expected.into());
    assert_eq!(json["failed"], 4);
}

#[tokio::test]
async fn an_unreadable_subject_exits_with_2_and_says_what_to_do() {
    let folder = TempDir::new().expect("a folder");
    let empty = folder.path().join("empty").display().to_string();
    let half = folder.path().join("half").display().to_string();
    fs::create_dir(&empty).expect("a folder");
    fs::create_dir(&half).expect("a folder");
    fs::write(
        folder.path().join("half/oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .expect("a file");
    // A layout with a blob that has no end.
    let endless = folder.path().join("endless");
    let zeros = "0".repeat(64);
    fs::create_dir_all(endless.join("blobs/sha256")).expect("a folder");
    fs::copy(format!("{half}/oci-layout"), endless.join("oci-layout")).expect("a file");
    let index = json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": format!("sha256:{zeros}"),
        "size": 100,
    }] });
    fs::write(endless.join("index.json"), index.to_string()).expect("a file");
    symlink("/dev/zero", endless.join("blobs/sha256").join(zeros)).expect("a link");
    let endless = endless.display().to_string();
    let (tree, path) = manifests().await;
    fs::remove_dir_all(tree.path().join("k8s/base")).expect("a folder");
    for (arguments, expected) in [
        (vec![], "there is nothing to look at"),
        (
            vec!["--checkout", "/nowhere"],
            "/nowhere cannot be opened as a folder",
        ),
        (
            vec!["--checkout", &empty],
            "it has no Cargo.toml; name the top folder",
        ),
        (
            vec!["--image", "/nowhere"],
            "/nowhere: is not an OCI layout",
        ),
        (vec!["--image", &empty], "it has no oci-layout"),
        (vec!["--image", &half], "it has no index.json"),
        (vec!["--image", &endless], "it is not a file"),
        (
            vec!["--manifests", "/nowhere"],
            "/nowhere cannot be opened as a folder",
        ),
        (
            vec!["--manifests", &empty],
            "it has no base/backend/kustomization.yaml",
        ),
        (
            vec!["--manifests", &path],
            "write one with `generate k8s --out DIR`",
        ),
        (vec!["--json", "--markdown"], "cannot be used with"),
    ] {
        let done = verify(&arguments).await;
        let text = said(&done);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(done.stdout.is_empty(), "{text}");
    }
}

/// Edits of a production overlay that work when they are applied: file, what in it becomes what, the
/// item that fails, `line` where a fault of the tree begins with that of the edit, and what is said.
const DANGEROUS: &[[&str; 6]] = &[
    [
        "overlays/production/deployment.yaml",
        "path: /health/live",
        "path: /health/ready",
        "probe-questions",
        "",
        "livenessProbe: asks /health/ready",
    ],
    [
        "base/backend/deployment.yaml",
        "terminationGracePeriodSeconds: 35",
        "terminationGracePeriodSeconds: 20",
        "pods-drain",
        "line",
        "terminationGracePeriodSeconds: is 20, and a pod takes up to 30",
    ],
    [
        "base/backend/deployment.yaml",
        "preStop:",
        "postStart:",
        "pods-drain",
        "",
        "preStop: is missing",
    ],
    [
        "overlays/production/configmap.yaml",
        "ENVIRONMENT: \"production\"",
        "ENVIRONMENT: \"development\"",
        "settings-environment",
        "line",
        "is \"development\" in ",
    ],
    [
        "overlays/production/configmap.yaml",
        "\ndata:",
        "\ndata:\n  REDIS_ENABLED: \"false\"",
        "pods-share-state",
        "",
        "REDIS_ENABLED: keeps redis inside the process",
    ],
    [
        "overlays/production/networkpolicy.yaml",
        "  ingress:",
        "  ingress:\n  - {}",
        "network-closed",
        "",
        "ingress: rule 1 lets everybody in",
    ],
    [
        "base/backend/configmap.yaml",
        "LOG_LEVEL: \"info\"",
        "LOG_LEVEL: \"debug\"",
        "settings-current",
        "",
        "checksum/config: is stale",
    ],
    [
        "overlays/production/configmap.yaml",
        "LOG_FORMAT: \"json\"",
        "LOG_FORMAT: \"text\"",
        "settings-planned",
        "",
        "`LOG_FORMAT` is \"text\" in ",
    ],
];

#[tokio::test]
async fn a_dangerous_edit_fails_both_checks_in_a_tree_and_in_a_stream() {
    let kubectl = installed(&["kubectl"], &[TOOLS.into()]);
    for [file, old, new, item, line, expected] in DANGEROUS {
        let (folder, path) = manifests().await;
        let edited = folder.path().join("k8s").join(file);
        let text = fs::read_to_string(&edited).expect("a manifest");
        let (before, _) = text
            .split_once(old)
            .unwrap_or_else(|| panic!("{old}: {text}"));
        fs::write(&edited, text.replacen(old, new, 1)).expect("a file");
        let at = match *line {
            "" => String::new(),
            _ => format!("{file}:{}: ", before.matches('\n').count() + 1),
        };
        let done = verify(&["--manifests", &path]).await;
        let text = said(&done);
        assert_eq!(done.status.code(), Some(1), "{text}");
        assert!(
            text.contains(&format!("[{item}]\n      wrong: {at}")),
            "{item}: {text}"
        );
        assert!(text.contains(expected), "{expected}: {text}");
        let tree = folder.path().join("k8s").display().to_string();
        let done = Settings::new()
            .run(&["config", "check", "--from", &tree])
            .await;
        assert_eq!(done.status.code(), Some(78), "{item}: {}", said(&done));

        let Some(kubectl) = &kubectl else { continue };
        let mut kustomize = Command::new(kubectl);
        kustomize.arg("kustomize");
        let built = run(kustomize.arg(format!("{tree}/overlays/production"))).await;
        assert!(built.status.success(), "{}", said(&built));
        let stream = String::from_utf8(built.stdout).expect("UTF-8");
        let words = ["verify", "--manifests", "-"];
        let done = Settings::new().run_with(&words, &stream).await;
        let text = said(&done);
        assert_eq!(done.status.code(), Some(1), "{item}: {text}");
        let failed = format!("[{item}]\n      wrong: ");
        assert!(text.contains(&failed), "{item}: {text}");
        assert!(text.contains(expected), "{expected}: {text}");
        let words = ["config", "check", "--from", "-"];
        let done = Settings::new().run_with(&words, &stream).await;
        assert_eq!(done.status.code(), Some(78), "{item}: {}", said(&done));
    }
}

#[tokio::test]
async fn the_build_of_kustomize_passes_from_standard_input_and_from_a_file() {
    let Some(kubectl) = installed(&["kubectl"], &[TOOLS.into()]) else {
        return;
    };
    let (folder, path) = manifests().await;
    for environment in ["development", "staging", "production"] {
        let mut kustomize = Command::new(&kubectl);
        kustomize.arg("kustomize");
        let built = run(kustomize.arg(format!("{path}/k8s/overlays/{environment}"))).await;
        assert!(built.status.success(), "{}", said(&built));
        let stream = String::from_utf8(built.stdout).expect("UTF-8");
        let done = Settings::new()
            .run_with(&["verify", "--manifests", "-"], &stream)
            .await;
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
        let file = folder.path().join("stream.yaml");
        fs::write(&file, stream).expect("a file");
        let done = verify(&["--manifests", &file.display().to_string()]).await;
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    }
    let endless = "# x\n".repeat(2 << 20);
    let words = ["verify", "--manifests", "-"];
    for (stream, why) in [
        ("kind: Service\n", "it has no Deployment; pipe what"),
        ("a: [b\n", "is not valid YAML"),
        (&endless, "is larger than 4 MiB"),
    ] {
        let done = Settings::new().run_with(&words, stream).await;
        assert_eq!(done.status.code(), Some(2), "{}", said(&done));
        assert!(said(&done).contains(why), "{why}: {}", said(&done));
    }
}
