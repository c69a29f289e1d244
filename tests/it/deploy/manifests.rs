//! What kubectl, the schemas of Kubernetes and checkov say of the manifests. `scripts/test`
//! installs them in a virtual environment of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aura::deploy::artefact::Project;
use aura::deploy::kubernetes;
use aura::deploy::plan::Plan;
use aura::server::service::service;
use serde_json::Value;

use super::{generate, said};
use crate::support::installed;

/// Where `scripts/test` puts the tools.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");

/// Kinds whose schemas are not Kubernetes' own.
const CUSTOM: [&str; 4] = [
    "HTTPRoute",
    "ServiceMonitor",
    "ExternalSecret",
    "SealedSecret",
];

/// What can be built.
const BUILDS: [&str; 4] = [
    "base/backend",
    "overlays/development",
    "overlays/staging",
    "overlays/production",
];

pub(super) fn tool(name: &'static str) -> Option<PathBuf> {
    // What is on the machine may be too old, so the tools of the tests come first.
    let own = Path::new(TOOLS).join(name);
    if own.is_file() {
        return Some(own);
    }
    installed(&[name], &[])
}

fn run(command: &mut Command) -> Output {
    command.output().expect("a tool that starts")
}

/// Renders everything with `plan`, and builds it: name and text of each.
pub(super) async fn built(
    kubectl: &Path,
    folder: &Path,
    plan: &str,
) -> Vec<(&'static str, String)> {
    let file = folder.join("deploy.toml");
    std::fs::write(&file, plan).expect("a file");
    let (file, out) = (file.display().to_string(), folder.display().to_string());
    let done = generate(&["k8s", "--config", &file, "--out", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
    let build = |name| (name, kustomize(kubectl, &folder.join("k8s").join(name)));
    BUILDS.into_iter().map(build).collect()
}

/// The objects of every environment of `plan`, put together without kustomize.
pub(super) fn stream(plan: &str) -> String {
    let service = service(Value::Null).expect("a service");
    let plan = Plan::read(&service, Some(("deploy.toml", plan)), false).expect("a plan");
    kubernetes::stream(&Project { service, plan }, None).expect("objects")
}

/// What kubectl makes of the kustomization in `folder`.
pub(super) fn kustomize(kubectl: &Path, folder: &Path) -> String {
    let done = run(Command::new(kubectl).arg("kustomize").arg(folder));
    // A deprecated field is a warning, and a warning is a fault.
    assert!(
        done.status.success() && done.stderr.is_empty(),
        "{}: {}",
        folder.display(),
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// A plan that uses every component.
const EVERYTHING: &str = r#"
image = "registry.example.com/team/aura:1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

[network]
dns = ["172.20.0.10", "fd00:12::a/128"]

[[network.egress]]
namespace = "istio-system"
pods = { app = "istiod" }
ports = [15012, "15012/udp"]

[environments.development]
components = ["sealed-secret"]

[environments.staging]
host = "auth.staging.example.com"
components = ["migrate-job", "secret-files", "external-secret", "network-policy", "ingress", "monitoring"]
settings.LLM_UPSTREAM_URL = "http://vllm.llm:8000/v1"
image_pull_secrets = ["registry"]
priority_class = "high"
run_as = "cluster"
labels = { team = "identity" }
node_selector = { pool = "auth" }
tolerations = [{ key = "dedicated", value = "auth", effect = "NoExecute", seconds = 300 }, { operator = "Exists" }]
annotations.pods = { "example.com/inject" = "true" }
annotations.service = { "example.com/balancer" = "internal" }
annotations.service_account = { "example.com/role" = "0123" }
annotations.ingress = { "example.com/issuer" = "internal" }

[environments.production]
namespace = "auth"
gateway = { section = "web", cidrs = ["130.211.0.0/22"] }
network.egress = [{ cidr = "0.0.0.0/0", ports = [587] }]
monitoring.labels = { release = "kube-prometheus-stack" }
host = "auth.example.com"
components = ["migrate-job", "secret-files", "ha", "network-policy", "gateway", "monitoring"]

[environments.production.backends]
database = "postgres://db.data.svc.cluster.local:5433"
redis = "rediss://redis.example.com:6380"

[environments.production.settings]
SERVER_PORT = 8443
"#;

#[tokio::test]
async fn every_overlay_builds_and_fits_the_schemas_of_three_versions() {
    let (Some(kubectl), Some(validate)) = (tool("kubectl"), tool("kubernetes-validate")) else {
        return;
    };
    for plan in ["", EVERYTHING] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut paths = Vec::new();
        for (name, text) in built(&kubectl, folder.path(), plan).await {
            let path = folder.path().join(name.replace('/', "-") + ".yaml");
            std::fs::write(&path, text).expect("a file");
            paths.push(path);
        }
        for version in ["1.35", "1.36", "1.37"] {
            let mut command = Command::new(&validate);
            let done = run(command
                .args(["-k", version, "--strict", "--quiet"])
                .args(&paths));
            let said = said(&done);
            assert!(done.status.success(), "{version}: {said}");
            // A kind that it does not know is a warning only; a misspelt one would be, too.
            for line in said.lines().filter(|line| line.contains("WARN")) {
                assert!(CUSTOM.iter().any(|kind| line.contains(kind)), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn the_merge_without_kustomize_equals_the_build_of_kustomize() {
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    let objects = |text: &str| {
        let objects: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
        let id = |object: &Value| {
            let [namespace, name] = ["namespace", "name"].map(|key| &object["metadata"][key]);
            format!("{namespace}/{}/{name}", object["kind"])
        };
        let objects = objects.into_iter().map(|object| (id(&object), object));
        objects.collect::<BTreeMap<_, _>>()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let built = built(&kubectl, folder.path(), EVERYTHING).await;
    let overlays = built
        .iter()
        .filter(|(name, _)| name.starts_with("overlays"));
    let built: BTreeMap<_, _> = overlays.flat_map(|(_, text)| objects(text)).collect();
    let merged = objects(&stream(EVERYTHING));
    assert!(merged.keys().eq(built.keys()), "{merged:?}\n{built:?}");
    for (id, object) in &merged {
        assert_eq!(*object, built[id], "{id}");
    }
}

#[tokio::test]
async fn checkov_agrees_with_the_waivers_of_the_defaults() {
    waivers_are_exact("").await;
}

#[tokio::test]
async fn checkov_agrees_with_the_waivers_of_every_component() {
    waivers_are_exact(EVERYTHING).await;
}

/// Nothing is found that is not waived, and no waiver is idle.
async fn waivers_are_exact(plan: &str) {
    let (Some(kubectl), Some(checkov)) = (tool("kubectl"), tool("checkov")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in built(&kubectl, folder.path(), plan).await {
        if name == "base/backend" {
            // Nobody applies it: what it leaves open, the overlays settle.
            continue;
        }
        let waived = scan(&checkov, folder.path(), &text);
        assert_eq!(waived.failed, BTreeSet::new(), "{name}");
        let found = scan(&checkov, folder.path(), &without_waivers(&text));
        assert_eq!(waived.skipped, found.failed, "{name}: waivers and findings");
    }
}

/// The documents of `text` without their waivers, as JSON, which is YAML too.
fn without_waivers(text: &str) -> String {
    let mut documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
    for document in &mut documents {
        if let Some(annotations) = document["metadata"]["annotations"].as_object_mut() {
            annotations.retain(|name, _| !name.starts_with("checkov.io/skip"));
        }
    }
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    texts.join("\n---\n")
}

#[derive(Debug)]
struct Findings {
    failed: BTreeSet<(String, String)>,
    skipped: BTreeSet<(String, String)>,
}

/// What checkov says of `text`.
fn scan(checkov: &Path, folder: &Path, text: &str) -> Findings {
    let file = folder.join("scanned.yaml");
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(checkov);
    let command = command.arg("-f").arg(&file);
    let done = run(command.args([
        "--framework",
        "kubernetes",
        "--skip-download",
        "--compact",
        "-o",
        "json",
    ]));
    let report: Value = serde_json::from_slice(&done.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(&done)));
    assert_eq!(report["summary"]["parsing_errors"], 0, "{report:#}");
    let of = |list: &str| {
        let records = report["results"][list].as_array().expect("a list");
        let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
        records
            .iter()
            .map(|record| (text(record, "check_id"), text(record, "resource")))
            .collect()
    };
    assert!(
        !report["results"]["passed_checks"]
            .as_array()
            .expect("a list")
            .is_empty()
    );
    Findings {
        failed: of("failed_checks"),
        skipped: of("skipped_checks"),
    }
}

/// One thing that the restricted Pod Security Standard forbids, in the pod or its first container,
/// and the checks that find it.
const SPOILT: &str = r#"
pod/hostNetwork | true | CKV_K8S_19
pod/hostPID | true | CKV_K8S_17
pod/hostIPC | true | CKV_K8S_18
pod/volumes/0 | {"name": "tmp", "hostPath": {"path": "/var/run/docker.sock"}} | CKV_K8S_27
pod/securityContext | {"runAsUser": 0} | CKV_K8S_31
container/securityContext/privileged | true | CKV_K8S_16
container/securityContext/allowPrivilegeEscalation | true | CKV_K8S_20
container/securityContext/capabilities | {"drop": ["NET_RAW"]} | CKV_K8S_37
container/securityContext/capabilities | {"add": ["SYS_ADMIN"]} | CKV_K8S_39
container/ports/0/hostPort | 8000 | CKV_K8S_26
"#;

#[tokio::test]
async fn checkov_finds_what_the_restricted_standard_forbids() {
    let (Some(kubectl), Some(checkov)) = (tool("kubectl"), tool("checkov")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let built = built(&kubectl, folder.path(), "").await;
    let (_, production) = built.last().expect("production");
    let objects: Vec<Value> = serde_saphyr::from_multiple(production).expect("YAML");
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment");
    let mut documents = vec![deployment.expect("a Deployment").clone()];
    let mut expected = Vec::new();
    for (number, line) in SPOILT.lines().filter(|line| !line.is_empty()).enumerate() {
        let [place, value, check] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let mut spoilt = documents[0].clone();
        let pod = &mut spoilt["spec"]["template"]["spec"];
        let (owner, path) = place.split_once('/').expect("a path");
        let owner = match owner {
            "pod" => pod,
            _ => &mut pod["containers"][0],
        };
        let mut node = owner;
        for key in path.split('/') {
            node = match key.parse::<usize>() {
                Ok(index) => &mut node[index],
                Err(_) => &mut node[key],
            };
        }
        *node = serde_json::from_str(value).expect("JSON");
        spoilt["metadata"]["name"] = format!("spoilt-{number}").into();
        documents.push(spoilt);
        expected.push((check.to_owned(), format!("Deployment.aura.spoilt-{number}")));
    }
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    let failed = scan(&checkov, folder.path(), &texts.join("\n---\n")).failed;
    for finding in expected {
        assert!(
            failed.contains(&finding),
            "{finding:?} is not in {failed:#?}"
        );
    }
    let whole = |(_, resource): &&(String, String)| resource == "Deployment.aura.aura";
    let restricted: BTreeSet<&str> = SPOILT.split_whitespace().collect();
    let mut found = failed.iter().filter(whole);
    assert!(
        found.all(|(check, _)| !restricted.contains(check.as_str())),
        "{failed:#?}"
    );
}
