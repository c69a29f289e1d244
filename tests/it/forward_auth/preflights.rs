//! Preflights of an application: with the lines of the page they reach it, and nothing else does.

use reqwest::Method;

use super::Kind;
use super::gateway::{block, replaced};
use super::proxies::{ask, seen};
use super::world::World;
use crate::support::Site;

/// The configuration of nginx with its lines for preflights.
fn nginx(main: &str) -> String {
    let lines = block("nginx preflights");
    let (before, inside) = lines.split_once("\n\n").expect("two parts");
    let place = "internal;\n        auth_request off;\n";
    let main = replaced(main, place, &format!("{place}{inside}\n"));
    replaced(
        &main,
        "# aura itself.\n",
        &format!("{before}\n# aura itself.\n"),
    )
}

/// The configuration of Caddy with its lines for preflights.
fn caddy(main: &str) -> String {
    let lines = block("caddyfile preflights");
    replaced(
        main,
        "\napp.example.com {\n",
        &format!("\napp.example.com {{\n{lines}\n"),
    )
}

const PREFLIGHT: [(&str, &str); 3] = [
    ("origin", "https://spa.example.com"),
    ("access-control-request-method", "PUT"),
    ("access-control-request-headers", "x-a"),
];

async fn run(kind: Kind, edit: fn(&str) -> String) {
    let site = Site::mirror().await;
    let Some(world) = World::edited(kind, site.address(), edit).await else {
        return;
    };
    let app = &world.app;
    let forged = [
        ("x-auth-roles", "staff"),
        ("x-auth-email", "root@example.com"),
    ];
    let whole = [&PREFLIGHT[..], &forged].concat();
    for path in ["/x", "/reports/1"] {
        let answer = ask(app, Method::OPTIONS, path, &whole).await;
        assert_eq!(
            seen(answer.is(200), "access-control-request-method"),
            ["PUT"]
        );
        assert!(!answer.text.contains("staff"), "{answer:#?}");
        assert!(!answer.text.contains("root@"), "{answer:#?}");
    }
    for method in [Method::GET, Method::POST, Method::DELETE, Method::HEAD] {
        ask(app, method, "/x", &PREFLIGHT).await.is(401);
    }
    for part in [&PREFLIGHT[..1], &PREFLIGHT[1..], &[]] {
        ask(app, Method::OPTIONS, "/x", part).await.is(401);
    }
    // With a token it is a request like any other.
    let bearer = world.bearer("ann@example.com").await;
    let answer = ask(app, Method::OPTIONS, "/x", &[("authorization", &bearer)]).await;
    assert_eq!(seen(answer.is(200), "x-auth-email"), ["ann@example.com"]);
}

#[tokio::test]
async fn preflights_pass_nginx() {
    run(Kind::Nginx, nginx).await;
}

#[tokio::test]
async fn preflights_pass_caddy() {
    run(Kind::Caddy, caddy).await;
}

#[tokio::test]
async fn without_these_lines_preflights_are_refused() {
    let site = Site::mirror().await;
    for kind in [Kind::Nginx, Kind::Caddy] {
        let Some(world) = World::start(kind, site.address()).await else {
            return;
        };
        ask(&world.app, Method::OPTIONS, "/x", &PREFLIGHT)
            .await
            .is(401);
    }
}
