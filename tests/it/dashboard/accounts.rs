//! The forms of signed-in users: their own account, and other accounts.

use aura::http::Code;

use super::{ANN, OTHER, ROOT, World, hidden, is_page};
use crate::support::PASSWORD;

#[tokio::test]
async fn user_changes_the_own_password_and_sees_what_is_wrong() {
    let world = World::start().await;
    let mut ann = world.signed_in(ANN).await;
    let elsewhere = world.client().signed_in(ANN).await;
    for (current, new, fault) in [
        ("", "", "Current password: This field is required."),
        (
            "wrong",
            OTHER,
            "Current password: This is not your password.",
        ),
        (PASSWORD, "short", "New password: A password has"),
        (PASSWORD, ANN, "New password: "),
    ] {
        let fields = [("current_password", current), ("new_password", new)];
        let refused = ann.submit("/account", "/account/password", &fields).await;
        is_page(&refused, 422, fault);
        assert!(!refused.text.contains(PASSWORD), "{refused:#?}");
    }
    world.client().me(&elsewhere.access).await.is(200);
    let fields = [("current_password", PASSWORD), ("new_password", OTHER)];
    let changed = ann.submit("/account", "/account/password", &fields).await;
    is_page(
        &ann.follow(&changed).await,
        200,
        "Your password has been changed.",
    );
    world.client().me(&elsewhere.access).await.is(401);
    world.client().login(ANN, PASSWORD).await.is(401);
    world.client().login(ANN, OTHER).await.is(200);
}

#[tokio::test]
async fn user_ends_own_sessions_and_no_others() {
    let world = World::start().await;
    let mut ann = world.signed_in(ANN).await;
    let mut phone = world.visitor();
    phone.user_agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1".into();
    phone.sign_in(ANN, PASSWORD).await.is(303);
    let page = ann.get("/account").await;
    for words in ["Safari on iPhone", "Firefox on Linux", "this session"] {
        assert!(page.is(200).text.contains(words), "{words}: {page:#?}");
    }
    let form = page
        .text
        .split("action=\"/account/sessions/")
        .nth(1)
        .unwrap();
    let path = format!("/account/sessions/{}", form.split('"').next().unwrap());
    // Another user cannot end them.
    let mut root = world.signed_in(ROOT).await;
    is_page(
        &root.submit("/account", &path, &[]).await,
        404,
        "This session has already ended",
    );
    phone.get("/account").await.is(200);
    let ended = ann.submit("/account", &path, &[]).await;
    is_page(&ann.follow(&ended).await, 200, "The session has ended.");
    phone.get("/account").await.is(303);
    ann.submit("/account", &path, &[]).await.is(404);
    ann.submit("/account", "/account/sessions/x/end", &[])
        .await
        .is(404);

    phone.sign_in(ANN, PASSWORD).await.is(303);
    let ended = ann
        .submit("/account", "/account/sessions/end-others", &[])
        .await;
    is_page(
        &ann.follow(&ended).await,
        200,
        "You have no other sessions.",
    );
    phone.get("/account").await.is(303);

    // One's own session is ended by its address too, and that is signing out.
    let own = ann.session();
    let own = format!("/account/sessions/{}/end", own.split('.').next().unwrap());
    let out = ann.submit("/account", &own, &[]).await;
    is_page(&ann.follow(&out).await, 200, "You are signed out.");
    assert_eq!(ann.session(), "");
}

#[tokio::test]
async fn a_new_account_is_created_with_its_roles_or_its_faults_are_named() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    for (email, password, roles, fault) in [
        ("", "", "", "E-mail: This field is required."),
        (ANN, PASSWORD, "", "already exists"),
        ("x", PASSWORD, "", "E-mail: "),
        ("b@example.com", "short", "", "Password: "),
        ("b@example.com", PASSWORD, "a/b", "Roles: A role is"),
    ] {
        let fields = [("email", email), ("password", password), ("roles", roles)];
        let refused = root.submit("/users/new", "/users/new", &fields).await;
        is_page(&refused, 422, fault);
    }
    let fields = [
        ("email", "Bob@Example.com"),
        ("password", PASSWORD),
        ("roles", "staff, editor staff"),
    ];
    let made = root.submit("/users/new", "/users/new", &fields).await;
    let page = root.follow(&made).await;
    is_page(&page, 200, "The account has been created.");
    assert!(page.text.contains("value=\"editor staff\""), "{page:#?}");
    let bob = world.client().signed_in("bob@example.com").await;
    assert_eq!(
        bob.claims()["roles"],
        serde_json::json!(["editor", "staff"])
    );
}

