//! Proves that a revision keeps its settings, that clusters of other kinds get what they can take,
//! and that what `generate` prints leads from one state to the next.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::manifests::tool;
use super::{generate, said};
use crate::support::{Settings, installed};

/// A plan with everything that names the ConfigMap.
fn plan(lines: &str, settings: &str) -> String {
    format!(
        "image = \"registry.example.com/team/aura:1.2.3\"\n[environments.production]\n\
         namespace = \"auth\"\ncomponents = [\"migrate-job\", \"secret-files\"]\n{lines}\n\
         [environments.production.settings]\n{settings}\n"
    )
}

/// Renders `plan` into `folder`, and gives what is printed.
async fn render(folder: &Path, plan: &str) -> String {
    let file = folder.join("deploy.toml");
    std::fs::write(&file, plan).expect("a file");
    let (file, out) = (file.display().to_string(), folder.display().to_string());
    let done = generate(&["k8s", "--config", &file, "--out", &out, "--prune"]).await;
    assert!(done.status.success(), "{}", said(&done));
    said(&done)
}

/// The objects that kustomize makes of `kustomization`.
fn build(kubectl: &Path, kustomization: &Path) -> Vec<Value> {
    let mut command = Command::new(kubectl);
    let done = command.arg("kustomize").arg(kustomization).output();
    let done = done.expect("kubectl");
    assert!(
        done.status.success() && done.stderr.is_empty(),
        "{}",
        said(&done)
    );
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    serde_saphyr::from_multiple(&text).expect("YAML")
}

/// The one ConfigMap of `objects`, which every pod of them reads; its name.
fn read_by_all(objects: &[Value]) -> String {
    let mut maps = objects.iter().filter(|one| one["kind"] == "ConfigMap");
    let map = maps.next().expect("a ConfigMap");
    assert!(maps.next().is_none());
    let name = map["metadata"]["name"].as_str().expect("a name");
    let mut pods = 0;
    for object in objects {
        let containers = object.pointer("/spec/template/spec/containers");
        for container in containers.and_then(Value::as_array).into_iter().flatten() {
            pods += 1;
            let source = &container["envFrom"][0]["configMapRef"]["name"];
            assert_eq!(source, name, "{}", object["kind"]);
        }
    }
    assert_eq!(pods, 2, "the Deployment and the Job");
    name.to_owned()
}

