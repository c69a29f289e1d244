//! Administrators who lose their rights while requests of theirs are in flight, and roles that two
//! replicas change at one moment.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::support::{
    Answer, Aura, Client, PASSWORD, PATIENCE, Postgres, Redis, Session, Settings, Sqlite,
    eventually,
};

const ROOT: &str = "root@example.com";
const MALLORY: &str = "mallory@example.com";
const ANN: &str = "ann@example.com";

/// A server with two administrators and a user, and a connection to its database.
struct Stage {
    settings: Settings,
    aura: Aura,
    client: Client,
    database: AnyConnection,
    postgres: bool,
}

impl Stage {
    async fn of(settings: Settings, url: &str) -> Self {
        let settings = settings.database(url);
        settings.done(&["migrate"]).await;
        for (email, roles) in [(ROOT, "admin"), (MALLORY, "admin"), (ANN, "support")] {
            let create = ["user", "create", email, "--role", roles, "--password-stdin"];
            settings.done_with(&create, PASSWORD).await;
        }
        sqlx::any::install_default_drivers();
        let aura = settings.start().await;
        Self {
            client: aura.client(),
            aura,
            settings,
            database: AnyConnection::connect(url).await.unwrap(),
            postgres: url.starts_with("postgres"),
        }
    }

    async fn execute(&mut self, statements: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(statements.to_owned()));
        statements.execute(&mut self.database).await.unwrap();
    }

    /// Holds the lock of changes.
    async fn lock(&mut self) {
        let begin = if self.postgres {
            "BEGIN"
        } else {
            "BEGIN IMMEDIATE"
        };
        let lock = "UPDATE locks SET taken = taken + 1";
        self.execute(&format!("{begin}; {lock}")).await;
    }

    async fn text(&mut self, query: &str) -> String {
        let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
        query.fetch_one(&mut self.database).await.unwrap()
    }

    /// Everything that is stored of accounts and events but when somebody signed in.
    async fn state(&mut self) -> Vec<String> {
        let query = "SELECT email || '/' || password_hash || '/' || roles || '/' || \
                     coalesce(disabled_at, 0) || '/' || coalesce(signed_out_at, 0) || '/' || \
                     coalesce(password_change_required_at, 0) AS state FROM users \
                     UNION ALL SELECT action || '/' || subject || '/' || id AS state \
                     FROM audit_events WHERE action <> 'session.began' ORDER BY state";
        let query = sqlx::query_scalar(query);
        query.fetch_all(&mut self.database).await.unwrap()
    }

    /// Waits until one request waits for the lock that this connection holds.
    async fn waiting(&mut self) {
        if !self.postgres {
            // SQLite tells nobody. A request that comes too late meets the change at its door.
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            return;
        }
        let database = &mut self.database;
        eventually(PATIENCE, "a request that waits for a lock", async || {
            // Not pg_stat_activity, which stays the same to the end of a transaction.
            let query = "SELECT count(*) FROM pg_locks WHERE NOT granted";
            let count: i64 = sqlx::query_scalar(query)
                .fetch_one(&mut *database)
                .await
                .unwrap();
            (count > 0).then_some(())
        })
        .await;
    }

    async fn id(&mut self, email: &str) -> String {
        let query = format!("SELECT id FROM users WHERE email = '{email}'");
        self.text(&query).await
    }
}

/// Runs `test` on SQLite with sessions in the process, and on Postgres with Redis.
async fn on_both(test: impl AsyncFn(Stage)) {
    let file = Sqlite::new();
    test(Stage::of(Settings::new(), &file.url()).await).await;
    if let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) {
        let url = postgres.database().await;
        test(Stage::of(Settings::new().redis(&redis), &url).await).await;
    }
}

