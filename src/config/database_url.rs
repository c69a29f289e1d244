//! The URL of the database of accounts: parsed once, so that the check of the settings refuses what the
//! server would.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Error};

use super::host::{CONTROL, HostPort, STRAY_AT, has_control, has_stray_at, secret_url};
use super::tls_files::{TlsFiles, pairs};

/// Database that a URL leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, or memory, in this process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// The URL of an SQLite file, or of the servers of a PostgreSQL cluster; it may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// The parameters of a PostgreSQL URL that the driver understands. It would log others, with their
/// values.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// The parameter that chooses among several servers (libpq, section 34.1.2). It is ours alone: the
/// driver knows one server a URL.
const TARGET: &str = "target_session_attrs";

/// The parameter that asks for a channel binding (libpq, section 34.1.2), which the driver lacks.
const BINDING: &str = "channel_binding";

/// A PostgreSQL URL in its parts.
struct Parts<'a> {
    scheme: &'a str,
    /// User and password with the `@` behind them, or nothing.
    credentials: &'a str,
    hosts: &'a str,
    /// The path, which names the database.
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a URL; `None` for another scheme.
    fn of(url: &'a str) -> Option<Self> {
        let schemes = ["postgres://", "postgresql://"];
        let scheme = schemes.into_iter().find(|scheme| url.starts_with(scheme))?;
        let rest = &url[scheme.len()..];
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let at = authority.rfind('@').map_or(0, |at| at + 1);
        let (credentials, hosts) = authority.split_at(at);
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        Some(Self {
            scheme,
            credentials,
            hosts,
            path,
            query,
        })
    }

    /// The faults that the driver would not see, or would tell too much of.
    fn check(&self) -> Result<(), &'static str> {
        let hosts: Vec<&str> = self.hosts.split(',').collect();
        let encoded = |host: &str| {
            host.get(..3)
                .is_some_and(|it| it.eq_ignore_ascii_case("%2F"))
        };
        // No host, or a path with its slashes encoded, is the folder of a Unix socket.
        let socket = |host: &str| host.is_empty() || encoded(host);
        let alone = hosts.len() == 1 && socket(hosts[0]);
        if !alone && hosts.iter().any(|host| HostPort::parse(host).is_none()) {
            return Err(
                "names a host or a port that cannot be; percent-encode any of \
                 / ? # @ : in user and password, and write several hosts like \
                 postgres://USER:PASSWORD@HOST1:5432,HOST2:5432/NAME",
            );
        }
        let given = pairs(self.query)?;
        given
            .iter()
            .try_for_each(|(key, value)| parameter(key, value))?;
        let mode = ["sslmode", "ssl-mode"];
        let mode = given.iter().rfind(|(key, _)| mode.contains(&key.as_str()));
        let verified = mode.is_some_and(|(_, mode)| mode.to_lowercase().starts_with("verify-"));
        if TlsFiles::of(&given)?.authority.is_some() && !verified {
            return Err(
                "names an authority by sslrootcert that is not asked without \
                 sslmode=verify-full; add it",
            );
        }
        Ok(())
    }
}

/// Checks one parameter by itself.
fn parameter(key: &str, value: &str) -> Result<(), &'static str> {
    let of_server = key.strip_prefix("options[");
    let known = PARAMETERS.contains(&key) || of_server.is_some_and(|key| key.ends_with(']'));
    match key {
        TARGET if !["any", "read-write", "primary"].contains(&value) => Err(
            "has a target_session_attrs that aura cannot use, because it writes; set it to \
             read-write",
        ),
        BINDING if !["disable", "prefer"].contains(&value) => Err(
            "asks for a channel binding, which aura cannot do; take channel_binding out, and \
             have the server's certificate checked by sslmode=verify-full",
        ),
        TARGET | BINDING => Ok(()),
        "host" if value.contains(',') => Err(
            "has several hosts in a parameter; write them before the path, like \
             postgres://USER:PASSWORD@HOST1:5432,HOST2:5432/NAME",
        ),
        "host" if !value.starts_with('/') && bare_host(value).is_none() => {
            Err("has a parameter host that is not a host; name one, or the folder of a socket")
        }
        _ if known => Ok(()),
        _ => Err(
            "has a parameter that aura does not know; it knows sslmode, sslrootcert, sslcert, \
             sslkey, target_session_attrs, channel_binding, application_name, options, host, \
             hostaddr, port, dbname, user and password",
        ),
    }
}

/// A host as the driver looks it up: an IPv6 address without its brackets.
fn bare_host(host: &str) -> Option<String> {
    let address = host.parse().ok();
    let parsed = HostPort::parse(host).filter(|host| host.port().is_none());
    let address = address.or_else(|| parsed?.address());
    address.map_or_else(
        || parsed.map(|host| host.name().to_owned()),
        |address: IpAddr| Some(address.to_string()),
    )
}

