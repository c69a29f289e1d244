//! Real gateways with the configurations of the page: who gets through to the application, and
//! what the application is told.

use reqwest::Method;

use super::{Kind, World};
use crate::support::{Answer, Browser, Client, Driver, Look, PASSWORD, Site, Visitor};

/// Headers that a client makes up.
const FORGED: [(&str, &str); 4] = [
    ("x-auth-user-id", "0"),
    ("x-auth-email", "root@example.com"),
    ("X-Auth-Roles", "admin,staff"),
    ("X-Forwarded-Host", "evil.example"),
];

pub(super) async fn ask(
    app: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let call = app.call(method, path, |mut request| {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    });
    call.await
}

/// The values of a header in what the application saw.
pub(super) fn seen<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.text.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

fn look(world: &World) -> Look {
    let rules = format!("MAP *.example.com {}", world.gateway.address());
    Look::light().hosts(&rules)
}

/// Programs: no detour, no forged name, no role that they lack.
async fn programs_pass_by_their_token(world: &World) {
    let (app, get) = (&world.app, Method::GET);
    let answer = ask(app, get.clone(), "/x", &FORGED).await;
    let challenge = answer.is(401).header("www-authenticate");
    assert!(challenge.starts_with("Bearer"), "{answer:#?}");
    assert_eq!(answer.header("location"), "", "{answer:#?}");
    for method in [Method::POST, Method::DELETE] {
        let answer = ask(app, method, "/x", &[("accept", "text/html")]).await;
        assert_eq!(answer.is(401).header("location"), "", "{answer:#?}");
    }
    let ann = world.bearer("ann@example.com").await;
    let cookie = "a=1; __Secure-aura_session=stolen; b=2; __Secure-aura_session=again";
    let mut headers = FORGED.to_vec();
    headers.extend([("authorization", ann.as_str()), ("cookie", cookie)]);
    // A parameter of the application's own by the name of aura's.
    let answer = ask(app, get.clone(), "/a%20b?x=1&role=none", &headers).await;
    let first = answer.is(200).text.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("GET /a%20b?x=1&role=none HTTP/"),
        "{first}"
    );
    assert_eq!(seen(&answer, "x-auth-email"), ["ann@example.com"]);
    assert_eq!(seen(&answer, "x-auth-user-id").len(), 1, "{answer:#?}");
    assert!(!answer.text.contains("admin"), "{answer:#?}");
    assert!(!answer.text.contains("stolen"), "{answer:#?}");
    assert!(!answer.text.contains("again"), "{answer:#?}");

    let headers = [("authorization", ann.as_str())];
    ask(app, get.clone(), "/reports/1", &headers).await.is(403);
    let bob = world.bearer("bob@example.com").await;
    let headers = [("authorization", bob.as_str())];
    let answer = ask(app, get, "/reports/1", &headers).await;
    assert_eq!(seen(answer.is(200), "x-auth-roles"), ["staff"]);
}

async fn sign_in(browser: &Browser, email: &str) {
    browser.is_at_host("auth.example.com").await;
    browser.fill("input[name=email]", email).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("main form button[type=submit]").await;
}

/// Programs and browsers with large cookies, tokens of other issuers, and cookies of aura's name that
/// a neighbour has set.
async fn credentials_of_applications_hide_no_session(world: &World) {
    let (app, get) = (&world.app, Method::GET);
    let visitor = Visitor::new(world.aura.client());
    visitor.sign_in("ann@example.com").await;
    let cookies = visitor.cookies();
    let mut ours = cookies.split("; ");
    let ours = ours
        .find(|cookie| cookie.starts_with("__Secure-"))
        .expect("a cookie");
    let large = |name: &str| format!("{name}={}", "x".repeat(12_000));
    let html = ("accept", "text/html");
    for cookie in [
        format!("{}; {ours}", large("a")),
        format!("{ours}; {}", large("a")),
        format!("{}; {ours}; {}", large("a"), large("b")),
        format!("__Secure-aura_session=junk; {ours}"),
        format!("{ours}; a=b; __Secure-aura_session=junk"),
        format!("__Secure-aura_session=1; a=1; __Secure-aura_session=2; {ours}; b=2"),
        format!("x__Secure-aura_session=1; {ours}"),
    ] {
        let headers = [html, ("cookie", cookie.as_str())];
        let answer = ask(app, get.clone(), "/x", &headers).await;
        assert_eq!(
            seen(answer.is(200), "x-auth-email"),
            ["ann@example.com"],
            "{cookie}"
        );
        assert!(!answer.text.contains(ours), "{answer:#?}");
        let theirs = (
            "authorization",
            "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.",
        );
        let answer = ask(app, Method::POST, "/x", &[headers[1], theirs]).await;
        assert_eq!(seen(answer.is(200), "authorization"), [theirs.1]);
        let opaque = ("authorization", "Bearer a.b.c");
        let answer = ask(app, Method::POST, "/x", &[headers[1], opaque]).await;
        assert_eq!(seen(answer.is(200), "x-auth-email"), ["ann@example.com"]);
    }
    // Nor is there a way in by a cookie that only looks like ours.
    for cookie in [
        large("a"),
        format!("x{ours}"),
        format!("a=b{ours}"),
        format!(
            "a=__Secure-aura_session={}",
            ours.split_once('=').unwrap().1
        ),
        ours.replace("__Secure-", "__Host-"),
        ours.replace("__Secure-", ""),
    ] {
        let headers = [html, ("cookie", cookie.as_str())];
        let answer = ask(app, get.clone(), "/x", &headers).await;
        let location = answer.is(302).header("location");
        assert!(
            location.starts_with("https://auth.example.com/sign-in?"),
            "{cookie}"
        );
    }
    assert!(!world.aura.log().contains("SERVER_MAX_HEADER_BYTES"));
    // Addresses of up to 8 KiB come back, and longer ones lead to the form.
    for (length, returns) in [
        (4_000, true),
        (8_000, true),
        (9_000, false),
        (14_000, false),
    ] {
        let path = format!("/x?q={}", "a%2Fb/".repeat(length / 6));
        let answer = ask(app, get.clone(), &path, &[html]).await;
        let location = answer.is(302).header("location").to_owned();
        assert_eq!(location.contains("?next="), returns, "{location}");
        let auth = Client::of_host("auth.example.com", world.gateway.address());
        let path = location
            .strip_prefix("https://auth.example.com")
            .expect("aura");
        let big = [html, ("cookie", &large("a"))];
        let form = ask(&auth, get.clone(), path, &big).await;
        assert!(form.is(200).text.contains("<form"), "{form:#?}");
    }
}

