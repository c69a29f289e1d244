//! Manifests and `.env` files of any origin, against the settings that there are.
//!
//! From ground to roof, as in `src/lib.rs`. It reads `ConfigMap`s, `Secret`s, `SealedSecret`s,
//! `ExternalSecret`s, whatever runs pods, and `.env` files; from a directory, a file or a stream
//! such as `kubectl get -o yaml`. It changes nothing and asks no cluster.

/// Findings, and where they are.
pub mod report;

/// Files that are read.
pub mod input;

/// YAML to objects.
pub(crate) mod yaml;

/// `.env` files to variables.
mod dotenv;

/// YAML with the lines of its values.
mod node;

/// The lines that name a setting.
pub mod occurrence;

/// Values of keys in ConfigMaps and Secrets.
mod given;

/// ConfigMaps, Secrets and workloads.
mod object;

/// Keys and values that are wrong by themselves.
mod values;

/// Merged objects, and the files that each part comes from.
mod merged;

/// The lines of hazards.
pub(crate) mod line;

/// Objects that are applied together.
mod overlay;

/// The settings of one process.
mod process;

/// The objects that belong to the service.
mod ownership;

/// Manifests that work when they are applied, and hurt later.
mod hazard;

/// The inspection as a whole.
pub mod inspection;

#[cfg(test)]
mod tests;
