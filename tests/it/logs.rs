//! Proves that the log names every request by its id, is JSON where that was asked for, and holds
//! no secret at any level.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Client, PASSWORD, Session, Settings};

const KEY: &str = "Zx8cV2bN5mA1sD4fG7hJ0kL3qW6eR9tYuIoP";
const CLIENT_SECRET: &str = "pQ5rS8tU1vW4xY7zA0bC3dE6fG9hI2jK";
const NEW_PASSWORD: &str = "violet-Harbour-83-candle";

/// A session with everything in it that must not be logged; returns all of that.
async fn a_day_of_work(client: &Client) -> Vec<String> {
    let mut secrets: Vec<String> = [PASSWORD, NEW_PASSWORD, KEY, CLIENT_SECRET]
        .map(str::to_owned)
        .to_vec();
    let mut keep = |session: &Session| {
        let signature = session.access.rsplit('.').next().unwrap().to_owned();
        secrets.extend([
            signature,
            session.secret().to_owned(),
            session.access.clone(),
        ]);
    };
    let session = client.newcomer().await;
    keep(&session);
    let pair = client.refresh(&session.refresh).await;
    let session = Session {
        email: session.email,
        access: pair.text_of("access_token"),
        refresh: pair.text_of("refresh_token"),
    };
    keep(&session);
    client.me(&session.access).await.is(200);
    client
        .get(&format!("/auth/me?access_token={}", session.access))
        .await
        .is(400);
    client
        .get(&format!("/nowhere?password={PASSWORD}"))
        .await
        .is(404);
    client
        .login(&session.email, "canary-wrong-Password")
        .await
        .is(401);
    client.login(PASSWORD, PASSWORD).await.is(401);
    client
        .me(&session.access[..session.access.len() - 1])
        .await
        .is(401);
    let odd = json!({"email": session.email, PASSWORD: PASSWORD});
    client.post("/auth/login", &odd).await.is(422);
    let broken = format!("{{\"password\":\"{PASSWORD}\"");
    let broken = client.call(Method::POST, "/auth/login", |request| {
        request
            .header("content-type", "application/json")
            .body(broken)
    });
    broken.await.is(400);
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let change = client.with_body(Method::POST, "/auth/password", &session.access, &change);
    change.await.is(204);
    for secret in [CLIENT_SECRET, "canary-wrong-client"] {
        let ask = client.call(Method::POST, "/auth/introspect", |request| {
            request
                .basic_auth("shop", Some(secret))
                .form(&[("token", &session.refresh)])
        });
        assert!([200, 401].contains(&ask.await.status));
    }
    client.logout(&session.access).await.is(204);
    secrets.extend(["canary-wrong-Password", "canary-wrong-client"].map(str::to_owned));
    secrets
}

#[tokio::test]
async fn logs_name_every_request_and_no_secret() {
    for format in ["json", "text"] {
        for level in ["info", "trace"] {
            let settings = Settings::new()
                .set("LOG_FORMAT", format)
                .set("LOG_LEVEL", level);
            let settings = settings
                .set("JWT_SECRET_KEY", KEY)
                .set("OAUTH_CLIENT_ID", "shop");
            let aura = settings
                .set("OAUTH_CLIENT_SECRET", CLIENT_SECRET)
                .start()
                .await;
            let client = aura.client();
            let secrets = a_day_of_work(&client).await;
            let mut ids = Vec::new();
            for path in ["/auth/me", "/nowhere"] {
                ids.push(client.get(path).await.header("x-request-id").to_owned());
            }
            let log = aura.log();
            for secret in secrets {
                assert!(!log.contains(&secret), "{secret} is in the log:\n{log}");
            }
            for id in &ids {
                assert!(log.contains(id.as_str()), "{id} is not in the log:\n{log}");
            }
            if format == "text" {
                continue;
            }
            let mut lines = Vec::new();
            for line in log.lines() {
                let parsed: Result<Value, _> = serde_json::from_str(line);
                lines.push(parsed.unwrap_or_else(|_| panic!("not JSON: {line}")));
            }
            for line in &lines {
                for member in ["timestamp", "level"] {
                    assert!(line[member].is_string(), "{member}: {line}");
                }
            }
            let of_request = lines
                .iter()
                .filter(|line| line["request_id"] == ids[0].as_str());
            let of_request: Vec<_> = of_request.collect();
            assert!(!of_request.is_empty());
            for line in log.lines() {
                let named = line.matches("\"request_id\":").count();
                assert!(named <= 1, "{line}");
            }
            assert_eq!(of_request[0]["status"], 401, "{of_request:?}");
            assert_eq!(of_request[0]["path"], "/auth/me", "{of_request:?}");
            let millis = of_request[0]["duration_ms"].to_string();
            let decimals = millis.split_once('.').map_or(0, |(_, digits)| digits.len());
            assert!(decimals <= 3, "{millis}");
        }
    }
}

