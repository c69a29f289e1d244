//! [`Verified`], the answer of forward-auth; and [`Gateway`], which gives it under any path and method:
//! Envoy's `ext_authz` sends the original ones, behind a prefix. The query there is the original
//! request's, so it demands no role.

use poem::{Endpoint, IntoResponse, Request, Response};
use poem_openapi::ApiResponse;

use super::error::Error;
use super::forward::{Forward, Passage, demanded_roles};
use crate::http::Problem;

/// Prefix of the addresses at which Envoy asks. Not that of `/auth/verify`: an address such as
/// `/auth/verify/staff`, written to demand a role, would let every account pass.
pub const EXT_AUTHZ: &str = "/auth/ext-authz/";

/// The decision on a request that a gateway holds.
#[derive(ApiResponse)]
pub enum Verified {
    /// Let it pass. The headers tell the service behind it who sends it.
    #[oai(status = 200)]
    Pass(
        /// The account's id.
        #[oai(header = "X-Auth-User-Id")]
        String,
        /// The account's e-mail.
        #[oai(header = "X-Auth-Email")]
        String,
        /// The account's roles, separated by commas.
        #[oai(header = "X-Auth-Roles")]
        String,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
        /// The session cookie anew, about once an hour; for the browser.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),

    /// Give this answer to the browser: it signs in and comes back.
    #[oai(status = 302)]
    SignIn(
        /// The sign-in page, which leads back to the address that was asked for.
        #[oai(header = "Location")]
        String,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

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

impl From<Passage> for Verified {
    fn from(passage: Passage) -> Self {
        let no_store = "no-store".to_owned();
        match passage {
            Passage::Pass { session, renewed } => {
                let renewed = renewed.as_ref().and_then(|value| value.to_str().ok());
                Self::Pass(
                    session.owner.user.to_string(),
                    session.owner.email.as_str().to_owned(),
                    session.owner.roles.join(","),
                    no_store,
                    renewed.map(str::to_owned),
                )
            }
            Passage::SignIn(location) => Self::SignIn(location, no_store),
        }
    }
}
