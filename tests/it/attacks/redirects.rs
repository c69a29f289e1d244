//! Addresses that a sign-in, a sign-out or a gateway is told to lead to: as a browser reads them,
//! every answer leads to this server or to a listed host.

use reqwest::{Method, Url};

use crate::support::{Answer, PASSWORD, Settings, Visitor};

const HOSTS: &str = "app.example.com,wiki.example.com:8443,localhost:8080,xn--mller-kva.example";

/// Addresses that some parser takes for a listed host, and a browser for another.
const FORGED: [&str; 44] = [
    "https://evil.example",
    "https://evil.example/app.example.com",
    "https://evil.example?https://app.example.com/",
    "https://evil.example#https://app.example.com/",
    "https://app.example.com@evil.example/",
    "https://app.example.com:443@evil.example/",
    "https://user:pass@app.example.com/",
    "https://@app.example.com/",
    "https://app.example.com:@evil.example/",
    "https://app.example.com%40evil.example/",
    "https://app.example.com\\@evil.example/",
    "https://app.example.com\\.evil.example/",
    "https:\\\\app.example.com\\x",
    "https:/\\evil.example",
    "https:/app.example.com",
    "https:app.example.com",
    "https:///app.example.com/",
    "https:////evil.example/",
    "https://app.example.com.evil.example/",
    "https://app.example.com..evil.example/",
    "https://appxexample.com/",
    "https://app.example.com:80/",
    "https://app.example.com:8443/",
    "https://wiki.example.com/",
    "https://wiki.example.com:443/",
    "https://app.example.com:0/",
    "https://app.example.com:65979/",
    "https://app.example.com:+443/",
    "https://app.example.com:443:443/",
    "http://app.example.com/",
    "http://app.example.com:443/",
    "ftp://app.example.com/",
    "javascript://app.example.com/%0aalert(1)",
    "//app.example.com/",
    "///app.example.com/",
    "/\\app.example.com/",
    "/\t/evil.example/",
    "\t//evil.example/",
    "https://evil.example\t@app.example.com/",
    "https://app.example.com\r\nset-cookie: a=b",
    "https://m\u{fc}ller.example/",
    "https://\u{ff41}pp.example.com/",
    "https://app\u{3002}example.com/",
    "https://app.example.com\u{2044}evil.example/",
];

/// Checks where an answer leads, as a browser reads it.
fn stays(answer: &Answer, asked: &str) {
    let mut cookies = answer.headers.get_all("set-cookie").iter();
    assert!(cookies.all(|line| line != "a=b"), "{asked:?}: {answer:#?}");
    let location = answer.header("location");
    let here = Url::parse("https://auth.example.com/sign-in").expect("a URL");
    let to = here.join(location).expect("a URL");
    let host = to.host_str().unwrap_or_default();
    let good = match host {
        "auth.example.com" | "app.example.com" | "xn--mller-kva.example" => to.port().is_none(),
        "wiki.example.com" => to.port() == Some(8443),
        _ => false,
    };
    let plain = to.username().is_empty() && to.password().is_none();
    assert!(
        good && plain && to.scheme() == "https",
        "{asked:?} leads to {to}"
    );
    let next = to.query_pairs().find(|(name, _)| name == "next");
    if let Some((_, next)) = next {
        let next = here.join(&next).expect("a URL");
        let known = [
            "auth.example.com",
            "app.example.com",
            "wiki.example.com",
            "localhost",
        ];
        let host = next.host_str().unwrap_or_default();
        assert!(known.contains(&host), "{asked:?} comes back to {next}");
    }
}

#[tokio::test]
async fn no_address_leads_a_browser_to_a_host_that_is_not_listed() {
    let settings = Settings::new().set("AUTH_FORWARD_HOSTS", HOSTS);
    let aura = settings.start().await;
    let email = aura.client().newcomer().await.email;
    let signed_in = Visitor::new(aura.client());
    signed_in.sign_in(&email).await;
    let nobody = Visitor::new(aura.client());
    for forged in FORGED {
        for name in ["next", "rd"] {
            let query = serde_urlencoded::to_string([(name, forged)]).expect("a query");
            for path in ["/sign-in", "/register"] {
                let answer = signed_in.open(&format!("{path}?{query}")).await;
                stays(answer.is(303), forged);
                assert_eq!(answer.header("location"), "/", "{forged:?}");
            }
            let answer = nobody.open(&format!("/sign-out?{query}")).await;
            stays(answer.is(303), forged);
            assert_eq!(answer.header("location"), "/sign-in", "{forged:?}");
        }
        let fields = [("next", forged), ("rd", forged)];
        for (visitor, path) in [
            (&signed_in, "/sign-in"),
            (&signed_in, "/register"),
            (&nobody, "/sign-out"),
        ] {
            let sent = visitor.call(Method::POST, path, |request| request.form(&fields));
            stays(sent.await.is(303), forged);
        }
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        let visitor = Visitor::new(aura.client());
        let query = serde_urlencoded::to_string([("next", forged)]).expect("a query");
        let asked = visitor.open(&format!("/sign-in?{query}")).await;
        let sent = visitor.send(asked.is(200), "/sign-in", &fields).await;
        stays(sent.is(303), forged);
    }
}

#[tokio::test]
async fn a_gateway_never_gets_a_return_address_of_another_site() {
    let settings = Settings::new()
        .set("AUTH_FORWARD_HOSTS", HOSTS)
        .set("AUTH_PUBLIC_URL", "https://auth.example.com");
    let aura = settings.start().await;
    let visitor = Visitor::new(aura.client());
    let ask = async |headers: &[(&str, &[u8])]| {
        let call = visitor.call(Method::GET, "/auth/verify", |mut request| {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request
        });
        call.await
    };
    for forged in FORGED {
        // What no header can hold never arrives.
        if forged.contains(['\r', '\n']) {
            continue;
        }
        let bytes = forged.as_bytes();
        let answer = ask(&[("x-original-url", bytes)]).await;
        stays(answer.is(401), forged);
        assert_eq!(answer.header("location"), "", "{forged:?}");
        let (scheme, rest) = forged.split_once("://").unwrap_or(("https", forged));
        for (host, uri) in [(rest, ""), (rest, "/"), ("app.example.com", rest)] {
            let told = [
                ("x-forwarded-proto", scheme.as_bytes()),
                ("x-forwarded-host", host.as_bytes()),
                ("x-forwarded-uri", uri.as_bytes()),
            ];
            stays(&ask(&told).await, forged);
        }
    }
}
