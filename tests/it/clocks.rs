//! Proves that nobody is signed out because two replicas have different clocks, and that whoever runs
//! them is told.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::support::{
    Answer, Aura, Client, FakeTime, PATIENCE, Postgres, Redis, Session, Settings, eventually,
};

/// Two replicas, of which the second goes by a clock of its own.
struct Pair {
    right: Aura,
    wrong: Aura,
    _servers: (Redis, Arc<Postgres>),
    clock: FakeTime,
}

impl Pair {
    async fn start(seconds_ahead: i64) -> Option<Self> {
        let clock = FakeTime::new()?;
        clock.shift(seconds_ahead);
        let (redis, postgres) = (Redis::start().await?, Postgres::shared().await?);
        let settings = Settings::new()
            .redis(&redis)
            .database(&postgres.database().await);
        let other = settings.clone().clock(&clock);
        let (right, wrong) = tokio::join!(settings.start(), other.start());
        Some(Self {
            right,
            wrong,
            _servers: (redis, postgres),
            clock,
        })
    }

    fn clients(&self) -> [Client; 2] {
        [self.right.client(), self.wrong.client()]
    }
}

fn pair_of(answer: &Answer) -> (String, String) {
    answer.is(200);
    (
        answer.text_of("access_token"),
        answer.text_of("refresh_token"),
    )
}

/// Two tabs refresh one token, through one replica and then through the other; the pair is good at both.
async fn two_tabs_refresh(clients: [&Client; 2], session: &Session) -> (String, String) {
    let first = pair_of(&clients[0].refresh(&session.refresh).await);
    let second = pair_of(&clients[1].refresh(&session.refresh).await);
    assert_eq!(first, second, "both tabs get the same pair");
    for client in clients {
        client.me(&first.0).await.is(200);
        let verified = client.bearer(Method::GET, "/auth/verify", &first.0);
        verified.await.is(200);
    }
    first
}

#[tokio::test]
async fn two_tabs_stay_signed_in_through_replicas_whose_clocks_differ() {
    for ahead in [30, -30, 1200] {
        let Some(pair) = Pair::start(ahead).await else {
            return;
        };
        let [right, wrong] = pair.clients();
        for (first, second) in [(&right, &wrong), (&wrong, &right)] {
            let mut session = first.newcomer().await;
            for _ in 0..2 {
                let (access, refresh) = two_tabs_refresh([first, second], &session).await;
                let claims = Session {
                    access: access.clone(),
                    ..session.clone()
                }
                .claims();
                let now = OffsetDateTime::now_utc().unix_timestamp();
                let issued = claims["iat"].as_i64().unwrap();
                assert!((now - issued).abs() < 20, "by the clock of Redis: {claims}");
                (session.access, session.refresh) = (access, refresh);
            }
            let listed = second
                .bearer(Method::GET, "/auth/sessions", &session.access)
                .await;
            assert_eq!(listed.is(200).json.as_array().unwrap().len(), 1);
        }
        let session = wrong.newcomer().await;
        let mut calls = JoinSet::new();
        for number in 0..50 {
            let (client, token) = (pair.clients()[number % 2].clone(), session.refresh.clone());
            calls.spawn(async move { client.refresh(&token).await });
        }
        let answers = calls.join_all().await;
        let pairs: HashSet<_> = answers.iter().map(pair_of).collect();
        assert_eq!(pairs.len(), 1, "{ahead} seconds ahead");
    }
}

#[tokio::test]
async fn sign_outs_hold_for_sessions_of_before_and_no_others_whichever_clock_is_right() {
    for ahead in [-45, 45] {
        let Some(pair) = Pair::start(ahead).await else {
            return;
        };
        let [right, wrong] = pair.clients();
        for (one, other) in [(&right, &wrong), (&wrong, &right)] {
            let before = one.newcomer().await;
            let all = "/auth/logout-all";
            other
                .bearer(Method::POST, all, &before.access)
                .await
                .is(204);
            one.me(&before.access).await.problem(401, "invalid_token");
            let after = one.signed_in(&before.email).await;
            other.me(&after.access).await.is(200);
            other.refresh(&after.refresh).await.is(200);
        }
    }
}

/// The difference from `store`, in whole seconds, as the metrics tell it.
async fn measured(aura: &Aura, store: &str) -> Option<i64> {
    let text = aura.metrics().get("/metrics").await.is(200).text.clone();
    let line = format!("aura_clock_skew_seconds{{store=\"{store}\"}} ");
    let value = text.lines().find_map(|it| it.strip_prefix(line.as_str()))?;
    #[expect(clippy::cast_possible_truncation, reason = "a handful of seconds")]
    let seconds = value.parse::<f64>().unwrap().round() as i64;
    Some(seconds)
}

#[tokio::test]
async fn a_clock_that_differs_is_warned_of_once_and_measured() {
    let Some(pair) = Pair::start(30).await else {
        return;
    };
    for store in ["redis", "database"] {
        for aura in [&pair.wrong, &pair.right] {
            let measurement = async || measured(aura, store).await;
            eventually(PATIENCE, "a measurement", measurement).await;
        }
        assert_eq!(measured(&pair.wrong, store).await, Some(30), "{store}");
        assert_eq!(measured(&pair.right, store).await, Some(0), "{store}");
        let warned = format!("store=\"{store}\"");
        let warnings = |log: String| log.matches(&warned).count();
        assert_eq!(warnings(pair.wrong.log()), 1, "{}", pair.wrong.log());
        assert_eq!(warnings(pair.right.log()), 0, "{}", pair.right.log());
    }
    assert!(pair.wrong.log().contains("set both by NTP"));
    pair.clock.shift(0);
    eventually(
        Duration::from_secs(30),
        "a clock that is right",
        async || {
            pair.wrong
                .log()
                .contains("agrees with the store")
                .then_some(())
        },
    )
    .await;
    assert_eq!(pair.wrong.log().matches("set both by NTP").count(), 2);
}
