//! Proves what an access token says, and that nothing else is taken for one: every forgery is
//! `invalid_token`, each made from a token that would pass but for one detail.

mod forgery;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::json;
use time::OffsetDateTime;
use tokio::io::AsyncWriteExt as _;

use self::forgery::{
    Forgery, sign, with_another_header, with_another_signature, with_other_claims,
};
use crate::support::{Client, PATIENCE, Raw, Settings, part};

const FOREIGN: &[u8] = b"Zq1mN8xB5vC2lK9jH6gF3dS0aP7oI4uY1tR8eW5q";
const KEY: &str = "Wq8zT4nKs0LxYb7RfJ2vGm5HdC9pAeU3iOt6XkQ1";

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
async fn a_token_holds_only_identity_and_lifetime() {
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
async fn a_token_of_a_megabyte_is_refused_and_does_not_slow_others() {
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
