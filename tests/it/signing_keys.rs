//! Proves that all six algorithms work end to end with the keys that `aura key generate` makes,
//! that a public key signs nothing, and that a key is replaced without signing anybody out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, decode};
use serde_json::{Value, json};

use crate::support::{Client, Redis, Session, Settings, Sqlite, part};

const JWKS: &str = "/.well-known/jwks.json";

const SYMMETRIC: [&str; 3] = ["HS256", "HS384", "HS512"];
const ASYMMETRIC: [&str; 3] = ["RS256", "ES256", "EdDSA"];

async fn generate(algorithm: &str) -> String {
    let arguments = ["key", "generate", "--algorithm", algorithm];
    let key = Settings::new().done(&arguments).await;
    key.trim_end().to_owned()
}

/// Settings that sign with a new key.
async fn signing_with(settings: Settings, algorithm: &str) -> (Settings, String) {
    let key = generate(algorithm).await;
    let name = if algorithm.starts_with("HS") {
        "JWT_SECRET_KEY"
    } else {
        "JWT_PRIVATE_KEY"
    };
    (
        settings
            .set("JWT_ALGORITHM", algorithm)
            .set(name, key.as_str()),
        key,
    )
}

fn kid(session: &Session) -> String {
    part(&session.access, 0)["kid"].as_str().unwrap().to_owned()
}

/// The public keys in the set.
async fn published(client: &Client) -> Vec<Value> {
    let set = client.get(JWKS).await;
    set.is(200).json["keys"].as_array().expect("a set").clone()
}

/// Verifies the token as another service would, by the published key alone.
async fn is_verified_by_the_key_set(client: &Client, session: &Session, algorithm: &str) {
    let keys = published(client).await;
    if SYMMETRIC.contains(&algorithm) {
        assert!(keys.is_empty(), "a secret has no public part: {keys:?}");
        return;
    }
    for key in &keys {
        let members = key.as_object().unwrap();
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(
                !members.contains_key(private),
                "{private} is private: {members:?}"
            );
        }
        assert_eq!(key["alg"], algorithm, "{key}");
        assert_eq!(key["use"], "sig", "{key}");
    }
    let set: JwkSet = serde_json::from_value(json!({"keys": keys})).unwrap();
    let jwk = set.find(&kid(session)).expect("the token's key in the set");
    let key = DecodingKey::from_jwk(jwk).unwrap();
    let mut rules = Validation::new(algorithm.parse::<Algorithm>().unwrap());
    rules.set_audience(&["aura"]);
    rules.set_issuer(&["aura"]);
    let claims = decode::<Value>(&session.access, &key, &rules)
        .unwrap()
        .claims;
    assert_eq!(claims, session.claims());
}

async fn works_with(algorithm: &str) {
    let (settings, key) = signing_with(Settings::new(), algorithm).await;
    assert_ne!(generate(algorithm).await, key, "no two keys are the same");
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let header = part(&session.access, 0);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!(algorithm), &json!("at+jwt"))
    );
    client.me(&session.access).await.is(200);
    is_verified_by_the_key_set(&client, &session, algorithm).await;
    let (one, other) = tokio::join!(
        client.refresh(&session.refresh),
        client.refresh(&session.refresh)
    );
    assert_eq!(one.is(200).text, other.is(200).text);
    client.me(&one.text_of("access_token")).await.is(200);
    let secret_line = key.lines().max_by_key(|line| line.len()).unwrap();
    assert!(!aura.log().contains(secret_line), "the key is in the log");
}

#[tokio::test]
async fn every_symmetric_algorithm_works_and_publishes_nothing() {
    for algorithm in SYMMETRIC {
        works_with(algorithm).await;
    }
}

#[tokio::test]
async fn every_asymmetric_algorithm_works_and_publishes_its_public_key() {
    for algorithm in ASYMMETRIC {
        works_with(algorithm).await;
    }
}

/// A DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match u8::try_from(length) {
        Ok(short @ ..128) => element.push(short),
        Ok(long) => element.extend([0x81, long]),
        Err(_) => {
            element.push(0x82);
            element.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    element.extend(content);
    element
}