#[tokio::test]
async fn the_cause_of_a_500_stands_under_its_request_id() {
    for (format, level) in [("json", "error"), ("text", "info")] {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("aura.db");
        let settings = Settings::new()
            .set("LOG_FORMAT", format)
            .set("LOG_LEVEL", level);
        let aura = settings
            .database(&format!("sqlite://{}", file.display()))
            .start()
            .await;
        let client = aura.client();
        let session = client.newcomer().await;
        let mut database = sqlx::SqliteConnection::connect(&format!("sqlite:{}", file.display()))
            .await
            .unwrap();
        let spoil = async |database: &mut sqlx::SqliteConnection, table: &str| {
            let statement = format!("ALTER TABLE {table} RENAME TO {table}_gone");
            let statement = sqlx::AssertSqlSafe(statement);
            sqlx::raw_sql(statement).execute(database).await.unwrap();
        };
        let cause_of = |answer: &crate::support::Answer, table: &str| {
            answer.problem(500, "internal");
            let id = answer.header("x-request-id").to_owned();
            assert_eq!(answer.json["instance"], id.as_str());
            let log = aura.log();
            let cause = log
                .lines()
                .find(|line| line.contains("refused a statement") && line.contains(&id));
            let cause = cause.unwrap_or_else(|| panic!("no cause under {id}:\n{log}"));
            assert!(
                cause.contains(&format!("no such table: {table}")),
                "{cause}"
            );
            if format == "json" {
                let line: Value = serde_json::from_str(cause).unwrap();
                assert_eq!(line["request_id"], id.as_str(), "{line}");
            }
        };
        // Inside a task of its own, which goes on when the client hangs up.
        spoil(&mut database, "audit_events").await;
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        let change = client.with_body(Method::POST, "/auth/password", &session.access, &change);
        cause_of(&change.await, "audit_events");
        spoil(&mut database, "users").await;
        cause_of(&client.login(&session.email, PASSWORD).await, "users");
    }
}

#[tokio::test]
async fn a_harmless_request_id_is_taken_over_and_any_other_replaced() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let ask = async |id: &[u8]| {
        let id = reqwest::header::HeaderValue::from_bytes(id).unwrap();
        let answer = client.call(Method::GET, "/auth/me", |request| {
            request.header("x-request-id", id)
        });
        let answer = answer.await;
        answer.problem(401, "missing_token");
        answer.header("x-request-id").to_owned()
    };
    for id in ["abc-123", "A", "01980a52-7f3c-4b6e-9a51-0c4d6f1d2e3a"] {
        assert_eq!(ask(id.as_bytes()).await, id);
    }
    let long = "a".repeat(300);
    let mut fresh = Vec::new();
    for id in [
        "", "a b", "<script>", "a\"b", "a{b}", "a;b=c", "a\u{e9}", "a\tb", &long,
    ] {
        let given = ask(id.as_bytes()).await;
        given
            .parse::<uuid::Uuid>()
            .unwrap_or_else(|_| panic!("{id:?} gave {given:?}"));
        fresh.push(given);
    }
    fresh.push(
        client
            .get("/health/live")
            .await
            .header("x-request-id")
            .to_owned(),
    );
    let count = fresh.len();
    fresh.sort_unstable();
    fresh.dedup();
    assert_eq!(fresh.len(), count, "no id is given twice");
}
