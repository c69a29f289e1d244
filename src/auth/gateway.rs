//! Forward-auth under any path and method: Envoy's `ext_authz` sends the original ones, behind a
//! prefix. The answer is that of `GET /auth/verify`; the query is the original request's, so it
//! demands no role.

use poem::{Endpoint, IntoResponse, Request, Response};

use super::error::Error;
use super::forward::{Forward, demanded_roles};
use super::oauth::Verified;
use crate::http::Problem;

/// Prefix of the addresses at which Envoy asks. Not that of `/auth/verify`: an address such as
/// `/auth/verify/staff`, written to demand a role, would let every account pass.
pub const EXT_AUTHZ: &str = "/auth/ext-authz/";

/// Answers any request under [`EXT_AUTHZ`], and refuses those under `/auth/verify/`.
pub struct Gateway {
    /// Forward-auth itself.
    pub forward: Forward,
}

impl Endpoint for Gateway {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let roles = match request.uri().path() {
            path if path.starts_with(EXT_AUTHZ) => Vec::new(),
            // `/auth/verify` with a slash too many.
            "/auth/verify/" => {
                demanded_roles(request.uri().query().unwrap_or_default()).map_err(Problem::from)?
            }
            _ => {
                let reason = "demand a role with /auth/verify?role=NAME; for Envoy's ext_authz, \
                              path_prefix is /auth/ext-authz";
                return Err(Problem::from(Error::InvalidDemand(reason)).into());
            }
        };
        let passage = self
            .forward
            .judge(request.method(), request.headers(), &roles)
            .await
            .map_err(Problem::from)?;
        Ok(Verified::from(passage).into_response())
    }
}
