//! The list of artefacts: the command line, `all`, the drift check and the tests follow it.

use super::artefact::Artefact;
use super::{
    compose, dockerfile, dotenv, env_docs, guides, hardening, json_schema, kubernetes, oci,
    openapi, service_file, systemd,
};

/// Every artefact, in the order of `--help`.
pub const ARTEFACTS: &[Artefact] = &[
    kubernetes::ARTEFACT,
    compose::ARTEFACT,
    dockerfile::ARTEFACT,
    oci::config::ARTEFACT,
    systemd::ARTEFACT,
    dotenv::ARTEFACT,
    env_docs::ARTEFACT,
    json_schema::ARTEFACT,
    json_schema::DEPLOY_TOML,
    service_file::ARTEFACT,
    hardening::ARTEFACT,
    guides::ARTEFACT,
    openapi::ARTEFACT,
];
