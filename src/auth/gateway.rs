//! Forward-auth under any path and method: Envoy's `ext_authz` sends the original ones, behind a
//! prefix. The answer is that of `GET /auth/verify`.

use poem::http::header;
use poem::{Endpoint, IntoResponse, Request, Response};

use super::Auth;
use super::oauth::Verified;
use crate::http::{Code, Problem};

/// Answers any request under `/auth/verify/`.
pub struct Gateway {
    /// What it stands on.
    pub auth: Auth,
}

impl Endpoint for Gateway {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some(token) = request.header(header::AUTHORIZATION).and_then(bearer) else {
            let detail = "send the header: Authorization: Bearer <access token>";
            return Err(Problem::new(Code::MissingToken, detail).into());
        };
        let caller = self.auth.authenticate(token).await.map_err(Problem::from)?;
        Ok(Verified::of(&caller.session).into_response())
    }
}

/// The token of a bearer header (RFC 6750 section 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}
