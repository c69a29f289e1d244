//! SHA-256 digests, as the image-spec writes them (`descriptor.md`, "Digests").

use std::fmt;

use base16ct::HexDisplay;
use oci_spec::OciSpecError;
use oci_spec::image::{Descriptor, MediaType};
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

/// The descriptor of `bytes`.
pub(super) fn descriptor(media_type: MediaType, bytes: &[u8]) -> Result<Descriptor, OciSpecError> {
    let digest = Digest::of(bytes);
    let digest: oci_spec::image::Digest = digest.as_str().parse()?;
    Ok(Descriptor::new(media_type, bytes.len() as u64, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_one_that_others_compute() {
        let empty = Digest::of(b"{}");
        // The empty JSON blob of the image-spec.
        let known = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(empty.hex(), known);
        assert_eq!(empty.to_string(), format!("sha256:{known}"));
        assert_eq!(empty.blob(), format!("blobs/sha256/{known}"));
        assert_eq!(Digest::parse(empty.as_str()), Some(empty));
    }

    #[test]
    fn an_invalid_digest_is_not_parsed() {
        for wrong in ["", "sha256:", "sha512:00", "sha256:../../etc/passwd"] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Digest::parse(&format!("sha256:{}", "A".repeat(64))), None);
    }
}
