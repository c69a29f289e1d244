//! Who may have an account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who may have an account.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Who may register at `POST /auth/register`.
    pub registration: Registration,
}

/// Who may register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Nobody: accounts are made with `aura user create`.
    Closed,
}