/// Every administrative request of Mallory's, by which the rights of before would be used.
fn requests(mallory: &str, ann: &str) -> Vec<(Method, String, Value)> {
    let [own, other] = [mallory, ann].map(|id| format!("/admin/users/{id}"));
    let new = json!({"email": "eve@example.com", "password": PASSWORD, "roles": ["admin"]});
    let nothing = || Value::Null;
    vec![
        (
            Method::PUT,
            format!("{own}/roles"),
            json!({"roles": ["admin", "x"]}),
        ),
        (
            Method::PUT,
            format!("{own}/roles"),
            json!({"roles": ["admin"]}),
        ),
        (Method::POST, format!("{own}/enable"), nothing()),
        (Method::POST, "/admin/users".to_owned(), new),
        (
            Method::PUT,
            format!("{other}/roles"),
            json!({"roles": ["admin"]}),
        ),
        (Method::POST, format!("{other}/disable"), nothing()),
        (
            Method::POST,
            format!("{other}/require-password-change"),
            nothing(),
        ),
        (Method::POST, format!("{other}/reset"), nothing()),
        (Method::DELETE, format!("{other}/sessions"), nothing()),
        (Method::DELETE, other.clone(), nothing()),
        (Method::GET, "/admin/audit/export".to_owned(), nothing()),
        (Method::POST, "/llm/cache/purge".to_owned(), nothing()),
    ]
}

/// A request that is on its way.
fn send(
    client: &Client,
    session: &Session,
    (method, path, body): (Method, String, Value),
) -> tokio::task::JoinHandle<Answer> {
    let (client, access) = (client.clone(), session.access.clone());
    tokio::spawn(async move {
        if body.is_null() {
            client.bearer(method, &path, &access).await
        } else {
            client.with_body(method, &path, &access, &body).await
        }
    })
}

