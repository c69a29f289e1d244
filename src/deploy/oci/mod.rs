//! The OCI image of a service: assembled in memory, the same to the byte every time, written to
//! disk, compared and read back.
//!
//! From ground to roof, as in `src/lib.rs`: a module imports only what stands above it. Documents
//! follow the OCI image-spec. Nothing asks a clock, the environment or a registry.

/// Platforms that images are made for.
pub mod platform;

/// Executables: processor, linkage and crates, read from ELF.
pub mod program;

/// Errors of the input and of assembling.
pub mod error;

/// SHA-256 digests, descriptors, and JSON in one form only.
pub mod digest;

/// Files and folders of a layer.
pub mod entry;

/// Layers as bytes: archived, compressed, unpacked.
pub mod layer;

/// The CA bundle.
pub mod ca;

/// The creation time, which is given.
pub mod created;

/// Names and tags.
pub mod reference;

/// The request for an image: programs, name, compression.
pub mod request;

/// The image configuration, and the artefact `oci`.
pub mod config;

/// The base layer.
mod base;

/// The SBOM, in CycloneDX.
mod sbom;

/// One image of one platform.
mod image;

/// The images of a request as an OCI layout.
pub mod rendered;

/// Output formats: folder, OCI archive, Docker archive.
pub mod format;

/// Layouts of any maker, read and verified.
pub mod read;

/// Images on disk: written as a whole, or compared.
pub mod disk;

/// Programs and images for tests.
#[cfg(test)]
pub(crate) mod sample;

#[cfg(test)]
mod tests;
