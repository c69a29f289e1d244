//! New signing keys: random text for HMAC, PEM for the other algorithms.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::clock::random_bytes;
use crate::config::Algorithm;
use crate::schema::Secret;

/// A key that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the key could not be made: the library gave no reason")]
pub struct NoKey;

impl From<Unspecified> for NoKey {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

/// Makes a key that signs `algorithm`: a line of text for HMAC, else a private key in PEM
/// (PKCS #8, RFC 7468).
///
/// # Errors
/// [`NoKey`] where the library fails, which it does not explain.
pub fn new_key(algorithm: Algorithm) -> Result<Secret<String>, NoKey> {
    let random = SystemRandom::new();
    let key = match algorithm {
        // As long as the algorithm's hash, so that the key is no weaker than the tag.
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            format!("{}\n", URL_SAFE_NO_PAD.encode(random_bytes::<64>()))
        }
        Algorithm::Rs256 => {
            let key = KeyPair::generate(KeySize::Rsa3072)?;
            let der: Pkcs8V1Der<'_> = key.as_der()?;
            pem(der.as_ref())
        }
        Algorithm::Es256 => {
            let rules = &ECDSA_P256_SHA256_FIXED_SIGNING;
            pem(EcdsaKeyPair::generate_pkcs8(rules, &random)?.as_ref())
        }
        Algorithm::EdDsa => pem(Ed25519KeyPair::generate_pkcs8v1(&random)?.as_ref()),
    };
    Ok(Secret::new(key))
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}
