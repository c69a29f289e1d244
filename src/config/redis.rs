//! Settings of Redis or Valkey: the address, and the use of each database.

use redis::IntoConnectionInfo;
use schemars::JsonSchema;
use serde::Deserialize;

use super::host::{CONTROL, HostPort, STRAY_AT, has_control, has_stray_at, secret_url};
use super::tls_files::{TlsFiles, pairs};
use crate::schema::{Bounded, Secret};

/// Redis, or Valkey.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// Address of Redis or Valkey: `redis://[USER:PASSWORD@]HOST:PORT`, or `rediss://` over
    /// TLS. A database number at its end is accepted and not used: the settings below say which
    /// database holds what.
    ///
    /// The parameters `sslrootcert`, `sslcert` and `sslkey` name files in PEM,
    /// as they do in `DATABASE_URL`: an authority of your own, and a certificate of this client.
    ///
    /// A new user or password in its file is taken over while the server runs.
    #[schemars(
        example = &"rediss://:PASSWORD@redis:6379",
        extend("default" = RedisUrl::DEFAULT)
    )]
    pub url: Secret<RedisUrl>,
    /// Use of Redis. `false` keeps sessions, rate limits and the LLM cache in this
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
    ///
    /// A new user or password in its file is taken over while the server runs.
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
    /// The address of the cached answers, and the variable that sets it.
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

    /// Checks whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("rediss:") || self.0.starts_with("valkeys:")
    }

    /// The files that its parameters name.
    #[must_use]
    pub fn tls_files(&self) -> TlsFiles {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        let files = pairs(query).and_then(|given| TlsFiles::of(&given));
        files.unwrap_or_default()
    }

    /// Host and, where it is given, port, without credentials: fit for a log.
    #[must_use]
    pub fn address(&self) -> &str {
        authority(&self.0).map_or("", |authority| host(authority))
    }
}

/// The part behind the scheme.
fn rest(url: &str) -> Option<&str> {
    let mut schemes = RedisUrl::SCHEMES.iter();
    schemes.find_map(|scheme| url.strip_prefix(scheme))
}

/// The part between the scheme and the path.
fn authority(url: &str) -> Option<&str> {
    rest(url)?.split(['/', '?', '#']).next()
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
            return Err("is not a Redis URL; \
                 write it like redis://HOST:6379 or, over TLS, rediss://HOST:6379");
        };
        // Behind a # all is a fragment (RFC 3986 section 3.5): a part of the password, and the host
        // with it.
        if url.contains('#') {
            return Err("has a # in it; percent-encode any of / ? # @ : in the password: # is %23");
        }
        if rest(&url).is_some_and(has_stray_at) {
            return Err(STRAY_AT);
        }
        let host = host(authority);
        if host.contains(',') {
            return Err(
                "names several hosts, of which aura can use one; name the primary, or an \
                 address that leads to it",
            );
        }
        if host.is_empty() || host.starts_with(':') {
            return Err("names no host; write it like redis://HOST:6379");
        }
        if HostPort::parse(host).is_none() {
            return Err(
                "names a host or a port that cannot be; percent-encode any of / ? # @ : in \
                 the password, and give a port from 1 to 65535",
            );
        }
        let tail = url.split_once(authority).map_or("", |(_, tail)| tail);
        let (database, query) = tail.split_once('?').unwrap_or((tail, ""));
        let database = database.strip_prefix('/').unwrap_or(database);
        if !database.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err("has a path that is not a database number; \
                 leave it out, the databases are set by REDIS_AUTH_DB and its sisters");
        }
        let given = pairs(query)?;
        let known = ["sslrootcert", "sslcert", "sslkey", "protocol"];
        if given.iter().any(|(key, _)| !known.contains(&key.as_str())) {
            return Err(
                "has a parameter that aura does not know; it knows sslrootcert, sslcert, \
                 sslkey and protocol",
            );
        }
        let files = TlsFiles::of(&given)?;
        if has_control(&url) {
            return Err(CONTROL);
        }
        let url = Self(url);
        if files != TlsFiles::default() && !url.is_tls() {
            return Err(
                "names certificates and does not use TLS; write it like rediss://HOST:6379",
            );
        }
        // The driver has the last word on what passes here.
        match url.as_str().into_connection_info() {
            Ok(_) => Ok(url),
            Err(_) => Err(
                "cannot be used by the driver: its host is a wildcard, its protocol is \
                 neither 2 nor 3, or user or password are not percent-encoded",
            ),
        }
    }
}

secret_url!(RedisUrl, address, |url| url.0.zeroize());

#[cfg(test)]
mod tests;