#[tokio::test]
async fn an_administrators_change_of_an_account_takes_effect_at_once() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let page = world.page_of(&mut root, ANN).await;
    let mut ann = world.signed_in(ANN).await;
    let act = |action: &str| format!("{page}/{action}");

    let roles = [("roles", "admin")];
    let set = root.submit(&page, &act("roles"), &roles).await;
    is_page(&root.follow(&set).await, 200, "The roles have been set.");
    ann.get("/users").await.is(200);
    let bad = root.submit(&page, &act("roles"), &[("roles", "a/b")]).await;
    is_page(&bad, 422, "Roles: A role is");
    assert!(bad.text.contains("value=\"a/b\""));
    // An empty field alone takes nothing away.
    let emptied = root.submit(&page, &act("roles"), &[("roles", "")]).await;
    is_page(&emptied, 422, "This would remove all roles.");
    ann.get("/users").await.is(200);
    let none = root.submit(&page, &act("roles"), &[("none", "yes")]).await;
    is_page(&root.follow(&none).await, 200, "The roles have been set.");
    ann.get("/users").await.is(403);

    root.submit(&page, &act("end-sessions"), &[]).await.is(303);
    ann.get("/account").await.is(303);
    ann.sign_in(ANN, PASSWORD).await.is(303);

    let disabled = root.submit(&page, &act("disable"), &[]).await;
    is_page(
        &root.follow(&disabled).await,
        200,
        "The account has been disabled",
    );
    ann.get("/account").await.is(303);
    ann.sign_in(ANN, PASSWORD).await.is(422);
    root.submit(&page, &act("enable"), &[]).await.is(303);
    ann.sign_in(ANN, PASSWORD).await.is(303);

    let gone = root.submit(&page, &act("delete"), &[]).await;
    is_page(
        &root.follow(&gone).await,
        200,
        "The account has been deleted.",
    );
    ann.get("/account").await.is(303);
    for path in [page.clone(), "/users/x".to_owned()] {
        is_page(&root.get(&path).await, 404, "User not found");
        let path = format!("{path}/enable");
        root.submit("/users", &path, &[]).await.is(404);
    }
    let own = world.page_of(&mut root, ROOT).await;
    let path = format!("{own}/bless");
    root.submit("/users", &path, &[]).await.is(404);
}

#[tokio::test]
async fn last_administrator_cannot_be_removed() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let page = world.page_of(&mut root, ROOT).await;
    for action in ["roles", "disable", "delete", "erase"] {
        let refused = root
            .submit(&page, &format!("{page}/{action}"), &[("none", "yes")])
            .await;
        is_page(&refused, 422, Code::LastAdministrator.sentence());
    }
    root.get("/users").await.is(200);
}

#[tokio::test]
async fn reset_shows_its_link_once_and_disables_the_old_password() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let mut ann = world.signed_in(ANN).await;
    let page = world.page_of(&mut root, ANN).await;
    let shown = root.submit(&page, &format!("{page}/reset"), &[]).await;
    is_page(&shown, 200, "the only way back in");
    assert_eq!(shown.header("cache-control"), "no-store");
    let link = format!("http://{}/reset?token=", world.aura.address());
    let token = shown.text.split(&link).nth(1).expect("the link");
    let token: String = token.chars().take_while(|c| *c != '<').collect();
    let again = root.get(&page).await;
    assert!(!again.is(200).text.contains("token="), "{again:#?}");
    assert!(again.text.contains("needs a reset link to sign in"));

    ann.get("/account").await.is(303);
    let refused = ann.sign_in(ANN, PASSWORD).await;
    is_page(&refused, 422, "The e-mail or the password is wrong.");
    let fields = [("token", token.as_str()), ("new_password", OTHER)];
    let set = ann
        .submit(&format!("/reset?token={token}"), "/reset", &fields)
        .await;
    is_page(
        &ann.follow(&set).await,
        200,
        "Your new password has been set.",
    );
    ann.sign_in(ANN, OTHER).await.is(303);
}

