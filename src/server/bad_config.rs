//! [`BadConfig`]: what only the drivers and libraries find wrong with the settings.

use crate::auth::BadKey;
use crate::schema::{Fault, FaultKind, Faults, SchemaError};
use crate::storage::BadUrl;

/// A configuration that parsed, and still cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// A connection string.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// A key.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// The settings themselves: a fault of aura's own.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl BadConfig {
    /// The same as a fault of its variable.
    #[must_use]
    pub fn into_faults(self) -> Faults {
        let (name, reason) = match self {
            Self::Url(BadUrl { variable, reason }) | Self::Key(BadKey { variable, reason }) => {
                (variable, reason)
            }
            Self::Schema(error) => ("the configuration", error.to_string()),
        };
        let (problem, remedy) = reason.split_once("; ").unwrap_or((&reason, ""));
        Fault::new(FaultKind::Invalid, name, problem, remedy).into()
    }
}
