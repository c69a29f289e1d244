//! Settings from the outside: names, docs, loading, faults, and that one field is all it takes.

mod secrets;

use std::collections::BTreeSet;

use aura::config::Config;
use aura::schema::{
    Bounded, Environment, FaultKind, Kind, Loaded, Loader, Origin, SET_ME, Secret, Setting,
    Settings, Shown,
};
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) const KEY: &str = "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h";
const OTHER_KEY: &str = "canary-Ab4v0yT1mE8qWn5aRb7uXc2dLf9h";
pub(crate) const PEM: &str =
    "-----BEGIN PRIVATE KEY-----\ncanaryMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

/// The configuration under `variables` alone.
pub(crate) fn load(variables: &[(&str, &str)]) -> Result<Loaded<Config>, String> {
    let environment: Environment = variables.iter().copied().collect();
    let reader = Config::loader(environment).unwrap();
    Config::load(&reader).map_err(|faults| faults.to_string())
}

/// What is wrong under `variables` alone.
pub(crate) fn faults(variables: &[(&str, &str)]) -> String {
    load(variables).unwrap_err()
}

/// A value that `setting` takes and that is not its default.
fn another_value(setting: &Setting) -> String {
    let default = setting.default_text().unwrap_or_default();
    if let Some(example) = setting.example_text() {
        return example;
    }
    match &setting.kind {
        Kind::Enum => {
            let mut values = setting.variants.iter().map(|variant| variant.value.clone());
            values.find(|value| *value != default).unwrap()
        }
        Kind::Boolean => (default != "true").to_string(),
        Kind::Integer => {
            let (minimum, maximum) = (setting.minimum.as_ref(), setting.maximum.as_ref());
            let (minimum, maximum) = (minimum.unwrap().to_string(), maximum.unwrap().to_string());
            if minimum == default { maximum } else { minimum }
        }
        _ if setting.format.as_deref() == Some("ip") => "127.0.0.1".to_owned(),
        _ if setting.multiline() => PEM.to_owned(),
        _ => KEY.to_owned(),
    }
}

#[test]
fn every_setting_is_documented_and_loaded_from_its_variable() {
    let settings = Config::settings().unwrap();
    let mut names = BTreeSet::new();
    for setting in &settings {
        let name = setting.name.as_str();
        assert!(names.insert(name.to_owned()), "{name} is there twice");
        assert!(setting.summary().len() > 10, "{name} has no docs");
        assert!(
            !setting.docs.contains("[`"),
            "{name}: docs link into the code"
        );
        let value = another_value(setting);
        let environment: Environment = [(name, value.as_str())].into_iter().collect();
        let resolution = Loader::new(settings.clone(), environment).resolve::<Config>();
        let own: Vec<_> = resolution
            .faults
            .iter()
            .filter(|fault| fault.name == name)
            .collect();
        assert!(own.is_empty(), "{name}={value}: {own:?}");
        let entry = resolution
            .entries
            .iter()
            .find(|entry| entry.name == name)
            .unwrap();
        assert_eq!(entry.origin, Origin::Variable, "{name}");
        assert_eq!(entry.shown == Shown::Redacted, setting.secret, "{name}");
        let before = format!("{:?}", Config::default());
        let after = format!("{:?}", resolution.value.unwrap());
        // Debug redacts secrets that have a default, so these look the same before and after.
        let hidden = setting.secret && setting.default.is_some();
        assert!(hidden || before != after, "{name} is not read");
    }
    for section in settings.sections() {
        assert!(!section.docs.is_empty(), "{:?} has no docs", section.path);
    }
}

