//! What aura's own settings are and how they bear on each other.

use aura::config::{Config, DatabaseUrl, Format, RedisUrl, Tier};
use aura::schema::Shown;

use crate::settings::{KEY, PEM, faults, load};

#[test]
fn the_variables_and_defaults_that_are_promised() {
    let settings = Config::settings().unwrap();
    let default = |name: &str| {
        let setting = settings
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        setting.default_text()
    };
    for (name, value) in [
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("REDIS_AUTH_DB", "2"),
        ("REDIS_RATE_LIMIT_DB", "1"),
        ("REDIS_CACHE_DB", "0"),
        ("REDIS_ENABLED", "true"),
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
        ("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "7"),
        ("JWT_ISSUER", "aura"),
        ("JWT_AUDIENCE", "aura"),
        ("JWT_REFRESH_GRACE_SECONDS", "10"),
        ("JWT_LEEWAY_SECONDS", "0"),
        ("ENVIRONMENT", "development"),
        ("SERVER_HOST", "0.0.0.0"),
        ("SERVER_PORT", "8000"),
        ("SERVER_METRICS_PORT", "9000"),
        ("SERVER_TRUSTED_PROXIES", ""),
        ("SERVER_CORS_ALLOWED_ORIGINS", ""),
        ("SERVER_SHUTDOWN_TIMEOUT_SECONDS", "25"),
        ("SERVER_MAX_BODY_BYTES", "8192"),
        ("SERVER_HEADER_TIMEOUT_SECONDS", "10"),
        ("SERVER_BODY_TIMEOUT_SECONDS", "10"),
        ("SERVER_IDLE_TIMEOUT_SECONDS", "75"),
        ("SERVER_BODY_MEMORY_BYTES", "33554432"),
        ("SERVER_HEALTH_DETAILS", "everyone"),
        ("SERVER_MAX_CONNECTIONS", "4000"),
        ("SERVER_MAX_CONNECTIONS_PER_ADDRESS", "512"),
        ("DATABASE_URL", "sqlite://aura.db"),
        ("DATABASE_MAX_CONNECTIONS", "10"),
        ("AUTH_REGISTRATION", "open"),
        ("PASSWORD_BCRYPT_COST", "12"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("RATE_LIMIT_ENABLED", "true"),
        ("RATE_LIMIT_LOGIN_PER_MINUTE", "10"),
        ("RATE_LIMIT_ADDRESS_PER_MINUTE", "60"),
        ("RATE_LIMIT_LLM_PER_MINUTE", "60"),
        ("RATE_LIMIT_FAIL_MODE", "local"),
        ("LLM_UPSTREAM_TIMEOUT_SECONDS", "300"),
        ("LLM_MAX_BODY_BYTES", "16777216"),
        ("LLM_CACHE_REQUESTS", "deterministic"),
        ("LLM_CACHE_MEMORY_BYTES", "67108864"),
        ("LLM_CACHE_TTL_SECONDS", "3600"),
        ("LLM_CACHE_MAX_ENTRY_BYTES", "1048576"),
        ("LLM_CACHE_SCOPE", "user"),
        ("LOG_LEVEL", "info"),
        ("LOG_FORMAT", "text"),
    ] {
        assert_eq!(default(name).as_deref(), Some(value), "{name}");
    }
    for name in [
        "JWT_SECRET_KEY",
        "JWT_PRIVATE_KEY",
        "JWT_PREVIOUS_KEYS",
        "REDIS_CACHE_URL",
        "OAUTH_CLIENT_ID",
        "OAUTH_CLIENT_SECRET",
        "OAUTH_PREVIOUS_CLIENT_SECRET",
        "LLM_UPSTREAM_URL",
        "LLM_UPSTREAM_API_KEY",
        "LLM_UPSTREAM_PROXY",
    ] {
        assert_eq!(default(name), None, "{name}");
    }
}

#[test]
fn the_secret_settings_are_these() {
    let settings = Config::settings().unwrap();
    let secrets = settings.iter().filter(|setting| setting.secret);
    let secrets: Vec<_> = secrets.map(|setting| setting.name.as_str()).collect();
    assert_eq!(
        secrets,
        [
            "DATABASE_URL",
            "REDIS_URL",
            "REDIS_CACHE_URL",
            "JWT_SECRET_KEY",
            "JWT_PRIVATE_KEY",
            "JWT_PREVIOUS_KEYS",
            "OAUTH_CLIENT_SECRET",
            "OAUTH_PREVIOUS_CLIENT_SECRET",
            "LLM_UPSTREAM_API_KEY",
            "LLM_UPSTREAM_PROXY",
        ]
    );
}

#[test]
fn the_shown_defaults_of_secrets_are_the_real_ones() {
    let settings = Config::settings().unwrap();
    let config = Config::default();
    let default = |name: &str| settings.get(name).unwrap().default_text().unwrap();
    assert_eq!(
        default("DATABASE_URL"),
        config.database.url.expose().as_str()
    );
    assert_eq!(default("REDIS_URL"), config.redis.url.expose().as_str());
    assert!(DatabaseUrl::try_from(default("DATABASE_URL")).is_ok());
    assert!(RedisUrl::try_from(default("REDIS_URL")).is_ok());
}

#[test]
fn staging_and_production_insist_on_a_key() {
    let settings = Config::settings().unwrap();
    let required_in = &settings.get("JWT_SECRET_KEY").unwrap().required_in;
    for tier in [Tier::Development, Tier::Staging, Tier::Production] {
        let name = tier.as_str();
        let refused = load(&[("ENVIRONMENT", name)]).is_err();
        assert_eq!(refused, required_in.contains(&name.to_owned()), "{name}");
        assert!(
            load(&[("ENVIRONMENT", name), ("JWT_SECRET_KEY", KEY)]).is_ok(),
            "{name}"
        );
    }
    assert!(load(&[]).unwrap().value.jwt.secret_key.is_none());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let key = ("JWT_SECRET_KEY", KEY);
    for (variables, expected) in [
        (
            vec![("JWT_ALGORITHM", "ES256")],
            "JWT_PRIVATE_KEY: is required for JWT_ALGORITHM=ES256",
        ),
        (
            vec![key, ("OAUTH_CLIENT_ID", "a"), ("OAUTH_CLIENT_SECRET", KEY)],
            "JWT_SECRET_KEY: is the same as OAUTH_CLIENT_SECRET",
        ),
        (
            vec![key, ("LLM_UPSTREAM_API_KEY", KEY)],
            "the same as LLM_UPSTREAM_API_KEY",
        ),
        (
            vec![key, ("JWT_PREVIOUS_KEYS", KEY)],
            "the same as JWT_PREVIOUS_KEYS",
        ),
        (
            vec![("OAUTH_CLIENT_ID", "a")],
            "OAUTH_CLIENT_SECRET: is required with OAUTH_CLIENT_ID and not set; make one with",
        ),
        (
            vec![
                ("OAUTH_PREVIOUS_CLIENT_SECRET", "c"),
                ("OAUTH_CLIENT_ID", "a"),
            ],
            "OAUTH_CLIENT_SECRET: is required with OAUTH_CLIENT_ID and not set",
        ),
        (
            vec![("OAUTH_CLIENT_SECRET", "c")],
            "OAUTH_CLIENT_ID: is required with OAUTH_CLIENT_SECRET and not set",
        ),
        (
            vec![("JWT_ALGORITHM", "RS256")],
            "JWT_PRIVATE_KEY: is required for JWT_ALGORITHM=RS256 and not set; make one with \
             `aura key generate --algorithm",
        ),
        (
            vec![
                ("OAUTH_CLIENT_ID", "a"),
                ("OAUTH_CLIENT_SECRET", "c"),
                ("OAUTH_PREVIOUS_CLIENT_SECRET", "c"),
            ],
            "OAUTH_PREVIOUS_CLIENT_SECRET: is the same as OAUTH_CLIENT_SECRET",
        ),
        (
            vec![
                key,
                ("OAUTH_CLIENT_ID", "a"),
                ("OAUTH_CLIENT_SECRET", "c"),
                ("OAUTH_PREVIOUS_CLIENT_SECRET", KEY),
            ],
            "JWT_SECRET_KEY: is the same as OAUTH_PREVIOUS_CLIENT_SECRET",
        ),
        (
            vec![("JWT_AUDIENCE", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q")],
            "JWT_AUDIENCE: names 17 audiences; allowed: 16",
        ),
        (
            vec![("OAUTH_CLIENT_ID", "a:b"), ("OAUTH_CLIENT_SECRET", "c")],
            "a user name of HTTP Basic has no colon",
        ),
        (
            vec![
                ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "1"),
                ("JWT_REFRESH_GRACE_SECONDS", "31"),
            ],
            "JWT_REFRESH_GRACE_SECONDS: is more than half of JWT_ACCESS_TOKEN_EXPIRE_MINUTES",
        ),
    ] {
        let text = faults(&variables);
        assert!(text.contains(expected), "{text}");
        assert!(text.ends_with("1 fault in the configuration"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn settings_that_only_seem_to_contradict_each_other_are_taken() {
    assert!(
        load(&[
            ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "1"),
            ("JWT_REFRESH_GRACE_SECONDS", "30"),
        ])
        .is_ok()
    );
    // A key that signed until today, and from now on only makes others, is replaced by the pair.
    let was_symmetric = [
        ("JWT_ALGORITHM", "ES256"),
        ("JWT_PRIVATE_KEY", PEM),
        ("JWT_SECRET_KEY", KEY),
        ("JWT_PREVIOUS_KEYS", KEY),
    ];
    assert!(load(&was_symmetric).is_ok());
    let rs256 = PEM.replace("PRIVATE", "RSA PRIVATE");
    assert!(load(&[("JWT_ALGORITHM", "RS256"), ("JWT_PRIVATE_KEY", &rs256)]).is_ok());
    let text = faults(&[("JWT_ALGORITHM", "EdDSA"), ("JWT_PRIVATE_KEY", &rs256)]);
    assert!(
        text.contains("is an RSA key, which cannot sign EdDSA"),
        "{text}"
    );
}

#[test]
fn a_setting_that_will_fail_later_is_a_warning() {
    let loaded = load(&[
        ("ENVIRONMENT", "production"),
        ("JWT_SECRET_KEY", KEY),
        ("REDIS_ENABLED", "false"),
    ])
    .unwrap();
    let names: Vec<_> = loaded
        .warnings
        .iter()
        .map(|warning| warning.name.as_str())
        .collect();
    let expected = ["REDIS_ENABLED", "DATABASE_URL", "SERVER_TRUSTED_PROXIES"];
    assert_eq!(names, expected);
    let loaded = load(&[("REDIS_CACHE_DB", "2")]).unwrap();
    assert!(
        loaded.warnings[0]
            .to_string()
            .contains("REDIS_CACHE_DB: is 2, and so is REDIS_AUTH_DB")
    );
}

#[test]
fn production_logs_json_by_default() {
    let production = [("ENVIRONMENT", "production"), ("JWT_SECRET_KEY", KEY)];
    let loaded = load(&production).unwrap();
    assert_eq!(loaded.value.log.format, Format::Json);
    let entry = loaded
        .entries
        .iter()
        .find(|entry| entry.name == "LOG_FORMAT")
        .unwrap();
    assert_eq!(entry.shown, Shown::Value("json".into()));
    let told = [production[0], production[1], ("LOG_FORMAT", "text")];
    assert_eq!(load(&told).unwrap().value.log.format, Format::Text);
}
