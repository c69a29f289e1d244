//! Keys and tokens: what could be guessed, what an old secret may still sign, which secrets lie open.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use crate::settings::{KEY, PEM, faults, load};
use crate::support::{Session, Settings, Sqlite, part};

const GUESSABLE: [&str; 6] = [
    "0123456789abcdef0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "correct horse battery staple and more",
    "this-is-my-very-secret-signing-key-for-production",
    "Password123!Password123!Password123!",
    "dGhpcyBpcyBteSBzZWNyZXQga2V5IGZvciBqd3Q=",
];

#[test]
fn keys_that_could_be_guessed_are_refused_where_users_are_real() {
    for tier in ["staging", "production"] {
        for key in GUESSABLE {
            let tier = ("ENVIRONMENT", tier);
            let text = faults(&[tier, ("JWT_SECRET_KEY", key)]);
            assert!(
                text.contains("JWT_SECRET_KEY: could be guessed"),
                "{key}: {text}"
            );
            assert!(!text.contains(key), "{text}");
            let own = ("JWT_SECRET_KEY", KEY);
            let client = ("OAUTH_CLIENT_ID", "shop");
            let text = faults(&[tier, own, client, ("OAUTH_CLIENT_SECRET", key)]);
            assert!(
                text.contains("OAUTH_CLIENT_SECRET: could be guessed"),
                "{text}"
            );
            let new = ("OAUTH_CLIENT_SECRET", "Yp3kR8sVt2xW6zB9cD4fG7hJ1mN5qL0a");
            let previous = ("OAUTH_PREVIOUS_CLIENT_SECRET", key);
            let text = faults(&[tier, own, client, new, previous]);
            assert!(
                text.contains("OAUTH_PREVIOUS_CLIENT_SECRET: could be guessed"),
                "{text}"
            );
            if key.contains(' ') {
                continue;
            }
            for previous in [key.to_owned(), format!("HS256:{key}")] {
                let text = faults(&[tier, own, ("JWT_PREVIOUS_KEYS", &previous)]);
                assert!(
                    text.contains("JWT_PREVIOUS_KEYS: could be guessed"),
                    "{text}"
                );
            }
        }
        let own = [("ENVIRONMENT", tier), ("JWT_SECRET_KEY", KEY)];
        let client = [
            own[0],
            own[1],
            ("OAUTH_CLIENT_ID", "shop"),
            ("OAUTH_CLIENT_SECRET", "x"),
        ];
        let text = faults(&client);
        assert!(
            text.contains("OAUTH_CLIENT_SECRET: is 1 bytes long"),
            "{text}"
        );
    }
    // A person's machine may have simple ones.
    assert!(load(&[("JWT_SECRET_KEY", GUESSABLE[0])]).is_ok());
    assert!(load(&[("OAUTH_CLIENT_ID", "shop"), ("OAUTH_CLIENT_SECRET", "x")]).is_ok());
}

/// A token that the holder of an old secret makes of a session, with another algorithm.
fn signed_by_secret(session: &Session, secret: &str, algorithm: Algorithm, kid: &str) -> String {
    let header = Header {
        typ: Some("at+jwt".to_owned()),
        kid: Some(kid.to_owned()),
        ..Header::new(algorithm)
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&header, &session.claims(), &key).unwrap()
}

#[tokio::test]
async fn an_old_secret_signs_nothing_for_a_server_that_signs_with_a_private_key() {
    let secret = Settings::new().done(&["key", "generate"]).await;
    let secret = secret.trim_end();
    let file = Sqlite::new();
    let base = Settings::new().database(&file.url());
    let aura = base.clone().set("JWT_SECRET_KEY", secret).start().await;
    let old = aura.client().newcomer().await;
    let kid = part(&old.access, 0)["kid"].as_str().unwrap().to_owned();
    drop(aura);

    let private = base
        .done(&["key", "generate", "--algorithm", "ES256"])
        .await;
    let private = private.trim_end();
    let es256 = base
        .set("JWT_ALGORITHM", "ES256")
        .set("JWT_PRIVATE_KEY", private);
    let named = format!("HS256:{secret}");
    let other = format!("HS512:{secret}");
    for (previous, status) in [(secret, 401), (&named, 200), (&other, 401)] {
        let aura = es256
            .clone()
            .set("JWT_PREVIOUS_KEYS", previous)
            .start()
            .await;
        let client = aura.client();
        let session = client.signed_in(&old.email).await;
        let token = signed_by_secret(&session, secret, Algorithm::HS256, &kid);
        client.me(&token).await.is(status);
        client.me(&session.access).await.is(200);
    }
}

#[test]
fn a_secret_that_every_user_can_read_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let path = folder.path().join("key");
    fs::write(&path, KEY).unwrap();
    let file = path.to_str().unwrap();
    let warned = || {
        let loaded = load(&[("JWT_SECRET_KEY_FILE", file)]).unwrap();
        let mut warnings = loaded.warnings.iter().map(ToString::to_string);
        warnings.any(|warning| {
            warning.contains("JWT_SECRET_KEY: the file") && warning.contains("every user")
        })
    };
    for (folder_mode, file_mode, expected) in [
        (0o755, 0o644, true),
        (0o755, 0o604, true),
        (0o755, 0o640, false),
        (0o755, 0o600, false),
        // Behind a door that is shut, its own mode opens nothing.
        (0o700, 0o644, false),
    ] {
        open(folder.path(), folder_mode);
        open(&path, file_mode);
        assert_eq!(warned(), expected, "{folder_mode:o} {file_mode:o}");
    }
    // PEM files are secrets, too, and so is what stands in a directory of secrets.
    open(folder.path(), 0o755);
    fs::write(&path, PEM).unwrap();
    open(&path, 0o644);
    let loaded = load(&[("JWT_PRIVATE_KEY_FILE", file)]).unwrap();
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
}
