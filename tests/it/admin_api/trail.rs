//! Each action on an account, by its owner, an administrator or the command line, leaves exactly
//! one event: who, whose, from where.

use aura::audit::Action;
use reqwest::Method;
use serde_json::{Value, json};

use super::ADMIN;
use super::walk::Walk;
use crate::support::{PASSWORD, Postgres, Redis, Settings, Sqlite};

const NEW: &str = "teapot-Glacier-31-nine";

const ANN: &str = "ann@example.com";

/// Registration, sign-in and refresh.
async fn sign_ins(walk: &mut Walk) {
    let body = json!({"email": "Ann@Example.com", "password": PASSWORD});
    let answer = walk.call(Method::POST, "/auth/register", "", &body).await;
    walk.left(answer.is(201), Action::UserRegistered, ANN, ANN)
        .await;
    let again = walk.call(Method::POST, "/auth/register", "", &body).await;
    walk.nothing(again.is(409)).await;

    for email in [ANN, "nobody@example.com"] {
        let body = json!({"email": email, "password": "wrong-Password-1"});
        let answer = walk.call(Method::POST, "/auth/login", "", &body).await;
        walk.left(answer.is(401), Action::SessionRefused, "", email)
            .await;
    }
    let session = walk.sign_in(ANN, PASSWORD).await;
    let refresh = json!({"refresh_token": session.refresh});
    let answer = walk.call(Method::POST, "/auth/refresh", "", &refresh).await;
    walk.nothing(answer.is(200)).await;
    let next = json!({"refresh_token": answer.text_of("refresh_token")});
    walk.call(Method::POST, "/auth/refresh", "", &next)
        .await
        .is(200);
    let answer = walk.call(Method::POST, "/auth/refresh", "", &refresh).await;
    walk.left(answer.is(401), Action::SessionReused, "", ANN)
        .await;
}

/// Changes of owners to their own sessions and accounts.
async fn owners(walk: &mut Walk) {
    let session = walk.sign_in(ANN, PASSWORD).await;
    let answer = walk
        .call(Method::POST, "/auth/logout", &session.access, &Value::Null)
        .await;
    walk.left(answer.is(204), Action::SessionEnded, ANN, ANN)
        .await;
    let again = walk
        .call(Method::POST, "/auth/logout", &session.access, &Value::Null)
        .await;
    walk.nothing(again.is(204)).await;

    let session = walk.sign_in(ANN, PASSWORD).await;
    let name = json!({"display_name": "Ann Lee"});
    let answer = walk
        .call(Method::PATCH, "/auth/me", &session.access, &name)
        .await;
    walk.left(answer.is(200), Action::UserProfileChanged, ANN, ANN)
        .await;
    let other = walk.sign_in(ANN, PASSWORD).await;
    let path = format!("/auth/sessions/{}", other.claims()["sid"].as_str().unwrap());
    let answer = walk
        .call(Method::DELETE, &path, &session.access, &Value::Null)
        .await;
    walk.left(answer.is(204), Action::SessionEnded, ANN, ANN)
        .await;
    let change = json!({"current_password": "wrong-Password-1", "new_password": NEW});
    let answer = walk
        .call(Method::POST, "/auth/password", &session.access, &change)
        .await;
    walk.left(answer.is(403), Action::UserPasswordRefused, ANN, ANN)
        .await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let answer = walk
        .call(Method::POST, "/auth/password", &session.access, &change)
        .await;
    walk.left(answer.is(204), Action::UserPasswordChanged, ANN, ANN)
        .await;
    let answer = walk
        .call(
            Method::POST,
            "/auth/logout-all",
            &session.access,
            &Value::Null,
        )
        .await;
    walk.left(answer.is(204), Action::SessionsEnded, ANN, ANN)
        .await;

    let session = walk.sign_in(ANN, NEW).await;
    let body = json!({"current_password": NEW});
    let answer = walk
        .call(Method::DELETE, "/auth/me", &session.access, &body)
        .await;
    walk.left(answer.is(204), Action::UserDeleted, ANN, ANN)
        .await;
}

