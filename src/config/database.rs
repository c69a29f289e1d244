//! The database of accounts.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::schema::{Bounded, Secret, Zeroize};

/// The database of accounts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Where accounts are kept: `sqlite://FILE` for one replica, or
    /// `postgres://USER:PASSWORD@HOST:5432/NAME` for many. An SQLite file is created when it is
    /// missing.
    #[schemars(
        example = &"postgres://aura:PASSWORD@postgres:5432/aura",
        extend("default" = DatabaseUrl::DEFAULT)
    )]
    pub url: Secret<DatabaseUrl>,
    /// Connections to the database open at once, for each replica.
    pub max_connections: Bounded<1, 1_000>,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: Secret::new(DatabaseUrl(DatabaseUrl::DEFAULT.to_owned())),
            max_connections: Bounded::of::<10>(),
        }
    }
}

/// Which database a URL leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, or memory, in this process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// The URL of an SQLite file or a PostgreSQL server; it may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The default; carries no credential.
    pub const DEFAULT: &str = "sqlite://aura.db";

    /// The URL as it was given, for the driver.
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
}

impl TryFrom<String> for DatabaseUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            let name = file.split('?').next().unwrap_or_default();
            if name.is_empty() {
                return Err("names no file; write it like sqlite://aura.db");
            }
            if name == ":memory:" || url.contains("mode=memory") {
                return Err(
                    "is in memory, where each connection would have a database of its own; \
                     write it like sqlite://aura.db",
                );
            }
            return Ok(Self(url));
        }
        let postgres = ["postgres://", "postgresql://"];
        if postgres.iter().any(|scheme| url.starts_with(scheme)) {
            return Ok(Self(url));
        }
        Err("is no URL of a database that aura knows; \
             write it like sqlite://aura.db or postgres://USER:PASSWORD@HOST:5432/NAME")
    }
}

impl Zeroize for DatabaseUrl {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// The engine only: the rest may hold a password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({:?})", self.engine())
    }
}

impl JsonSchema for DatabaseUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DatabaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_go_by_scheme() {
        let engine = |url: &str| DatabaseUrl::try_from(url.to_owned()).map(|url| url.engine());
        assert_eq!(engine(DatabaseUrl::DEFAULT), Ok(Engine::Sqlite));
        assert_eq!(
            engine("sqlite:///var/lib/aura/aura.db?mode=rwc"),
            Ok(Engine::Sqlite)
        );
        assert_eq!(engine("postgresql://a:b@db/aura"), Ok(Engine::Postgres));
        for wrong in [
            "mysql://db/aura",
            "aura.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite://x?mode=memory",
            "sqlite://?mode=rwc",
            "postgres",
        ] {
            assert!(engine(wrong).is_err(), "{wrong}");
        }
    }
}
