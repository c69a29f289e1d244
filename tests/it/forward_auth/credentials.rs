//! Requests that show more than one credential: the application behind has tokens and passwords of
//! its own, which say nothing of the session in the cookie beside them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::direct::{FORWARDED, HTML, ask, settings, with};
use crate::support::{Visitor, on_both_stores};

/// A JWT that nobody signed.
fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims))
}

#[tokio::test]
async fn a_credential_of_the_application_does_not_hide_a_good_cookie() {
    on_both_stores(async |settings| {
        let settings = settings.set("AUTH_FORWARD_HOSTS", "app.example.com");
        let aura = settings.start().await;
        let client = aura.client();
        let session = client.newcomer().await;
        let visitor = Visitor::new(aura.client());
        visitor.sign_in(&session.email).await;
        let cookie = visitor.cookies();
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": "theirs"});
        let theirs = unsigned(&header, &json!({"iss": "https://idp.example", "sub": "1"}));
        let nameless = unsigned(&header, &json!({"sub": "1"}));
        for value in [
            format!("Bearer {theirs}"),
            format!("Bearer {nameless}"),
            "Bearer rubbish".to_owned(),
            "Bearer ghp_16C7e42F292c6912E7710c838347Ae178B4a".to_owned(),
            "Bearer a.b.c".to_owned(),
            "Bearer 5f0c1f6e-1f1b-4d6e-9f43-0a6f6f0f6a11.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                .to_owned(),
            "bearer".to_owned(),
            "Basic YTpi".to_owned(),
            "Digest username=\"a\"".to_owned(),
            "Negotiate YII=".to_owned(),
            "Token token=\"x\"".to_owned(),
            format!("DPoP {theirs}"),
        ] {
            let both = [("authorization", value.as_str()), ("cookie", &cookie)];
            for path in ["/auth/verify", "/auth/ext-authz/x"] {
                let answer = ask(&client, path, &both).await;
                assert_eq!(answer.is(200).header("x-auth-email"), session.email, "{value}");
            }
            let answer = ask(&client, "/auth/verify?role=staff", &both).await;
            answer.problem(403, "forbidden");
            // By itself it opens nothing.
            let alone = with(&FORWARDED, &[both[0]]);
            let answer = ask(&client, "/auth/verify", &alone).await;
            assert_eq!(answer.is(401).header("location"), "", "{value}");
        }
        visitor.sign_out().await.is(303);
        let both = [
            ("authorization", "Bearer rubbish"),
            ("cookie", cookie.as_str()),
        ];
        let answer = ask(&client, "/auth/verify", &both).await;
        answer.problem(401, "invalid_token");
    })
    .await;
}

#[tokio::test]
async fn a_token_of_ours_is_meant_whatever_the_cookie_is() {
    let aura = settings().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let ended = client.signed_in(&session.email).await;
    client.logout(&ended.access).await.is(204);
    let visitor = Visitor::new(aura.client());
    visitor.sign_in(&session.email).await;
    let cookie = visitor.cookies();
    let mut pairs = cookie.split("; ").filter_map(|pair| pair.split_once('='));
    let session_cookie = pairs.find(|(name, _)| name.ends_with("aura_session"));
    let (_, value) = session_cookie.unwrap();
    let (signed, signature) = session.access.rsplit_once('.').unwrap();
    let claims = session.claims();
    let expired = json!({"iss": "aura", "aud": "aura", "sub": claims["sub"], "exp": 1});
    let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": "gone"});
    for token in [
        ended.access.clone(),
        format!("{signed}.{}", signature.to_ascii_lowercase()),
        unsigned(&header, &expired),
        unsigned(&json!({"alg": "none"}), &expired),
        session.refresh.clone(),
        value.to_owned(),
    ] {
        let bearer = format!("Bearer {token}");
        let both = [
            HTML,
            ("authorization", bearer.as_str()),
            ("cookie", cookie.as_str()),
        ];
        let both = with(&FORWARDED, &both);
        let answer = ask(&client, "/auth/verify", &both).await;
        let answer = answer.problem(401, "invalid_token");
        assert_eq!(answer.header("location"), "", "{token}");
    }
}

#[tokio::test]
async fn a_browser_that_knows_the_applications_password_is_sent_to_sign_in() {
    let aura = settings().start().await;
    let client = aura.client();
    for value in ["Basic YTpi", "Digest username=\"a\"", "Negotiate YII="] {
        let headers = with(&FORWARDED, &[HTML, ("authorization", value)]);
        let answer = ask(&client, "/auth/verify", &headers).await;
        let location = answer.is(302).header("location");
        assert!(
            location.starts_with("https://auth.example.com/sign-in?"),
            "{value}"
        );
    }
}
