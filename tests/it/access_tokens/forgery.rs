//! Tokens put together by hand, each wrong in one detail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::{FOREIGN, KEY, now};
use crate::support::{Session, part};

/// A token put together by hand.
#[derive(Clone)]
pub(super) struct Forgery {
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
}

impl Forgery {
    /// What the server itself would have made for the session.
    pub(super) fn true_to(session: &Session) -> Self {
        Self {
            header: part(&session.access, 0),
            claims: part(&session.access, 1),
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(KEY.as_bytes()),
        }
    }

    pub(super) fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub(super) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    pub(super) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    pub(super) fn signed_by(mut self, key: &[u8], algorithm: Algorithm) -> Self {
        self.key = EncodingKey::from_secret(key);
        self.algorithm = algorithm;
        self
    }

    pub(super) fn token(&self) -> String {
        let header = serde_json::to_vec(&self.header).unwrap();
        let claims = serde_json::to_vec(&self.claims).unwrap();
        sign(&header, &claims, &self.key, self.algorithm)
    }
}

pub(super) fn sign(
    header: &[u8],
    claims: &[u8],
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let [header, claims] = [header, claims].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let message = format!("{header}.{claims}");
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// What is wrong with a token, and the token.
pub(super) type Forgeries = Vec<(&'static str, Forgery)>;

pub(super) fn with_another_signature(good: &Forgery) -> Forgeries {
    let (hs384, hs512) = (Algorithm::HS384, Algorithm::HS512);
    vec![
        (
            "a foreign key",
            good.clone().signed_by(FOREIGN, Algorithm::HS256),
        ),
        (
            "an empty key",
            good.clone().signed_by(b"", Algorithm::HS256),
        ),
        (
            "HS384",
            good.clone()
                .header("alg", json!("HS384"))
                .signed_by(KEY.as_bytes(), hs384),
        ),
        (
            "HS512",
            good.clone()
                .header("alg", json!("HS512"))
                .signed_by(KEY.as_bytes(), hs512),
        ),
        (
            "alg in lower case",
            good.clone().header("alg", json!("hs256")),
        ),
        ("RS256", good.clone().header("alg", json!("RS256"))),
        ("no alg", good.clone().without_header("alg")),
    ]
}

pub(super) fn with_another_header(good: &Forgery) -> Forgeries {
    vec![
        ("typ JWT", good.clone().header("typ", json!("JWT"))),
        (
            "typ of a reset token",
            good.clone().header("typ", json!("reset+jwt")),
        ),
        ("no typ", good.clone().without_header("typ")),
        ("typ null", good.clone().header("typ", Value::Null)),
        ("crit", good.clone().header("crit", json!(["exp"]))),
        ("an empty crit", good.clone().header("crit", json!([]))),
        ("crit null", good.clone().header("crit", Value::Null)),
        (
            "a member of no use",
            good.clone().header("cty", json!("JWT")),
        ),
        (
            "an unencoded payload",
            good.clone()
                .header("b64", json!(false))
                .header("crit", json!(["b64"])),
        ),
        ("no kid", good.clone().without_header("kid")),
        ("another kid", good.clone().header("kid", json!("another"))),
        (
            "a kid that is a path",
            good.clone().header("kid", json!("../../etc/passwd")),
        ),
    ]
}

pub(super) fn with_other_claims(good: &Forgery, stranger: &Value) -> Forgeries {
    let other_id = json!(uuid::Uuid::new_v4());
    let past = now() - 1;
    vec![
        (
            "another issuer",
            good.clone().claim("iss", json!("someone")),
        ),
        ("no issuer", good.clone().without_claim("iss")),
        (
            "a list of issuers",
            good.clone().claim("iss", json!(["aura"])),
        ),
        (
            "another audience",
            good.clone().claim("aud", json!("another")),
        ),
        ("no audience", good.clone().without_claim("aud")),
        ("expired", good.clone().claim("exp", json!(past))),
        ("expired long ago", good.clone().claim("exp", json!(0))),
        (
            "expired before time began",
            good.clone().claim("exp", json!(i64::MIN)),
        ),
        ("no exp", good.clone().without_claim("exp")),
        (
            "exp as text",
            good.clone().claim("exp", json!("9999999999")),
        ),
        ("exp null", good.clone().claim("exp", Value::Null)),
        (
            "exp after the end of time",
            good.clone()
                .claim("exp", json!(1_000_000_000_000_000_000_i64)),
        ),
        (
            "exp past all numbers",
            good.clone().claim("exp", json!(1e30)),
        ),
        (
            "exp in fractions",
            good.clone().claim("exp", json!(9_999_999_999.5)),
        ),
        (
            "exp in two days",
            good.clone().claim("exp", json!(now() + 2 * 24 * 60 * 60)),
        ),
        (
            "issued in an hour",
            good.clone().claim("iat", json!(now() + 60 * 60)),
        ),
        ("issued before time", good.clone().claim("iat", json!(-1))),
        (
            "iat in fractions",
            good.clone().claim("iat", json!(1_700_000_000.5)),
        ),
        (
            "another's sub",
            good.clone().claim("sub", stranger["sub"].clone()),
        ),
        ("nobody's sub", good.clone().claim("sub", other_id.clone())),
        ("no sub", good.clone().without_claim("sub")),
        (
            "another's sid",
            good.clone().claim("sid", stranger["sid"].clone()),
        ),
        ("nobody's sid", good.clone().claim("sid", other_id)),
        ("no sid", good.clone().without_claim("sid")),
    ]
}