/// All that a new setting takes is its field: what is read and what is documented follow.
#[test]
fn one_field_is_all_it_takes() {
    #[derive(Debug, Default, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Service {
        /// The queue.
        queue: Queue,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Queue {
        /// Messages taken at once.
        batch_size: Bounded<1, 100>,
    }

    impl Default for Queue {
        fn default() -> Self {
            Self {
                batch_size: Bounded::of::<10>(),
            }
        }
    }

    let settings = Settings::of::<Service>().unwrap();
    let setting = settings.get("QUEUE_BATCH_SIZE").unwrap();
    assert_eq!(setting.docs, "Messages taken at once.");
    assert_eq!(setting.allowed().unwrap(), "1 to 100");
    assert_eq!(setting.default_text().unwrap(), "10");
    let environment = Environment::from_iter([("QUEUE_BATCH_SIZE", "50")]);
    let loaded = Loader::new(settings, environment)
        .load::<Service>()
        .unwrap();
    assert_eq!(loaded.value.queue.batch_size.get(), 50);
}

#[test]
fn all_faults_come_at_once_and_hold_no_secret() {
    let text = faults(&[
        ("ENVIRONMENT", "Production"),
        ("JWT_SECRET_KEY", "canary-short"),
        ("JWT_ALGORITHM", "none"),
        ("JWT_PRIVATE_KEY", "canary-no-pem"),
        ("JWT_PREVIOUS_KEYS", "canary-1 canary-2"),
        ("DATABASE_URL", "mysql://root:canary@db/aura"),
        ("REDIS_URL", "http://:canary@redis"),
        ("LLM_UPSTREAM_API_KEY", "canary\nwith a line"),
        ("SERVER_HOST", "localhost"),
        ("SERVER_PORT", "65536"),
        ("SERVER_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("SERVER_CORS_ALLOWED_ORIGINS", "*"),
        ("REDIS_ENABLED", "yes"),
        ("PASSWORD_BCRYPT_COST", "9"),
        ("JWT_ISSUER", ""),
        ("LLM_UPSTREAM_URL", "ftp://host"),
        ("OAUTH_CLIENT_SECRET", "canary"),
    ]);
    for name in [
        "ENVIRONMENT: is \"Production\"; allowed: development, staging, production",
        "JWT_SECRET_KEY: is 12 bytes long",
        "JWT_ALGORITHM: is \"none\"; allowed: HS256",
        "JWT_PRIVATE_KEY: ",
        "JWT_PREVIOUS_KEYS: key 1 is 8 bytes",
        "DATABASE_URL: ",
        "REDIS_URL: ",
        "LLM_UPSTREAM_API_KEY: has a line break",
        "SERVER_HOST: is \"localhost\"",
        "SERVER_PORT: is \"65536\"",
        "SERVER_TRUSTED_PROXIES: ",
        "SERVER_CORS_ALLOWED_ORIGINS: ",
        "REDIS_ENABLED: is \"yes\"; allowed: true, false, 1, 0",
        "PASSWORD_BCRYPT_COST: ",
        "JWT_ISSUER: is empty",
        "LLM_UPSTREAM_URL: ",
        "OAUTH_CLIENT_ID: is required with OAUTH_CLIENT_SECRET and not set",
        "17 faults in the configuration",
    ] {
        assert!(text.contains(name), "no {name:?} in:\n{text}");
    }
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn near_misses_warn_and_stop_production() {
    let common = [
        ("PATH", "/bin"),
        ("HOME", "/"),
        ("HOSTNAME", "aura-0"),
        ("RUST_LOG", "x"),
    ];
    assert!(load(&common).unwrap().warnings.is_empty());
    let miss = ("REDIS_AUHT_DB", "3");
    let loaded = load(&[miss, ("JWT_SECRET_KEY_FIEL", "x")]).unwrap();
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "JWT_SECRET_KEY_FIEL: is not a setting; did you mean JWT_SECRET_KEY_FILE?",
            "REDIS_AUHT_DB: is not a setting; did you mean REDIS_AUTH_DB?",
        ]
    );
    let text = faults(&[miss, ("ENVIRONMENT", "production"), ("JWT_SECRET_KEY", KEY)]);
    assert!(text.contains("REDIS_AUHT_DB: "), "{text}");
}

