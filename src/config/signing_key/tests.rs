//! Unit tests of `signing_key`.

use super::*;

const PEM: &str =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

fn secret(key: &str) -> Result<SecretKey, String> {
    SecretKey::try_from(key.to_owned())
}

#[test]
fn examples_and_short_keys_are_refused_without_being_quoted() {
    for weak in [
        "your-secret-key",
        "your-secret-key-that-is-at-least-32-characters",
        "change-me-in-production-please-now",
        "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
        "secretsecretsecretsecretsecretsecret",
        "secret-secret-secret-secret-secret-secret",
        "a-string-secret-at-least-256-bits-long",
        "your-256-bit-secret",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "only-31-bytes-of-key-are-in-her",
    ] {
        let error = secret(weak).unwrap_err();
        assert!(!error.contains(weak), "{error}");
    }
    for strong in [
        "0123456789abcdef0123456789abcdef",
        "Zk3v0yT1mE8qWn5aRb7uXc2dLf9hJg4s",
        "correct horse battery staple and more",
    ] {
        assert!(secret(strong).is_ok(), "{strong}");
    }
}

#[test]
fn escaped_line_breaks_are_line_breaks() {
    let escaped = PEM.replace('\n', "\\n");
    let key = PrivateKey::try_from(escaped).unwrap();
    assert_eq!(key.as_pem(), PEM);
    assert_eq!(PrivateKey::try_from(PEM.to_owned()).unwrap(), key);
}

#[test]
fn other_pem_blocks_are_refused_by_name() {
    let sec1 = PEM.replace("PRIVATE", "EC PRIVATE");
    let error = PrivateKey::try_from(sec1).unwrap_err();
    assert!(error.contains("openssl pkcs8 -topk8 -nocrypt"), "{error}");
    let public = PEM.replace("PRIVATE", "PUBLIC");
    assert!(
        PrivateKey::try_from(public)
            .unwrap_err()
            .contains("no private key")
    );
    let encrypted = PEM.replace("PRIVATE", "ENCRYPTED PRIVATE");
    assert!(
        PrivateKey::try_from(encrypted)
            .unwrap_err()
            .contains("encrypted")
    );
    for wrong in [
        "",
        "word",
        &PEM[..40],
        &format!("{PEM}{PEM}"),
        &format!("x {PEM}"),
    ] {
        assert!(PrivateKey::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}