#[tokio::test]
async fn required_change_leads_from_the_old_password_to_a_new_one() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let mut ann = world.signed_in(ANN).await;
    let page = world.page_of(&mut root, ANN).await;
    let require = format!("{page}/require-password-change");
    let done = root.submit(&page, &require, &[]).await;
    let done = root.follow(&done).await;
    is_page(&done, 200, "must choose a new password at the next sign-in");
    assert!(!done.text.contains("token="), "no link: {done:#?}");
    // The sessions have ended, and the password opens nothing but the form for another.
    ann.get("/account").await.is(303);
    let required = ann.sign_in(ANN, PASSWORD).await;
    is_page(
        &required,
        403,
        "An administrator requires you to choose a new password",
    );
    assert_eq!(ann.session(), "");
    let token = hidden(&required.text, "token").unwrap();
    let form = hidden(&required.text, "form").unwrap();
    let send = |new: &'static str| {
        [
            ("token", token.clone()),
            ("new_password", new.to_owned()),
            ("form", form.clone()),
        ]
    };
    for (new, status) in [(PASSWORD, 422), (OTHER, 303)] {
        let fields = send(new);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (*a, b.as_str())).collect();
        ann.post("/reset", &fields).await.is(status);
    }
    ann.sign_in(ANN, OTHER).await.is(303);
}

#[tokio::test]
async fn search_finds_accounts_by_part_of_the_email() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let found = root.get("/users?q=NN%40ex").await;
    assert!(
        found.is(200).text.contains(ANN) && !found.text.contains("auto\">root@example.com</a>")
    );
    is_page(&root.get("/users?q=zebra").await, 200, "No users match.");
    is_page(
        &root.get("/users?after=zz").await,
        200,
        "There are no more users.",
    );
    let all = root.get("/users?after=ann%40example.com").await;
    assert!(all.text.contains("First page") && all.text.contains("auto\">root@example.com</a>"));
}

#[tokio::test]
async fn list_filters_orders_and_counts_accounts() {
    let world = World::start().await;
    let mut root = world.signed_in(ROOT).await;
    let id = world.page_of(&mut root, ANN).await.replace("/users/", "");
    let row = |email: &str| format!("auto\">{email}</a>");
    for (query, total, first) in [
        ("", "2 users", ANN),
        ("order=newest", "2 users", ANN),
        ("order=last_sign_in", "2 users", ROOT),
        ("role=admin", "1 user", ROOT),
        ("state=active&role=editor", "1 user", ANN),
        (&format!("q={id}"), "1 user", ANN),
    ] {
        let found = root.get(&format!("/users?{query}")).await;
        let text = &found.is(200).text;
        assert!(
            text.contains(&format!("id=\"total\">{total}<")),
            "{query}: {text}"
        );
        let at = |email| text.find(&row(email)).unwrap_or(usize::MAX);
        let other = if first == ANN { ROOT } else { ANN };
        assert!(at(first) < at(other), "{query}: {text}");
    }
    let found = root.get("/users?order=last_sign_in").await;
    assert!(
        found.text.contains("<span class=\"faint\">never</span>"),
        "Ann has never signed in"
    );
    is_page(
        &root.get("/users?state=disabled").await,
        200,
        "No users match.",
    );
    for query in [
        "email=ann",
        "q=a&q=b",
        "state=x",
        "order=x",
        "order=newest&after=x",
    ] {
        let refused = root.get(&format!("/users?{query}")).await;
        is_page(&refused, 400, "Invalid parameter");
    }
    for path in [
        "/audit?who=x",
        "/audit/export?before=x&who=x",
        "/configuration?name=x",
    ] {
        is_page(&root.get(path).await, 400, "There is no parameter");
    }
}
