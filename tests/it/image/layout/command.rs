//! The command itself: what it writes, compares and shows.

use std::fs;

use serde_json::{Value, json};

use super::{Bench, crates, tree};
use crate::support::elf::{AMD64, Elf};
use crate::support::{Settings, said};

#[tokio::test]
async fn two_folders_and_two_time_zones_give_identical_trees() {
    let (first, second) = (Bench::new(), Bench::new());
    first.made("--binary @amd64 --out @image").await;
    let zone = Settings::new().set("TZ", "Pacific/Auckland");
    let done = second
        .generate_with(zone, "--binary @amd64 --out @image")
        .await;
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(tree(&first.path("image")), tree(&second.path("image")));
    let sbom = "image.sbom.cdx.json";
    assert_eq!(
        fs::read(first.path(sbom)).expect("an SBOM"),
        fs::read(second.path(sbom)).expect("an SBOM")
    );
}

#[tokio::test]
async fn the_time_is_the_option_or_the_variable_or_1970() {
    let bench = Bench::new();
    let epoch = || Settings::new().set("SOURCE_DATE_EPOCH", 1_790_635_395);
    for (settings, option, expected) in [
        (Settings::new(), "", "1970-01-01T00:00:00Z"),
        (epoch(), "", "2026-09-28T22:43:15Z"),
        (epoch(), " --created 60", "1970-01-01T00:01:00Z"),
    ] {
        let words = format!("--binary @amd64 --dry-run{option}");
        let done = bench.generate_with(settings, &words).await;
        assert!(done.status.success(), "{}", said(&done));
        let shown: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert_eq!(shown["images"][0]["config"]["created"], expected);
    }
    let broken = Settings::new().set("SOURCE_DATE_EPOCH", "yesterday");
    let done = bench
        .generate_with(broken, "--binary @amd64 --dry-run")
        .await;
    assert_eq!(done.status.code(), Some(2), "{}", said(&done));
    assert!(said(&done).contains("SOURCE_DATE_EPOCH"), "{}", said(&done));
}

#[tokio::test]
async fn a_dry_run_shows_everything_and_writes_nothing() {
    let bench = Bench::new();
    let before = bench.names();
    let done = bench.generate("--binary @amd64 --dry-run").await;
    assert!(done.status.success(), "{}", said(&done));
    let shown: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let image = &shown["images"][0];
    assert_eq!(image["config"]["config"]["Entrypoint"], json!(["/aura"]));
    assert_eq!(image["config"]["config"]["User"], "65532:65532");
    assert_eq!(
        image["manifest"]["layers"]
            .as_array()
            .expect("a list")
            .len(),
        2
    );
    let files = image["layers"][0]["files"].as_array().expect("a list");
    let mode = |path: &str| {
        let mut files = files.iter();
        let file = files.find(|file| file["path"] == path);
        file.map(|file| file["mode"].clone())
    };
    assert_eq!(mode("tmp"), Some(json!("1777")));
    assert_eq!(mode("var/lib/aura"), Some(json!("0777")));
    assert_eq!(
        mode("etc/ssl/certs/ca-certificates.crt"),
        Some(json!("0644"))
    );
    assert_eq!(bench.names(), before);
}

#[tokio::test]
async fn a_check_passes_after_a_write_and_fails_with_the_part_that_differs() {
    let bench = Bench::new();
    bench.made("--binary @amd64 --out @image").await;
    bench.made("--binary @amd64 --check @image").await;
    let mut other = Elf::new(AMD64, &crates());
    other.filling = b"edited".to_vec();
    bench.put("edited", other.bytes());
    let done = bench.generate("--binary @edited --check @image").await;
    let shown = said(&done);
    assert_eq!(done.status.code(), Some(1), "{shown}");
    assert!(
        shown.contains("the program layer of linux/amd64: differs in /aura"),
        "{shown}"
    );
    assert!(!shown.contains("the base layer"), "{shown}");
    // Replaced whole, and the check agrees.
    bench.made("--binary @edited --out @image").await;
    bench.made("--binary @edited --check @image").await;
    let done = bench.generate("--binary @amd64 --check @nothing").await;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
}

#[tokio::test]
async fn without_a_program_the_configuration_is_an_artefact_as_ever() {
    let bench = Bench::new();
    let done = Settings::new().run(&["generate", "oci"]).await;
    let shown: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(shown["config"]["User"], "65532:65532");
    let at = bench.path("out").display().to_string();
    for verb in ["--out", "--check"] {
        let done = Settings::new().run(&["generate", "oci", verb, &at]).await;
        assert!(done.status.success(), "{}", said(&done));
    }
    assert!(bench.path("out/oci/config.json").is_file());
}
