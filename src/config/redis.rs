//! Redis, or Valkey: where it is, and which of its databases holds what.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::schema::{Bounded, Secret, Zeroize};

/// Redis, or Valkey.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// Where Redis or Valkey listens: `redis://[USER:PASSWORD@]HOST:PORT`, or `rediss://` over
    /// TLS. A database number at its end is accepted and not used: the settings below say which
    /// database holds what.
    #[schemars(
        example = &"rediss://:PASSWORD@redis:6379",
        extend("default" = RedisUrl::DEFAULT)
    )]
    pub url: Secret<RedisUrl>,
    /// Whether Redis is used at all. `false` keeps sessions, rate limits and the LLM cache in this
    /// process: they end with it, and there can be one replica only.
    pub enabled: bool,
    /// Number of the database that holds refresh tokens and sessions. Losing it signs everybody
    /// out, so it should be persisted and never evicted.
    pub auth_db: Bounded<0, 65_535>,
    /// Number of the database that holds the counters of the rate limits. They last minutes, and
    /// may be lost.
    pub rate_limit_db: Bounded<0, 65_535>,
    /// Number of the database that holds cached answers of the language model. It may be evicted
    /// and lost.
    pub cache_db: Bounded<0, 65_535>,
    /// Another Redis or Valkey for the cached answers alone, written like `REDIS_URL`, so that
    /// filling it up evicts no session and losing it ends none. Unset: they are kept at
    /// `REDIS_URL`.
    #[schemars(example = &"redis://:PASSWORD@redis-cache:6379")]
    pub cache_url: Option<Secret<RedisUrl>>,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: Secret::new(RedisUrl(RedisUrl::DEFAULT.to_owned())),
            enabled: true,
            auth_db: Bounded::of::<2>(),
            rate_limit_db: Bounded::of::<1>(),
            cache_db: Bounded::of::<0>(),
            cache_url: None,
        }
    }
}

impl Redis {
    /// Where the cached answers are, and the variable that says so.
    #[must_use]
    pub fn cache(&self) -> (&'static str, &RedisUrl) {
        match &self.cache_url {
            Some(url) => ("REDIS_CACHE_URL", url.expose()),
            None => ("REDIS_URL", self.url.expose()),
        }
    }
}

/// The URL of a Redis or Valkey server; it may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The default; carries no credential.
    pub const DEFAULT: &str = "redis://localhost:6379/0";

    /// The schemes that are understood, those over TLS last.
    const SCHEMES: [&str; 4] = ["redis://", "valkey://", "rediss://", "valkeys://"];

    /// The URL as it was given, for the driver.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("rediss:") || self.0.starts_with("valkeys:")
    }

    /// Host and, where it is given, port, without credentials: fit for a log.
    #[must_use]
    pub fn address(&self) -> &str {
        authority(&self.0).map_or("", |authority| host(authority))
    }
}

/// What stands between the scheme and the path.
fn authority(url: &str) -> Option<&str> {
    let rest = RedisUrl::SCHEMES
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))?;
    rest.split(['/', '?', '#']).next()
}

/// `authority` without user and password.
fn host(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

impl TryFrom<String> for RedisUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        let Some(authority) = authority(&url) else {
            return Err("is no Redis URL; \
                 write it like redis://HOST:6379 or, over TLS, rediss://HOST:6379");
        };
        let host = host(authority);
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        if name.is_empty() {
            return Err("names no host; write it like redis://HOST:6379");
        }
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err("has no valid port after its host; \
                 percent-encode any of / ? # @ : in the password, and give a port from 1 to 65535");
        }
        let tail = url.split_once(authority).map_or("", |(_, tail)| tail);
        let database = tail.split(['?', '#']).next().unwrap_or_default();
        let database = database.strip_prefix('/').unwrap_or(database);
        if !database.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err("has a path that is no database number; \
                 leave it out, the databases are set by REDIS_AUTH_DB and its sisters");
        }
        Ok(Self(url))
    }
}

impl Zeroize for RedisUrl {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// The address only: the rest may hold a password.
impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({:?})", self.address())
    }
}

impl JsonSchema for RedisUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RedisUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_understood_without_being_shown() {
        for (url, address) in [
            ("redis://localhost:6379/0", "localhost:6379"),
            ("redis://cache", "cache"),
            ("rediss://user:canary@cache:6380/3?timeout=1", "cache:6380"),
            ("valkeys://:canary@[fd00::1]:6379", "[fd00::1]:6379"),
        ] {
            let url = RedisUrl::try_from(url.to_owned()).unwrap();
            assert_eq!(url.address(), address);
            assert!(!format!("{url:?}").contains("canary"));
        }
        assert!(RedisUrl("rediss://x".to_owned()).is_tls());
        assert!(!RedisUrl(RedisUrl::DEFAULT.to_owned()).is_tls());
        for wrong in [
            "localhost:6379",
            "http://localhost",
            "redis://",
            "redis://:6379",
            "redis://h:x",
            "redis://h:0",
            "redis://u:pa/ss@h:6379",
            "redis://h/name",
        ] {
            assert!(RedisUrl::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
