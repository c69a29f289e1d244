//! Proves that secrets in files are followed while the server runs: keys and passwords that change
//! are taken over whole or not at all, the log says so once and without a value, and nobody notices
//! otherwise.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::llm::{Upstream, ask, chat, question};
use crate::support::{
    Aura, Client, PASSWORD, Postgres, Redis, Session, Settings, eventually, part,
};

const OLD_KEY: &str = "Vb7kQ2mZx9LrT4wYs6Nc1Hf8Jd3Gp5Ea";
const NEW_KEY: &str = "Rw3tY8uI1oP6aS4dF9gH2jK7lZ5xC0vB";
const THIRD_KEY: &str = "Mn4bV7cX2zL9kJ1hG6fD3sA8qW5eR0tY";

/// The longest time until a change holds.
const IN_TIME: Duration = Duration::from_secs(30);

/// A secret as Kubernetes mounts it: names that lead through the link `..data`, which is turned at
/// a folder of new files, all at once.
pub(crate) struct Mount {
    folder: TempDir,
    version: u32,
}

impl Mount {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut mount = Self { folder, version: 0 };
        mount.turn(files);
        mount
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn turn(&mut self, files: &[(&str, &str)]) {
        self.version += 1;
        let (path, folder) = (self.path(), format!("..{}", self.version));
        std::fs::create_dir(path.join(&folder)).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(&folder).join(name), text).unwrap();
            symlink(Path::new("..data").join(name), path.join(name)).ok();
        }
        symlink(&folder, path.join("..data_tmp")).unwrap();
        std::fs::rename(path.join("..data_tmp"), path.join("..data")).unwrap();
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap().path();
            if !entry.exists() {
                std::fs::remove_file(entry).unwrap();
            }
        }
        if self.version > 1 {
            let before = path.join(format!("..{}", self.version - 1));
            std::fs::remove_dir_all(before).unwrap();
        }
    }
}

/// `setting` in a file, which a variable names.
struct Named {
    folder: TempDir,
    setting: &'static str,
}

impl Named {
    fn new(setting: &'static str, text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let named = Self { folder, setting };
        named.write(text);
        named
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("value")
    }

    /// Rewrites the file in place.
    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn given(&self, settings: Settings) -> Settings {
        settings.file(self.setting, &self.path())
    }
}

/// Lines of the log that have `words`.
fn lines(aura: &Aura, words: &str) -> usize {
    let log = aura.log();
    log.lines().filter(|line| line.contains(words)).count()
}

async fn logs(aura: &Aura, words: &str) {
    let what = format!("{words:?} in the log");
    eventually(IN_TIME, &what, async || {
        (lines(aura, words) > 0).then_some(())
    })
    .await;
}

async fn introspects(client: &Client, secret: &str) -> u16 {
    let ask = client.call(Method::POST, "/auth/introspect", |request| {
        request
            .basic_auth("shop", Some(secret))
            .form(&[("token", "any")])
    });
    ask.await.status
}

fn kid(session: &Session) -> String {
    part(&session.access, 0)["kid"].as_str().unwrap().to_owned()
}

pub(crate) const APPLIED: &str = "changed secrets were taken over from their files";
const REFUSED: &str = "changed secrets were not taken over: the old values hold";

#[tokio::test]
async fn keys_follow_the_mounted_secret_and_sessions_stay() {
    let (one, two) = (
        ("OAUTH_CLIENT_SECRET", "first-Secret-of-the-shop-8f3a"),
        ("OAUTH_CLIENT_SECRET", "second-Secret-of-the-shop-17bc"),
    );
    let mut mount = Mount::new(&[("JWT_SECRET_KEY", OLD_KEY), one]);
    let settings = Settings::new()
        .set("JWT_SECRET_KEY", "")
        .set("OAUTH_CLIENT_ID", "shop")
        .option("--secrets-dir")
        .option(mount.path().to_str().unwrap());
    let mut aura = settings.start().await;
    let client = aura.client();
    let old = client.newcomer().await;
    assert_eq!(introspects(&client, one.1).await, 200);

    mount.turn(&[
        ("JWT_SECRET_KEY", NEW_KEY),
        ("JWT_PREVIOUS_KEYS", OLD_KEY),
        two,
    ]);
    let new = eventually(IN_TIME, "a token by the new key", async || {
        let new = client.signed_in(&old.email).await;
        (kid(&new) != kid(&old)).then_some(new)
    })
    .await;
    client.me(&old.access).await.is(200);
    client.me(&new.access).await.is(200);
    client.refresh(&old.refresh).await.is(200);
    assert_eq!(introspects(&client, one.1).await, 401);
    assert_eq!(introspects(&client, two.1).await, 200);
    logs(&aura, APPLIED).await;
    assert_eq!(
        lines(
            &aura,
            "JWT_PREVIOUS_KEYS, JWT_SECRET_KEY, OAUTH_CLIENT_SECRET"
        ),
        1
    );

    // The old key has had its time. SIGHUP saves the wait.
    mount.turn(&[("JWT_SECRET_KEY", NEW_KEY), two]);
    aura.signal(Signal::HUP);
    eventually(IN_TIME, "a refusal of the old key", async || {
        let answer = client.me(&old.access).await;
        (answer.status == 401).then_some(())
    })
    .await;
    client.me(&new.access).await.is(200);

    let log = aura.log();
    for secret in [OLD_KEY, NEW_KEY, one.1, two.1] {
        assert!(!log.contains(secret), "{log}");
    }
    aura.signal(Signal::INT);
    assert_eq!(aura.ends(Duration::from_secs(5)).await.code(), Some(0));
}