/// The public key as the DER that stands in its PEM file (RFC 5280, `SubjectPublicKeyInfo`).
fn public_der(jwk: &Value) -> Vec<u8> {
    let bytes = |member: &str| {
        URL_SAFE_NO_PAD
            .decode(jwk[member].as_str().unwrap())
            .unwrap()
    };
    let positive = |member: &str| der(0x02, &[&[0], bytes(member).as_slice()].concat());
    let bits = |content: &[u8]| der(0x03, &[&[0], content].concat());
    let (algorithm, key): (&[u8], _) = match jwk["kty"].as_str().unwrap() {
        "RSA" => {
            let exponent = der(0x02, &bytes("e"));
            let key = der(0x30, &[positive("n"), exponent].concat());
            (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", key)
        }
        "EC" => {
            let point = [vec![4], bytes("x"), bytes("y")].concat();
            (
                b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
                point,
            )
        }
        _ => (b"\x06\x03\x2b\x65\x70", bytes("x")),
    };
    der(0x30, &[der(0x30, algorithm), bits(&key)].concat())
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}

#[tokio::test]
async fn a_public_key_does_not_sign_tokens() {
    for algorithm in ASYMMETRIC {
        let (settings, _) = signing_with(Settings::new(), algorithm).await;
        let secret = "Vb3nM6qW9eR2tY5uI8oP1aS4dF7gH0jKlZxC";
        let aura = settings.set("JWT_SECRET_KEY", secret).start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let jwk = &published(&client).await[0];
        let der = public_der(jwk);
        let pem = pem(&der);
        // The PEM is the very key: it verifies.
        let decoding = match algorithm {
            "RS256" => DecodingKey::from_rsa_pem(pem.as_bytes()),
            "ES256" => DecodingKey::from_ec_pem(pem.as_bytes()),
            _ => DecodingKey::from_ed_pem(pem.as_bytes()),
        };
        let mut rules = Validation::new(algorithm.parse().unwrap());
        rules.set_audience(&["aura"]);
        decode::<Value>(&session.access, &decoding.unwrap(), &rules).unwrap();

        let x = jwk.get("x").or(jwk.get("n")).unwrap().as_str().unwrap();
        let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
        let jwk_text = jwk.to_string();
        let keys: [&[u8]; 7] = [
            pem.as_bytes(),
            pem.trim_end().as_bytes(),
            &der,
            x.as_bytes(),
            &raw,
            jwk_text.as_bytes(),
            secret.as_bytes(),
        ];
        for key in keys {
            for hmac in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let mut header = jsonwebtoken::Header::new(hmac);
                header.typ = Some("at+jwt".to_owned());
                header.kid = Some(kid(&session));
                let key = EncodingKey::from_secret(key);
                let token = jsonwebtoken::encode(&header, &session.claims(), &key).unwrap();
                client.me(&token).await.problem(401, "invalid_token");
                header.kid = None;
                let token = jsonwebtoken::encode(&header, &session.claims(), &key).unwrap();
                client.me(&token).await.problem(401, "invalid_token");
            }
        }
        // Another key of the same kind, under the name of the right one.
        let foreign = generate(algorithm).await;
        let key = match algorithm {
            "RS256" => EncodingKey::from_rsa_pem(foreign.as_bytes()),
            "ES256" => EncodingKey::from_ec_pem(foreign.as_bytes()),
            _ => EncodingKey::from_ed_pem(foreign.as_bytes()),
        };
        let mut header = jsonwebtoken::Header::new(algorithm.parse().unwrap());
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(kid(&session));
        let token = jsonwebtoken::encode(&header, &session.claims(), &key.unwrap()).unwrap();
        client.me(&token).await.problem(401, "invalid_token");
        client.me(&session.access).await.is(200);
    }
}

/// Replaces the key of `from` by one of `to` on one Redis and one database. Gives what the old
/// tokens are worth with the old key kept, and without.
async fn replace(redis: &Redis, from: &str, to: &str) {
    let file = Sqlite::new();
    let base = Settings::new().redis(redis).database(&file.url());
    let (old, old_key) = signing_with(base.clone(), from).await;
    let aura = old.start().await;
    let client = aura.client();
    let first = client.newcomer().await;
    let second = client.signed_in(&first.email).await;
    let third = client.signed_in(&first.email).await;
    drop(aura);

    let (new, _) = signing_with(base, to).await;
    let aura = new
        .clone()
        .set("JWT_PREVIOUS_KEYS", old_key.as_str())
        .start()
        .await;
    let client = aura.client();
    for session in [&first, &second, &third] {
        client.me(&session.access).await.is(200);
    }
    let (one, other) = tokio::join!(
        client.refresh(&first.refresh),
        client.refresh(&first.refresh)
    );
    assert_eq!(one.is(200).text, other.is(200).text);
    let renewed = Session {
        email: first.email.clone(),
        access: one.text_of("access_token"),
        refresh: one.text_of("refresh_token"),
    };
    assert_ne!(
        kid(&renewed),
        kid(&first),
        "new tokens are signed with the new key"
    );
    client.me(&renewed.access).await.is(200);
    let names: Vec<Value> = published(&client)
        .await
        .iter()
        .map(|key| key["kid"].clone())
        .collect();
    for (session, algorithm) in [(&first, from), (&renewed, to)] {
        let asymmetric = ASYMMETRIC.contains(&algorithm);
        assert_eq!(
            names.contains(&json!(kid(session))),
            asymmetric,
            "{names:?}"
        );
    }
    drop(aura);

    // Once the old key is gone for good, so is all that hangs on it.
    let aura = new.start().await;
    let client = aura.client();
    client
        .me(&second.access)
        .await
        .problem(401, "invalid_token");
    client.me(&renewed.access).await.is(200);
    client.refresh(&renewed.refresh).await.is(200);
    let old = client.refresh(&third.refresh).await;
    if SYMMETRIC.contains(&from) {
        old.problem(401, "invalid_refresh_token");
    } else {
        // Refresh tokens hang on JWT_SECRET_KEY, which stayed.
        old.is(200);
    }
}

#[tokio::test]
async fn a_secret_key_is_replaced_without_ending_sessions() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    replace(&redis, "HS256", "HS256").await;
}

#[tokio::test]
async fn a_private_key_is_replaced_without_ending_sessions() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    replace(&redis, "ES256", "ES256").await;
    replace(&redis, "RS256", "EdDSA").await;
}
