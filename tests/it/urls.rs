//! The URLs of the database and of Redis: at IPv6 addresses too, and no part of them in a log.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{PATIENCE, Port, Postgres, Redis, Settings, eventually, said, skipped};

/// A Postgres and a Redis that listen on `::1` too; `None`, said aloud, where there is none.
async fn on_ipv6() -> Option<(Postgres, Redis)> {
    if TcpListener::bind("[::1]:0").is_err() {
        skipped("this machine has no IPv6");
        return None;
    }
    let postgres = Postgres::own().await?;
    let redis = Redis::start_with(&["--bind", "127.0.0.1", "::1"]).await?;
    Some((postgres, redis))
}

#[tokio::test]
async fn urls_that_are_made_for_ipv6_addresses_connect() {
    let Some((postgres, redis)) = on_ipv6().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (database, tokens) = (postgres.address().port(), redis.address().port());
    let plan = format!(
        "[environments.production.backends]\ndatabase = \"postgres://[::1]:{database}\"\n\
         redis = \"redis://[::1]:{tokens}\"\n"
    );
    fs::write(path("deploy.toml"), plan).unwrap();
    let (config, out) = (path("deploy.toml"), path("secrets.json"));
    let words = [
        "generate",
        "secrets",
        "--environment",
        "production",
        "--config",
        &config,
    ];
    let words = words.into_iter().chain(["--out", &out]);
    Settings::new().done(&words.collect::<Vec<_>>()).await;
    let text = fs::read_to_string(&out).unwrap();
    let made: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();

    let password = |url: &str| {
        let (login, _) = url.rsplit_once('@').unwrap();
        login.rsplit_once(':').unwrap().1.to_owned()
    };
    let admin = format!("postgres://postgres@{}/postgres", postgres.address());
    let mut admin = PgConnection::connect(&admin).await.unwrap();
    let role = password(&made["DATABASE_URL"]);
    for statement in [
        format!("CREATE ROLE aura LOGIN PASSWORD '{role}'"),
        "CREATE DATABASE aura OWNER aura".to_owned(),
    ] {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement));
        statement.execute(&mut admin).await.unwrap();
    }
    postgres.ask_for_passwords();
    let mut set = redis::cmd("CONFIG");
    set.arg("SET")
        .arg("requirepass")
        .arg(password(&made["REDIS_URL"]));
    set.query_async::<()>(&mut redis.connect(0).await)
        .await
        .unwrap();

    let settings = Settings::new()
        .set("ENVIRONMENT", "production")
        .set("JWT_SECRET_KEY", made["JWT_SECRET_KEY"].as_str())
        .database(&made["DATABASE_URL"])
        .redis_url(&made["REDIS_URL"]);
    let aura = settings.start().await;
    aura.client().get("/health").await.is(200);
    aura.client().get("/health/redis").await.is(200);
}

#[tokio::test]
async fn an_ipv6_address_that_does_not_answer_is_named_in_brackets() {
    let port = Port::reserve().number();
    let url = format!("postgres://aura:canary@[::1]:{port}/aura");
    let output = Settings::new().database(&url).run(&["migrate"]).await;
    let said = said(&output);
    assert!(said.contains(&format!("[::1]:{port}")), "{said}");
}

#[tokio::test]
async fn a_redis_without_tls_is_distinguished_from_a_slow_one() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let url = redis.url().replace("redis://", "rediss://");
    let aura = Settings::new().redis_url(&url).start_alive().await;
    eventually(PATIENCE, "a hint at TLS", async || {
        aura.log()
            .contains("check that it speaks TLS")
            .then_some(())
    })
    .await;
}

/// Parameters of a Postgres URL that say neither place nor name, each with a canary: those of others
/// stand in what a server says of itself. Those that end in `!` are refused.
const OF_POSTGRES: [&str; 28] = [
    "password=canary",
    "application_name=canary",
    "options=-csearch_path%3Dcanary",
    "options[search_path]=canary",
    "options[canary=1!",
    "sslmode=canary!",
    "ssl-mode=canary!",
    "port=canary!",
    "hostaddr=canary!",
    "host=can%20ary!",
    "statement-cache-capacity=canary!",
    "target_session_attrs=canary!",
    "target%5Fsession%5Fattrs=canary!",
    "channel_binding=canary!",
    "channel_binding=require!",
    "sslrootcert=/canary!",
    "ssl-root-cert=/canary!",
    "ssl-ca=/canary!",
    "sslcert=/canary!",
    "ssl-cert=/canary!",
    "sslkey=-----BEGIN%20canary!",
    "ssl-key=-----BEGIN%20canary!",
    "pasword=canary!",
    "canary=1!",
    "password=canary&password=x!",
    "sslmode=verify-full&sslmode=canary!",
    "application_name=canary%00!",
    "options=-csearch_path%3Dcanary%7F!",
];