#[tokio::test]
async fn each_set_of_values_has_a_config_map_of_its_own_which_its_pods_read() {
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let overlay = folder.path().join("k8s/overlays/production");
    let mut names = Vec::new();
    for level in ["info", "debug", "info"] {
        let plan = plan("", &format!("LOG_LEVEL = \"{level}\""));
        render(folder.path(), &plan).await;
        let objects = build(&kubectl, &overlay);
        names.push(read_by_all(&objects));
        let deployment = objects.iter().find(|one| one["kind"] == "Deployment");
        let template = &deployment.expect("a Deployment")["spec"]["template"];
        let checksum = template["metadata"]["annotations"]["checksum/config"].as_str();
        let digest = names[names.len() - 1].strip_prefix("aura-config-");
        assert!(
            checksum
                .expect("a checksum")
                .starts_with(digest.expect("a digest"))
        );
    }
    assert_eq!(names[0], names[2]);
    assert_ne!(names[0], names[1]);
    // A kustomization on top finds it by its first name, and all names follow.
    let above = folder.path().join("above");
    std::fs::create_dir(&above).expect("a folder");
    let text = "resources: [../k8s/overlays/production]\nnamePrefix: blue-\npatches:\n- patch: |\n    \
                apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: aura-config}\n    \
                data: {LOG_LEVEL: warn}\n  target: {kind: ConfigMap, name: aura-config}\n";
    std::fs::write(above.join("kustomization.yaml"), text).expect("a file");
    let objects = build(&kubectl, &above);
    assert_eq!(read_by_all(&objects), format!("blue-{}", names[0]));
    let text = serde_json::to_string(&objects).expect("JSON");
    assert!(text.contains(r#""LOG_LEVEL":"warn""#), "{text}");
    // The base and development keep the name.
    for place in ["base/backend", "overlays/development"] {
        let objects = build(&kubectl, &folder.path().join("k8s").join(place));
        let map = objects.iter().find(|one| one["kind"] == "ConfigMap");
        assert_eq!(map.expect("a ConfigMap")["metadata"]["name"], "aura-config");
    }
}

#[tokio::test]
async fn old_revisions_in_the_cluster_are_not_taken_for_settings() {
    let map = |digest: &str, more: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: aura-config-{digest}, namespace: \
             auth}}\ndata: {{ENVIRONMENT: staging, LOG_LEVEL: info{more}}}\n---\n"
        )
    };
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: aura-secrets, namespace: auth}\n\
                  stringData: {JWT_SECRET_KEY: Vb7kQ2mZx9LrT4wYs6Nc1Hf8Jd3Gp5Ea}\n---\n";
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: aura, namespace: auth}\n\
                      spec: {template: {spec: {enableServiceLinks: false, containers: [{name: backend, \
                      image: aura, args: [serve], envFrom: [{configMapRef: {name: \
                      aura-config-00000002}}, {secretRef: {name: aura-secrets}}]}]}}}\n";
    let good = [map("00000001", ""), map("00000002", "")].concat();
    // What an older revision holds is no fault of the one that runs.
    let bad = [map("00000001", ", LOG_LEVLE: x"), map("00000002", "")].concat();
    let now = [map("00000001", ""), map("00000002", ", LOG_LEVLE: x")].concat();
    for (maps, rest, code) in [
        (&good, format!("{secret}{deployment}"), 0),
        (&good, secret.to_owned(), 0),
        (&now, format!("{secret}{deployment}"), 1),
        (&bad, secret.to_owned(), 1),
    ] {
        let done = Settings::new()
            .run_with(
                &["config", "check", "--from", "-"],
                &format!("{maps}{rest}"),
            )
            .await;
        let told = said(&done);
        assert_eq!(done.status.success(), code == 0, "{maps}{rest}{told}");
        assert_eq!(told.contains("LOG_LEVLE"), code == 1, "{told}");
    }
}

