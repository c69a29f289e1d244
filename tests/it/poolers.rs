//! Proves that Postgres may stand behind a transaction pooler: `PgBouncer` gives a session of the
//! server to another client after each transaction, whatever either has left in it.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};
use tokio::task::JoinSet;

use crate::support::{Client, PASSWORD, PgBouncer, Postgres, Settings};

/// Sessions on the server that all replicas and programs share.
const SESSIONS: usize = 4;

/// Two replicas that start together on an empty database behind one pooler; the migrations are
/// theirs, too.
async fn replicas(url: &str) -> [crate::support::Aura; 2] {
    let settings = Settings::new().database(url);
    let (one, other) = tokio::join!(settings.start(), settings.start());
    [one, other]
}

async fn sign_in(client: Client, email: String) -> u16 {
    let pair = client.login(&email, PASSWORD).await;
    if pair.status != 200 {
        return pair.status;
    }
    client.me(&pair.text_of("access_token")).await.status
}

/// What `query` says of each session of the server, all of them held at the same moment.
async fn of_each_session(url: &str, query: &'static str) -> Vec<String> {
    let mut held: Vec<PgConnection> = Vec::new();
    let mut answers = Vec::new();
    for _ in 0..SESSIONS {
        let mut connection = PgBouncer::connect(url).await;
        let begin = sqlx::raw_sql("BEGIN");
        begin.execute(&mut connection).await.unwrap();
        let row = sqlx::raw_sql(query).fetch_one(&mut connection).await;
        answers.push(row.unwrap().get(0));
        held.push(connection);
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_parallel_sign_ins_over_two_replicas_all_succeed_behind_a_transaction_pooler() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let Some(pooler) = PgBouncer::start(postgres.address(), SESSIONS).await else {
        return;
    };
    let direct = postgres.database().await;
    let url = pooler.url(&direct);
    let replicas = replicas(&url).await;
    let mut emails = Vec::new();
    for _ in 0..6 {
        emails.push(replicas[0].client().newcomer().await.email);
    }

    let mut answers = JoinSet::new();
    for number in 0..60 {
        let client = replicas[number % 2].client();
        answers.spawn(sign_in(client, emails[number % emails.len()].clone()));
    }
    let mut statuses = BTreeMap::new();
    while let Some(status) = answers.join_next().await {
        *statuses.entry(status.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(200, 60)]));
    replicas[1].client().get("/health").await.is(200);

    // Another program finds its sessions as if nobody had been there.
    for (query, found) in [
        ("SELECT count(*)::text FROM pg_prepared_statements", "0"),
        ("SHOW statement_timeout", "0"),
        ("SHOW plan_cache_mode", "auto"),
        ("SHOW idle_in_transaction_session_timeout", "0"),
    ] {
        assert_eq!(
            of_each_session(&url, query).await,
            [found; SESSIONS],
            "{query}"
        );
    }
}

#[tokio::test]
async fn leftovers_of_another_program_in_a_session_change_no_answer() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let Some(pooler) = PgBouncer::start(postgres.address(), 1).await else {
        return;
    };
    let url = pooler.url(&postgres.database().await);
    let aura = Settings::new().database(&url).start().await;
    let client = aura.client();
    let session = client.newcomer().await;

    // Names that a driver would choose, for statements that find nothing.
    let mut other = PgBouncer::connect(&url).await;
    for number in 1..=40 {
        let prepare = format!("PREPARE sqlx_s_{number} AS SELECT 1 WHERE false");
        let prepare = sqlx::raw_sql(sqlx::AssertSqlSafe(prepare));
        prepare.execute(&mut other).await.unwrap();
    }
    for _ in 0..3 {
        client.login(&session.email, PASSWORD).await.is(200);
        client.me(&session.access).await.is(200);
    }
    let wrong = client
        .login(&session.email, "not the password at all")
        .await;
    wrong.problem(401, "invalid_credentials");
    Settings::new().database(&url).done(&["migrate"]).await;
}
