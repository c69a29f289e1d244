//! What skopeo, podman and syft say of the images.

use std::fs;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::process::Command;

use super::super::dist;
use super::{Bench, VERSION, tree};
use crate::support::{Podman, Registry, installed, run, said};

/// Where `scripts/test` puts the tools of Python.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");

/// What skopeo says of an image, as JSON; none, said aloud, where it is not installed.
async fn inspected(image: &str, options: &[&str]) -> Option<Value> {
    let skopeo = installed(&["skopeo"], &[])?;
    let mut command = Command::new(skopeo);
    let done = run(command.args(options).args(["inspect", image])).await;
    assert!(done.status.success(), "{image}: {}", said(&done));
    Some(serde_json::from_slice(&done.stdout).expect("JSON"))
}

#[tokio::test]
async fn skopeo_reads_the_layout_by_its_tag() {
    let bench = Bench::new();
    bench
        .made("--binary @amd64 --out @image --revision 8cc3c4f")
        .await;
    let image = format!("oci:{}:{VERSION}", bench.path("image").display());
    let Some(found) = inspected(&image, &[]).await else {
        return;
    };
    assert_eq!(found["Architecture"], "amd64");
    assert_eq!(found["Os"], "linux");
    assert_eq!(found["Created"], "1970-01-01T00:00:00Z");
    assert_eq!(found["Layers"].as_array().expect("a list").len(), 2);
    let label = |name: &str| &found["Labels"][format!("org.opencontainers.image.{name}")];
    assert_eq!(label("revision"), "8cc3c4f");
    assert_eq!(label("version"), VERSION);
    assert_eq!(label("title"), "aura");
}

#[tokio::test]
async fn skopeo_chooses_the_platform_out_of_one_index() {
    let bench = Bench::new();
    let programs = "--platform linux/arm64=@arm64 --platform linux/amd64=@amd64";
    bench.made(&format!("{programs} --out @image")).await;
    let image = format!("oci:{}:{VERSION}", bench.path("image").display());
    for architecture in ["amd64", "arm64"] {
        let options = ["--override-arch", architecture];
        let Some(found) = inspected(&image, &options).await else {
            return;
        };
        assert_eq!(found["Architecture"], architecture);
        let name = format!("image.linux-{architecture}.sbom.cdx.json");
        assert!(bench.path(&name).is_file(), "{name}");
    }
}

#[tokio::test]
async fn skopeo_copies_every_form_and_compression() {
    let bench = Bench::new();
    bench
        .made("--binary @amd64 --out @zstd --compression zstd")
        .await;
    bench.archives().await;
    let Some(skopeo) = installed(&["skopeo"], &[]) else {
        return;
    };
    let at = |name: &str| bench.path(name).display().to_string();
    for (number, image) in [
        format!("oci:{}:{VERSION}", at("zstd")),
        format!("oci-archive:{}", at("oci.tar")),
        format!("docker-archive:{}", at("oci.tar")),
        format!("docker-archive:{}", at("docker.tar")),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = format!("oci:{}:copy", at(&format!("copy{number}")));
        let mut command = Command::new(&skopeo);
        let done = run(command.args(["--insecure-policy", "copy", &image, &copy])).await;
        assert!(done.status.success(), "{image}: {}", said(&done));
        let found = inspected(&copy, &[]).await.expect("it was there");
        assert_eq!(found["Architecture"], "amd64", "{image}");
    }
}

/// What syft finds in the layout or archive `image`: names, and the digest of its manifest.
async fn scanned(image: &str) -> Option<(Vec<String>, String)> {
    let syft = installed(&["syft"], &[TOOLS.into()])?;
    let home = TempDir::new().expect("a folder");
    let mut command = Command::new(syft);
    command.args(["scan", "--output", "json", image]);
    command.env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    let done = run(command.env("HOME", home.path())).await;
    assert!(done.status.success(), "{image}: {}", said(&done));
    let found: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let artifacts = found["artifacts"].as_array().expect("a list").iter();
    let names = artifacts.map(|one| one["name"].as_str().expect("a name").to_owned());
    let digest = &found["source"]["metadata"]["manifestDigest"];
    Some((
        names.collect(),
        digest.as_str().expect("a digest").to_owned(),
    ))
}

#[tokio::test]
async fn syft_finds_the_crates_of_the_program_in_the_layout_and_in_the_archive() {
    let bench = Bench::new();
    bench.made("--binary @amd64 --out @image").await;
    bench.archives().await;
    let index = fs::read(bench.path("image/index.json")).expect("an index");
    let index: Value = serde_json::from_slice(&index).expect("JSON");
    let of = |name: &str| bench.path(name).display().to_string();
    for image in [
        format!("oci-dir:{}", of("image")),
        format!("oci-archive:{}", of("oci.tar")),
        format!("docker-archive:{}", of("docker.tar")),
    ] {
        let Some((names, digest)) = scanned(&image).await else {
            return;
        };
        assert!(names.contains(&"serde".to_owned()), "{image}: {names:?}");
        if image.starts_with("oci-dir") {
            assert_eq!(index["manifests"][0]["digest"], digest);
        }
    }
}

