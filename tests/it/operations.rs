//! Proves what those who run the server rely on: headers, origins, metrics, exit codes, warnings.

use reqwest::Method;

use crate::support::{Aura, PATIENCE, Port, Redis, Settings, eventually};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let session = client.newcomer().await;
    for answer in [
        client.get("/health").await,
        client.get("/docs").await,
        client.get("/openapi.json").await,
        client.get("/nowhere").await,
        client.get("/auth/login").await,
        client.me(&session.access).await,
        client.me("rubbish").await,
        client.form("/auth/token", &[]).await,
        client.logout(&session.access).await,
    ] {
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{answer:#?}"
        );
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{answer:#?}");
        assert!(!policy.contains("unsafe"), "{answer:#?}");
        assert!(!answer.header("referrer-policy").is_empty(), "{answer:#?}");
        assert!(!answer.header("x-request-id").is_empty(), "{answer:#?}");
        assert!(!answer.headers.contains_key("server"), "{answer:#?}");
        assert!(!answer.headers.contains_key("set-cookie"), "{answer:#?}");
    }
}

const OURS: &str = "https://app.example.com";
const LOCAL: &str = "http://localhost:3000";
const FOREIGN: &str = "https://evil.example.com";

/// A server that lists the two origins of ours.
async fn listing_origins() -> Aura {
    let listed = format!("{OURS},{LOCAL}");
    let settings = Settings::new().set("SERVER_CORS_ALLOWED_ORIGINS", listed.as_str());
    settings.start().await
}

#[tokio::test]
async fn only_listed_origins_may_read_answers() {
    let aura = listing_origins().await;
    let ask = async |aura: &Aura, path: &str, origin: &str| {
        let client = aura.client();
        let asked = client.call(Method::GET, path, |request| {
            request.header("origin", origin)
        });
        asked.await
    };
    for path in ["/auth/me", "/health/live", "/nowhere"] {
        for origin in [OURS, LOCAL] {
            let answer = ask(&aura, path, origin).await;
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert!(
                answer.header("vary").to_lowercase().contains("origin"),
                "{answer:#?}"
            );
            let exposed = answer
                .header("access-control-expose-headers")
                .to_lowercase();
            assert!(exposed.contains("x-request-id"), "{answer:#?}");
        }
        for origin in [
            FOREIGN,
            "null",
            "https://app.example.com.evil.example",
            "http://app.example.com",
        ] {
            let answer = ask(&aura, path, origin).await;
            assert!(
                !answer.headers.contains_key("access-control-allow-origin"),
                "{answer:#?}"
            );
        }
    }
    let aura = Settings::new().start().await;
    let answer = ask(&aura, "/health", OURS).await;
    assert!(
        !answer.headers.contains_key("access-control-allow-origin"),
        "{answer:#?}"
    );
}

#[tokio::test]
async fn preflights_of_listed_origins_alone_are_granted() {
    let aura = listing_origins().await;
    let client = aura.client();
    let ask = async |origin: &str| {
        let call = client.call(Method::OPTIONS, "/auth/login", |request| {
            let request = request.header("origin", origin);
            let request = request.header("access-control-request-method", "POST");
            request.header(
                "access-control-request-headers",
                "authorization,content-type",
            )
        });
        call.await
    };
    let preflight = ask(OURS).await;
    assert!([200, 204].contains(&preflight.status), "{preflight:#?}");
    assert_eq!(preflight.header("access-control-allow-origin"), OURS);
    assert!(
        preflight
            .header("access-control-allow-methods")
            .contains("POST")
    );
    let headers = preflight
        .header("access-control-allow-headers")
        .to_lowercase();
    assert!(
        headers.contains("authorization") && headers.contains("content-type"),
        "{headers}"
    );
    assert!(
        !preflight
            .headers
            .contains_key("access-control-allow-credentials")
    );
    let preflight = ask(FOREIGN).await;
    assert!(
        !preflight
            .headers
            .contains_key("access-control-allow-origin"),
        "{preflight:#?}"
    );
}

