//! The certificates of authorities that the service trusts when it calls others.

use rustls_pki_types::pem::{PemObject as _, SectionKind};

use super::fault::InputError;

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
        // Wherever in its line: one that begins with the mark of a joined file is a key as well.
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

    /// How many certificates it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }
}

/// Whether `der` is one sequence from end to end, as every certificate is (X.690, 8.1).
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
mod tests {
    use super::*;
    use crate::deploy::oci::sample::CERTIFICATE;

    fn refused(text: &str) -> String {
        CaBundle::read(text.into()).unwrap_err().to_string()
    }

    #[test]
    fn certificates_are_counted_and_kept_as_they_are() {
        let text = format!("# Example CA\n{CERTIFICATE}\r\n\n{CERTIFICATE}");
        let bundle = CaBundle::read(text.clone().into()).unwrap();
        assert_eq!(bundle.count(), 2);
        assert_eq!(bundle.bytes(), text.as_bytes());
        let marked = CaBundle::read(format!("\u{feff}{CERTIFICATE}").into()).unwrap();
        assert_eq!(marked.bytes(), CERTIFICATE.as_bytes());
    }

    #[test]
    fn what_is_no_bundle_is_refused_with_the_reason() {
        let cut = &CERTIFICATE[..CERTIFICATE.len() / 2];
        let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (text, why) in [
            ("", "is empty"),
            (" \n\n", "is empty"),
            ("<html>not found</html>", "no certificate in PEM"),
            (cut, "is not PEM"),
            (hollow, "holds no certificate"),
            (&CERTIFICATE.replace("MII", "M*I"), "is not PEM"),
            (&format!("{CERTIFICATE}{cut}"), "is not PEM"),
        ] {
            let error = refused(text);
            assert!(error.contains(why), "{text:?}: {error}");
            assert!(error.contains("ca-certificates"), "{error}");
        }
    }

    #[test]
    fn a_private_key_in_the_bundle_is_refused_and_not_shown() {
        for kind in ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            let key = format!("-----BEGIN {kind}-----\nc2VjcmV0\n-----END {kind}-----\n");
            for mark in ["", "\u{feff}", "\u{feff}\u{feff}"] {
                let error = refused(&format!("{mark}{key}{CERTIFICATE}{mark}{key}"));
                assert!(error.contains("private key"), "{error}");
                assert!(!error.contains("c2VjcmV0"), "{error}");
            }
        }
        let other = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
        assert!(refused(&format!("{CERTIFICATE}{other}")).contains("something else"));
    }
}