#[tokio::test]
async fn the_sbom_is_pushed_after_its_image_and_refers_to_it_there() {
    let bench = Bench::new();
    bench.made("--binary @amd64 --out @image").await;
    let (Some(skopeo), Some(registry)) = (installed(&["skopeo"], &[]), Registry::start().await)
    else {
        return;
    };
    let layout = bench.path("image").display().to_string();
    let there = |tag: &str| format!("docker://{}/team/aura:{tag}", registry.name());
    for (from, to) in [
        (format!("oci:{layout}:{VERSION}"), there(VERSION)),
        (
            format!("oci:{layout}/referrers:sbom"),
            there(&format!("{VERSION}.sbom")),
        ),
    ] {
        let mut copy = Command::new(&skopeo);
        copy.args(["--insecure-policy", "copy", "--dest-tls-verify=false"]);
        let done = run(copy.args([&from, &to])).await;
        assert!(done.status.success(), "{from}: {}", said(&done));
    }
    let raw = async |tag: &str| {
        let mut inspect = Command::new(&skopeo);
        inspect.args(["inspect", "--raw", "--tls-verify=false"]);
        let done = run(inspect.arg(there(tag))).await;
        assert!(done.status.success(), "{}", said(&done));
        done.stdout
    };
    let image = Sha256::digest(raw(VERSION).await);
    let image = image
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let sbom: Value = serde_json::from_slice(&raw(&format!("{VERSION}.sbom")).await).expect("JSON");
    assert_eq!(sbom["subject"]["digest"], format!("sha256:{image}"));
    assert_eq!(sbom["artifactType"], "application/vnd.cyclonedx+json");
}

#[tokio::test]
async fn podman_loads_both_archives_under_the_name_of_the_version_and_runs_them() {
    let bench = Bench::new();
    bench.archives().await;
    for archive in ["oci.tar", "docker.tar"] {
        let Some(podman) = Podman::installed() else {
            return;
        };
        podman.load(&bench.path(archive)).await.expect("it loads");
        let name = format!("aura:{VERSION}");
        let format = "{{index .RepoTags 0}} {{.User}} {{.Config.WorkingDir}}";
        let found = podman
            .done(&["image", "inspect", "--format", format, &name])
            .await;
        let expected = format!("docker.io/library/{name} 65532:65532 /var/lib/aura");
        assert_eq!(found.trim(), expected, "{archive}");
        // Its program ends at once; where no container can run, that is another test's to say.
        let user = "--user=65532:65532";
        let ended = podman
            .run(&["run", "--rm", "--network=none", user, &name])
            .await;
        let code = ended.status.code().expect("a code");
        assert!(code == 0 || code >= 125, "{}", said(&ended));
    }
}

#[tokio::test]
async fn podman_pulls_the_layout() {
    let bench = Bench::new();
    bench.made("--binary @amd64 --out @image").await;
    let Some(podman) = Podman::installed() else {
        return;
    };
    // It makes a name of the path, which has to be in small letters: from within the folder.
    let mut pull = Command::new(podman.in_path().join("podman"));
    pull.args(["pull", "--quiet", &format!("oci:image:{VERSION}")]);
    let pulled = run(pull.current_dir(bench.path(""))).await;
    assert!(pulled.status.success(), "{}", said(&pulled));
}

#[tokio::test]
async fn the_built_image_is_read_by_skopeo_and_small() {
    let Some(dist) = dist() else {
        return;
    };
    let image = format!("oci:{}:{VERSION}", dist.join("image").display());
    let Some(found) = inspected(&image, &[]).await else {
        return;
    };
    assert_eq!(found["Layers"].as_array().expect("a list").len(), 2);
    let blobs = tree(&dist.join("image/blobs"));
    let layers = blobs.values().filter(|blob| !blob.starts_with(b"{"));
    let size: usize = layers.map(Vec::len).sum();
    assert!(size < 9_000_000, "{size} bytes");
    let layout = format!("oci-dir:{}", dist.join("image").display());
    if let Some((found, _)) = scanned(&layout).await {
        assert!(found.contains(&"tokio".to_owned()), "{found:?}");
    }
    let sbom = fs::read(dist.join("image.sbom.cdx.json")).expect("an SBOM");
    let sbom: Value = serde_json::from_slice(&sbom).expect("JSON");
    let names = sbom["components"].as_array().expect("a list").iter();
    let names: Vec<_> = names.map(|component| &component["name"]).collect();
    for expected in ["bcrypt", "jsonwebtoken", "poem", "redis", "tokio"] {
        assert!(names.iter().any(|name| *name == expected), "{expected}");
    }
}