#[test]
fn service_links_are_distinguished_from_settings() {
    let text = faults(&[("SERVER_PORT", "tcp://10.0.0.1:8000")]);
    assert!(
        text.contains("SERVER_PORT: ") && text.contains("enableServiceLinks: false"),
        "{text}"
    );
    let links = [
        ("ENVIRONMENT", "production"),
        ("JWT_SECRET_KEY", KEY),
        ("DATABASE_URL", "postgres://db/aura"),
        ("SERVER_TRUSTED_PROXIES", "10.0.12.4"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("REDIS_PORT_6379_TCP", "tcp://10.0.0.1:6379"),
        ("REDIS_PORT_6379_TCP_ADDR", "10.0.0.1"),
        ("REDIS_SERVICE_HOST", "10.0.0.1"),
        ("REDIS_SERVICE_PORT", "6379"),
        ("POSTGRES_PORT", "tcp://10.0.0.2:5432"),
    ];
    let warnings = load(&links).unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        (warnings[0].name.as_str(), warnings[0].kind),
        ("REDIS_PORT", FaultKind::ServiceLink)
    );
}

#[test]
fn a_placeholder_is_refused_wherever_it_stands() {
    let inside = format!("postgres://aura:{SET_ME}@db/aura");
    let text = faults(&[
        ("JWT_SECRET_KEY", SET_ME),
        ("DATABASE_URL", &inside),
        ("NOT_OURS", SET_ME),
    ]);
    for name in ["JWT_SECRET_KEY", "DATABASE_URL", "NOT_OURS"] {
        assert!(
            text.contains(&format!("{name}: still holds the placeholder")),
            "{text}"
        );
    }
}

#[test]
fn defaults_of_the_caller_lose_to_any_variable() {
    let overlay = [
        ("SERVER_HOST", "127.0.0.1".to_owned()),
        ("SERVER_METRICS_PORT", "0".to_owned()),
    ];
    let environment = Environment::from_iter([("SERVER_METRICS_PORT", "9001")]);
    let reader = Config::loader(environment).unwrap().defaults(&overlay);
    let loaded = Config::load(&reader).unwrap();
    assert_eq!(loaded.value.server.host.to_string(), "127.0.0.1");
    assert_eq!(loaded.value.server.metrics_port.get(), 9001);
    assert_eq!(loaded.origin("SERVER_HOST"), Some(&Origin::DevDefault));
    assert_eq!(
        loaded.origin("SERVER_METRICS_PORT"),
        Some(&Origin::Variable)
    );
}

/// A service whose types are particular, and which has values that must be given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    /// A key.
    api_key: Secret<String>,
    /// A place.
    region: String,
    /// A number.
    #[serde(default)]
    size: u8,
}

#[test]
fn required_settings_are_all_named_beside_other_faults() {
    let reader = |variables: &[(&str, &str)]| {
        Loader::new(
            Settings::of::<Strict>().unwrap(),
            variables.iter().copied().collect(),
        )
    };
    let text = reader(&[("SIZE", "256")])
        .load::<Strict>()
        .unwrap_err()
        .to_string();
    for part in [
        "API_KEY: is required",
        "API_KEY_FILE",
        "REGION: is required",
        "SIZE: ",
        "3 faults",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let elsewhere = reader(&[("REGION", "eu")]).secrets_elsewhere(true);
    let loaded = elsewhere.load::<Strict>().unwrap();
    assert_eq!(loaded.origin("API_KEY"), Some(&Origin::Elsewhere));
    assert_eq!(loaded.value.region, "eu");
    assert_eq!(loaded.value.size, 0);
    let given = reader(&[("API_KEY", "k"), ("REGION", "eu"), ("SIZE", "3")])
        .load::<Strict>()
        .unwrap();
    assert_eq!(given.value.api_key.expose(), "k");
}
