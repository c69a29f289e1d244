//! Credentials of other services that ask about tokens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::Secret;

/// Credentials of other services that ask about tokens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "OAuth")]
pub struct OAuth {
    /// Client id that other services give at `/auth/introspect` and `/auth/revoke`, by HTTP Basic or as
    /// `client_id` in the body. Unset: both answer 401.
    #[schemars(example = &"gateway", extend("x-required-when" = { "OAUTH_CLIENT_SECRET": true }))]
    pub client_id: Option<String>,
    /// Secret that goes with `OAUTH_CLIENT_ID`. In staging and production at least 32 random bytes.
    /// Make one with `aura key generate`.
    ///
    /// A change of its file is taken over while the server runs.
    #[schemars(extend("x-required-when" = {
        "OAUTH_CLIENT_ID": true,
        "OAUTH_PREVIOUS_CLIENT_SECRET": true,
    }))]
    pub client_secret: Option<Secret<String>>,
    /// Secret that still works beside `OAUTH_CLIENT_SECRET`, so that it can be replaced while other
    /// services run on. Remove it once all of them have the new one.
    ///
    /// A change of its file is taken over while the server runs.
    pub previous_client_secret: Option<Secret<String>>,
}
