//! Forward-auth under any path and method: Envoy's `ext_authz` sends the original ones, behind a
//! prefix. The answer is that of `GET /auth/verify`; the query is the original request's, so it
//! demands no role.

use poem::{Endpoint, IntoResponse, Request, Response};

use super::forward::Forward;
use super::oauth::Verified;

/// Answers any request under `/auth/verify/`.
pub struct Gateway {
    /// What it stands on.
    pub forward: Forward,
}

impl Endpoint for Gateway {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        // `/auth/verify/` by itself is `/auth/verify` with a slash too many.
        let roles = match request.uri().path() {
            "/auth/verify/" => roles(request.uri().query().unwrap_or_default()),
            _ => Vec::new(),
        };
        let passage = self
            .forward
            .judge(request.method(), request.headers(), &roles)
            .await?;
        Ok(Verified::from(passage).into_response())
    }
}

/// The roles that a query demands.
fn roles(query: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let roles = pairs.into_iter().filter(|(name, _)| name == "role");
    roles.map(|(_, role)| role).collect()
}
