//! Whatever breaks an item is seen by it: an edit of a file, of the image's configuration, or of
//! what is in the image.

use serde_json::{Value, json};

use super::*;
use crate::deploy::oci::entry::{Entry, Kind};
use crate::deploy::oci::read::layout::Image;
use crate::deploy::oci::sample::{AMD64, ARM64, Elf, crates};

/// Item, file of the source or of the manifests, and what in it becomes what. Without the last two
/// there is no such file.
const EDITS: &str = r#"
libraries-locked | Cargo.lock | name = "serde" | name = "sorde"
libraries-agree | Cargo.lock | 1.0.200 | 1.0.201
lock-committed | Cargo.lock
lock-committed | .gitignore | /target | /Cargo.lock
lock-current | Cargo.toml | serde = "1" | serde = "2"
lock-pinned | Cargo.lock | checksum = "00" | x = "00"
builds-frozen | build.sh | --locked | --offline
builds-frozen | build.sh | cargo build | cargo test; cargo build --locked; :
builds-frozen | build.sh
settings-documented | docs/reference/environment.md | ### GREETING | ### Greeting
settings-documented | docs/reference/environment.md
reference-current | docs/reference/environment.md | What it says. | Nothing.
required-documented | docs/first.md | `SIGNING_KEY` | MY_SIGNING_KEY
required-documented | docs/first.md
reference-linked | docs/guide.md | (reference/ | (../reference/
settings-in-config-map | base/backend/configmap.yaml | GREETING: | OTHER:
settings-in-config-map | base/backend/configmap.yaml | name: shop-config | name: other
secrets-in-secret | base/backend/secret.yaml | SIGNING_KEY: | OTHER:
secrets-nowhere-else | base/backend/configmap.yaml | GREETING: | SIGNING_KEY:
secrets-nowhere-else | base/backend/deployment.yaml | env: | env:\n        - {name: SIGNING_KEY, value: x}
settings-read | base/backend/deployment.yaml | name: shop-secrets | name: others
settings-read | base/backend/deployment.yaml | configMapRef | configMapKeyRef
settings-accepted | base/backend/configmap.yaml | GREETING: | GREETNIG:
settings-accepted | base/backend/configmap.yaml | SERVER_PORT: "8000" | SERVER_PORT: "x"
settings-planned | base/backend/configmap.yaml | GREETING: "hello" | GREETING: "bye"
settings-planned | overlays/production/configmap.yaml | ENVIRONMENT: "production" | ENVIRONMENT: "development"
settings-environment | overlays/production/configmap.yaml | ENVIRONMENT: "production" | ENVIRONMENT: "development"
settings-current | base/backend/configmap.yaml | GREETING: "hello" | GREETING: "bye"
settings-current | overlays/production/deployment.yaml | checksum/config | checksum/configs
probe-paths | base/backend/deployment.yaml | path: /health | path: /healthz
probe-paths | overlays/production/deployment.yaml | /health/ready | /health/redy
probe-questions | overlays/production/deployment.yaml | path: /health/live | path: /health
probe-questions | overlays/production/deployment.yaml | path: /health/live | path: /health/ready
probe-questions | base/backend/deployment.yaml | startupProbe | startProbe
probe-ports | base/backend/deployment.yaml | port: http | port: metrics
probe-ports | base/backend/deployment.yaml | port: http | port: web
probe-ports | base/backend/deployment.yaml | livenessProbe | lifenessProbe
probe-ports | base/backend/configmap.yaml | SERVER_PORT: "8000" | SERVER_PORT: "8080"
probe-timings | base/backend/deployment.yaml | Seconds: 30 | Seconds: 29
service-port | base/backend/service.yaml | targetPort: http | targetPort: metrics
service-port | base/backend/service.yaml | kind: Service | kind: Servant
pods-read-only-root | base/backend/deployment.yaml | Filesystem: true | Filesystem: false
pods-not-root | base/backend/deployment.yaml | runAsUser: 65532 | runAsUser: 0
pods-no-capabilities | base/backend/deployment.yaml | drop: | add:
pods-no-escalation | base/backend/deployment.yaml | Escalation: false | Escalation: true
pods-seccomp | base/backend/deployment.yaml | RuntimeDefault | Unconfined
pods-no-token | base/backend/deployment.yaml | AccountToken: false | AccountToken: true
objects-planned | base/backend/deployment.yaml | - serve | - serve\n        - --dev
objects-planned | base/backend/deployment.yaml | args: | command:
objects-planned | base/backend/service.yaml | ClusterIP | NodePort
pods-drain | base/backend/deployment.yaml | PeriodSeconds: 35 | PeriodSeconds: 20
pods-drain | base/backend/deployment.yaml | preStop: | postStart:
pods-share-state | base/backend/configmap.yaml | REDIS_ENABLED: "true" | REDIS_ENABLED: "false"
network-closed | overlays/production/networkpolicy.yaml | ingress: | ingress:\n  - {}
network-closed | overlays/production/networkpolicy.yaml | egress: | egress:\n  - {}
pods-hardened | base/backend/deployment.yaml | Links: false | Links: true
pods-hardened | overlays/production/deployment.yaml | polaris.fairwinds.com/ | example.org/
pods-fit-image | base/backend/deployment.yaml | containerPort: 9000 | containerPort: 9001
"#;

/// Item, member of the image's `config`, and what stands there.
const CONFIGS: &str = r#"
image-user | User | "nobody"
image-user | User | "0:0"
image-user | User | null
image-read-only | Volumes | {}
image-ports | ExposedPorts | {"8000/tcp": {}, "22/tcp": {}}
image-command | Entrypoint | ["/bin/sh", "-c", "/shop"]
image-command | StopSignal | "SIGKILL"
image-command | Cmd | null
image-labels | Labels | {"org.opencontainers.image.version": "1.2.3"}
image-no-secrets | Env | ["PATH=/", "SIGNING_KEY=x"]
image-no-secrets | Labels | {"API_KEY": "x"}
pods-fit-image | User | "1000:1000"
"#;

/// Item, path of an entry that is added to the base of the image, its mode, and its content; a folder
/// has none.
const ENTRIES: &str = r"
image-one-program | tool | 755 | x
image-no-shell | bin/sh | 755 | x
image-no-shell | start | 755 | #!/bin/sh
image-no-development | usr/bin/gcc | 755 | x
image-no-development | srv/.git | 755
image-read-only | srv | 777
";

/// A change of anything else.
type Spoil = fn(&mut Draft);

/// Items, and what breaks each.
const OTHERS: &[(&str, Spoil)] = &[
    ("libraries-in-binary", |d| {
        d.project.service.promises.libraries[0].name = "absent".to_owned();
    }),
    ("libraries-agree", |d| {
        program(d).content = b"no program".to_vec();
    }),
    ("dockerfile-frozen", |d| {
        let text = "FROM rust\nCOPY . .\nRUN cargo build --release\n".to_owned();
        d.source.insert("Dockerfile".to_owned(), text);
    }),
    ("health-in-api", |d| {
        d.project.service.openapi = Some(json!({ "paths": {} }));
    }),
    ("health-in-api", |d| {
        d.project.service.probes.live = "/alive".to_owned();
    }),
    ("program-static", |d| {
        let mut dynamic = Elf::new(AMD64, &crates());
        dynamic.interpreter = Some("/lib64/ld-linux-x86-64.so.2");
        program(d).content = dynamic.bytes();
    }),
    ("program-static", |d| program(d).content.truncate(100)),
    ("pods-fit-cluster", |d| {
        let production = d.project.plan.environments.last_mut().unwrap();
        production.kubernetes = "1.28".try_into().unwrap();
    }),
    ("program-architecture", |d| {
        program(d).content = Elf::new(ARM64, &crates()).bytes();
    }),
    ("program-version", |d| {
        d.project.service.version = "1.2.4".to_owned();
    }),
    ("sbom-complete", |d| image(d).sbom = None),
    ("sbom-complete", |d| {
        let list = image(d).sbom.as_mut().unwrap()["components"].as_array_mut();
        list.unwrap().pop();
    }),
    ("sbom-complete", |d| {
        let more = json!({ "name": "left-pad", "version": "9.9.9" });
        let list = image(d).sbom.as_mut().unwrap()["components"].as_array_mut();
        list.unwrap().push(more);
    }),
    ("image-digests", |d| {
        d.damaged = Some("blobs/sha256/00".to_owned());
    }),
    ("image-layers", |d| image(d).layers.swap(0, 1)),
    ("image-layers", |d| {
        let base = image(d).layers.remove(0);
        image(d).layers[0].entries.extend(base.entries);
    }),
    ("image-one-program", |d| program(d).mode = 0o644),
    ("image-no-setuid", |d| program(d).mode = 0o4755),
    ("image-no-setuid", |d| {
        let mut device = Entry::file("dev/sda", 0o600, "");
        device.kind = Kind::Special;
        add(d, device);
    }),
    ("image-base-files", |d| {
        remove(d, "etc/ssl/certs/ca-certificates.crt");
    }),
    ("image-read-only", |d| program(d).uid = 65532),
    ("image-read-only", |d| remove(d, "tmp")),
    ("image-labels", |d| {
        image(d).config_json["config"]["Labels"]["more"] = json!("x");
    }),
];

fn image(draft: &mut Draft) -> &mut Image {
    &mut draft.layout.images[0]
}

/// Adds to the base of the image.
fn add(draft: &mut Draft, entry: Entry) {
    image(draft).layers[0].entries.push(entry);
}

fn remove(draft: &mut Draft, path: &str) {
    let entries = &mut image(draft).layers[0].entries;
    let before = entries.len();
    entries.retain(|entry| entry.path != path);
    assert!(entries.len() < before, "no {path}");
}

fn program(draft: &mut Draft) -> &mut Entry {
    let layer = image(draft).layers.last_mut().unwrap();
    let mut files = layer.entries.iter_mut();
    files.find(|entry| entry.kind == Kind::File).unwrap()
}

/// Does what a line of a table says.
type Change = fn(&str, &mut Draft);

/// Does what a line of [`EDITS`] says.
fn edit_by(line: &str, draft: &mut Draft) {
    let line = line.replace("\\n", "\n");
    let cells: Vec<_> = line.split(" | ").collect();
    match cells[1..] {
        [path, old, new] => super::change(draft, path, old, new),
        _ => super::change(draft, cells[1], "", ""),
    }
}

/// Does what a line of [`CONFIGS`] says.
fn configure_by(line: &str, draft: &mut Draft) {
    let cells: Vec<_> = line.split(" | ").collect();
    let value: Value = serde_json::from_str(cells[2]).unwrap();
    image(draft).config_json["config"][cells[1]] = value;
}

/// Does what a line of [`ENTRIES`] says.
fn add_by(line: &str, draft: &mut Draft) {
    let cells: Vec<_> = line.split(" | ").collect();
    let mode = u32::from_str_radix(cells[2], 8).unwrap();
    let entry = match cells.get(3) {
        Some(content) => Entry::file(cells[1], mode, *content),
        None => Entry::directory(cells[1], mode),
    };
    add(draft, entry);
}

/// Every item that is broken, by what, and the broken release.
fn spoilt() -> Vec<(&'static str, String, Draft)> {
    let sound = Draft::sound();
    let mut all = Vec::new();
    for (table, change) in [
        (EDITS, edit_by as Change),
        (CONFIGS, configure_by),
        (ENTRIES, add_by),
    ] {
        for line in table.trim().lines() {
            let mut draft = sound.clone();
            change(line, &mut draft);
            let id = line.split(" | ").next().unwrap();
            all.push((id, line.to_owned(), draft));
        }
    }
    for (number, (id, spoil)) in OTHERS.iter().enumerate() {
        let mut draft = sound.clone();
        spoil(&mut draft);
        all.push((id, format!("{id}, number {number}"), draft));
    }
    all
}

#[test]
fn every_item_fails_on_the_releases_that_break_it() {
    for (id, how, draft) in spoilt() {
        let mut items = GROUPS.iter().flat_map(|group| group.items);
        let item = items.find(|item| item.id == id);
        let item = item.unwrap_or_else(|| panic!("no item {id}"));
        let subject = draft.subject().unwrap_or_else(|e| panic!("{how}: {e}"));
        let seen = Outcome::of(item, item.ask(&subject));
        assert_eq!(seen.verdict, Verdict::Failed, "{how}: {seen:?}");
    }
}

#[test]
fn one_platform_of_several_is_enough_to_fail() {
    let mut draft = Draft::sound();
    let mut second = draft.layout.images[0].clone();
    second.config_json["config"]["User"] = json!("0:0");
    draft.layout.images.push(second);
    let report = report(draft);
    let failed = ids(&report, |one| one.verdict == Verdict::Failed);
    let expected = ["image-user", "image-read-only", "pods-fit-image"];
    assert_eq!(failed, expected);
    // What both have is said once.
    let program = report.outcomes().find(|one| one.id == "program-static");
    assert_eq!(program.unwrap().evidence.len(), 1);
}

#[test]
fn every_item_has_a_unique_name_and_a_case_that_breaks_it() {
    let items: Vec<_> = GROUPS.iter().flat_map(|group| group.items).collect();
    let names: BTreeSet<_> = items.iter().map(|item| item.id).collect();
    let spoilt = spoilt();
    let spoilt: BTreeSet<_> = spoilt.iter().map(|(id, ..)| *id).collect();
    assert_eq!(names, spoilt);
    assert_eq!(names.len(), items.len());
    for item in items {
        let plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(item.id.chars().all(plain), "{}", item.id);
        assert!(item.question.ends_with('?'), "{}", item.question);
    }
}