/// The same of Redis.
const OF_REDIS: [&str; 8] = [
    "sslrootcert=/canary!",
    "protocol=3",
    "protocol=canary!",
    "sslcert=/canary!",
    "sslkey=-----BEGIN%20canary!",
    "pasword=canary!",
    "canary=1!",
    "protocol=3&protocol=canary!",
];

/// Logins with a canary as they are written by hand.
const LOGINS: [&str; 11] = [
    "aura:canary@HOST",
    "canary@HOST",
    "aura:%63anary%40@HOST",
    "aura:can#canary@HOST!",
    "aura:can@canary@HOST!",
    "aura:/canary?Word1234@HOST!",
    "aura:1234/canary@HOST!",
    "aura:1234?canary@HOST!",
    "aura:canary@HOST,:x!",
    "aura:canary%00@HOST!",
    "canary%0A:x@HOST!",
];

/// All cases: a URL, and whether it is refused.
fn cases(scheme: &str, path: &str, parameters: &[&str], host: &str) -> Vec<(String, bool)> {
    let refused = |text: &str| {
        (
            text.trim_end_matches('!').replace("HOST", host),
            text.ends_with('!'),
        )
    };
    let parameters = parameters.iter().map(|one| {
        let (parameter, is_refused) = refused(one);
        (
            format!("{scheme}://aura:canary@{host}{path}?{parameter}"),
            is_refused,
        )
    });
    let logins = LOGINS.iter().map(|one| {
        let (login, is_refused) = refused(one);
        (format!("{scheme}://{login}{path}"), is_refused)
    });
    parameters.chain(logins).collect()
}

/// Checks that nothing tells the canary in `url`: neither a check nor a server, at any level.
async fn is_kept(settings: Settings, url: &str, refused: bool, outage: &str) {
    let settings = settings.set("LOG_LEVEL", "trace");
    let check = settings.run(&["config", "check"]).await;
    let show = settings.run(&["config", "show"]).await;
    assert_eq!(
        check.status.code(),
        Some(if refused { 78 } else { 0 }),
        "{url}: {check:?}"
    );
    let mut told = vec![said(&check), said(&show)];
    if refused {
        let serve = settings.run(&["serve"]).await;
        assert_eq!(serve.status.code(), Some(78), "{url}: {serve:?}");
        told.push(said(&serve));
    } else {
        let aura = settings.start_alive().await;
        eventually(PATIENCE, url, async || {
            let log = aura.log();
            (log.contains(outage) || log.contains("is ready")).then_some(())
        })
        .await;
        aura.client().get("/health").await;
        aura.client().get("/health/redis").await;
        told.push(aura.log());
    }
    for text in told {
        assert!(!text.to_lowercase().contains("canary"), "{url}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_of_a_database_url_is_printed() {
    let port = Port::reserve();
    let away = port.address().to_string();
    for (url, refused) in cases("postgres", "/aura", &OF_POSTGRES, &away) {
        let settings = Settings::new().database(&url);
        is_kept(settings, &url, refused, "database is unavailable").await;
    }
}

#[tokio::test]
async fn the_url_of_a_server_with_the_scheme_of_a_file_is_refused_and_not_quoted() {
    for url in [
        "sqlite://aura:canary@db/aura",
        "sqlite:aura:canary@db/aura",
        "sqlite://aura:can/canary@db/aura",
        "sqlite://canary%00.db",
    ] {
        is_kept(Settings::new().database(url), url, true, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_of_a_redis_url_is_printed() {
    let port = Port::reserve();
    let away = port.address().to_string();
    for (url, refused) in cases("redis", "", &OF_REDIS, &away) {
        let settings = Settings::new().redis_url(&url);
        is_kept(settings, &url, refused, "Redis is unavailable").await;
        let settings = Settings::new().redis_url("redis://127.0.0.1:1");
        let settings = settings.set("REDIS_CACHE_URL", url.as_str());
        is_kept(settings, &url, refused, "Redis is unavailable").await;
    }
}

#[tokio::test]
async fn a_login_in_a_plain_url_is_refused_and_not_quoted() {
    for (name, url) in [
        ("LLM_UPSTREAM_URL", "https://aura:canary@api.example.com/v1"),
        ("LLM_UPSTREAM_URL", "https://api.example.com/v1?key=canary"),
        ("AUTH_PUBLIC_URL", "https://aura:canary@auth.example.com"),
        (
            "SERVER_CORS_ALLOWED_ORIGINS",
            "https://aura:canary@app.example.com",
        ),
    ] {
        is_kept(Settings::new().set(name, url), url, true, "").await;
    }
}

#[tokio::test]
async fn a_driver_reads_a_broken_password_file_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgpass");
    fs::write(&file, "canary\\x:canary\n*:*:*:*:canary\\").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let port = Port::reserve();
    let url = format!("postgres://aura@{}/aura", port.address());
    let file = file.display().to_string();
    let settings = Settings::new()
        .database(&url)
        .set("PGPASSFILE", file.as_str());
    is_kept(settings, &url, false, "database is unavailable").await;
}
