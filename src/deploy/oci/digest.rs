//! SHA-256 digests, as the image-spec writes them (`descriptor.md`, "Digests"), and the one form of
//! JSON that they are taken over.

use std::fmt;

use base16ct::HexDisplay;
use oci_spec::OciSpecError;
use oci_spec::image::{Descriptor, MediaType};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{:x}", HexDisplay(&Sha256::digest(bytes))))
    }

    /// `text` as a digest; none where it is not one of SHA-256.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:")?;
        let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        (digits.len() == 64 && digits.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// With its algorithm: `sha256:…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The 64 hex digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.trim_start_matches("sha256:")
    }

    /// The path of the blob in a layout (image-spec, `image-layout.md`).
    #[must_use]
    pub fn blob(&self) -> String {
        format!("blobs/sha256/{}", self.hex())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `value` with its keys sorted by their bytes.
///
/// A digest is over bytes, so they must not depend on the order of a hash map, in which the library
/// keeps labels and annotations.
pub(super) fn sorted(value: &impl Serialize) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(value)?;
    value.sort_all_objects();
    Ok(value)
}

/// `value` as JSON in one form only: keys sorted, no space, no line end.
pub(super) fn canonical(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&sorted(value)?)
}

/// The descriptor of `bytes`.
pub(super) fn descriptor(media_type: MediaType, bytes: &[u8]) -> Result<Descriptor, OciSpecError> {
    let digest = Digest::of(bytes);
    let digest: oci_spec::image::Digest = digest.as_str().parse()?;
    Ok(Descriptor::new(media_type, bytes.len() as u64, digest))
}

#[cfg(test)]
mod tests;
