//! Proves that what changes in the middle of a call holds at its end: locks in the database stop a
//! sign-in between two of its steps, so that each race is run in one order only.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{
    Answer, Client, PASSWORD, PATIENCE, Postgres, Redis, Session, Settings, eventually, said,
};

const EMAIL: &str = "ann@example.com";

const OTHER_PASSWORD: &str = "violet-Harbour-83-candle";

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn execute(connection: &mut PgConnection, statements: &str) {
    let statements = sqlx::raw_sql(AssertSqlSafe(statements));
    statements.execute(connection).await.expect("statements");
}

/// Waits until `count` of the others wait for a lock.
async fn waiting(connection: &mut PgConnection, count: i64) {
    let what = format!("{count} who wait for a lock");
    eventually(PATIENCE, &what, async || {
        let query = sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE NOT granted");
        let found: i64 = query.fetch_one(&mut *connection).await.expect("a number");
        (found == count).then_some(())
    })
    .await;
}

/// Signs in, and carries out `change` after the password was found right and the account read, and
/// before the account is looked at once more.
async fn login_during(client: &Client, url: &str, change: &str) -> Answer {
    let [mut row, mut table] = [connect(url).await, connect(url).await];
    // The hash is of an older cost, so a sign-in writes a new one, for which it needs the row.
    execute(&mut row, "BEGIN; SELECT FROM users FOR UPDATE").await;
    let login = {
        let client = client.clone();
        tokio::spawn(async move { client.login(EMAIL, PASSWORD).await })
    };
    waiting(&mut row, 1).await;
    // Whoever waits for the table is served before the sign-in can read it again.
    let table = tokio::spawn(async move {
        let lock = "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE";
        execute(&mut table, lock).await;
        table
    });
    waiting(&mut row, 2).await;
    execute(&mut row, "ROLLBACK").await;
    let mut table = table.await.expect("the lock");
    execute(&mut table, &format!("{change}; COMMIT")).await;
    login.await.expect("an answer")
}

/// An account whose hash is of an older cost than the server's.
async fn older_account(settings: &Settings) {
    let create = ["user", "create", EMAIL, "--role", "editor"];
    let create = [create.as_slice(), &["--password-stdin"]].concat();
    settings.done_with(&create, PASSWORD).await;
}

/// How many sessions there are.
async fn sessions(redis: &Redis) -> usize {
    let mut tokens = redis.connect(2).await;
    let keys = redis::cmd("KEYS").arg("aura:session:*").to_owned();
    let keys: Vec<String> = keys.query_async(&mut tokens).await.expect("keys");
    keys.len()
}

#[tokio::test]
async fn roles_that_change_during_a_sign_in_are_those_of_its_tokens() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    for settings in [Settings::new(), Settings::new().redis(&redis)] {
        let settings = settings.database(&url);
        let newer = settings.clone().set("PASSWORD_BCRYPT_COST", 11);
        let aura = newer.start().await;
        older_account(&settings).await;
        let client = aura.client();
        let change = "UPDATE users SET roles = 'auditor'";
        let pair = login_during(&client, &url, change).await;
        let mut session = Session {
            email: EMAIL.to_owned(),
            access: pair.is(200).text_of("access_token"),
            refresh: pair.text_of("refresh_token"),
        };
        assert_eq!(session.claims()["roles"], json!(["auditor"]));
        let path = "/auth/verify";
        let verify = client.bearer(Method::GET, path, &session.access).await;
        assert_eq!(verify.is(200).header("x-auth-roles"), "auditor");
        let pair = client.refresh(&session.refresh).await;
        session.access = pair.is(200).text_of("access_token");
        assert_eq!(session.claims()["roles"], json!(["auditor"]));
        settings.done(&["user", "delete", EMAIL, "--yes"]).await;
    }
}

#[tokio::test]
async fn an_account_that_is_closed_or_changed_during_a_sign_in_does_not_let_in() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    let settings = Settings::new().database(&url).redis(&redis);
    let newer = settings.clone().set("PASSWORD_BCRYPT_COST", 11);
    let aura = newer.start().await;
    for change in [
        "UPDATE users SET disabled_at = 1",
        "UPDATE users SET signed_out_at = 1",
        "UPDATE users SET password_change_required_at = 1, reset_required_at = 1",
        "UPDATE users SET password_hash = '$2b$10$' || repeat('a', 53)",
        "DELETE FROM users",
    ] {
        older_account(&settings).await;
        let refused = login_during(&aura.client(), &url, change).await;
        refused.problem(401, "invalid_credentials");
        assert_eq!(sessions(&redis).await, 0, "after {change}");
        execute(&mut connect(&url).await, "DELETE FROM users").await;
    }
}