/// What administrators do with the accounts of others.
async fn administrators(walk: &mut Walk) {
    const BOB: &str = "bob@example.com";
    let body = json!({"email": BOB, "password": PASSWORD});
    let answer = walk.admin(Method::POST, "/admin/users", &body).await;
    walk.left(answer.is(201), Action::UserCreated, ADMIN, BOB)
        .await;
    let path = format!("/admin/users/{}", answer.text_of("id"));
    let answer = walk
        .admin(
            Method::PUT,
            &format!("{path}/roles"),
            &json!({"roles": ["x"]}),
        )
        .await;
    walk.left(answer.is(200), Action::UserRolesChanged, ADMIN, BOB)
        .await;
    let disable = format!("{path}/disable");
    let answer = walk.admin(Method::POST, &disable, &Value::Null).await;
    walk.left(answer.is(204), Action::UserDisabled, ADMIN, BOB)
        .await;
    let again = walk.admin(Method::POST, &disable, &Value::Null).await;
    walk.nothing(again.is(204)).await;
    let answer = walk
        .admin(Method::POST, &format!("{path}/enable"), &Value::Null)
        .await;
    walk.left(answer.is(204), Action::UserEnabled, ADMIN, BOB)
        .await;
    let answer = walk
        .admin(Method::DELETE, &format!("{path}/sessions"), &Value::Null)
        .await;
    walk.left(answer.is(204), Action::SessionsEnded, ADMIN, BOB)
        .await;

    let require = format!("{path}/require-password-change");
    let answer = walk.admin(Method::POST, &require, &Value::Null).await;
    walk.left(
        answer.is(204),
        Action::UserPasswordChangeRequired,
        ADMIN,
        BOB,
    )
    .await;
    let login = json!({"email": BOB, "password": PASSWORD});
    let answer = walk.call(Method::POST, "/auth/login", "", &login).await;
    walk.left(answer.is(403), Action::SessionRefused, BOB, BOB)
        .await;
    let reset = format!("{path}/reset");
    let answer = walk.admin(Method::POST, &reset, &Value::Null).await;
    walk.left(answer.is(200), Action::UserResetRequired, ADMIN, BOB)
        .await;
    let reset = json!({"reset_token": answer.text_of("reset_token"), "new_password": NEW});
    let answer = walk.call(Method::POST, "/auth/login", "", &login).await;
    walk.left(answer.is(401), Action::SessionRefused, "", BOB)
        .await;
    let answer = walk
        .call(Method::POST, "/auth/password/reset", "", &reset)
        .await;
    walk.left(answer.is(204), Action::UserPasswordReset, BOB, BOB)
        .await;

    let answer = walk.admin(Method::DELETE, &path, &Value::Null).await;
    walk.left(answer.is(204), Action::UserDeleted, ADMIN, BOB)
        .await;
}

/// Reads and purges of administrators, of which only the first two leave an event.
async fn operations(walk: &mut Walk) {
    let answer = walk
        .admin(Method::GET, "/admin/audit/export", &Value::Null)
        .await;
    walk.left(answer.is(200), Action::AuditExported, ADMIN, "")
        .await;
    let answer = walk
        .admin(Method::POST, "/llm/cache/purge", &Value::Null)
        .await;
    walk.left(answer.is(204), Action::CachePurged, ADMIN, "")
        .await;
    for path in [
        "/admin/audit",
        "/admin/users",
        "/admin/overview",
        "/admin/config",
    ] {
        let answer = walk.admin(Method::GET, path, &Value::Null).await;
        walk.nothing(answer.is(200)).await;
    }
}

/// What is done at the server's own command line.
async fn commands(walk: &mut Walk) {
    const CAT: &str = "cat@example.com";
    let create = [
        "user",
        "create",
        CAT,
        "--role",
        "support",
        "--password-stdin",
    ];
    walk.command(&create, PASSWORD, Action::UserCreated, CAT)
        .await;
    walk.command(
        &["user", "set-roles", CAT, "--yes"],
        "",
        Action::UserRolesChanged,
        CAT,
    )
    .await;
    walk.command(
        &["user", "disable", CAT, "--yes"],
        "",
        Action::UserDisabled,
        CAT,
    )
    .await;
    walk.command(&["user", "enable", CAT], "", Action::UserEnabled, CAT)
        .await;
    let set = ["user", "set-password", CAT, "--password-stdin", "--yes"];
    walk.command(&set, NEW, Action::UserPasswordSet, CAT).await;
    walk.command(
        &["user", "reset-link", CAT, "--yes"],
        "",
        Action::UserResetRequired,
        CAT,
    )
    .await;
    let require = ["user", "require-password-change", CAT, "--yes"];
    walk.command(&require, "", Action::UserPasswordChangeRequired, CAT)
        .await;
    walk.command(
        &["user", "revoke-sessions", CAT, "--yes"],
        "",
        Action::SessionsEnded,
        CAT,
    )
    .await;
    walk.command(
        &["user", "delete", CAT, "--yes"],
        "",
        Action::UserDeleted,
        CAT,
    )
    .await;
    // Its e-mail stood in the trail until now.
    walk.command(&["user", "erase", CAT, "--yes"], "", Action::UserErased, "")
        .await;
    walk.command(&["audit", "export"], "", Action::AuditExported, "")
        .await;
}

async fn everything(mut walk: Walk) -> Walk {
    sign_ins(&mut walk).await;
    owners(&mut walk).await;
    administrators(&mut walk).await;
    operations(&mut walk).await;
    commands(&mut walk).await;
    // Made on the set-up page alone, and within a grace: both have tests of their own.
    for action in [
        Action::UserFirstAdministrator,
        Action::SessionRefreshedElsewhere,
    ] {
        walk.seen.insert(action.as_str().to_owned());
    }
    let all = Action::ALL.iter().map(|action| action.as_str().to_owned());
    assert_eq!(walk.seen, all.collect(), "every action was walked through");
    walk
}

#[tokio::test]
async fn every_action_leaves_exactly_one_event_on_sqlite() {
    let sqlite = Sqlite::new();
    let settings = Settings::new()
        .database(&sqlite.url())
        .set("JWT_REFRESH_GRACE_SECONDS", 0);
    everything(Walk::of(settings, &sqlite.url()).await).await;
}

#[tokio::test]
async fn every_action_leaves_exactly_one_event_on_postgres_and_redis() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    let settings = Settings::new()
        .database(&url)
        .redis(&redis)
        .set("JWT_REFRESH_GRACE_SECONDS", 0);
    let mut walk = everything(Walk::of(settings, &url).await).await;
    walk.command(&["cache", "purge", "--yes"], "", Action::CachePurged, "")
        .await;
}
