//! `aura key generate`.

use std::process::ExitCode;

use anyhow::anyhow;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::{Args, Subcommand, ValueEnum};

use super::output;
use crate::clock::random_bytes;

/// Make keys.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  (umask 077 && aura key generate --algorithm EdDSA > jwt-private-key.pem)"
)]
pub(super) struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Print a new key: a secret for `JWT_SECRET_KEY`, or a PEM for `JWT_PRIVATE_KEY`.
    #[command(after_help = "Examples:\n  aura key generate\n  \
        (umask 077 && aura key generate --algorithm ES256 > jwt-private-key.pem)")]
    Generate {
        /// What the key is for, as in `JWT_ALGORITHM`.
        #[arg(long, default_value = "HS256", ignore_case = true)]
        algorithm: Algorithm,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Algorithm {
    #[value(name = "HS256")]
    Hs256,
    #[value(name = "HS384")]
    Hs384,
    #[value(name = "HS512")]
    Hs512,
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl Key {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let KeyCommand::Generate { algorithm } = self.command;
        let failed = |_| anyhow!("the key could not be made: the library gave no reason");
        let text = match algorithm {
            // As long as the algorithm's hash, so that the key is no weaker than the tag.
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
                format!("{}\n", URL_SAFE_NO_PAD.encode(random_bytes::<64>()))
            }
            Algorithm::Rs256 => {
                let key = KeyPair::generate(KeySize::Rsa3072).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                pem(der.as_ref())
            }
            Algorithm::Es256 => {
                let random = aws_lc_rs::rand::SystemRandom::new();
                let rules = &ECDSA_P256_SHA256_FIXED_SIGNING;
                pem(EcdsaKeyPair::generate_pkcs8(rules, &random)
                    .map_err(failed)?
                    .as_ref())
            }
            Algorithm::EdDsa => {
                let random = aws_lc_rs::rand::SystemRandom::new();
                pem(Ed25519KeyPair::generate_pkcs8v1(&random)
                    .map_err(failed)?
                    .as_ref())
            }
        };
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A PKCS#8 document in PEM (RFC 7468).
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
