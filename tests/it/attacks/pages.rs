//! Pages that somebody else's address or cookie leads to: links that leave this site, messages that
//! were never said, sessions that are not the visitor's.

use reqwest::Method;

use crate::support::{Answer, PASSWORD, Redis, Settings, Sqlite, Visitor};

const ANN: &str = "ann@example.com";

async fn ann(settings: &Settings) {
    settings.done(&["migrate"]).await;
    let create = ["user", "create", ANN, "--password-stdin"];
    settings.done_with(&create, PASSWORD).await;
}

fn says_done(page: &Answer) -> bool {
    page.is(200).text.contains("id=\"done\"")
}

#[tokio::test]
async fn no_page_links_to_where_its_address_points() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let file = Sqlite::new();
    let settings = Settings::new().redis(&redis).database(&file.url());
    ann(&settings).await;
    let aura = settings.start().await;
    let visitor = Visitor::new(aura.client());
    visitor.sign_in(ANN).await;
    let addresses = [
        "//evil.example/x",
        "//evil.example",
        "///evil.example/x",
        "/\\evil.example/x",
        "/account//evil.example",
    ];
    for address in addresses {
        let page = visitor.open(address).await;
        assert!(!page.text.contains("evil.example"), "{page:#?}");
    }
    redis.stop().await;
    for address in addresses {
        let page = visitor.open(address).await;
        for link in ["\"//", "\"/\\", "href=\"http"] {
            assert!(!page.text.contains(link), "{address}: {page:#?}");
        }
    }
    let page = visitor.open("//evil.example/x").await;
    assert!(
        page.is(503).text.contains("href=\"/\">To the start page"),
        "{page:#?}"
    );
    let page = visitor.open("/account").await;
    assert!(
        page.is(503).text.contains("href=\"/account\">Try again"),
        "{page:#?}"
    );
}

#[tokio::test]
async fn a_message_is_for_the_browser_in_which_it_was_done() {
    let file = Sqlite::new();
    let settings = Settings::new().database(&file.url());
    ann(&settings).await;
    let aura = settings.start().await;
    let attacker = Visitor::new(aura.client());
    attacker.sign_in(ANN).await;
    let left = attacker.sign_out().await;
    let planted = left.is(303).header("location").to_owned();
    assert!(planted.contains("done=signed-out"), "{planted}");

    // Signed out: without any cookie, and with a form cookie of its own.
    let fresh = Visitor::new(aura.client());
    assert!(!says_done(&fresh.open(&planted).await));
    assert!(!says_done(&fresh.open(&planted).await));
    // Signed in.
    let other = Visitor::new(aura.client());
    other.sign_in(ANN).await;
    let account = planted.replace("/sign-in", "/account");
    assert!(!says_done(&other.open(&account).await));
    // Whoever signed out is told so.
    assert!(says_done(&attacker.open(&planted).await));
}

#[tokio::test]
async fn a_form_of_another_site_plants_no_message() {
    let aura = Settings::new().start().await;
    let victim = Visitor::new(aura.client());
    victim.open("/sign-in").await.is(200);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ] {
        let sent = victim
            .call(Method::POST, "/sign-out", |request| {
                request.header(name, value)
            })
            .await;
        assert_eq!(sent.is(303).header("location"), "/sign-in");
    }
}

#[tokio::test]
async fn a_cookie_of_another_host_of_the_domain_does_not_sign_in() {
    let file = Sqlite::new();
    let settings = Settings::new()
        .database(&file.url())
        .set("AUTH_COOKIE_DOMAIN", "example.com")
        .set("AUTH_FORWARD_HOSTS", "app.example.com");
    ann(&settings).await;
    let aura = settings.start().await;
    let own = Visitor::new(aura.client());
    own.sign_in(ANN).await;
    let cookies = own.cookies();
    let value = |name: &str| {
        let pair = cookies.split("; ").find_map(|pair| pair.strip_prefix(name));
        pair.expect("a cookie").to_owned()
    };
    let (pages, shared) = (
        value("__Host-aura_session="),
        value("__Secure-aura_session="),
    );
    assert_eq!(pages, shared, "one session");
    let account = async |cookies: String| {
        let client = aura.client();
        client
            .call(Method::GET, "/account", |request| {
                request.header("cookie", cookies)
            })
            .await
    };
    // The domain's cookie alone, as any of its hosts may set it.
    account(format!("__Secure-aura_session={shared}"))
        .await
        .is(303);
    account(format!("aura_session={shared}")).await.is(303);
    let both = format!("__Host-aura_session={pages}; __Secure-aura_session=");
    let good = account(format!("{both}{shared}")).await;
    assert_eq!(good.is(200).header("set-cookie"), "");
    // Another in its place changes nothing here, and is put right.
    let tossed = account(format!("{both}x")).await;
    let lines = tossed.is(200).headers.get_all("set-cookie").iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap()).collect();
    let mended = format!("__Secure-aura_session={shared};");
    assert!(
        lines.iter().any(|line| line.starts_with(&mended)),
        "{lines:?}"
    );
    // Forward-auth, on the hosts of the domain, reads the domain's.
    let verified = aura.client();
    let verified = verified
        .call(Method::GET, "/auth/verify", |request| {
            request.header("cookie", format!("__Secure-aura_session={shared}"))
        })
        .await;
    assert_eq!(verified.is(200).header("x-auth-email"), ANN);
}
