//! Credentials of other services that ask about tokens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Secret;

/// Credentials of other services that ask about tokens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "OAuth")]
pub struct OAuth {
    /// User name that other services give at `/auth/introspect` and `/auth/revoke` (HTTP Basic).
    /// Unset: both answer 401.
    #[schemars(example = &"gateway")]
    pub client_id: Option<String>,
    /// Password that goes with `OAUTH_CLIENT_ID`. In staging and production at least 32 random bytes:
    /// make one with `aura key generate`.
    ///
    /// A change of its file is taken over while the server runs.
    pub client_secret: Option<Secret<String>>,
}
