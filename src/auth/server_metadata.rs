//! Authorization server metadata (RFC 8414): what there is today, and nothing else.

use poem_openapi::Object;

use super::keys::Keys;
use crate::config::{Config, CorsOrigin};

/// An authorization server, as RFC 8414 section 2 describes one.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ServerMetadata {
    /// `JWT_ISSUER`, which is the address of this server.
    issuer: String,
    /// Address at which clients get tokens.
    token_endpoint: String,
    /// Methods by which clients authenticate there: none.
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Grants of the token endpoint.
    grant_types_supported: Vec<String>,
    /// Response types of the authorization endpoint: none, as there is no such endpoint.
    response_types_supported: Vec<String>,
    /// The public keys of access tokens; missing where the algorithm has none.
    jwks_uri: Option<String>,
    /// Address of introspection (RFC 7662); missing without `OAUTH_CLIENT_ID`.
    introspection_endpoint: Option<String>,
    /// Methods by which services authenticate there.
    introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Address of revocation (RFC 7009); missing without `OAUTH_CLIENT_ID`.
    revocation_endpoint: Option<String>,
    /// Methods by which services authenticate there.
    revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl ServerMetadata {
    /// The metadata, or the reason why there is none: the address at which a client finds this must
    /// follow from the issuer (RFC 8414 section 3), or the client has to refuse it.
    pub(super) fn of(config: &Config, keys: &Keys) -> Result<Self, String> {
        let issuer = config.jwt.issuer.as_str();
        // An origin has neither a path nor a query; the server has its addresses at the root.
        let origin = CorsOrigin::try_from(issuer.to_owned()).ok();
        let origin = origin.filter(|origin| origin.as_str().starts_with("http"));
        let Some(origin) = origin else {
            return Err(format!(
                "JWT_ISSUER is {issuer:?}; set it to the address of this server, such as \
                 https://auth.example.com without a slash at its end, for OAuth clients to find it"
            ));
        };
        if let Some(public) = &config.auth.public_url
            && public.as_str() != origin.as_str()
        {
            let public = public.as_str();
            return Err(format!(
                "JWT_ISSUER is {issuer:?} and AUTH_PUBLIC_URL is {public:?}; set both to the address \
                 of this server"
            ));
        }
        let at = |path: &str| format!("{}{path}", origin.as_str());
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let services = config.oauth.client_id.is_some() && config.oauth.client_secret.is_some();
        let endpoint = |path| services.then(|| at(path));
        let methods = || services.then(|| list(&["client_secret_basic", "client_secret_post"]));
        let has_public_keys = keys.jwks()["keys"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        Ok(Self {
            issuer: issuer.to_owned(),
            token_endpoint: at("/auth/token"),
            token_endpoint_auth_methods_supported: list(&["none"]),
            grant_types_supported: list(&["password", "refresh_token"]),
            response_types_supported: Vec::new(),
            jwks_uri: has_public_keys.then(|| at("/.well-known/jwks.json")),
            introspection_endpoint: endpoint("/auth/introspect"),
            introspection_endpoint_auth_methods_supported: methods(),
            revocation_endpoint: endpoint("/auth/revoke"),
            revocation_endpoint_auth_methods_supported: methods(),
        })
    }
}
