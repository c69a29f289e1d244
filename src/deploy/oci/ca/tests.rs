//! Unit tests of `ca`.

use super::*;
use crate::deploy::oci::sample::CERTIFICATE;
use crate::deploy::sample::assert_holds;

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
fn an_invalid_ca_bundle_is_refused_with_the_reason() {
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
        assert_holds(&error, &["ca-certificates"]);
    }
}

#[test]
fn a_private_key_in_the_bundle_is_refused_and_not_shown() {
    for kind in ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        let key = format!("-----BEGIN {kind}-----\nc2VjcmV0\n-----END {kind}-----\n");
        for mark in ["", "\u{feff}", "\u{feff}\u{feff}"] {
            let error = refused(&format!("{mark}{key}{CERTIFICATE}{mark}{key}"));
            assert_holds(&error, &["private key"]);
            assert!(!error.contains("c2VjcmV0"), "{error}");
        }
    }
    let other = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
    assert!(refused(&format!("{CERTIFICATE}{other}")).contains("something else"));
}
