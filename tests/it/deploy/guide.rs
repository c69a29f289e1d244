//! The commands of `docs/workflows/production-deployment.md`, run as they stand there.
//!
//! There is no cluster: what would be applied is built, and looked at as an API server would.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::manifests::tool;
use super::said;
use crate::readme;
use crate::support::certificate::CERTIFICATE;
use crate::support::elf::{AMD64, Elf};
use crate::support::{Registry, installed};

/// Settings of skopeo that let it speak plain HTTP to the registry of the test, in the home folder: the
/// variable that podman reads in their place is nothing to skopeo.
const REGISTRIES: &str = ".config/containers/registries.conf";

/// The one way of applying.
const APPLY: &str = "kubectl apply --server-side --field-manager aura";

/// Every fence of shell commands of the page.
fn fences() -> Vec<String> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/workflows/production-deployment.md");
    let page = fs::read_to_string(path).expect("the page");
    let parts = page.split("```bash\n").skip(1);
    parts
        .map(|part| part.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// The commands of a fence, without what is said of them.
fn commands(fence: &str) -> Vec<&str> {
    let commands = fence
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default());
    commands
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Runs one line of the page in `folder`, with nothing in the environment but the programs.
fn run(folder: &Path, line: &str) -> Output {
    let aura = Path::new(env!("CARGO_BIN_EXE_aura"))
        .parent()
        .expect("a folder");
    let path = format!("{}:/usr/bin:/bin", aura.display());
    let mut bash = Command::new("bash");
    let line = line.replace("dist/aura ", "aura ");
    bash.args(["-euo", "pipefail", "-c", &line])
        .current_dir(folder);
    bash.env_clear().env("PATH", path).env("HOME", folder);
    bash.output().expect("bash")
}

fn succeeds(folder: &Path, line: &str) -> String {
    let done = run(folder, line);
    assert!(done.status.success(), "{line}: {}", said(&done));
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// Makes what `scripts/image` makes, around the smallest program there is: building the real one
/// takes minutes, and the tests of the image do it.
fn put_image(folder: &Path) {
    fs::create_dir(folder.join("dist")).expect("a folder");
    let crates = r#"{"packages":[{"name":"aura","version":"0.1.0","source":"local","root":true}]}"#;
    fs::write(folder.join("program"), Elf::new(AMD64, crates).bytes()).expect("a file");
    fs::write(folder.join("ca.pem"), CERTIFICATE).expect("a file");
    let line = "aura generate oci --binary program --ca-bundle ca.pem --out dist/image";
    succeeds(folder, line);
}

#[tokio::test]
async fn six_commands_lead_from_a_clone_to_what_is_applied() {
    let (Some(kubectl), Some(validate)) = (tool("kubectl"), tool("kubernetes-validate")) else {
        return;
    };
    let (Some(_), Some(registry)) = (installed(&["skopeo"], &[]), Registry::start().await) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let fences = fences();
    let page = fences[0].trim_end();
    assert_eq!(page, readme::commands("production"), "as the README has it");
    assert!(page.contains("registry.example.com/team/aura:0.1.0"));
    let page = page.replace("registry.example.com", &registry.name());
    let [image, push, pin, render, secrets, apply] = commands(&page)[..] else {
        panic!("six commands: {page}");
    };
    assert_eq!(image, "scripts/image");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(image);
    assert!(script.is_file());
    put_image(here);
    let insecure = format!(
        "[[registry]]\nlocation = \"{}\"\ninsecure = true\n",
        registry.name()
    );
    fs::create_dir_all(here.join(".config/containers")).expect("a folder");
    fs::write(here.join(REGISTRIES), insecure).expect("a file");
    for line in [push, pin, render, secrets] {
        succeeds(here, line);
    }

    let words: Vec<&str> = apply.split(" && ").collect();
    let overlay = words[0]
        .strip_prefix(&format!("{APPLY} -k "))
        .expect("an overlay");
    let secret = words[1].strip_prefix(&format!("{APPLY} -f "));
    let secret = secret.expect("a file");
    let built = Command::new(kubectl)
        .arg("kustomize")
        .arg(here.join(overlay))
        .output();
    let built = built.expect("kubectl");
    assert!(built.status.success(), "{}", said(&built));
    let secret = fs::read_to_string(here.join(secret)).expect("the Secret");
    let all = [String::from_utf8(built.stdout).expect("UTF-8"), secret].join("---\n");
    let file = here.join("applied.yaml");
    fs::write(&file, &all).expect("a file");
    let done = Command::new(validate)
        .args(["--strict", "--quiet"])
        .arg(&file)
        .output();
    let done = done.expect("kubernetes-validate");
    assert!(done.status.success(), "{}", said(&done));

    // Everything lies in the namespace that is made first, which lets in restricted pods only.
    let objects: Vec<Value> = serde_saphyr::from_multiple(&all).expect("YAML");
    assert_eq!(objects[0]["kind"], "Namespace");
    let labels = &objects[0]["metadata"]["labels"];
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
    let namespace = &objects[0]["metadata"]["name"];
    for object in &objects[1..] {
        assert_eq!(object["metadata"]["namespace"], *namespace, "{object:#}");
    }
    // The pods pull by digest what was pushed.
    let deployment = objects.iter().find(|one| one["kind"] == "Deployment");
    let containers = &deployment.expect("a Deployment")["spec"]["template"]["spec"]["containers"];
    let image = containers[0]["image"].as_str().expect("an image");
    let (name, digest) = image.split_once('@').expect("a digest");
    let (name, tag) = name.rsplit_once(':').expect("a tag");
    let format = "skopeo inspect --format '{{.Digest}}' docker://";
    for image in [format!("{name}@{digest}"), format!("{name}:{tag}")] {
        assert_eq!(succeeds(here, &format!("{format}{image}")).trim(), digest);
    }
    // Nothing is missing, and nothing is still to be set.
    succeeds(here, "aura config check --strict --from applied.yaml");
}

#[tokio::test]
async fn the_drift_of_the_page_is_found_as_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let fences = fences();
    let render = commands(&fences[0])[3];
    assert!(render.contains("generate k8s"), "{render}");
    succeeds(here, render);
    let drift = fences.iter().find(|fence| fence.contains("--check"));
    let lines = commands(drift.expect("a fence about drift"));
    for line in &lines[..2] {
        succeeds(here, line);
    }
    let edited = here.join("k8s/overlays/production/configmap.yaml");
    let text = fs::read_to_string(&edited).expect("a file");
    fs::write(&edited, text.replace("LOG_FORMAT", "LOG_FROMAT")).expect("a file");
    for (line, named) in [(lines[0], "LOG_FROMAT"), (lines[1], "LOG_FORMAT?")] {
        let done = run(here, line);
        assert!(!done.status.success(), "{line}");
        assert!(said(&done).contains(named), "{line}: {}", said(&done));
    }
}

#[test]
fn every_command_that_applies_does_so_in_the_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/workflows"] {
        let entries = fs::read_dir(root.join(folder)).expect("a folder");
        pages.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    let mut found = 0;
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
    {
        let text = fs::read_to_string(page).expect("a page");
        for word in ["apply", "diff"] {
            let begin = format!("kubectl {word} -");
            let one_way = format!("kubectl {word} --server-side --field-manager aura -");
            for (at, _) in text.match_indices(&begin) {
                found += 1;
                assert!(text[at..].starts_with(&one_way), "{}", page.display());
            }
        }
    }
    assert!(found > 4, "{found}");
}

#[test]
fn the_config_maps_that_nothing_reads_are_listed_by_the_command_of_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let command = fences()
        .into_iter()
        .find(|fence| fence.contains("configMapRef"));
    let command = command.expect("a fence about old ConfigMaps");
    let kubectl = "#!/bin/sh\ncase $2 in\nconfigmap) printf 'configmap/aura-config-%s\\n' \
                   0000000a 0000000b 0000000c ;;\n*) printf 'aura-config-0000000b \
                   aura-config-0000000c' ;;\nesac\n";
    fs::write(here.join("kubectl"), kubectl).expect("a file");
    let line = format!("chmod +x kubectl; PATH=.:$PATH; {command}");
    assert_eq!(succeeds(here, &line), "configmap/aura-config-0000000a\n");
}
