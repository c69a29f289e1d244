//! Unit tests of `sbom`.

use serde_json::{Value, json};

use super::*;
use crate::deploy::oci::sample::packages;
use crate::deploy::sample;

fn made() -> Value {
    let bytes = document(&sample::service(), &packages(), &Digest::of(b"x")).unwrap();
    assert!(is_ours(&bytes));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn it_lists_every_crate_with_version_and_purl() {
    let made = made();
    assert_eq!(made["bomFormat"], "CycloneDX");
    assert_eq!(made["specVersion"], "1.6");
    let components: Vec<_> = made["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["purl"].as_str().unwrap(), c["scope"].as_str().unwrap()))
        .collect();
    assert_eq!(
        components,
        [
            ("pkg:cargo/cc@1.2.3", "excluded"),
            ("pkg:cargo/ring_ish@0.1.0-rc.1%2Bbuild", "required"),
            ("pkg:cargo/serde@1.0.200", "required"),
        ]
    );
    assert_eq!(made["components"][1]["version"], "0.1.0-rc.1+build");
    assert_eq!(
        made["components"][1]["properties"],
        json!([{ "name": "cargo:source", "value": "git" }])
    );
}

#[test]
fn the_service_is_its_component_and_has_the_digest_of_the_program() {
    let made = made();
    let component = &made["metadata"]["component"];
    assert_eq!(component["type"], "application");
    assert_eq!(component["name"], "shop");
    assert_eq!(component["version"], "1.2.3");
    assert_eq!(component["purl"], "pkg:cargo/shop@1.2.3");
    assert_eq!(component["hashes"][0]["content"], Digest::of(b"x").hex());
    assert_eq!(component["licenses"], json!([{ "expression": "MIT" }]));
    let of_root = &made["dependencies"].as_array().unwrap()[3];
    assert_eq!(of_root["ref"], component["bom-ref"]);
    assert_eq!(
        of_root["dependsOn"],
        json!([
            "pkg:cargo/cc@1.2.3",
            "pkg:cargo/ring_ish@0.1.0-rc.1%2Bbuild"
        ])
    );
}

#[test]
fn it_tells_neither_when_nor_by_which_run_it_was_made() {
    let made = made();
    assert_eq!(made.get("serialNumber"), None);
    assert_eq!(made["metadata"].get("timestamp"), None);
}

#[test]
fn two_crates_of_one_name_and_version_stay_two() {
    let mut twice = packages();
    twice.push(twice[1].clone());
    let names = references(&twice);
    assert_eq!(names[4], format!("{}#2", names[1]));
}

#[test]
fn documents_of_others_are_not_taken_for_ours() {
    for other in [
        "",
        "{}",
        "[]",
        r#"{"bomFormat":"CycloneDX","properties":[]}"#,
    ] {
        assert!(!is_ours(other.as_bytes()), "{other}");
    }
}