#[tokio::test]
async fn the_second_of_two_password_changes_is_refused() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let url = postgres.database().await;
    let aura = Settings::new().database(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let mut first = connect(&url).await;
    let change = "UPDATE users SET password_hash = '$2b$10$' || repeat('a', 53)";
    execute(&mut first, &format!("BEGIN; {change}")).await;
    let second = {
        let (client, access) = (client.clone(), session.access.clone());
        let body: Value = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
        tokio::spawn(async move {
            let (method, path) = (Method::POST, "/auth/password");
            client.with_body(method, path, &access, &body).await
        })
    };
    waiting(&mut first, 1).await;
    execute(&mut first, "COMMIT").await;
    let refused = second.await.expect("an answer");
    refused.problem(403, "wrong_password");
    client.me(&session.access).await.is(200);
}

/// A server on Redis and Postgres, and a connection that holds the lock which changes of accounts
/// wait for after they have asked whether the sessions can hear of them.
async fn held() -> Option<(Settings, (Redis, Arc<Postgres>), PgConnection)> {
    let (postgres, redis) = (Postgres::shared().await?, Redis::start().await?);
    let url = postgres.database().await;
    let settings = Settings::new().database(&url).redis(&redis);
    settings.done(&["migrate"]).await;
    let mut lock = connect(&url).await;
    execute(&mut lock, "BEGIN; UPDATE locks SET taken = 0").await;
    Some((settings, (redis, postgres), lock))
}

async fn is_over(client: &Client, session: &Session) {
    // Looks at the session alone, not at the account.
    let path = "/auth/verify";
    eventually(PATIENCE, "the end of a session", async || {
        let verified = client.bearer(Method::GET, path, &session.access).await;
        (verified.status == 401).then_some(())
    })
    .await;
    let refreshed = client.refresh(&session.refresh).await;
    refreshed.problem(401, "invalid_refresh_token");
}

/// The owner's request to delete the account, on its way.
fn deletion(client: &Client, session: &Session) -> tokio::task::JoinHandle<Answer> {
    let (client, access) = (client.clone(), session.access.clone());
    let body = json!({"current_password": PASSWORD});
    tokio::spawn(async move {
        let (method, path) = (Method::DELETE, "/auth/me");
        client.with_body(method, path, &access, &body).await
    })
}

