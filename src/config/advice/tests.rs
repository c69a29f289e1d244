//! Unit tests of the rules of advice.

use super::*;

/// The variables that are warned of in `environment`.
fn advised(environment: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let given = [
        ("ENVIRONMENT", environment),
        ("JWT_SECRET_KEY", "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h"),
        ("DATABASE_URL", "postgres://db/aura"),
    ];
    let given = given.iter().chain(variables).copied();
    let loader = Config::loader(given.collect()).unwrap();
    let warnings = Config::load(&loader).unwrap().warnings.into_iter();
    warnings.map(|warning| warning.name).collect()
}

#[test]
fn open_registration_is_warned_of_even_where_it_was_set() {
    let proxies = ("SERVER_TRUSTED_PROXIES", "10.0.12.4");
    let open = ("AUTH_REGISTRATION", "open");
    for environment in ["staging", "production"] {
        assert_eq!(advised(environment, &[proxies]), [""; 0]);
        assert_eq!(
            advised(environment, &[proxies, open]),
            ["AUTH_REGISTRATION"]
        );
    }
    assert_eq!(advised("development", &[open]), [""; 0]);
}

#[test]
fn exposure_is_warned_of_in_production_only() {
    let proxies = ("SERVER_TRUSTED_PROXIES", "10.0.12.4");
    let upstream = ("LLM_UPSTREAM_URL", "https://api.example.com/v1");
    let all = ("LLM_ALLOWED_ROLES", "*");
    for (settings, told) in [
        (vec![("RATE_LIMIT_ENABLED", "false")], true),
        (vec![("RATE_LIMIT_FAIL_MODE", "open")], true),
        (vec![("PASSWORD_BCRYPT_COST", "10")], true),
        (vec![("AUTH_PUBLIC_URL", "http://auth.example.com")], true),
        (vec![("AUTH_PUBLIC_URL", "http://10.1.2.3:8000")], false),
        (vec![("AUTH_PUBLIC_URL", "https://auth.example.com")], false),
        (
            vec![("SERVER_CORS_ALLOWED_ORIGINS", "https://a.com,http://b.com")],
            true,
        ),
        (
            vec![("SERVER_CORS_ALLOWED_ORIGINS", "http://localhost:5173")],
            false,
        ),
        (
            vec![("LLM_UPSTREAM_URL", "http://api.example.com/v1")],
            true,
        ),
        (
            vec![(
                "LLM_UPSTREAM_URL",
                "http://vllm.llm.svc.cluster.local:8000/v1",
            )],
            false,
        ),
        (vec![all, upstream], true),
        (vec![all, upstream, ("LLM_TOKENS_PER_DAY", "1000")], false),
        (vec![all], false),
    ] {
        let told: &[_] = if told { &[settings[0].0] } else { &[] };
        let settings: Vec<_> = settings.into_iter().chain([proxies]).collect();
        assert_eq!(advised("production", &settings), told, "{settings:?}");
        assert_eq!(advised("development", &settings), [""; 0]);
    }
}

#[test]
fn trusted_networks_are_warned_of_unless_they_hold_proxies_only() {
    let named = |networks| advised("production", &[("SERVER_TRUSTED_PROXIES", networks)]);
    for networks in ["10.0.12.4", "10.0.12.0/28,fd00:12::/64", "127.0.0.0/8,::1"] {
        assert_eq!(named(networks), [""; 0], "{networks}");
    }
    for networks in [
        "",
        "10.0.0.0/8",
        "10.0.12.4,10.244.0.0/16",
        "fd00::/8",
        "::/0",
    ] {
        assert_eq!(named(networks), ["SERVER_TRUSTED_PROXIES"], "{networks}");
    }
    let wide = [("SERVER_TRUSTED_PROXIES", "10.0.0.0/8")];
    assert_eq!(advised("development", &wide), [""; 0]);
}

#[test]
fn every_rule_names_a_setting() {
    let settings = Config::settings().unwrap();
    for rule in RULES {
        assert!(settings.get(rule.setting).is_some(), "{}", rule.setting);
    }
}
