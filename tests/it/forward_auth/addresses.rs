//! The address that a browser comes back to: its port, its length, and what stands in it.

use super::direct::{FORWARDED, HTML, ask, settings, with};
use crate::support::{PASSWORD, Visitor};

const SIGN_IN: &str = "https://auth.example.com/sign-in";

#[tokio::test]
async fn the_usual_port_is_the_same_host() {
    let hosts = "app.example.com,wiki.example.com:443,git.example.com:8443";
    let settings = settings().set("AUTH_FORWARD_HOSTS", hosts);
    let aura = settings.start().await;
    let client = aura.client();
    for host in [
        "app.example.com",
        "app.example.com:443",
        "App.Example.com:443",
        "wiki.example.com",
        "wiki.example.com:443",
        "git.example.com:8443",
    ] {
        let headers = with(&FORWARDED, &[HTML, ("x-forwarded-host", host)]);
        let answer = ask(&client, "/auth/verify", &headers).await;
        let back = format!("{SIGN_IN}?next=https://{host}/a%2520b?x=1%26y=2");
        assert_eq!(answer.is(302).header("location"), back);
        let url = format!("https://{host}/");
        let headers = [HTML, ("x-original-url", url.as_str())];
        let answer = ask(&client, "/auth/verify", &headers).await;
        let back = format!("{SIGN_IN}?next={url}");
        assert_eq!(answer.is(401).header("location"), back);
    }
    for host in [
        "app.example.com:80",
        "app.example.com:8443",
        "git.example.com",
        "git.example.com:443",
    ] {
        let headers = with(&FORWARDED, &[HTML, ("x-forwarded-host", host)]);
        let answer = ask(&client, "/auth/verify", &headers).await;
        assert_eq!(answer.is(401).header("location"), "", "{host}");
    }
}

#[tokio::test]
async fn unescaped_input_of_a_browser_comes_back_escaped() {
    let aura = settings().start().await;
    let client = aura.client();
    for (uri, back) in [
        ("/x?q=a\\b", "/x?q=a%255Cb"),
        ("/x?q=caf\u{e9}", "/x?q=caf%25C3%25A9"),
        ("/x?q=a|b^{c}", "/x?q=a%7Cb%5E%7Bc%7D"),
        ("/x?q='\"<>`", "/x?q=%27%22%3C%3E%60"),
    ] {
        let headers = with(&FORWARDED, &[HTML, ("x-forwarded-uri", uri)]);
        let answer = ask(&client, "/auth/verify", &headers).await;
        let location = format!("{SIGN_IN}?next=https://app.example.com{back}");
        assert_eq!(answer.is(302).header("location"), location);
    }
}

#[tokio::test]
async fn an_address_of_eight_kibibytes_comes_back_and_a_longer_one_leads_to_sign_in() {
    let aura = settings().start().await;
    let client = aura.client();
    let email = client.newcomer().await.email;
    let origin = "https://app.example.com";
    for (length, piece, returns) in [
        (2_048, "/", true),
        (4_000, "a=b&", true),
        (8_190, "x", true),
        (8_190, "/x=?;:", true),
        (8_190, "%2F", true),
        (8_193, "x", false),
        (8_190, "%&%&", false),
        (14_000, "x", false),
    ] {
        let mut uri = format!("/{}", piece.repeat(length / piece.len()));
        uri.truncate(length - origin.len());
        let forwarded = with(&FORWARDED, &[HTML, ("x-forwarded-uri", uri.as_str())]);
        let url = format!("{origin}{uri}");
        let original = [HTML, ("x-original-url", url.as_str())];
        for (headers, status) in [(forwarded.as_slice(), 302), (&original, 401)] {
            let answer = ask(&client, "/auth/verify", headers).await;
            let location = answer.is(status).header("location");
            let back = location.strip_prefix(&format!("{SIGN_IN}?"));
            assert_eq!(back.is_some(), returns, "{length} {piece}: {location}");
            let Some(query) = back else {
                assert_eq!(location, SIGN_IN);
                continue;
            };
            // As far as the browser: through the form, and out again.
            let visitor = Visitor::new(aura.client());
            let page = visitor.open(&format!("/sign-in?{query}")).await;
            let fields = [("email", email.as_str()), ("password", PASSWORD)];
            let sent = visitor.send(page.is(200), "/sign-in", &fields).await;
            assert_eq!(sent.is(303).header("location"), url);
        }
    }
}
