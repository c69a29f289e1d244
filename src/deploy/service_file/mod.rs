//! `service.toml`: the facts of a service in any language, whose settings are a JSON Schema file.
//!
//! From ground to roof, as in `src/lib.rs`. The place of the service is `deploy.toml`'s business
//! (`plan/`).

/// Single values of the file.
mod text;

/// The file as it is written.
mod file;

/// Backends of the service.
mod backends;

/// Checks of the file against the schema.
mod checks;

/// From the file and the schema to a service.
mod build;

/// The JSON Schema and the reference page of the file.
mod schema;

#[cfg(test)]
mod tests;

pub use file::ServiceFile;
pub(crate) use schema::ARTEFACT;
