//! Hazards: manifests that work when they are applied and hurt later.
//!
//! The expectations follow from the facts of the service and from the settings that a container is
//! started with. Manifests of ours have to have every part; in those of others only what is there
//! is judged.

/// A running container.
mod running;

/// Network policies that let everybody through.
mod network;

/// Probes, and the time that a pod has to end.
mod pod;

/// Settings that do not fit where they are.
mod settings;

/// All of them, in what is applied together.
pub(super) mod group;
