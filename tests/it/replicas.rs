//! Proves that several processes on one database and one Redis behave as one: they migrate once,
//! count together, and a session is the same session everywhere.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    Answer, Aura, Client, PASSWORD, PATIENCE, Postgres, Redis, Session, Settings,
};

/// Two processes that share all they may share; `None` where a server is not installed.
struct Pair {
    first: Aura,
    second: Aura,
    _servers: (Redis, std::sync::Arc<Postgres>),
}

impl Pair {
    async fn start(finish: impl FnOnce(Settings) -> Settings) -> Option<Self> {
        let (redis, postgres) = (Redis::start().await?, Postgres::shared().await?);
        let database = postgres.database().await;
        let settings = finish(Settings::new().redis(&redis).database(&database));
        let (first, second) = tokio::join!(settings.start(), settings.start());
        Some(Self {
            first,
            second,
            _servers: (redis, postgres),
        })
    }

    fn clients(&self) -> [Client; 2] {
        [self.first.client(), self.second.client()]
    }
}

/// Makes `count` calls at once, turn by turn to each client.
async fn at_once<F>(
    clients: &[Client],
    count: usize,
    call: impl Fn(Client, usize) -> F,
) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..count {
        calls.spawn(call(clients[number % clients.len()].clone(), number));
    }
    calls.join_all().await
}

#[tokio::test]
async fn three_processes_starting_on_one_empty_database_all_become_ready() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let database = postgres.database().await;
    let settings = Settings::new().database(&database);
    let mut replicas = [settings.spawn(), settings.spawn(), settings.spawn()];
    for replica in &mut replicas {
        replica.becomes("/health/startup", 200, PATIENCE).await;
        replica.becomes("/health/ready", 200, PATIENCE).await;
    }
    // An account made on one is known to the others.
    let [first, second, third] = replicas.each_ref().map(Aura::client);
    let session = first.newcomer().await;
    second.signed_in(&session.email).await;
    third
        .register(&session.email)
        .await
        .problem(409, "email_taken");
    for replica in &replicas {
        let log = replica.log();
        assert!(!log.contains("ERROR"), "{log}");
    }
}

