//! The commands on given environments.

use clap::Parser;

use super::*;
use crate::config::Algorithm;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    config: ConfigArgs,
}

fn run(line: &str, environment: &[(&str, &str)]) -> (u8, String, String) {
    let line = Line::parse_from(format!("aura {line}").split_whitespace());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let environment = environment.iter().copied().collect();
    let code = line
        .config
        .command
        .run(environment, &mut out, &mut err)
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

const KEY: &str = "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h";

#[test]
fn check_says_ok_or_everything_that_is_wrong() {
    assert_eq!(run("check", &[]), (0, "ok\n".to_owned(), String::new()));
    let (code, out, err) = run(
        "check",
        &[
            ("SERVER_PORT", "high"),
            ("REDIS_AUHT_DB", "3"),
            ("ENVIRONMENT", "staging"),
        ],
    );
    assert_eq!((code, out.as_str()), (78, ""));
    for name in [
        "SERVER_PORT: ",
        "REDIS_AUHT_DB: ",
        "JWT_SECRET_KEY: ",
        "3 faults",
    ] {
        assert!(err.contains(name), "{err}");
    }
}

#[test]
fn check_warns_of_settings_that_need_more_memory_than_there_is() {
    let (code, out, err) = run("check", &[("SERVER_MAX_CONNECTIONS", "1000000")]);
    assert_eq!((code, out.as_str()), (0, "ok\n"));
    assert!(
        err.starts_with("warning: SERVER_MAX_CONNECTIONS: "),
        "{err}"
    );
    assert!(err.contains("MiB for connections"), "{err}");
}

#[test]
fn a_missing_private_key_is_advised_for_the_algorithm_that_needs_it() {
    let (code, _, err) = run("check", &[("JWT_ALGORITHM", "ES256")]);
    assert_eq!(code, 78, "{err}");
    let advice = "make one with `aura key generate --algorithm ES256`, and set it";
    assert!(err.contains(advice), "{err}");
}

#[test]
fn check_takes_secrets_for_present_on_request() {
    let production = [("ENVIRONMENT", "production"), ("JWT_ALGORITHM", "ES256")];
    assert_eq!(run("check", &production).0, 78);
    assert_eq!(run("check --secrets-elsewhere", &production).0, 0);
    let (code, out, _) = run("check --json", &production);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["ok"]), (78, &false.into()));
    assert_eq!(report["faults"][0]["name"], "JWT_SECRET_KEY");
    assert_eq!(report["faults"][0]["kind"], "missing");
}

#[test]
fn check_refuses_keys_that_only_the_library_finds_wrong() {
    let key = |algorithm| crate::auth::new_key(algorithm).unwrap().expose().clone();
    let (ec, ed) = (key(Algorithm::Es256), key(Algorithm::EdDsa));
    for (algorithm, pem, code) in [
        ("ES256", ec.as_str(), 0),
        ("EdDSA", ed.as_str(), 0),
        ("EdDSA", ec.as_str(), 78),
        ("RS256", ed.as_str(), 78),
        (
            "ES256",
            "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----",
            78,
        ),
    ] {
        let settings = [("JWT_ALGORITHM", algorithm), ("JWT_PRIVATE_KEY", pem)];
        let (is, _, err) = run("check", &settings);
        assert_eq!(is, code, "{algorithm}: {err}");
        assert!(code == 0 || err.starts_with("JWT_PRIVATE_KEY: "), "{err}");
        assert!(!err.contains("canary"), "{err}");
    }
}

