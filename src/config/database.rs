//! The database of accounts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::database_url::DatabaseUrl;
use crate::schema::{Bounded, Secret};

/// The database of accounts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Database of the accounts: `sqlite://FILE` for one replica, or
    /// `postgres://USER:PASSWORD@HOST:5432/NAME` for many. An SQLite file is created when it is
    /// missing.
    ///
    /// Of several hosts, written like `HOST1:5432,HOST2:5432`, the one that takes writes is
    /// used. With `sslmode=verify-full` the server's certificate is checked; the parameters
    /// `sslrootcert`, `sslcert` and `sslkey` name files in PEM: an authority of your own, and a
    /// certificate of this client.
    ///
    /// A new user or password in its file is taken over while the server runs.
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
            url: Secret::new(DatabaseUrl::default()),
            max_connections: Bounded::of::<10>(),
        }
    }
}