impl DatabaseUrl {
    /// The default; carries no credential.
    pub const DEFAULT: &str = "sqlite://aura.db";

    /// The URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The engine that its scheme names.
    #[must_use]
    pub fn engine(&self) -> Engine {
        if self.0.starts_with("sqlite:") {
            Engine::Sqlite
        } else {
            Engine::Postgres
        }
    }

    /// Connect options of the driver for each server of a PostgreSQL URL, in the order in which
    /// they are written.
    ///
    /// # Errors
    /// The error of the driver for a URL that it cannot use; it may quote the URL.
    pub fn servers(&self) -> Result<Vec<PgConnectOptions>, Error> {
        let Some(parts) = Parts::of(&self.0) else {
            return Ok(Vec::new());
        };
        // Decoded, so that no spelling of a name that is ours reaches the driver, which would log it.
        let mut query = pairs(parts.query).map_err(|fault| Error::Configuration(fault.into()))?;
        query.retain(|(key, _)| key != TARGET && key != BINDING);
        let query = serde_urlencoded::to_string(query);
        let query = query.map_err(|error| Error::Configuration(error.into()))?;
        let hosts = parts.hosts.split(',');
        let server = |host| {
            let Parts {
                scheme,
                credentials,
                path,
                ..
            } = parts;
            let url = format!("{scheme}{credentials}{host}{path}?{query}");
            // PgBouncer refuses a start-up parameter that it does not know; this one would only
            // change how floating-point numbers are printed, of which there are none.
            let server = PgConnectOptions::from_str(&url)?.extra_float_digits(None);
            // The driver would ask the DNS for an address in brackets.
            let bare = bare_host(server.get_host());
            Ok(match bare {
                Some(bare) => server.host(&bare),
                None => server,
            })
        };
        hosts.map(server).collect()
    }

    /// The files that its parameters name.
    #[must_use]
    pub fn tls_files(&self) -> TlsFiles {
        let parts = Parts::of(&self.0);
        let given = parts.and_then(|parts| pairs(parts.query).ok());
        let files = given.and_then(|given| TlsFiles::of(&given).ok());
        files.unwrap_or_default()
    }
}

/// The file that the URL of an SQLite database names; none for any other.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.trim_start_matches("//").split('?').next()?;
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let named = !path.is_empty() && path != ":memory:";
    named.then(|| PathBuf::from(path.as_ref()))
}

impl TryFrom<String> for DatabaseUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            let (name, query) = file.split_once('?').unwrap_or((file, ""));
            if name.is_empty() {
                return Err("names no file; write it like sqlite://aura.db");
            }
            // A server's URL with another scheme: as the name of a file the password would be shown.
            if !name.starts_with('/') && file.contains('@') {
                return Err(
                    "has an @ in it, as the URL of a server has behind its password; write a file \
                     like sqlite://aura.db, an @ in its name as %40, or a server like \
                     postgres://USER:PASSWORD@HOST:5432/NAME",
                );
            }
            if has_control(&url) {
                return Err(CONTROL);
            }
            pairs(query)?;
            if name == ":memory:" || url.contains("mode=memory") {
                return Err(
                    "is in memory, where each connection would have a database of its own; \
                     write it like sqlite://aura.db",
                );
            }
            let usable = AnyConnectOptions::from_str(&url)
                .is_ok_and(|any| SqliteConnectOptions::from_url(&any.database_url).is_ok());
            if !usable {
                return Err(
                    "cannot be used by SQLite; write it like sqlite://aura.db, with no \
                     parameter but mode, cache, immutable and vfs",
                );
            }
            return Ok(Self(url));
        }
        let Some(parts) = Parts::of(&url) else {
            return Err("is not a database URL that aura knows; \
                 write it like sqlite://aura.db or postgres://USER:PASSWORD@HOST:5432/NAME");
        };
        // Behind a # all is a fragment (RFC 3986 section 3.5): a part of the password, and the host
        // with it.
        if url.contains('#') {
            return Err(
                "has a # in it; percent-encode any of / ? # @ : in user and password: \
                 # is %23",
            );
        }
        if has_stray_at(&url[parts.scheme.len()..]) {
            return Err(STRAY_AT);
        }
        parts.check()?;
        if has_control(&url) {
            return Err(CONTROL);
        }
        // The driver has the last word on what passes here.
        let url = Self(url);
        match url.servers() {
            Ok(_) => Ok(url),
            Err(_) => Err(
                "cannot be used by the driver: a port is not a number, sslmode is none of \
                 disable, prefer, require, verify-ca and verify-full, or user or password are not \
                 percent-encoded",
            ),
        }
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

secret_url!(DatabaseUrl, engine, |url| url.0.zeroize());

#[cfg(test)]
mod tests;