/// The value of the first line of `/metrics` that holds all of `parts`; 0 without one.
async fn metric(aura: &Aura, parts: &[&str]) -> f64 {
    let metrics = aura.metrics().get("/metrics").await;
    let lines = metrics
        .is(200)
        .text
        .lines()
        .filter(|line| !line.starts_with('#'));
    let mut lines = lines.filter(|line| parts.iter().all(|part| line.contains(part)));
    let value = lines.next().and_then(|line| line.rsplit(' ').next());
    value.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let aura = Settings::new().start().await;
    let client = aura.client();
    let logins = ["aura_http_requests", "\"login\"", "\"POST\"", "\"200\""];
    let wrong = ["aura_http_requests", "\"login\"", "\"401\""];
    let before = [metric(&aura, &logins).await, metric(&aura, &wrong).await];
    let session = client.newcomer().await;
    client.signed_in(&session.email).await;
    client
        .login(&session.email, "not-the-Password-7")
        .await
        .is(401);
    let after = [metric(&aura, &logins).await, metric(&aura, &wrong).await];
    assert_eq!((after[0] - before[0], after[1] - before[1]), (2.0, 1.0));
    // Made-up paths and methods make no new series: the number stays bounded.
    let series = async || aura.metrics().get("/metrics").await.text.lines().count();
    client.get("/made-up/0").await.is(404);
    let count = series().await;
    for number in 1..20 {
        client.get(&format!("/made-up/{number}")).await.is(404);
    }
    assert_eq!(series().await, count);
    let metrics = aura.metrics().get("/metrics").await;
    assert!(
        !metrics.text.contains(&session.email),
        "no e-mail in metrics"
    );
    client.get("/metrics").await.problem(404, "not_found");
}

#[tokio::test]
async fn the_health_check_without_a_shell_tells_by_its_exit_code() {
    let aura = Settings::new().start().await;
    let settings = Settings::new();
    let address = aura.address();
    for (url, code) in [
        (format!("http://{address}/health"), 0),
        (format!("http://{address}/health/ready"), 0),
        (format!("http://{address}/nowhere"), 1),
        ("http://127.0.0.1:1/health".to_owned(), 1),
        ("nonsense".to_owned(), 1),
    ] {
        let output = settings.run(&["healthcheck", "--url", &url]).await;
        let given = output.status.code();
        let usage = url == "nonsense" && given == Some(2);
        assert!(given == Some(code) || usage, "{url}: {output:?}");
    }
    // Without an address it asks the server that the settings describe.
    let port = address.port().to_string();
    let output = settings
        .set("SERVER_PORT", port.as_str())
        .set("JWT_PRIVATE_KEY", "a secret that was replaced by a bad one")
        .run(&["healthcheck"])
        .await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test]
async fn the_reason_of_an_end_is_one_line_of_json_where_the_log_is_json() {
    let production = Settings::new()
        .set("ENVIRONMENT", "production")
        .set("JWT_SECRET_KEY", "short")
        .set("SERVER_PORT", "high");
    let refused = Settings::new()
        .set("LOG_FORMAT", "json")
        .set("DATABASE_URL", "sqlite:///nowhere/aura.db");
    for (settings, words, code, parts) in [
        (
            &production,
            "serve",
            78,
            ["JWT_SECRET_KEY: ", "SERVER_PORT: "],
        ),
        (&production, "migrate", 78, ["JWT_SECRET_KEY: ", "2 faults"]),
        (&refused, "migrate", 1, ["database", "/nowhere"]),
    ] {
        let output = settings.run(&[words]).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        let lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
        let lines: Vec<_> = lines.collect::<Result<_, _>>().expect("JSON");
        let last = lines.last().expect("a line");
        assert_eq!(last["level"], "ERROR", "{text}");
        assert_eq!(last["exit_code"], code, "{text}");
        for part in parts {
            assert!(last["message"].to_string().contains(part), "{part}: {text}");
        }
    }
    // A person who runs a command reads sentences.
    let output = production.run(&["user", "list"]).await;
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(text.starts_with("aura: "), "{text}");
}

