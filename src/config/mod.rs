//! The settings of aura: one section a file, one line a section.
//!
//! A setting is one field: its variable, docs, range, default and secrecy follow from it, in the
//! loader, in `config explain` and in every file that is generated. Checks that look at more than
//! one setting are in `checks.rs`, advice in `advice.rs`; how a variable becomes a value is `schema`'s business.

mod advice;
mod algorithm;
mod audit;
mod auth;
mod checks;
mod database;
mod database_url;
mod followed;
mod guessable;
mod host;
mod jwt;
mod llm;
mod log;
mod oauth;
mod password;
mod previous_keys;
mod proxy_url;
mod rate_limit;
mod redis;
mod server;
mod session;
mod signing_key;
mod tls_files;
mod upstream;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{Environment, Faults, Loaded, Loader, SchemaError, Settings};

pub use algorithm::Algorithm;
pub use audit::Audit;
pub use auth::{Auth, Host, Registration};
pub use database::Database;
pub use database_url::{DatabaseUrl, Engine, sqlite_file};
pub use host::{HostPort, MAX_HOST_BYTES};
pub use jwt::{GraceScope, Jwt};
pub use llm::{CacheRequests, CacheScope, Llm};
pub use log::{Format, Level, Log};
pub use oauth::OAuth;
pub use password::Password;
pub use previous_keys::{PreviousKey, PreviousKeys};
pub use proxy_url::ProxyUrl;
pub use rate_limit::{FailMode, RateLimit};
pub use redis::{Redis, RedisUrl};
pub use server::{Cidr, HealthDetails, Origin as CorsOrigin, Server};
pub use session::Session;
pub use signing_key::{PrivateKey, SecretKey};
pub use tls_files::{TlsFault, TlsFiles, TlsMaterial};

/// The variable that names a folder of secrets, one file a variable, for every command that reads
/// settings. Its name holds no word that scanners of manifests take for a secret. It is not systemd's
/// `CREDENTIALS_DIRECTORY`, because a shell on a console inherits the one of its getty.
pub const SECRETS_VARIABLE: &str = "SETTINGS_DIR";

/// All settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Environment of this process. Staging and production insist on a signing key of their own, and
    /// production refuses variables whose names are nearly a setting's and logs JSON.
    pub environment: Tier,
    /// The HTTP server: addresses, limits and time-outs.
    pub server: Server,
    /// The database of accounts.
    pub database: Database,
    /// Redis, or Valkey: sessions, rate limits and the LLM cache.
    pub redis: Redis,
    /// Signatures and lifetimes of tokens.
    pub jwt: Jwt,
    /// Lifetimes of sessions.
    pub session: Session,
    /// Registration, and the reach of a sign-in in a browser.
    pub auth: Auth,
    /// Credentials of other services that ask about tokens.
    pub oauth: OAuth,
    /// Requirements and hashing of passwords.
    pub password: Password,
    /// Rate limits.
    pub rate_limit: RateLimit,
    /// The cache in front of a language model.
    pub llm: Llm,
    /// Retention of the audit trail.
    pub audit: Audit,
    /// Level and format of the log.
    pub log: Log,
}

/// The environment a process runs in.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A person's machine: a missing signing key is generated for the life of the process.
    #[default]
    Development,
    /// A copy of production for tests.
    Staging,
    /// Real users.
    Production,
}

impl Tier {
    /// The tier as it is written in `ENVIRONMENT`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl Config {
    /// Every setting of aura.
    pub fn settings() -> Result<Settings, SchemaError> {
        Settings::of::<Self>()
    }

    /// A loader of aura's settings, to be given its options and then to [`Config::load`].
    pub fn loader(environment: Environment) -> Result<Loader, SchemaError> {
        let loader = Loader::new(Self::settings()?, environment);
        let loader = loader.environment_setting("ENVIRONMENT");
        Ok(loader.secrets_variable(SECRETS_VARIABLE))
    }

    /// The settings of the log, whatever is wrong with the others: faults are logged too.
    #[must_use]
    pub fn log(loader: &Loader) -> Log {
        let config = loader.resolve::<Self>().value;
        config.map(|config| config.log).unwrap_or_default()
    }

    /// Reads and checks the configuration; every fault of every setting comes at once.
    pub fn load(loader: &Loader) -> Result<Loaded<Self>, Faults> {
        let mut resolution = loader.resolve::<Self>();
        checks::run(&mut resolution, loader);
        resolution.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_an_environment_are_what_their_schema_says() {
        for environment in ["development", "staging", "production"] {
            let key = ("JWT_SECRET_KEY", "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h");
            let given = [("ENVIRONMENT", environment), key];
            let loader = Config::loader(given.into_iter().collect()).unwrap();
            let config = Config::load(&loader).unwrap();
            let settings = Config::settings().unwrap();
            let dependent = settings.iter().filter(|one| !one.default_in.is_empty());
            for setting in dependent {
                let entry = config.entries.iter().find(|it| it.name == setting.name);
                let shown = entry.unwrap().shown.text();
                assert_eq!(shown, setting.default_text_in(environment), "{environment}");
            }
        }
    }
}
