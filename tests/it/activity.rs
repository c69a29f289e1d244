//! Proves that the overview counts what all replicas did, names those that run, and says so when
//! it can only speak for itself.

use std::time::{Duration, Instant};

use aura::activity::Activity;
use aura::auth::Auth;
use aura::clock::Clock;
use aura::config::Config;
use aura::llm::Llm;
use aura::storage::Storage;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{
    Answer, Aura, Client, PASSWORD, PATIENCE, Postgres, Redis, Session, Settings, eventually,
};

/// A report goes out every five seconds; the rest is for a busy machine.
const REPORTED: Duration = Duration::from_secs(15);

/// What the routes answer within, whatever is away.
const AT_ONCE: Duration = Duration::from_secs(1);

/// An account with the role, signed in.
pub(crate) async fn administrator(settings: &Settings, client: &Client) -> Session {
    let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    client.register(&email).await.is(201);
    settings.done(&["user", "set-roles", &email, "admin"]).await;
    client.signed_in(&email).await
}

/// One process on an SQLite file that the command line can reach too.
fn alone(folder: &tempfile::TempDir) -> Settings {
    let url = format!("sqlite://{}", folder.path().join("accounts.db").display());
    Settings::new().database(&url)
}

async fn overview(client: &Client, admin: &Session) -> Answer {
    let answer = client
        .bearer(Method::GET, "/admin/overview", &admin.access)
        .await;
    answer.is(200).within(AT_ONCE);
    answer
}

fn total(overview: &Answer, name: &str) -> u64 {
    overview.json["last_hour"]["total"][name].as_u64().unwrap()
}

fn replicas(overview: &Answer) -> &Vec<Value> {
    overview.json["replicas"].as_array().unwrap()
}