#[tokio::test]
async fn a_bad_value_is_refused_once_and_holds_up_all_that_changed_with_it() {
    let upstream = Upstream::start(chat).await;
    let key = ("LLM_UPSTREAM_API_KEY", "sk-first-key-of-the-upstream");
    let new_key = ("LLM_UPSTREAM_API_KEY", "sk-second-key-of-the-upstream");
    let mut mount = Mount::new(&[("JWT_SECRET_KEY", OLD_KEY), key]);
    let settings = Settings::new()
        .set("JWT_SECRET_KEY", "")
        .set("LLM_UPSTREAM_URL", upstream.url().as_str())
        .option("--secrets-dir")
        .option(mount.path().to_str().unwrap());
    let aura = settings.start().await;
    let client = aura.client();
    let old = client.newcomer().await;
    let asks = async |content: &str| {
        ask(&client, &old.access, &question(content)).await.is(200);
        let seen = upstream.seen();
        seen.last().unwrap().header("authorization").to_owned()
    };
    assert_eq!(asks("one").await, format!("Bearer {}", key.1));

    for bad in ["too-short", OLD_KEY] {
        // The second names one key as both today's and an earlier one.
        let previous = ("JWT_PREVIOUS_KEYS", bad);
        mount.turn(&[("JWT_SECRET_KEY", bad), previous, new_key]);
        let before = lines(&aura, REFUSED);
        aura.signal(Signal::HUP);
        eventually(IN_TIME, "a refusal", async || {
            (lines(&aura, REFUSED) > before).then_some(())
        })
        .await;
        aura.signal(Signal::HUP);
        eventually(IN_TIME, "another refusal", async || {
            (lines(&aura, REFUSED) == before + 2).then_some(())
        })
        .await;
        assert_eq!(kid(&client.signed_in(&old.email).await), kid(&old));
        assert_eq!(asks(bad).await, format!("Bearer {}", key.1));
    }
    let log = aura.log();
    let refused = log.lines().find(|line| line.contains(REFUSED)).unwrap();
    let names = "JWT_PREVIOUS_KEYS, JWT_SECRET_KEY, LLM_UPSTREAM_API_KEY";
    assert!(refused.contains(names), "{refused}");
    assert!(refused.contains("9 bytes"), "{refused}");
    assert!(
        !log.contains("too-short") && !log.contains(OLD_KEY),
        "{log}"
    );

    // Mended, all of it holds at once.
    mount.turn(&[
        ("JWT_SECRET_KEY", THIRD_KEY),
        ("JWT_PREVIOUS_KEYS", OLD_KEY),
        new_key,
    ]);
    aura.signal(Signal::HUP);
    logs(&aura, APPLIED).await;
    assert_ne!(kid(&client.signed_in(&old.email).await), kid(&old));
    assert_eq!(asks("two").await, format!("Bearer {}", new_key.1));
}

#[tokio::test]
async fn sighup_without_files_does_not_end_the_server() {
    let mut aura = Settings::new().start().await;
    for _ in 0..3 {
        aura.signal(Signal::HUP);
    }
    logs(&aura, "no setting comes from a file").await;
    aura.becomes("/health/ready", 200, IN_TIME).await;
    let mut aura = Settings::embedded().start().await;
    aura.signal(Signal::HUP);
    logs(&aura, "no setting comes from a file").await;
    aura.becomes("/health/ready", 200, IN_TIME).await;
}