#[tokio::test]
async fn three_migrations_at_once_all_succeed() {
    let Some(postgres) = Postgres::shared().await else {
        return;
    };
    let settings = Settings::new().database(&postgres.database().await);
    let migrate = || settings.run(&["migrate"]);
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    for output in [one, two, three, migrate().await] {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

/// Fifty parallel refreshes of one token are one rotation, and the session lives.
async fn one_rotation(clients: &[Client], session: &Session) {
    let answers = at_once(clients, 50, |client, _| {
        let token = session.refresh.clone();
        async move { client.refresh(&token).await }
    })
    .await;
    let mut pairs = HashSet::new();
    for answer in &answers {
        answer.is(200);
        pairs.insert((
            answer.text_of("access_token"),
            answer.text_of("refresh_token"),
        ));
    }
    assert_eq!(pairs.len(), 1, "every racer gets the same pair");
    let (access, refresh) = pairs.into_iter().next().unwrap();
    assert_ne!(refresh, session.refresh);
    for client in clients {
        client.me(&access).await.is(200);
    }
    let next = clients[0].refresh(&refresh).await;
    next.is(200);
    clients[clients.len() - 1]
        .me(&next.text_of("access_token"))
        .await
        .is(200);
}

#[tokio::test]
async fn fifty_refreshes_across_two_processes_are_one_rotation() {
    let Some(pair) = Pair::start(|settings| settings).await else {
        return;
    };
    let clients = pair.clients();
    let session = clients[0].newcomer().await;
    one_rotation(&clients, &session).await;
}

#[tokio::test]
async fn fifty_refreshes_on_the_in_process_twin_are_one_rotation() {
    let aura = Settings::new().start().await;
    let session = aura.client().newcomer().await;
    one_rotation(&[aura.client()], &session).await;
}

#[tokio::test]
async fn a_token_used_again_after_the_grace_ends_the_session_on_every_process() {
    let Some(pair) = Pair::start(|settings| settings.set("JWT_REFRESH_GRACE_SECONDS", 1)).await
    else {
        return;
    };
    let [first, second] = pair.clients();
    let session = first.newcomer().await;
    let child = first.refresh(&session.refresh).await;
    // The child is used, so that its parent is no longer excused by a lost answer.
    let grandchild = second
        .refresh(&child.is(200).text_of("refresh_token"))
        .await;
    let access = grandchild.is(200).text_of("access_token");
    tokio::time::sleep(Duration::from_millis(1500)).await; // the grace itself
    let reused = second.refresh(&session.refresh).await;
    reused.problem(401, "refresh_token_reused");
    first.me(&access).await.problem(401, "invalid_token");
    let token = grandchild.text_of("refresh_token");
    first.refresh(&token).await.is(401);
}

#[tokio::test]
async fn a_session_that_ends_on_one_process_is_refused_on_the_other() {
    let Some(pair) = Pair::start(|settings| settings).await else {
        return;
    };
    let [first, second] = pair.clients();
    let session = first.newcomer().await;
    second.me(&session.access).await.is(200);
    first.logout(&session.access).await.is(204);
    second
        .me(&session.access)
        .await
        .problem(401, "invalid_token");
    second.refresh(&session.refresh).await.is(401);

    // All sessions of an account, and all but one.
    let others = [
        first.signed_in(&session.email).await,
        second.signed_in(&session.email).await,
    ];
    let mine = second.signed_in(&session.email).await;
    let new = "violet-Harbour-83-candle";
    let change = json!({"current_password": PASSWORD, "new_password": new});
    let changed = second.send(Method::POST, "/auth/password", |request| {
        request.bearer_auth(&mine.access).json(&change)
    });
    changed.await.unwrap().is(204);
    for other in &others {
        first.me(&other.access).await.problem(401, "invalid_token");
    }
    first.me(&mine.access).await.is(200);
    first
        .login(&session.email, PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    let all = "/auth/logout-all";
    first.bearer(Method::POST, all, &mine.access).await.is(204);
    second.me(&mine.access).await.problem(401, "invalid_token");
}

/// How many were let through; each of the others is a proper 429.
fn let_through(answers: &[Answer]) -> usize {
    let (refused, passed): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 429);
    for answer in refused {
        answer.problem(429, "rate_limited");
        assert!(!answer.header("ratelimit-policy").is_empty(), "{answer:#?}");
        assert!(!answer.header("ratelimit").is_empty(), "{answer:#?}");
    }
    for answer in &passed {
        assert!([200, 401].contains(&answer.status), "{answer:#?}");
    }
    passed.len()
}

#[tokio::test]
async fn tries_are_counted_together_per_account_and_address() {
    let Some(pair) = Pair::start(|settings| settings.set("RATE_LIMIT_ENABLED", true)).await else {
        return;
    };
    let clients = pair.clients();
    clients[0].register("counted@example.com").await.is(201);
    let answers = at_once(&clients, 40, |client, _| async move {
        client
            .login("counted@example.com", "not-the-Password-7")
            .await
    })
    .await;
    assert_eq!(
        let_through(&answers),
        10,
        "RATE_LIMIT_LOGIN_PER_MINUTE in total"
    );
}

#[tokio::test]
async fn calls_are_counted_together_per_address() {
    let limits = |settings: Settings| {
        let settings = settings.set("RATE_LIMIT_ENABLED", true);
        settings.set("RATE_LIMIT_ADDRESS_PER_MINUTE", 20)
    };
    let Some(pair) = Pair::start(limits).await else {
        return;
    };
    let answers = at_once(&pair.clients(), 60, |client, number| async move {
        let email = format!("nobody-{number}@example.com");
        client.login(&email, "not-the-Password-7").await
    })
    .await;
    assert_eq!(
        let_through(&answers),
        20,
        "RATE_LIMIT_ADDRESS_PER_MINUTE in total"
    );
}