#[tokio::test]
async fn an_account_is_deleted_completely_when_its_client_is_gone() {
    let Some((settings, _servers, mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let delete = deletion(&client, &session);
    waiting(&mut lock, 1).await;
    delete.abort();
    assert!(delete.await.is_err(), "the client has gone");
    client.me(&session.access).await.is(200);
    execute(&mut lock, "COMMIT").await;
    is_over(&client, &session).await;
}

#[tokio::test]
async fn sessions_of_a_deleted_account_end_when_the_token_store_is_back() {
    let Some((settings, (redis, _postgres), mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let delete = deletion(&client, &session);
    waiting(&mut lock, 1).await;
    redis.pause();
    execute(&mut lock, "COMMIT").await;
    let answer = delete.await.expect("an answer");
    answer.problem(503, "tokens_unavailable");
    redis.resume();
    is_over(&client, &session).await;
    let again = client.login(&session.email, PASSWORD).await;
    again.problem(401, "invalid_credentials");
}

/// The owner's request for another password, on its way.
fn password_change(client: &Client, session: &Session) -> tokio::task::JoinHandle<Answer> {
    let (client, access) = (client.clone(), session.access.clone());
    let body = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    tokio::spawn(async move {
        let (method, path) = (Method::POST, "/auth/password");
        client.with_body(method, path, &access, &body).await
    })
}

#[tokio::test]
async fn a_password_change_ends_the_thiefs_session_when_the_token_store_is_back() {
    let Some((settings, (redis, _postgres), mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let owner = client.newcomer().await;
    let thief = client.signed_in(&owner.email).await;
    let change = password_change(&client, &owner);
    waiting(&mut lock, 1).await;
    redis.pause();
    execute(&mut lock, "COMMIT").await;
    let answer = change.await.expect("an answer");
    answer.problem(503, "tokens_unavailable");
    redis.resume();
    is_over(&client, &thief).await;
    client.me(&owner.access).await.is(200);
    client.login(&owner.email, OTHER_PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_reset_ends_the_thiefs_session_when_the_token_store_is_back() {
    let Some((settings, (redis, _postgres), mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let thief = client.newcomer().await;
    execute(&mut lock, "ROLLBACK").await;
    let token = settings
        .done(&["user", "reset-link", &thief.email, "--yes"])
        .await;
    // What a stolen session would look like whose end was lost.
    execute(
        &mut lock,
        "UPDATE users SET password_change_required_at = NULL",
    )
    .await;
    let thief = client.signed_in(&thief.email).await;
    execute(&mut lock, "BEGIN; UPDATE locks SET taken = 0").await;
    let body = json!({"reset_token": token.trim(), "new_password": OTHER_PASSWORD});
    let reset = {
        let client = client.clone();
        tokio::spawn(async move { client.post("/auth/password/reset", &body).await })
    };
    waiting(&mut lock, 1).await;
    redis.pause();
    execute(&mut lock, "COMMIT").await;
    let answer = reset.await.expect("an answer");
    answer.problem(503, "tokens_unavailable");
    redis.resume();
    is_over(&client, &thief).await;
}

#[tokio::test]
async fn a_concurrent_decision_of_an_administrator_precedes_the_owners_change() {
    let Some((settings, _servers, mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let closed = "UPDATE users SET password_change_required_at = 1, reset_required_at = 1";
    for decided in [closed, "UPDATE users SET disabled_at = 1"] {
        let session = client.newcomer().await;
        let change = password_change(&client, &session);
        waiting(&mut lock, 1).await;
        execute(&mut lock, &format!("{decided}; COMMIT")).await;
        let answer = change.await.expect("an answer");
        answer.problem(403, "wrong_password");
        let login = client.login(&session.email, OTHER_PASSWORD).await;
        login.problem(401, "invalid_credentials");
        execute(&mut lock, "BEGIN; UPDATE locks SET taken = 0").await;
    }
}

#[tokio::test]
async fn a_hash_that_a_sign_in_makes_anew_meanwhile_is_of_the_password_that_was_shown() {
    let Some((settings, _servers, mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let again = bcrypt::hash(PASSWORD, 11).expect("a hash");
    let rehash = format!("UPDATE users SET password_hash = '{again}'; COMMIT");
    let change = password_change(&client, &session);
    waiting(&mut lock, 1).await;
    execute(&mut lock, &rehash).await;
    change.await.expect("an answer").is(204);
    let session = client.login(&session.email, OTHER_PASSWORD).await;
    let session = Session {
        email: String::new(),
        access: session.is(200).text_of("access_token"),
        refresh: session.text_of("refresh_token"),
    };
    execute(&mut lock, "BEGIN; UPDATE locks SET taken = 0").await;
    let body = json!({"current_password": OTHER_PASSWORD});
    let delete = tokio::spawn({
        let (client, access) = (client.clone(), session.access.clone());
        async move {
            client
                .with_body(Method::DELETE, "/auth/me", &access, &body)
                .await
        }
    });
    waiting(&mut lock, 1).await;
    let again = bcrypt::hash(OTHER_PASSWORD, 11).expect("a hash");
    let rehash = format!("UPDATE users SET password_hash = '{again}'; COMMIT");
    execute(&mut lock, &rehash).await;
    delete.await.expect("an answer").is(204);
}

#[tokio::test]
async fn an_account_is_not_deleted_by_a_password_that_was_replaced_meanwhile() {
    let Some((settings, _servers, mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let thief = client.newcomer().await;
    let delete = deletion(&client, &thief);
    waiting(&mut lock, 1).await;
    let change = "UPDATE users SET password_hash = '$2b$10$' || repeat('a', 53)";
    execute(&mut lock, &format!("{change}; COMMIT")).await;
    let refused = delete.await.expect("an answer");
    refused.problem(403, "wrong_password");
    client.me(&thief.access).await.is(200);
}

#[tokio::test]
async fn a_server_applies_to_sessions_a_change_that_the_command_line_could_not() {
    let Some((settings, (redis, _postgres), mut lock)) = held().await else {
        return;
    };
    let aura = settings.start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    let disable = {
        let (settings, email) = (settings.clone(), session.email.clone());
        tokio::spawn(async move { settings.run(&["user", "disable", &email, "--yes"]).await })
    };
    waiting(&mut lock, 1).await;
    redis.pause();
    execute(&mut lock, "COMMIT").await;
    let output = disable.await.expect("an outcome");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        said(&output).contains("the account was changed"),
        "{output:?}"
    );
    redis.resume();
    is_over(&client, &session).await;
    eventually(PATIENCE, "the end of the notice", async || {
        let query = sqlx::query_scalar("SELECT count(*) FROM session_notices");
        let left: i64 = query.fetch_one(&mut lock).await.expect("a number");
        (left == 0).then_some(())
    })
    .await;
}