#[tokio::test]
async fn an_older_cluster_and_gitops_get_manifests_that_build_and_fit() {
    let (Some(kubectl), Some(validate)) = (tool("kubectl"), tool("kubernetes-validate")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for gitops in ["argo-cd", "flux"] {
        let lines = format!("kubernetes = \"1.28\"\ngitops = \"{gitops}\"");
        let told = render(folder.path(), &plan(&lines, "")).await;
        let name = if gitops == "flux" { "Flux" } else { "Argo CD" };
        assert!(told.contains(&format!("k8s; {name} applies ")), "{told}");
        assert!(!told.contains("kubectl"), "{told}");
        let objects = build(&kubectl, &folder.path().join("k8s/overlays/production"));
        read_by_all(&objects);
        let texts: Vec<String> = objects.iter().map(Value::to_string).collect();
        let file = folder.path().join("built.yaml");
        std::fs::write(&file, texts.join("\n---\n")).expect("a file");
        for version in ["1.27", "1.28", "1.29", "1.36"] {
            let mut command = Command::new(&validate);
            let command = command.args(["-k", version, "--strict", "--quiet"]);
            let done = command.arg(&file).output().expect("a tool that starts");
            assert!(done.status.success(), "{version}: {}", said(&done));
        }
        let text = texts.concat();
        assert!(
            text.contains(r#""exec":{"command":["/aura","sleep","5"]}"#),
            "{text}"
        );
        assert!(!text.contains("ttlSecondsAfterFinished"), "{text}");
    }
}

#[tokio::test]
async fn the_program_waits_for_the_time_it_was_given() {
    let start = std::time::Instant::now();
    Settings::new().done(&["sleep", "1"]).await;
    assert!(start.elapsed() >= std::time::Duration::from_secs(1));
    let refused = Settings::new().run(&["sleep", "3601"]).await;
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
}

#[tokio::test]
async fn a_component_that_comes_or_goes_says_how_the_number_of_pods_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let with = |components: &str| {
        format!(
            "[environments.production]\nnamespace = \"auth\"\nreplicas = 3\ncomponents = [{components}]\n"
        )
    };
    let fixed = with("\"network-policy\"");
    let scaled = with("\"network-policy\", \"ha\"");
    let told = render(here, &fixed).await;
    assert!(!told.contains("the component ha"), "{told}");
    let told = render(here, &scaled).await;
    assert!(
        told.contains("production: the component ha is new"),
        "{told}"
    );
    // The command is run as it stands there, by a kubectl that shows what it was given.
    if installed(&["bash"], &[]).is_some() {
        let line = told.lines().find(|line| line.contains("aura-replicas"));
        let line = line.expect("a command").trim();
        let bin = here.join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::fs::write(bin.join("kubectl"), "#!/bin/sh\necho \"$@\" >&2\ncat\n").expect("a file");
        let line = format!(
            "chmod +x {0}/kubectl; PATH={0}:$PATH; {line}",
            bin.display()
        );
        let done = Command::new("bash")
            .args(["-c", &line])
            .output()
            .expect("bash");
        let object: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(object["spec"], serde_json::json!({ "replicas": 3 }));
        assert_eq!(object["metadata"]["namespace"], "auth");
        let arguments = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(arguments.starts_with("apply --server-side --field-manager aura-replicas"));
    }
    let told = render(here, &scaled).await;
    assert!(!told.contains("the component ha"), "{told}");
    let told = render(here, &fixed).await;
    assert!(told.contains("the component ha is gone"), "{told}");
    assert!(
        told.contains("kubectl delete hpa,pdb aura -n auth"),
        "{told}"
    );
}

#[tokio::test]
async fn the_next_steps_work_from_nothing_and_name_the_environments_of_the_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let steps = |told: &str| {
        let (_, steps) = told.split_once("next: ").expect("steps");
        let lines = steps.lines().map(|line| line.trim().to_owned());
        lines.collect::<Vec<_>>()
    };
    let commands = |name: &str| {
        let overlay = here.join("k8s/overlays").join(name).display().to_string();
        let by = "--server-side --field-manager aura";
        [
            format!("kubectl apply {by} -f {overlay}/namespace.yaml"),
            format!("kubectl diff {by} -k {overlay}"),
            format!("kubectl apply {by} -k {overlay}"),
        ]
    };
    let told = render(here, "").await;
    assert_eq!(steps(&told), commands("production"));
    // Before it writes: the image of nobody's registry.
    let (warned, _) = told.split_once("created ").expect("files");
    assert!(warned.contains("docker.io/library"), "{told}");
    let told = render(here, "[environments.staging]\n[environments.production]\n").await;
    assert_eq!(
        steps(&told),
        [commands("staging"), commands("production")].concat()
    );
    let named = "image = \"registry.example.com/aura:1\"\n[environments.staging]\n";
    let told = render(here, named).await;
    assert_eq!(steps(&told), commands("staging"));
    assert!(!told.contains("docker.io"), "{told}");
}

#[tokio::test]
async fn line_ends_of_another_system_are_not_drift() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let done = generate(&["all", "--out", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
    for (path, bytes) in super::files(folder.path()) {
        let text = String::from_utf8(bytes).expect("UTF-8");
        std::fs::write(folder.path().join(path), text.replace('\n', "\r\n")).expect("a file");
    }
    let done = generate(&["all", "--check", &out]).await;
    assert!(done.status.success(), "{}", said(&done));
    let done = generate(&["all", "--out", &out]).await;
    assert!(said(&done).contains("0 written, "), "{}", said(&done));
    let manifests = folder.path().join("k8s").display().to_string();
    let done = Settings::new()
        .run(&["config", "check", "--from", &manifests])
        .await;
    assert!(done.status.success(), "{}", said(&done));
}
