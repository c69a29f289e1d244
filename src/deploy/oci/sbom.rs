//! The crates of a program, as CycloneDX 1.6 (ECMA-424, second edition).
//!
//! From the program's own list of crates: what was really built in, not what a lock file allows.
//! No serial number and no time, so that the same program has the same document.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::config::GENERATED;
use super::digest::{Digest, canonical};
use super::error::OciError;
use super::program::{DependencyKind, Package, Source};
use crate::deploy::file::MARK;
use crate::deploy::service::Service;

/// The type of the document in a registry.
pub(super) const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";

/// Suffix of a document's file name, after the name of the image.
pub(super) const ENDING: &str = ".sbom.cdx.json";

/// The property by which a document of ours is known again.
const MADE_BY: &str = "x-generated-by";

/// Characters that a purl leaves unescaped in a name or a version (purl-spec, "How to build").
const PURL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The document of a program of `service`, whose crates are `packages` and whose digest is
/// `program`.
///
/// # Errors
/// [`OciError::Document`]; none in practice.
pub(super) fn document(
    service: &Service,
    packages: &[Package],
    program: &Digest,
) -> Result<Vec<u8>, OciError> {
    let refs = references(packages);
    let root = packages.iter().position(|package| package.root);
    let purl = purl(&service.name, &service.version);
    let mut component = json!({
        "type": "application",
        "bom-ref": root.map_or(&purl, |at| &refs[at]),
        "name": service.name,
        "version": service.version,
        "purl": purl,
        "hashes": [{ "alg": "SHA-256", "content": program.hex() }],
    });
    let texts = [
        ("description", &service.about, json!(service.about)),
        (
            "licenses",
            &service.licenses,
            json!([{ "expression": service.licenses }]),
        ),
        (
            "externalReferences",
            &service.repository,
            json!([{ "type": "vcs", "url": service.repository }]),
        ),
    ];
    for (key, _, value) in texts.into_iter().filter(|(_, text, _)| !text.is_empty()) {
        component[key] = value;
    }
    let mut listed: Vec<(&String, &Package)> = refs.iter().zip(packages).collect();
    listed.sort_by_key(|(name, package)| (&package.name, &package.version, *name));
    let libraries = listed.iter().filter(|(_, package)| !package.root);
    let dependencies = listed
        .iter()
        .map(|(name, package)| json!({ "ref": name, "dependsOn": of_package(package, &refs) }));
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component },
        "components": libraries.map(|(name, package)| library(name, package)).collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
        "properties": [{ "name": MADE_BY, "value": GENERATED }],
    });
    Ok(canonical(&document)?)
}

/// Checks whether `bytes` are a document that was made here.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return false;
    };
    let properties = document["properties"].as_array();
    properties.into_iter().flatten().any(|property| {
        property["name"] == MADE_BY
            && property["value"]
                .as_str()
                .is_some_and(|value| value.starts_with(MARK))
    })
}

fn library(name: &str, package: &Package) -> Value {
    let version = package.version.to_string();
    let mut component = json!({
        "type": "library",
        "bom-ref": name,
        "name": package.name,
        "version": version,
        "purl": purl(&package.name, &version),
        "scope": match package.kind {
            DependencyKind::Runtime => "required",
            // It ran while the program was built, and is not in it.
            DependencyKind::Build => "excluded",
        },
    });
    // A purl of a crate means the public registry; a crate from elsewhere needs its source.
    let source = match &package.source {
        Source::CratesIo => return component,
        Source::Git => "git",
        Source::Local => "local",
        Source::Registry => "registry",
        Source::Other(other) => other.as_str(),
        _ => "unknown",
    };
    component["properties"] = json!([{ "name": "cargo:source", "value": source }]);
    component
}

/// Names of `packages` within the document: their purls, which two may share that
/// came from two places.
fn references(packages: &[Package]) -> Vec<String> {
    // Each `bom-ref` is unique within its document.
    let mut names: Vec<String> = Vec::new();
    for package in packages {
        let plain = purl(&package.name, &package.version.to_string());
        let mut name = plain.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{plain}#{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

fn of_package(package: &Package, refs: &[String]) -> Vec<String> {
    let needed = package.dependencies.iter();
    let mut names: Vec<_> = needed.filter_map(|at| refs.get(*at).cloned()).collect();
    names.sort();
    names.dedup();
    names
}

/// The package URL of a crate: `pkg:cargo/serde@1.0.0`.
fn purl(name: &str, version: &str) -> String {
    let part = |text| utf8_percent_encode(text, PURL);
    format!("pkg:cargo/{}@{}", part(name), part(version))
}

#[cfg(test)]
mod tests;
