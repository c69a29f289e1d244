//! The certificates of authorities that the service trusts when it calls others.

use rustls_pki_types::pem::{PemObject as _, SectionKind};

use super::error::InputError;

/// Larger files are no bundle; those of the world's browsers have a quarter of a mebibyte.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The byte-order mark, in UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A PEM file of certificates, byte for byte as it was given, but for a byte-order mark: readers of
/// PEM pass over the certificate behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle {
    bytes: Vec<u8>,
    count: usize,
}

impl CaBundle {
    /// Looks at the file whose content is `bytes`. Text between the certificates is kept.
    ///
    /// # Errors
    /// [`InputError::CaBundle`] where it is empty, is not PEM (RFC 7468), holds no certificate, or
    /// holds anything else, such as a private key, which an image would hand to everybody.
    pub fn read(mut bytes: Vec<u8>) -> Result<Self, InputError> {
        if bytes.starts_with(MARK) {
            bytes.drain(..MARK.len());
        }
        let wrong = |what: &str| Err(InputError::CaBundle(what.to_owned()));
        if bytes.trim_ascii().is_empty() {
            return wrong("is empty");
        }
        if bytes.len() > MOST_BYTES {
            return wrong("is larger than 16 MiB");
        }
        // Anywhere in its line: files joined without a line break put a key behind other text.
        let holds = |line: &[u8], text: &[u8; 11]| line.windows(11).any(|part| part == text);
        let is_key = |line: &[u8]| holds(line, b"-----BEGIN ") && holds(line, b"PRIVATE KEY");
        if bytes.split(|byte| *byte == b'\n').any(is_key) {
            return wrong("holds a private key, which everybody could read in the image");
        }
        let mut count = 0;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&bytes) {
            match section {
                Ok((SectionKind::Certificate, der)) if is_sequence(&der) => count += 1,
                Ok((SectionKind::Certificate, _)) => {
                    return wrong("has a section CERTIFICATE that holds no certificate");
                }
                Ok(_) => return wrong("holds something else than certificates"),
                Err(error) => return wrong(&format!("is not PEM: {error}")),
            }
        }
        if count == 0 {
            return wrong("holds no certificate in PEM");
        }
        Ok(Self { bytes, count })
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of certificates.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

/// Checks whether `der` is one sequence from end to end, as every certificate is (X.690, 8.1).
fn is_sequence(der: &[u8]) -> bool {
    let Some((&[0x30, first], rest)) = der.split_first_chunk::<2>() else {
        return false;
    };
    let long = usize::from(first & 0x7f);
    if first < 0x80 {
        return rest.len() == long;
    }
    let Some((length, content)) = rest
        .split_at_checked(long)
        .filter(|_| (1..=4).contains(&long))
    else {
        return false;
    };
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    content.len() == length
}

#[cfg(test)]
mod tests;