/// Browsers: to the sign-in page and back with the whole address; then out, by the application's
/// link.
pub(super) async fn people_come_back(world: &World, driver: &Driver) {
    let part = "#/list?x=1&y=%20z\\/w";
    let page = format!("https://app.example.com/a%20b?x=1&y=2{part}");
    let ann = driver.browser(&look(world)).await;
    ann.open(&page).await;
    sign_in(&ann, "ann@example.com").await;
    ann.says("X-Auth-Email: ann@example.com").await;
    assert_eq!(ann.place().await, "/a%20b?x=1&y=2");
    assert_eq!(
        ann.run("return location.hash").await,
        part.replace('\\', "%5C")
    );
    let out = "https://auth.example.com/sign-out?next=https://app.example.com/bye";
    ann.open(out).await;
    ann.says("You are signed in as ann@example.com.").await;
    ann.click("main form button[type=submit]").await;
    // It needs a sign-in itself, so the browser ends at the form, which knows the way.
    ann.is_at_host("auth.example.com").await;
    ann.element("input[name=next][value='https://app.example.com/bye']")
        .await;
    // Without scripts the part behind `#` is lost, and nothing else.
    let bob = driver.browser(&look(world)).await;
    bob.wear(&Look {
        scripts: false,
        ..look(world)
    })
    .await;
    bob.open(&page).await;
    sign_in(&bob, "bob@example.com").await;
    bob.says("X-Auth-Email: bob@example.com").await;
    assert_eq!(bob.place().await, "/a%20b?x=1&y=2");
}

/// Browsers: to the sign-in page and back, and the same again when the session has ended.
async fn people_pass_by_their_session(world: &World, driver: &Driver) {
    let ann = driver.browser(&look(world)).await;
    let page = "https://app.example.com/a%20b?x=1&y=2";
    ann.open(page).await;
    sign_in(&ann, "ann@example.com").await;
    ann.says("X-Auth-Email: ann@example.com").await;
    ann.is_at_host("app.example.com").await;
    assert_eq!(ann.place().await, "/a%20b?x=1&y=2");
    ann.open("https://app.example.com/reports/1").await;
    ann.says("orbidden").await;

    // What the browser sends serves a script as well, and never reaches the application.
    let cookies = ann.get_all_cookies().await.unwrap();
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.name() == "__Secure-aura_session");
    let cookie = cookie.expect("a cookie for the whole domain");
    assert_eq!(cookie.http_only(), Some(true));
    let line = format!("{}={}", cookie.name(), cookie.value());
    let mut headers = FORGED.to_vec();
    headers.push(("cookie", &line));
    let answer = ask(&world.app, Method::POST, "/x", &headers).await;
    assert_eq!(seen(answer.is(200), "x-auth-email"), ["ann@example.com"]);
    assert!(!answer.text.contains(cookie.value()), "{answer:#?}");

    let bob = driver.browser(&look(world)).await;
    bob.open("https://app.example.com/reports/1").await;
    sign_in(&bob, "bob@example.com").await;
    bob.says("X-Auth-Roles: staff").await;

    let end = ["user", "revoke-sessions", "ann@example.com", "--yes"];
    world.settings.done(&end).await;
    let answer = ask(&world.app, Method::GET, "/x", &[("cookie", &line)]).await;
    answer.is(401);
    ann.open(page).await;
    sign_in(&ann, "ann@example.com").await;
    ann.says("X-Auth-Email: ann@example.com").await;
    bob.open(page).await;
    bob.says("X-Auth-Email: bob@example.com").await;
}

async fn run(kind: Kind) {
    let site = Site::mirror().await;
    let world = World::start(kind, site.address()).await;
    let (Some(driver), Some(world)) = (Driver::start().await, world) else {
        return;
    };
    programs_pass_by_their_token(&world).await;
    credentials_of_applications_hide_no_session(&world).await;
    people_pass_by_their_session(&world, &driver).await;
    people_come_back(&world, &driver).await;
    // Without aura nobody passes.
    let bearer = world.bearer("bob@example.com").await;
    let World { aura, app, .. } = world;
    drop(aura);
    for headers in [vec![], vec![("authorization", bearer.as_str())]] {
        let answer = ask(&app, Method::GET, "/x", &headers).await;
        assert!(answer.status >= 500, "{answer:#?}");
    }
}

#[tokio::test]
async fn nginx_admits_only_users_known_to_aura() {
    run(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_admits_only_users_known_to_aura() {
    run(Kind::Caddy).await;
}