#[tokio::test]
async fn a_new_password_of_postgres_is_taken_from_its_file() {
    let Some(postgres) = Postgres::own().await else {
        return;
    };
    let url = postgres.database().await;
    let mut owner = PgConnection::connect(&url).await.unwrap();
    let run = async |owner: &mut PgConnection, statement: &str| {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        statement.execute(owner).await.unwrap();
    };
    let database = url.rsplit('/').next().unwrap().to_owned();
    run(&mut owner, "CREATE ROLE shop LOGIN PASSWORD 'first-word'").await;
    run(
        &mut owner,
        &format!("ALTER DATABASE {database} OWNER TO shop"),
    )
    .await;
    run(&mut owner, "ALTER SCHEMA public OWNER TO shop").await;
    let rules: (String,) = sqlx::query_as("SHOW hba_file")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    let word = "host all shop 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
    std::fs::write(rules.0, word).unwrap();
    run(&mut owner, "SELECT pg_reload_conf()").await;
    let with = |word: &str| url.replace("postgres@", &format!("shop:{word}@"));

    let file = Named::new("DATABASE_URL", &with("first-word"));
    let aura = file.given(Settings::new()).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    // Without the file's new word, what is open goes on, and what is new is refused.
    run(&mut owner, "ALTER ROLE shop PASSWORD 'second-word'").await;
    client.login(&session.email, PASSWORD).await.is(200);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'";
    run(&mut owner, end).await;
    eventually(IN_TIME, "an outage", async || {
        let answer = client.login(&session.email, PASSWORD).await;
        (answer.status == 503).then_some(())
    })
    .await;
    file.write(&with("second-word"));
    eventually(IN_TIME, "a sign-in with the new word", async || {
        let answer = client.login(&session.email, PASSWORD).await;
        (answer.status == 200).then_some(())
    })
    .await;
    assert_eq!(lines(&aura, APPLIED), 1, "{}", aura.log());

    // Another database is no new password.
    file.write(&with("second-word").replace(&database, "postgres"));
    aura.signal(Signal::HUP);
    logs(
        &aura,
        "DATABASE_URL is gone, or changes more than a password or a key; restart the server",
    )
    .await;
    client.login(&session.email, PASSWORD).await.is(200);
    let log = aura.log();
    assert!(
        !log.contains("first-word") && !log.contains("second-word"),
        "{log}"
    );
}

#[tokio::test]
async fn a_new_password_of_redis_is_taken_from_its_file() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let mut admin = redis.connect(0).await;
    let mut run = async |command: &[&str]| {
        let mut call = redis::cmd(command[0]);
        call.arg(&command[1..]);
        call.query_async::<redis::Value>(&mut admin).await.unwrap();
    };
    run(&["CONFIG", "SET", "requirepass", "first-word"]).await;
    let with = |word: &str| {
        redis
            .url()
            .replace("redis://", &format!("redis://:{word}@"))
    };
    let file = Named::new("REDIS_URL", &with("first-word"));
    let settings = Settings::new().set("REDIS_ENABLED", true);
    let aura = file.given(settings).start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    run(&["CONFIG", "SET", "requirepass", "second-word"]).await;
    client.me(&session.access).await.is(200);
    run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
    eventually(IN_TIME, "an outage", async || {
        (client.me(&session.access).await.status == 503).then_some(())
    })
    .await;
    file.write(&with("second-word"));
    eventually(IN_TIME, "a session by the new word", async || {
        (client.me(&session.access).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(lines(&aura, APPLIED), 1, "{}", aura.log());
    client.login(&session.email, PASSWORD).await.is(200);
    let log = aura.log();
    assert!(
        !log.contains("first-word") && !log.contains("second-word"),
        "{log}"
    );
}

#[tokio::test]
async fn a_server_that_starts_with_a_wrong_password_recovers_by_its_file() {
    let Some(redis) = Redis::start().await else {
        return;
    };
    let mut admin = redis.connect(0).await;
    let mut call = redis::cmd("CONFIG");
    call.arg(&["SET", "requirepass", "right-word"]);
    call.query_async::<redis::Value>(&mut admin).await.unwrap();
    let with = |word: &str| {
        redis
            .url()
            .replace("redis://", &format!("redis://:{word}@"))
    };
    let file = Named::new("REDIS_URL", &with("wrong-word"));
    let settings = Settings::new().set("REDIS_ENABLED", true);
    let aura = file.given(settings).start_alive().await;
    let client = aura.client();
    eventually(IN_TIME, "an account", async || {
        let answer = client.register("early@example.com").await;
        (answer.status == 201).then_some(())
    })
    .await;
    client.login("early@example.com", PASSWORD).await.is(503);
    file.write(&with("right-word"));
    eventually(IN_TIME, "a session", async || {
        let answer = client.login("early@example.com", PASSWORD).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
