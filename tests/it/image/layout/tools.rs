//! What skopeo and podman say of the images.

use std::fs;

use serde_json::Value;
use tokio::process::Command;

use super::super::dist;
use super::{Bench, VERSION, tree};
use crate::support::{Podman, installed, run, said};

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
    let sbom = fs::read(dist.join("image.sbom.cdx.json")).expect("an SBOM");
    let sbom: Value = serde_json::from_slice(&sbom).expect("JSON");
    let names = sbom["components"].as_array().expect("a list").iter();
    let names: Vec<_> = names.map(|component| &component["name"]).collect();
    for expected in ["bcrypt", "jsonwebtoken", "poem", "redis", "tokio"] {
        assert!(names.iter().any(|name| *name == expected), "{expected}");
    }
}