#[tokio::test]
async fn requests_in_flight_do_nothing_once_their_administrator_has_lost_the_rights() {
    on_both(async |mut stage| {
        let (mallory, ann) = (stage.id(MALLORY).await, stage.id(ANN).await);
        let who = format!("WHERE email = '{MALLORY}'");
        let far = "9999999999999";
        let losses = [
            (
                format!("UPDATE users SET roles = '' {who}"),
                "roles = 'admin'",
            ),
            (
                format!("UPDATE users SET disabled_at = 1 {who}"),
                "disabled_at = NULL",
            ),
            (
                format!("UPDATE users SET signed_out_at = {far} {who}"),
                "signed_out_at = NULL",
            ),
        ];
        for (index, request) in requests(&mallory, &ann).into_iter().enumerate() {
            // Each request meets one of the losses; those on the own account meet all of them.
            for (number, (loss, repair)) in losses.iter().enumerate() {
                if index > 2 && index % losses.len() != number {
                    continue;
                }
                let session = stage.client.signed_in(MALLORY).await;
                stage.lock().await;
                let sent = send(&stage.client, &session, request.clone());
                stage.waiting().await;
                stage.execute(&format!("{loss}; COMMIT")).await;
                let before = stage.state().await;
                let answer = sent.await.unwrap();
                // On SQLite the request may have come to its door only now.
                let refused = answer.status == 403 || !stage.postgres && answer.status == 401;
                assert!(refused, "{loss}: {answer:#?}");
                assert_eq!(stage.state().await, before, "{answer:#?}");
                stage
                    .execute(&format!("UPDATE users SET {repair} {who}"))
                    .await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn requests_in_flight_do_nothing_once_their_session_has_ended() {
    on_both(async |mut stage| {
        let (mallory, ann) = (stage.id(MALLORY).await, stage.id(ANN).await);
        for (index, request) in requests(&mallory, &ann).into_iter().enumerate() {
            let session = stage.client.signed_in(MALLORY).await;
            let before = stage.state().await;
            stage.lock().await;
            let sent = send(&stage.client, &session, request);
            stage.waiting().await;
            // Whoever is robbed of a session has two ways to end it.
            let end = ["/auth/logout", "/auth/logout-all"][index % 2];
            let ended = (Method::POST, end.to_owned(), Value::Null);
            let ended = send(&stage.client, &session, ended);
            if stage.postgres {
                ended.await.unwrap().is(204);
                stage.execute("COMMIT").await;
            } else {
                // It has ended before the event of it is written, which waits for the lock.
                stage.waiting().await;
                stage.execute("COMMIT").await;
                ended.await.unwrap().is(204);
            }
            let answer = sent.await.unwrap();
            let refused = answer.status == 403 || !stage.postgres && answer.status == 401;
            assert!(refused, "{answer:#?}");
            let mut after = stage.state().await;
            after.retain(|row| !row.starts_with("session"));
            let before = before.iter().filter(|row| !row.starts_with("session"));
            assert!(before.eq(after.iter()), "{answer:#?}");
        }
    })
    .await;
}

/// The attack of the report: root takes Mallory's rights away, and Mallory gives them back.
async fn tug_of_war(stage: &mut Stage, servers: &[Client; 2]) {
    let mallory = stage.id(MALLORY).await;
    let path = format!("/admin/users/{mallory}");
    let root = servers[0].signed_in(ROOT).await;
    for round in 0..10 {
        let session = servers[1].signed_in(MALLORY).await;
        let (take, back) = if round % 2 == 0 {
            let roles = |roles: Value| {
                (
                    Method::PUT,
                    format!("{path}/roles"),
                    json!({"roles": roles}),
                )
            };
            (roles(json!([])), roles(json!(["admin"])))
        } else {
            let act = |act: &str| (Method::POST, format!("{path}/{act}"), Value::Null);
            (act("disable"), act("enable"))
        };
        let mut flights = Vec::new();
        for number in 0..6 {
            flights.push(send(&servers[number % 2], &session, back.clone()));
        }
        let taken = send(&servers[0], &root, take.clone());
        for number in 0..6 {
            flights.push(send(&servers[number % 2], &session, back.clone()));
        }
        let mut taken = taken.await.unwrap();
        // SQLite may keep a writer waiting in vain on a busy machine.
        while taken.status == 503 {
            taken = send(&servers[0], &root, take.clone()).await.unwrap();
        }
        assert!([200, 204].contains(&taken.status), "{taken:#?}");
        for flight in flights {
            let answer = flight.await.unwrap();
            assert!(
                [200, 204, 401, 403, 503].contains(&answer.status),
                "{answer:#?}"
            );
        }
        let query = "SELECT coalesce(disabled_at, 0) || '/' || roles FROM users WHERE id = ";
        let row = stage.text(&format!("{query}'{mallory}'")).await;
        let taken = if round % 2 == 0 {
            row == "0/"
        } else {
            !row.starts_with("0/")
        };
        assert!(taken, "round {round}: {row}");
        stage
            .execute(
                "UPDATE users SET disabled_at = NULL, roles = 'admin' WHERE roles <> 'support'",
            )
            .await;
    }
}

#[tokio::test]
async fn a_demotion_cannot_be_undone_by_its_subject_on_one_server_or_two() {
    on_both(async |mut stage| {
        let (one, other) = (stage.client.clone(), stage.settings.start().await);
        // Sessions in the process are known to one server alone.
        let second = if stage.postgres {
            other.client()
        } else {
            one.clone()
        };
        tug_of_war(&mut stage, &[one, second]).await;
        drop(stage.aura);
    })
    .await;
}

#[tokio::test]
async fn sessions_have_the_roles_that_were_committed_last_on_two_replicas() {
    let (Some(postgres), Some(redis)) = (Postgres::shared().await, Redis::start().await) else {
        return;
    };
    let url = postgres.database().await;
    let mut stage = Stage::of(Settings::new().redis(&redis), &url).await;
    let other = stage.settings.start().await;
    let servers = [stage.client.clone(), other.client()];
    let path = format!("/admin/users/{}/roles", stage.id(ANN).await);
    let root = servers[0].signed_in(ROOT).await;
    let ann = servers[0].signed_in(ANN).await;
    for round in 0..25 {
        let change = |roles: Value| (Method::PUT, path.clone(), json!({"roles": roles}));
        let grant = send(
            &servers[round % 2],
            &root,
            change(json!(["admin", "support"])),
        );
        let revoke = send(&servers[1 - round % 2], &root, change(json!(["support"])));
        for answer in [grant.await.unwrap(), revoke.await.unwrap()] {
            answer.is(200);
        }
        let query = format!("SELECT roles FROM users WHERE email = '{ANN}'");
        let row = stage.text(&query).await;
        let verified = servers[0]
            .bearer(Method::GET, "/auth/verify", &ann.access)
            .await;
        let roles = verified.is(200).header("x-auth-roles").replace(',', " ");
        assert_eq!(roles, row, "round {round}");
    }
}
