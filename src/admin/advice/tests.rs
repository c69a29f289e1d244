//! Unit tests of `advice`.

use super::*;
use crate::schema::Environment;

const KEY: &str = "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h";

fn loaded(variables: &[(&str, &str)]) -> Loaded<Config> {
    let environment: Environment = variables.iter().copied().collect();
    let loader = Config::loader(environment).unwrap();
    Config::load(&loader).unwrap()
}

fn names(loaded: &Loaded<Config>) -> Vec<String> {
    let advice = advice(loaded).into_iter();
    advice.map(|advice| advice.setting).collect()
}

const PRODUCTION: &[(&str, &str)] = &[
    ("ENVIRONMENT", "production"),
    ("JWT_SECRET_KEY", KEY),
    ("DATABASE_URL", "postgres://aura:canary@postgres/aura"),
    ("REDIS_URL", "redis://:canary@redis"),
    ("SERVER_TRUSTED_PROXIES", "10.0.12.0/28"),
];

#[test]
fn a_sound_production_gets_no_advice() {
    assert_eq!(names(&loaded(PRODUCTION)), [""; 0]);
}

#[test]
fn an_unconfigured_server_gets_every_piece_of_advice() {
    let names = names(&loaded(&[]));
    let expected = [
        "ENVIRONMENT",
        "JWT_SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "AUTH_REGISTRATION",
    ];
    assert_eq!(names, expected);
}

#[test]
fn one_weak_setting_gets_one_piece_of_advice() {
    for (name, value) in [
        ("DATABASE_URL", "sqlite:///var/lib/aura/aura.db"),
        ("REDIS_ENABLED", "false"),
        ("PASSWORD_BCRYPT_COST", "11"),
        ("AUTH_REGISTRATION", "open"),
        ("SERVER_TRUSTED_PROXIES", ""),
        ("SERVER_TRUSTED_PROXIES", "10.0.0.0/8"),
        ("RATE_LIMIT_ENABLED", "false"),
        ("RATE_LIMIT_FAIL_MODE", "open"),
        ("REDIS_RATE_LIMIT_DB", "2"),
    ] {
        let mut variables: Vec<_> = PRODUCTION.to_vec();
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
        let advice = advice(&loaded(&variables));
        let [one] = advice.as_slice() else {
            panic!("{name}: {advice:#?}");
        };
        assert!(
            one.text.contains(' ') && !one.text.contains("canary"),
            "{one:?}"
        );
    }
}

#[test]
fn a_fault_becomes_one_sentence() {
    for (problem, remedy, text) in [
        ("is odd", "", "`X` is odd."),
        ("is odd", "mend it", "`X` is odd; mend it."),
        (
            "is not a setting",
            "did you mean Y?",
            "`X` is not a setting; did you mean Y?",
        ),
        (
            "\"tcp://a\" is a link",
            "cut it",
            "`X`: \"tcp://a\" is a link; cut it.",
        ),
    ] {
        assert_eq!(sentence("X", problem, remedy), text);
    }
}

#[test]
fn a_warning_of_the_loader_is_listed_once() {
    let variables: Vec<_> = PRODUCTION
        .iter()
        .copied()
        .filter(|(name, _)| *name != "DATABASE_URL")
        .collect();
    let advice = advice(&loaded(&variables));
    assert_eq!(advice.len(), 1, "{advice:#?}");
    assert!(
        advice[0]
            .text
            .starts_with("`DATABASE_URL` is an SQLite file")
    );
}