/// Waits until the overview is as `holds` says.
async fn becomes(
    client: &Client,
    admin: &Session,
    what: &str,
    holds: impl Fn(&Answer) -> bool,
) -> Answer {
    eventually(REPORTED, what, async || {
        let answer = overview(client, admin).await;
        holds(&answer).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn a_single_process_counts_its_own_requests() {
    let folder = tempfile::tempdir().unwrap();
    let settings = alone(&folder);
    let aura = settings.start().await;
    let client = aura.client();
    let admin = administrator(&settings, &client).await;
    client
        .login(&admin.email, "not-the-Password-7")
        .await
        .is(401);
    client.login(&admin.email, PASSWORD).await.is(200);
    for path in [
        "/health",
        "/health/redis",
        "/live",
        "/live/x",
        "/assets/aura.css",
    ] {
        client.get(path).await;
    }
    let first = overview(&client, &admin).await;
    assert_eq!(total(&first, "sign_ins"), 2, "{first:#?}");
    assert_eq!(total(&first, "sign_ins_refused"), 1);
    // Register, three sign-ins; what watches is not counted, nor is what is being answered.
    assert_eq!(total(&first, "requests"), 4, "{first:#?}");
    assert_eq!((total(&first, "errors"), total(&first, "limited")), (0, 0));
    let second = overview(&client, &admin).await;
    assert_eq!(total(&second, "requests"), 5);

    let json = &first.json;
    assert_eq!(json["status"], "healthy");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert!(json["uptime_seconds"].as_i64().unwrap() >= 0);
    for check in ["database", "redis", "cache"] {
        assert!(json["checks"][check]["status"].is_string(), "{json:#}");
    }
    assert!(json["checks"]["database"]["latency_ms"].is_number());
    assert_eq!(json["last_hour"]["shared"], false);
    let minutes = json["last_hour"]["minutes"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    let times: Vec<&str> = minutes.iter().map(|m| m["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times[0] < times[59], "{times:?}");
    let [only] = replicas(&first).as_slice() else {
        panic!("{json:#}");
    };
    assert_eq!(only["this_one"], true);
    assert_eq!(only["started_at"], json["started_at"]);
    assert!(!only["host"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn refused_calls_are_counted_as_limited() {
    let folder = tempfile::tempdir().unwrap();
    let settings = alone(&folder).set("RATE_LIMIT_ENABLED", true);
    let settings = settings.set("RATE_LIMIT_LOGIN_PER_MINUTE", 2);
    let aura = settings.start().await;
    let client = aura.client();
    let admin = administrator(&settings, &client).await;
    for _ in 0..4 {
        client
            .login("nobody@example.com", "not-the-Password-7")
            .await;
    }
    let seen = overview(&client, &admin).await;
    assert_eq!(total(&seen, "limited"), 2, "{seen:#?}");
    assert_eq!(total(&seen, "sign_ins_refused"), 2);
}

#[tokio::test]
async fn only_an_administrator_sees_the_overview() {
    let folder = tempfile::tempdir().unwrap();
    let settings = alone(&folder);
    let aura = settings.start().await;
    let client = aura.client();
    let anybody = client.newcomer().await;
    let admin = administrator(&settings, &client).await;
    for path in ["/admin/overview", "/admin/config"] {
        client.get(path).await.problem(401, "missing_token");
        let get = Method::GET;
        client
            .bearer(get.clone(), path, "rubbish")
            .await
            .problem(401, "invalid_token");
        client
            .bearer(get.clone(), path, &anybody.access)
            .await
            .problem(403, "forbidden");
        client.bearer(get, path, &admin.access).await.is(200);
    }
    // The last one would keep the role.
    administrator(&settings, &client).await;
    settings
        .done(&["user", "set-roles", &admin.email, "--yes"])
        .await;
    for path in ["/admin/overview", "/admin/config"] {
        let answer = client.bearer(Method::GET, path, &admin.access).await;
        assert_ne!(answer.status, 200, "the role was taken away: {answer:#?}");
    }
}

/// Two processes on one Redis and one database, and an administrator.
struct Pair {
    first: Aura,
    second: Aura,
    admin: Session,
    _postgres: std::sync::Arc<Postgres>,
}

impl Pair {
    async fn start(redis: &Redis) -> Option<Self> {
        let postgres = Postgres::shared().await?;
        let settings = Settings::new()
            .redis(redis)
            .database(&postgres.database().await);
        let (first, second) = tokio::join!(settings.start(), settings.start());
        let admin = administrator(&settings, &first.client()).await;
        Some(Self {
            first,
            second,
            admin,
            _postgres: postgres,
        })
    }
}

#[tokio::test]
async fn two_processes_show_the_sum_and_an_ended_one_leaves_the_list() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let Some(mut pair) = Pair::start(&redis).await else {
        return;
    };
    let (first, second) = (pair.first.client(), pair.second.client());
    for _ in 0..3 {
        second
            .login(&pair.admin.email, "not-the-Password-7")
            .await
            .is(401);
        second.signed_in(&pair.admin.email).await;
    }
    let both = becomes(&first, &pair.admin, "the sum of both", |seen| {
        total(seen, "sign_ins") == 4 && total(seen, "sign_ins_refused") == 3
    })
    .await;
    assert_eq!(both.json["last_hour"]["shared"], true);
    assert_eq!(replicas(&both).len(), 2, "{both:#?}");
    assert!(total(&both, "requests") >= 7, "{both:#?}");
    let mine: Vec<&Value> = replicas(&both)
        .iter()
        .filter(|replica| replica["this_one"] == true)
        .collect();
    assert_eq!(mine.len(), 1);
    // The other one sees the same, from its side.
    let other = becomes(
        &second,
        &pair.admin,
        "the sum, from the other side",
        |seen| total(seen, "sign_ins") == 4 && replicas(seen).len() == 2,
    )
    .await;
    let name = |answer: &Answer| {
        let mut list = replicas(answer).iter();
        list.find(|replica| replica["this_one"] == true).unwrap()["id"].clone()
    };
    assert_ne!(name(&both), name(&other));
    // Nothing is kept for ever.
    let mut limits = redis.connect(1).await;
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut limits)
        .await
        .unwrap();
    assert!(
        keys.iter().any(|key| key == "aura:activity:replicas"),
        "{keys:?}"
    );
    for key in keys {
        let ttl: i64 = redis::cmd("TTL")
            .arg(&key)
            .query_async(&mut limits)
            .await
            .unwrap();
        assert!((0..=2 * 60 * 60).contains(&ttl), "{key}: {ttl}");
    }

    // What it did stays, it itself takes leave.
    pair.second.signal(Signal::TERM);
    pair.second.ends(PATIENCE).await;
    let left = overview(&first, &pair.admin).await;
    assert_eq!(replicas(&left).len(), 1, "{left:#?}");
    assert_eq!(total(&left, "sign_ins"), 4);
}

/// A replica in this process: no listener, only what it counts and tells.
fn replica(redis: &Redis) -> Activity {
    let url = redis.url();
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("DATABASE_URL", "sqlite://nowhere.db"),
    ];
    let loader = Config::loader(variables.into_iter().collect()).unwrap();
    let config = Config::load(&loader).unwrap().value;
    let storage = Storage::new(&config).unwrap();
    let auth = Auth::new(&config, &storage, Clock::system()).unwrap();
    let llm = Llm::new(&config, &storage, Clock::system()).unwrap();
    Activity::new(&storage, &auth, &llm, Clock::system())
}

fn answered(activity: &Activity, requests: u64) {
    for _ in 0..requests {
        activity.answered("/auth/me", 200);
    }
}

/// Waits for what `activity` says: shared or not, so many requests, so many replicas.
async fn says(activity: &Activity, expected: (bool, u64, usize)) {
    eventually(REPORTED, &format!("{expected:?}"), async || {
        let asked = Instant::now();
        let hour = activity.last_hour().await;
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        assert_eq!(hour.minutes.len(), 60);
        let said = (hour.shared, hour.total().requests, hour.replicas.len());
        (said == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_shows_its_own_counts_while_redis_is_away_and_catches_up() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let (first, second) = (replica(&redis), replica(&redis));
    let (stop_first, stop_second) = (CancellationToken::new(), CancellationToken::new());
    let mut running = JoinSet::new();
    running.spawn(first.clone().run(stop_first.clone()));
    running.spawn(second.clone().run(stop_second.clone()));
    answered(&first, 3);
    answered(&second, 2);
    says(&first, (true, 5, 2)).await;
    says(&second, (true, 5, 2)).await;

    // It hangs, it is gone, it comes back empty.
    redis.pause();
    says(&first, (false, 3, 1)).await;
    answered(&first, 1);
    redis.resume();
    says(&second, (true, 6, 2)).await;
    redis.stop().await;
    answered(&first, 1);
    says(&first, (false, 5, 1)).await;
    says(&second, (false, 2, 1)).await;
    redis.restart().await;
    says(&first, (true, 7, 2)).await;
    says(&second, (true, 7, 2)).await;

    // One that ended without a word is gone when it was silent for long; one that this version
    // does not understand is no trouble.
    let mut limits = redis.connect(1).await;
    let silent = json!({"id": "x", "host": "h", "version": "0", "started_at": 0}).to_string();
    for (score, member) in [(1.0, silent.as_str()), (9e15, "rubbish")] {
        let mut add = redis::cmd("ZADD");
        let add = add.arg("aura:activity:replicas").arg(score).arg(member);
        add.query_async::<()>(&mut limits).await.unwrap();
    }
    says(&first, (true, 7, 2)).await;

    // The last word of one that ends is heard.
    answered(&second, 1);
    stop_second.cancel();
    says(&first, (true, 8, 1)).await;
    stop_first.cancel();
    let ended = tokio::time::timeout(PATIENCE, running.join_all()).await;
    ended.expect("both end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_without_redis_ends_at_once() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let activity = replica(&redis);
    redis.stop().await;
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    running.spawn(activity.clone().run(stop.clone()));
    answered(&activity, 1);
    says(&activity, (false, 1, 1)).await;
    stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(2), running.join_all()).await;
    ended.expect("nobody is waited for");
}
