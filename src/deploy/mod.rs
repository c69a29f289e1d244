//! Settings and the facts of a service to the files that deploy it.
//!
//! From ground to roof, as in `src/lib.rs`: a module imports only what stands above it. Any service
//! whose configuration has a JSON Schema can be rendered, aura is only one of them.

/// Sentences from doc comments: wrapped, cut and quoted.
pub mod prose;

/// Markdown: tables, links, escapes.
pub(crate) mod markdown;

/// New files and folders on disk, all of them or none.
pub(crate) mod disk;

/// YAML as it is written, and the errors of rendering.
pub mod emit;

/// Promises of a release, which `verify` holds it to.
pub mod promises;

/// Facts of a service: its settings, ports, probes, programs and pages.
pub mod service;

/// Groups and sentences that follow from the facts.
pub mod facts;

/// A rendered file, and the mark by which it is known again.
pub mod file;

/// Files that operators write in TOML: typed values, and every fault with its position.
pub(crate) mod toml_file;

/// The plan: image, environments, hosts, backends; read from `deploy.toml`.
pub mod plan;

/// Fields of kustomizations.
pub(crate) mod kustomize;

/// An artefact: a name, and a function from a project to files.
pub mod artefact;

/// A project for tests.
#[cfg(test)]
pub(crate) mod sample;

/// Kubernetes manifests: a base, components, an overlay an environment.
pub mod kubernetes;

/// Pages for operators, with their tables filled in.
pub mod guides;

/// The JSON Schemas of the settings and of `deploy.toml`.
mod json_schema;

/// The OpenAPI document.
mod openapi;

/// The reference of all settings.
pub mod env_docs;

/// The page on hardening, which follows from the manifests.
pub(crate) mod hardening;

/// `.env.example`.
mod dotenv;

/// The OCI image: read, assembled, written.
pub mod oci;

/// A Dockerfile, for those who build with one.
pub mod dockerfile;

/// A unit of systemd and what belongs to it.
pub mod systemd;

/// A stack for one machine.
pub mod compose;

/// Random secrets in the form that each target takes.
pub mod secrets;

/// `service.toml`: the facts of a service of others.
pub mod service_file;

/// Differences between two versions of the settings.
pub mod upgrade;

/// Rendered files on disk: compared, written, removed.
pub mod tree;

/// The list of artefacts.
pub mod artefacts;
