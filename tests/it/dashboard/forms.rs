//! The forms of visitors who are not signed in: register, sign in and out, reset, set up.

use super::{ANN, OTHER, ROOT, Visitor, World, hidden, is_page};
use crate::support::{PASSWORD, Settings};

#[tokio::test]
async fn new_user_registers_signs_out_and_signs_in_again() {
    let world = World::start().await;
    let mut new = world.visitor();
    let email = "new@example.com";
    for (fields, fault) in [
        (
            [("email", ""), ("password", "")],
            "E-mail: This field is required.",
        ),
        (
            [("email", "nobody"), ("password", PASSWORD)],
            "E-mail: An e-mail address has the form",
        ),
        (
            [("email", email), ("password", "short")],
            "Password: A password has",
        ),
        (
            [("email", ANN), ("password", PASSWORD)],
            "E-mail: An account with this e-mail already exists.",
        ),
    ] {
        let refused = new.submit("/register", "/register", &fields).await;
        is_page(&refused, 422, fault);
        for part in [
            "role=\"alert\"",
            "aria-invalid=\"true\"",
            "<title>Error: Create an account",
        ] {
            assert!(refused.text.contains(part), "{part}: {refused:#?}");
        }
        // What was typed stays, but for passwords.
        assert!(refused.text.contains(&format!("value=\"{}\"", fields[0].1)));
        assert!(!refused.text.contains(PASSWORD), "{refused:#?}");
        assert_eq!(new.session(), "");
    }
    let fields = [
        ("email", email),
        ("password", PASSWORD),
        ("next", "/account?x=y"),
    ];
    let made = new.submit("/register", "/register", &fields).await;
    assert_eq!(made.is(303).header("location"), "/account?x=y");
    is_page(&new.follow(&made).await, 200, email);

    let out = new.submit("/account", "/sign-out", &[]).await;
    is_page(&new.follow(&out).await, 200, "You are signed out.");
    assert_eq!(new.session(), "");
    let again = new.sign_in(email, PASSWORD).await;
    assert_eq!(again.is(303).header("location"), "/");
    // The start page of other users is their account.
    let start = new.follow(&again).await;
    assert_eq!(start.is(303).header("location"), "/account");
}

