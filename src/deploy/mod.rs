//! Settings and the facts of a service to the files that deploy it.
//!
//! A [`Service`] says what is to be deployed, a [`Plan`] where and how; each [`Artefact`] renders
//! files from the two and reads nothing else: no environment, no clock, no network. Any service
//! whose configuration has a JSON Schema can be rendered, aura is only one of them.
//!
//! An artefact is one file here and one entry in [`ARTEFACTS`]: the command line, `all`, the drift
//! check and the tests follow.

pub mod compose;
pub mod dockerfile;
mod dotenv;
pub mod emit;
mod env_docs;
mod facts;
mod file;
mod guides;
mod hardening;
pub mod inspect;
mod json_schema;
pub mod kubernetes;
mod kustomize;
mod markdown;
pub mod oci;
mod openapi;
pub mod plan;
pub mod prose;
#[cfg(test)]
mod sample;
pub mod secrets;
mod service;
mod service_file;
pub mod systemd;
pub mod table;
pub mod tree;
pub mod upgrade;
pub mod verify;

pub use env_docs::{describe, explain};
pub use facts::{Group, groups};
pub use file::{File, MARK, is_marked};
pub use guides::Guide;
pub use plan::Plan;
pub use service::{BackendKind, Check, Embedded, Make, Memory, Probes, Program, Requests, Service};
pub use service_file::ServiceFile;

/// A service and where it is to run: all that an artefact may look at.
#[derive(Debug, Clone)]
pub struct Project {
    /// What.
    pub service: Service,
    /// Where and how.
    pub plan: Plan,
}

/// Something that can be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// Renders its files; none where the service has nothing for it.
    pub render: fn(&Project) -> Result<Vec<File>, RenderError>,
}

/// An artefact that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// An object could not be written.
    #[error(transparent)]
    Emit(#[from] emit::EmitError),
    /// A template could not be filled.
    #[error("a template cannot be filled: {0}")]
    Template(#[from] askama::Error),
    /// The facts contradict each other.
    #[error("{0}")]
    Facts(String),
}

/// Every artefact, in the order of `--help`.
pub const ARTEFACTS: &[Artefact] = &[
    kubernetes::ARTEFACT,
    compose::ARTEFACT,
    dockerfile::ARTEFACT,
    oci::ARTEFACT,
    systemd::ARTEFACT,
    dotenv::ARTEFACT,
    env_docs::ARTEFACT,
    json_schema::ARTEFACT,
    plan::ARTEFACT,
    service_file::ARTEFACT,
    hardening::ARTEFACT,
    guides::ARTEFACT,
    openapi::ARTEFACT,
];