#[test]
fn show_tells_origins_and_no_secret() {
    let environment = [("JWT_SECRET_KEY", KEY), ("SERVER_PORT", "81")];
    let (code, out, _) = run("show", &environment);
    assert_eq!(code, 0);
    let line = |name: &str| {
        let mut lines = out.lines();
        let line = lines
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        line("JWT_SECRET_KEY"),
        "JWT_SECRET_KEY [redacted] (variable)"
    );
    assert_eq!(line("SERVER_PORT"), "SERVER_PORT 81 (variable)");
    assert_eq!(
        line("OAUTH_CLIENT_SECRET"),
        "OAUTH_CLIENT_SECRET [not set] (default)"
    );
    assert_eq!(line("REDIS_AUTH_DB"), "REDIS_AUTH_DB 2 (default)");
    let (_, json, _) = run("show --json", &environment);
    assert!(!out.contains("canary") && !json.contains("canary"));
    assert!(
        serde_json::from_str::<serde_json::Value>(&json)
            .unwrap()
            .is_array()
    );
}

#[test]
fn explain_says_what_a_setting_takes() {
    let (code, out, _) = run("explain jwt_access_token_expire_minutes", &[]);
    assert_eq!(code, 0);
    for part in [
        "JWT_ACCESS_TOKEN_EXPIRE_MINUTES\n",
        "1 to 1440",
        "30",
        "Minutes an access",
    ] {
        assert!(out.contains(part), "{out}");
    }
    let (_, out, _) = run("explain JWT_SECRET_KEY", &[]);
    assert!(out.contains("JWT_SECRET_KEY_FILE"), "{out}");
    assert!(out.contains("in staging and production"), "{out}");
    assert!(
        out.contains("Secret aura-secrets, in k8s/base/backend/secret.yaml"),
        "{out}"
    );
    let (_, all, _) = run("explain", &[]);
    assert!(
        all.contains("RATE_LIMIT_FAIL_MODE") && all.contains("LOG_FORMAT"),
        "{all}"
    );
}

#[test]
fn explain_tells_the_value_here_and_its_origin() {
    let told = |environment: &[(&str, &str)], name: &str| {
        let (code, out, _) = run(&format!("explain {name}"), environment);
        assert_eq!(code, 0);
        let mut lines = out.lines().map(str::trim);
        let line = lines.find_map(|line| line.strip_prefix("Value here"));
        line.unwrap().trim().to_owned()
    };
    assert_eq!(told(&[], "SERVER_PORT"), "8000 (default)");
    let production = [("ENVIRONMENT", "production"), ("JWT_SECRET_KEY", KEY)];
    assert_eq!(told(&production, "JWT_SECRET_KEY"), "[redacted] (variable)");
    assert_eq!(told(&production, "LOG_FORMAT"), "json (default)");
    // What is wrong elsewhere is another question.
    let wrong = [("SERVER_PORT", "high"), ("LOG_LEVEL", "warn")];
    assert_eq!(told(&wrong, "LOG_LEVEL"), "warn (variable)");
    assert!(told(&wrong, "SERVER_PORT").contains("high"));
}

#[test]
fn explain_finds_the_lines_of_a_tree() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    write(
        "c.yaml",
        "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  LOG_LEVEL: \"info\"\n",
    );
    write("x.env", &format!("LOG_LEVEL=debug\nJWT_SECRET_KEY={KEY}\n"));
    write("broken.yaml", "a: [\n");
    let from = folder.path().display();
    let (code, out, err) = run(&format!("explain log_level --from {from}"), &[]);
    assert_eq!(code, 0);
    assert!(out.contains("c.yaml:4 (ConfigMap c)\n"), "{out}");
    assert!(out.contains("x.env:1\n"), "{out}");
    assert!(err.starts_with("warning: broken.yaml: "), "{err}");
    let (_, out, _) = run(&format!("explain JWT_SECRET_KEY --json --from {from}"), &[]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["kubernetes"]["kind"], "Secret");
    assert_eq!(json["written_in"][0]["line"], 2);
    assert!(!out.contains("canary"), "{out}");
    let (_, out, _) = run(&format!("explain LOG_FORMAT --from {from}"), &[]);
    assert!(out.contains("no file there"), "{out}");
}

#[test]
fn an_unknown_name_gets_the_nearest() {
    let (code, _, err) = run("explain JWT_SECRET", &[]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean JWT_SECRET_KEY?"), "{err}");
}
