//! The crates of a program, as CycloneDX 1.6 (ECMA-424, second edition).
//!
//! From the program's own list of crates: what was really built in, not what a lock file allows.
//! No serial number and no time, so that the same program has the same document.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::canonical;
use super::config::GENERATED;
use super::digest::Digest;
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Component<'a>>,
    dependencies: Vec<Dependency>,
    properties: [Property<'static>; 1],
}

#[derive(Serialize)]
struct Metadata<'a> {
    component: Component<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: &'a str,
    version: String,
    purl: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// `required` if it is in the running program.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<License<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property<'a>>,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
struct License<'a> {
    expression: &'a str,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    depends_on: Vec<String>,
}

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
    let of_service = purl(&service.name, &service.version);
    let mut component = Component {
        kind: "application",
        bom_ref: root.map_or_else(|| of_service.clone(), |at| refs[at].clone()),
        description: Some(service.about.as_str()).filter(|text| !text.is_empty()),
        hashes: vec![Hash {
            alg: "SHA-256",
            content: program.hex().to_owned(),
        }],
        ..plain(&service.name, service.version.clone(), of_service)
    };
    if !service.licenses.is_empty() {
        let expression = &service.licenses;
        component.licenses.push(License { expression });
    }
    if !service.repository.is_empty() {
        let url = &service.repository;
        component
            .external_references
            .push(Reference { kind: "vcs", url });
    }
    let mut listed: Vec<(&String, &Package)> = refs.iter().zip(packages).collect();
    listed.sort_by_key(|(name, package)| (&package.name, &package.version, *name));
    let document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        version: 1,
        metadata: Metadata { component },
        components: listed
            .iter()
            .filter(|(_, package)| !package.root)
            .map(|(name, package)| library(name, package))
            .collect(),
        dependencies: listed
            .iter()
            .map(|(name, package)| Dependency {
                of: (*name).clone(),
                depends_on: of_package(package, &refs),
            })
            .collect(),
        properties: [Property {
            name: MADE_BY,
            value: GENERATED,
        }],
    };
    Ok(canonical::bytes(&document)?)
}

/// Checks whether `bytes` are a document that was made here.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(bytes) else {
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

fn library<'a>(name: &str, package: &'a Package) -> Component<'a> {
    let version = package.version.to_string();
    let purl = purl(&package.name, &version);
    // A purl of a crate means the public registry; what came from elsewhere says so.
    let source = match &package.source {
        Source::CratesIo => None,
        Source::Git => Some("git"),
        Source::Local => Some("local"),
        Source::Registry => Some("registry"),
        Source::Other(other) => Some(other.as_str()),
        _ => Some("unknown"),
    };
    Component {
        bom_ref: name.to_owned(),
        scope: Some(match package.kind {
            DependencyKind::Runtime => "required",
            DependencyKind::Build => "excluded",
        }),
        properties: source
            .map(|value| Property {
                name: "cargo:source",
                value,
            })
            .into_iter()
            .collect(),
        ..plain(&package.name, version, purl)
    }
}

/// A library of which nothing more is said.
fn plain(name: &str, version: String, purl: String) -> Component<'_> {
    Component {
        kind: "library",
        bom_ref: purl.clone(),
        name,
        version,
        purl,
        description: None,
        scope: None,
        hashes: Vec::new(),
        licenses: Vec::new(),
        external_references: Vec::new(),
        properties: Vec::new(),
    }
}

/// Names of `packages` within the document: their purls, which two may share that
/// came from two places.
fn references(packages: &[Package]) -> Vec<String> {
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
