//! Unit tests of `previous_keys`.

use super::*;

const PEM: &str =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

fn secret(key: &str, algorithm: Option<Algorithm>) -> PreviousKey {
    let key = SecretKey::try_from(key.to_owned()).unwrap();
    PreviousKey::Secret { key, algorithm }
}

#[test]
fn previous_keys_mix_words_and_blocks() {
    let (a, b) = (
        "Zk3v0yT1mE8qWn5aRb7uXc2dLf9hJg4s",
        "Ab3v0yT1mE8qWn5aRb7uXc2dLf9hJg4t",
    );
    let text = format!("{a},{}\\n HS384:{b}\n{PEM}", PEM.replace('\n', "\\n"));
    let keys = PreviousKeys::try_from(text).unwrap();
    let expected = [
        secret(a, None),
        PreviousKey::Pem(PEM.to_owned()),
        secret(b, Some(Algorithm::Hs384)),
        PreviousKey::Pem(PEM.to_owned()),
    ];
    assert_eq!(keys.iter().cloned().collect::<Vec<_>>(), expected);
    let error = PreviousKeys::try_from(format!("{a} short")).unwrap_err();
    assert!(error.starts_with("key 2 is 5 bytes"), "{error}");
    for text in [
        format!("{a},\u{200b}{b}"),
        format!("{a} {b}\u{2060}"),
        format!("{a} HS384:\u{ad}{b}"),
    ] {
        let error = PreviousKeys::try_from(text).unwrap_err();
        assert!(
            error.starts_with("key 2 begins or ends with an inv"),
            "{error}"
        );
    }
    assert!(PreviousKeys::try_from(" , ".to_owned()).is_err());
    assert!(!format!("{keys:?}").contains("Zk3v"));
}