#[tokio::test]
async fn refused_sign_in_does_not_reveal_whether_the_account_exists() {
    let world = World::start().await;
    world
        .settings
        .done(&["user", "disable", ANN, "--yes"])
        .await;
    let mut visitor = world.visitor();
    let mut seen = Vec::new();
    for (email, password) in [
        (ROOT, "wrong"),
        ("nobody@example.com", "wrong"),
        ("no e-mail", "wrong"),
        (ANN, PASSWORD),
    ] {
        let refused = visitor.sign_in(email, password).await;
        is_page(&refused, 422, "The e-mail or the password is wrong.");
        let token = hidden(&refused.text, "form").unwrap();
        let text = refused.text.replace(email, "").replace(&token, "");
        seen.push(text);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn a_signed_in_user_skips_the_sign_in_page() {
    let world = World::start().await;
    let mut ann = world.signed_in(ANN).await;
    for (path, next) in [
        ("/sign-in", "/"),
        ("/sign-in?next=%2Faccount", "/account"),
        ("/sign-in?next=https%3A%2F%2Fevil.example", "/"),
        ("/register?next=%2F%2Fevil.example", "/"),
    ] {
        let answer = ann.get(path).await;
        assert_eq!(answer.is(303).header("location"), next, "{path}");
    }
    let session = ann.session();
    let post = ann.post("/sign-in", &[]).await;
    assert_eq!(post.is(303).header("location"), "/");
    assert_eq!(ann.session(), session);
}

#[tokio::test]
async fn registration_is_refused_when_closed() {
    let world = World::with(Settings::new().set("AUTH_REGISTRATION", "closed")).await;
    let mut visitor = world.visitor();
    let sign_in = visitor.get("/sign-in").await;
    assert!(!sign_in.is(200).text.contains("/register"));
    is_page(
        &visitor.get("/register").await,
        403,
        "Registration is closed",
    );
    let fields = [("email", "new@example.com"), ("password", PASSWORD)];
    let sent = visitor.submit("/sign-in", "/register", &fields).await;
    is_page(&sent, 422, "This server does not accept registrations.");
    world
        .client()
        .login("new@example.com", PASSWORD)
        .await
        .is(401);
}

#[tokio::test]
async fn a_limited_form_gives_a_time_and_keeps_its_input() {
    let settings = Settings::new()
        .set("RATE_LIMIT_ENABLED", true)
        .set("RATE_LIMIT_LOGIN_PER_MINUTE", 2);
    let world = World::with(settings).await;
    let mut visitor = world.visitor();
    for _ in 0..2 {
        visitor.sign_in(ANN, "wrong").await.is(422);
    }
    let limited = visitor.sign_in(ANN, PASSWORD).await;
    is_page(&limited, 429, "Too many attempts. Try again in ");
    assert!(limited.text.contains(&format!("value=\"{ANN}\"")));
    let seconds: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(limited.header("ratelimit").contains("\"login\""));
    // The limit is the API's own.
    world.client().login(ANN, PASSWORD).await.is(429);
}

#[tokio::test]
async fn reset_link_works_once() {
    let world = World::start().await;
    let mut visitor = world.visitor();
    for path in ["/reset", "/reset?token="] {
        is_page(
            &visitor.get(path).await,
            401,
            "This link has been used or has expired.",
        );
    }
    let session = world.client().signed_in(ANN).await;
    let link = world
        .settings
        .done(&["user", "reset-link", ANN, "--yes"])
        .await;
    world.client().me(&session.access).await.is(401);
    let token = link
        .split_whitespace()
        .map(|word| word.rsplit("token=").next().unwrap())
        .find(|word| word.split('.').count() == 3);
    let token = token.unwrap_or_else(|| panic!("no token in {link}"));
    let page = format!("/reset?token={token}");
    let send = async |visitor: &mut Visitor, password: &str| {
        let fields = [("token", token), ("new_password", password)];
        visitor.submit(&page, "/reset", &fields).await
    };
    let weak = send(&mut visitor, "short").await;
    is_page(&weak, 422, "New password: A password has");
    assert_eq!(hidden(&weak.text, "token").as_deref(), Some(token));
    let set = send(&mut visitor, OTHER).await;
    is_page(
        &visitor.follow(&set).await,
        200,
        "Your new password has been set.",
    );
    let again = send(&mut visitor, PASSWORD).await;
    is_page(&again, 422, "This link has been used or has expired.");
    visitor.sign_in(ANN, OTHER).await.is(303);
    let forged = [("token", "x.y.z"), ("new_password", OTHER)];
    let mut other = world.visitor();
    let forged = other.submit("/reset?token=x", "/reset", &forged).await;
    is_page(&forged, 422, "This link has been used");
}

#[tokio::test]
async fn setup_creates_one_administrator_and_only_with_dev() {
    let aura = Settings::embedded().start().await;
    let mut first = Visitor::new(aura.client());
    let sign_in = first.get("/sign-in").await;
    assert!(sign_in.is(200).text.contains("href=\"/setup\""));
    let mut second = first.clone();
    let code = aura.setup_code();
    let code = ("code", code.as_str());
    let weak = [code, ("email", ROOT), ("password", "short")];
    is_page(
        &first.submit("/setup", "/setup", &weak).await,
        422,
        "Password: A password has",
    );
    let fields = [code, ("email", ROOT), ("password", PASSWORD)];
    // The second has the form before the first sends it.
    let token = second.token("/setup").await;
    let made = first.submit("/setup", "/setup", &fields).await;
    is_page(&first.follow(&made).await, 200, "<h1>Overview</h1>");
    let late = [
        code,
        ("email", "eve@example.com"),
        ("password", PASSWORD),
        ("form", token.as_str()),
    ];
    is_page(&second.post("/setup", &late).await, 404, "Not found");
    second.get("/setup").await.is(404);
    assert!(!second.get("/sign-in").await.text.contains("/setup"));
    aura.client()
        .login("eve@example.com", PASSWORD)
        .await
        .is(401);

    // On a server for others, the first visitor does not become the administrator.
    let aura = Settings::new().start().await;
    let mut visitor = Visitor::new(aura.client());
    assert!(!visitor.get("/sign-in").await.text.contains("/setup"));
    visitor.get("/setup").await.is(404);
    visitor.submit("/sign-in", "/setup", &fields).await.is(404);
}

#[tokio::test]
async fn password_managers_find_the_form_and_its_account() {
    let world = World::start().await;
    let mut ann = world.visitor();
    let nobody = ann.get("/.well-known/change-password").await;
    let sign_in = nobody.is(303).header("location").to_owned();
    assert_eq!(
        sign_in,
        "/sign-in?next=%2F%2Ewell%2Dknown%2Fchange%2Dpassword"
    );
    let next = ("next", "/.well-known/change-password");
    let fields = [("email", ANN), ("password", PASSWORD), next];
    let back = ann.submit(&sign_in, "/sign-in", &fields).await;
    let well_known = ann.follow(&back).await;
    assert_eq!(well_known.is(303).header("location"), "/account#password");
    let account = ann.get("/account").await;
    assert!(
        account.is(200).text.contains("<h2 id=\"password\">"),
        "{account:#?}"
    );
    // Or a manager would take every address for one that leads there.
    let nothing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    ann.get(nothing).await.is(404);
    world.client().get(nothing).await.problem(404, "not_found");
    ann.post("/.well-known/change-password", &[]).await.is(405);

    let named = |page: &str, words: &[&str]| {
        for word in words {
            let count = page.matches(&format!("autocomplete=\"{word}\"")).count();
            assert_eq!(count, 1, "{word}: {page}");
        }
    };
    named(
        &account.text,
        &["username", "current-password", "new-password"],
    );
    let mut nobody = world.visitor();
    let page = nobody.get("/sign-in").await;
    named(&page.text, &["username", "current-password"]);
    let page = nobody.get("/register").await;
    named(&page.text, &["username", "new-password"]);
    let link = world
        .settings
        .done(&["user", "reset-link", ANN, "--yes"])
        .await;
    let token = link
        .split_whitespace()
        .map(|word| word.rsplit("token=").next().unwrap())
        .find(|word| word.split('.').count() == 3);
    let path = format!("/reset?token={}", token.expect("a token"));
    let page = nobody.get(&path).await;
    named(&page.text, &["username", "new-password"]);
    let username = format!("value=\"{ANN}\" autocomplete=\"username\" hidden");
    assert!(page.is(200).text.contains(&username), "{page:#?}");
    // An invalid one reveals nothing.
    world
        .settings
        .done(&["user", "disable", ANN, "--yes"])
        .await;
    let page = nobody.get(&path).await;
    assert!(!page.is(200).text.contains(ANN), "{page:#?}");
}
