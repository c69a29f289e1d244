//! Proves what an access token says, and that nothing else is taken for one: every forgery is
//! `invalid_token`, each made from a token that would pass but for one detail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Client, PATIENCE, Raw, Session, Settings, part};

const FOREIGN: &[u8] = b"Zq1mN8xB5vC2lK9jH6gF3dS0aP7oI4uY1tR8eW5q";
const KEY: &str = "Wq8zT4nKs0LxYb7RfJ2vGm5HdC9pAeU3iOt6XkQ1";

/// A token put together by hand.
#[derive(Clone)]
struct Forgery {
    header: Value,
    claims: Value,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Forgery {
    /// What the server itself would have made for the session.
    fn true_to(session: &Session) -> Self {
        Self {
            header: part(&session.access, 0),
            claims: part(&session.access, 1),
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(KEY.as_bytes()),
        }
    }

    fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    fn signed_by(mut self, key: &[u8], algorithm: Algorithm) -> Self {
        self.key = EncodingKey::from_secret(key);
        self.algorithm = algorithm;
        self
    }

    fn token(&self) -> String {
        let header = serde_json::to_vec(&self.header).unwrap();
        let claims = serde_json::to_vec(&self.claims).unwrap();
        sign(&header, &claims, &self.key, self.algorithm)
    }
}

fn sign(header: &[u8], claims: &[u8], key: &EncodingKey, algorithm: Algorithm) -> String {
    let [header, claims] = [header, claims].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let message = format!("{header}.{claims}");
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

async fn is_refused(client: &Client, what: &str, token: &str) {
    for path in ["/auth/me", "/auth/verify", "/auth/sessions"] {
        let answer = client.bearer(reqwest::Method::GET, path, token).await;
        assert_eq!(answer.status, 401, "{what} at {path}: {answer:#?}");
        answer.problem(401, "invalid_token");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

#[tokio::test]
async fn a_token_says_who_and_for_how_long_and_nothing_more() {
    let settings = Settings::new().set("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", 5);
    let settings = settings.set("JWT_ISSUER", "https://id.example.com");
    let aura = settings.set("JWT_AUDIENCE", "shop").start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let header = part(&session.access, 0);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "HS256");
    assert!(!header["kid"].as_str().unwrap().is_empty());
    assert_eq!(header.as_object().unwrap().len(), 3, "{header}");

    let claims = session.claims();
    let mut names: Vec<_> = claims.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["aud", "client_id", "exp", "iat", "iss", "jti", "sid", "sub"]
    );
    assert_eq!(claims["client_id"], "aura");
    assert_eq!(claims["iss"], "https://id.example.com");
    assert_eq!(claims["aud"], "shop");
    let me = client.me(&session.access).await;
    assert_eq!(claims["sub"], me.is(200).json["id"]);
    let issued = claims["iat"].as_i64().unwrap();
    assert!((now() - issued).abs() < 60, "{claims}");
    assert_eq!(claims["exp"].as_i64().unwrap() - issued, 5 * 60);
    let sessions = client.bearer(reqwest::Method::GET, "/auth/sessions", &session.access);
    assert_eq!(claims["sid"], sessions.await.json[0]["id"]);
    let other = client.signed_in(&session.email).await.claims();
    assert_ne!(claims["jti"], other["jti"]);
    assert_ne!(claims["sid"], other["sid"]);
    for id in ["jti", "sid", "sub"] {
        claims[id].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    }
}

/// What is wrong with a token, and the token.
type Forgeries = Vec<(&'static str, Forgery)>;

fn with_another_signature(good: &Forgery) -> Forgeries {
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

fn with_another_header(good: &Forgery) -> Forgeries {
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

fn with_other_claims(good: &Forgery, stranger: &Value) -> Forgeries {
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

#[tokio::test]
async fn a_forged_token_is_refused_whatever_was_forged() {
    let aura = Settings::new().set("JWT_SECRET_KEY", KEY).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let stranger = client.newcomer().await;
    let good = Forgery::true_to(&session);
    // The forger can do it: one that is right in every detail is taken.
    let right = good.clone().claim("jti", json!(uuid::Uuid::new_v4()));
    let right = right.token();
    client.me(&right).await.is(200);

    let mut forgeries = with_another_signature(&good);
    forgeries.extend(with_another_header(&good));
    forgeries.extend(with_other_claims(&good, &stranger.claims()));
    for (what, forgery) in forgeries {
        is_refused(&client, what, &forgery.token()).await;
    }

    // A key that the token brings along is not asked.
    let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(FOREIGN)});
    let bring = good
        .clone()
        .header("jwk", jwk)
        .header("jku", json!("http://127.0.0.1:1/keys"));
    let bring = bring.signed_by(FOREIGN, Algorithm::HS256);
    is_refused(&client, "its own key", &bring.token()).await;

    for none in ["none", "None", "NONE", "nOnE", ""] {
        let token = good.clone().header("alg", json!(none)).token();
        let (message, _) = token.rsplit_once('.').unwrap();
        is_refused(&client, "alg none", &token).await;
        is_refused(&client, "alg none, no signature", &format!("{message}.")).await;
        is_refused(&client, "alg none, two parts", message).await;
    }

    let header = serde_json::to_vec(&good.header).unwrap();
    let claims = serde_json::to_vec(&good.claims).unwrap();
    let deep = "[".repeat(2000);
    for (what, header, claims) in [
        (
            "claims that are not JSON",
            header.as_slice(),
            b"not JSON".as_slice(),
        ),
        ("claims that are not UTF-8", &header, b"{\"iss\":\"\xff\"}"),
        ("claims that are a list", &header, b"[]"),
        ("deep claims", &header, deep.as_bytes()),
        ("no claims", &header, b""),
        ("a header that is not JSON", b"not JSON", &claims),
        ("a header that is a list", b"[]", &claims),
        ("an empty header", b"", &claims),
    ] {
        let token = sign(header, claims, &good.key, good.algorithm);
        is_refused(&client, what, &token).await;
    }
    client.me(&session.access).await.is(200);
}

#[tokio::test]
async fn a_damaged_token_is_refused_wherever_the_damage_is() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let token = &session.access;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("three parts: {token}")
    };
    for (what, damaged) in [
        ("one letter short", token[..token.len() - 1].to_owned()),
        ("half", token[..token.len() / 2].to_owned()),
        ("two parts", format!("{header}.{claims}")),
        ("no signature", format!("{header}.{claims}.")),
        ("four parts", format!("{token}.{signature}")),
        ("the header", header.to_owned()),
        ("dots", "..".to_owned()),
        ("a letter more", format!("{token}A")),
        ("padding", format!("{token}=")),
        (
            "parts in another order",
            format!("{claims}.{header}.{signature}"),
        ),
        ("the refresh token", session.refresh.clone()),
        ("a word", "rubbish".to_owned()),
        ("8 kilobytes more", format!("{token}{}", "A".repeat(8_000))),
    ] {
        is_refused(&client, what, &damaged).await;
    }
    for position in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(bytes).unwrap();
        let me = client.me(&flipped).await;
        me.problem(401, "invalid_token");
    }
    client
        .refresh(token)
        .await
        .problem(401, "invalid_refresh_token");

    // What is not a bearer token at all.
    for value in ["", "Bearer", "Basic YTpi", "Token abc"] {
        let me = client.call(reqwest::Method::GET, "/auth/me", |request| {
            request.header("authorization", value)
        });
        let me = me.await;
        assert!(
            ["missing_token", "invalid_token"].contains(&me.is(401).text_of("code").as_str()),
            "{value:?}: {me:#?}"
        );
    }
    let query = client.get(&format!("/auth/me?access_token={token}")).await;
    query.problem(400, "invalid_parameter");
    client.me(token).await.is(200);
}

#[tokio::test]
async fn a_token_of_a_megabyte_is_refused_and_costs_nobody_else() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let mut large = Raw::connect(aura.address()).await;
    let long = "A".repeat(1_000_000);
    let head = format!(
        "GET /auth/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}.{long}.A\r\n\r\n",
        session.access.split('.').next().unwrap()
    );
    let mut writer = large.take_writer();
    let mut sending = tokio::task::JoinSet::new();
    // The server may close long before it has read all of it.
    sending.spawn(async move { writer.write_all(head.as_bytes()).await.is_ok() });
    let answer = large
        .answer(PATIENCE)
        .await
        .expect("an answer before the end");
    assert!([401, 431].contains(&answer.status), "{answer:#?}");
    large.closed_within(PATIENCE).await;

    let refused = client.refresh(&long).await;
    refused.problem(413, "body_too_large");
    client.me(&session.access).await.is(200);
}

#[tokio::test]
async fn a_leeway_forgives_two_clocks_that_far_apart_and_no_further() {
    let settings = Settings::new().set("JWT_SECRET_KEY", KEY);
    let aura = settings.set("JWT_LEEWAY_SECONDS", 60).start().await;
    let client = aura.client();
    let good = Forgery::true_to(&client.newcomer().await);
    for (seconds, status) in [(-10, 200), (-70, 401)] {
        let token = good.clone().claim("exp", json!(now() + seconds)).token();
        client.me(&token).await.is(status);
    }
}