#[tokio::test]
async fn a_taken_port_is_named_by_the_setting_that_chose_it() {
    let aura = Settings::new().start().await;
    let port = aura.address().port().to_string();
    let free = Port::reserve().number().to_string();
    let settings = Settings::new().set("SERVER_METRICS_PORT", free.as_str());
    let output = settings
        .set("SERVER_PORT", port.as_str())
        .run(&["serve"])
        .await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("SERVER_PORT") && said.contains(&port),
        "{said}"
    );
    aura.client().get("/health/live").await.is(200);
}

#[tokio::test]
async fn a_bad_configuration_ends_with_78_and_every_fault() {
    let settings = Settings::new()
        .set("SERVER_PORT", 99_999)
        .set("JWT_ALGORITHM", "none");
    let settings = settings
        .set("PASSWORD_BCRYPT_COST", 9)
        .set("JWT_SECRET_KEY", "canary-short");
    let output = settings
        .set("RATE_LIMIT_FAIL_MODE", "maybe")
        .run(&["serve"])
        .await;
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for name in [
        "SERVER_PORT",
        "JWT_ALGORITHM",
        "PASSWORD_BCRYPT_COST",
        "JWT_SECRET_KEY",
        "RATE_LIMIT_FAIL_MODE",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(!said.contains("canary-short"), "{said}");

    // What only the libraries can find out is a bad configuration, too.
    let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    let settings = Settings::new()
        .set("JWT_ALGORITHM", "ES256")
        .set("JWT_PRIVATE_KEY", pem);
    let output = settings.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("JWT_PRIVATE_KEY") && !said.contains("AAAA"),
        "{said}"
    );
}

#[tokio::test]
async fn a_redis_that_throws_keys_away_is_warned_of() {
    let options = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(redis) = Redis::start_with(&options).await else {
        return;
    };
    let aura = Settings::new().redis(&redis).start().await;
    let limit = PATIENCE;
    eventually(limit, "a warning of the policy", async || {
        let log = aura.log();
        let warned = log
            .lines()
            .any(|line| line.contains("WARN") && line.contains("allkeys-lru"));
        warned.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_throws_keys_away_is_warned_of_when_it_comes_late() {
    let options = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(mut redis) = Redis::start_with(&options).await else {
        return;
    };
    redis.stop().await;
    let aura = Settings::new().redis(&redis).start_alive().await;
    eventually(PATIENCE, "a first look at Redis", async || {
        aura.log().contains("Redis is unavailable").then_some(())
    })
    .await;
    redis.restart().await;
    eventually(PATIENCE, "a warning of the policy", async || {
        aura.log().contains("allkeys-lru").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_policy_is_found_where_config_is_forbidden_and_a_hidden_one_is_reported() {
    let options = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(redis) = Redis::start_with(&options).await else {
        return;
    };
    for (rules, word) in [
        (&["-config"][..], "allkeys-lru"),
        (&["-config", "-info"], "could not be looked at"),
    ] {
        let mut connection = redis.connect(0).await;
        let mut acl = redis::cmd("ACL");
        acl.arg("SETUSER").arg("default").arg(rules);
        acl.query_async::<()>(&mut connection).await.unwrap();
        let aura = Settings::new().redis(&redis).start().await;
        eventually(PATIENCE, word, async || {
            let log = aura.log();
            let warned = log
                .lines()
                .any(|line| line.contains("WARN") && line.contains(word));
            warned.then_some(())
        })
        .await;
        let log = aura.log();
        assert!(!log.contains("Redis is unavailable"), "{log}");
    }
}
