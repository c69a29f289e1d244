//! The routes before the API's router: the dashboard, Swagger UI, the document itself,
//! forward-auth under any path, which do not stand in the document; and the liveness probe, which
//! does, and is asked too often to go the long way.
//!
//! poem's router could hold all of it, but a router within a router takes every address apart
//! twice and writes it anew; the API's own router is the one that most requests need.

use std::sync::Arc;

use poem::error::NotFoundError;
use poem::http::Method;
use poem::{Endpoint, Request, Response, Route};

use crate::auth::gateway::EXT_AUTHZ;
use crate::dashboard::Dashboard;
use crate::health;
use crate::http::Context;

/// Addresses beside the API; a folder ends in `/`.
const BESIDE: [&str; 6] = [
    "/docs",
    "/docs/",
    "/openapi.json",
    "/openapi.yaml",
    "/auth/verify/",
    EXT_AUTHZ,
];

/// Asks the dashboard for its pages, `beside` where the address is one of [`BESIDE`], and `api`
/// anywhere else.
pub(super) struct Front<A> {
    pub(super) dashboard: Dashboard,
    pub(super) beside: Route,
    pub(super) api: A,
}

impl<A: Endpoint<Output = Response>> Endpoint for Front<A> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if path == "/health/live" && request.method() == Method::GET {
            return Ok(health::api::live());
        }
        if Dashboard::owns(path) {
            return self.dashboard.call(request).await;
        }
        let is_beside = |address: &&str| {
            path == *address || address.ends_with('/') && path.starts_with(address)
        };
        if BESIDE.iter().any(is_beside) {
            return self.beside.call(request).await;
        }
        if !Dashboard::is_browser(request.headers()) {
            return self.api.call(request).await;
        }
        // A person typed an address: if nothing is there, show a page and not a problem document.
        let asked = copy(&request);
        match self.api.call(request).await {
            Err(error) if error.is::<NotFoundError>() => self.dashboard.call(asked).await,
            answer => answer,
        }
    }
}

/// The same request without its body.
fn copy(request: &Request) -> Request {
    let mut copy = Request::builder()
        .method(request.method().clone())
        .uri(request.uri().clone())
        .finish();
    copy.headers_mut().clone_from(request.headers());
    if let Some(context) = request.data::<Arc<Context>>() {
        copy.set_data(Arc::clone(context));
    }
    copy
}
