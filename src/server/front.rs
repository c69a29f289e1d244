//! What is served before the API's router: the start page, Swagger UI, the document itself,
//! forward-auth under any path, which do not stand in the document; and the liveness probe, which
//! does, and is asked too often to go the long way.
//!
//! poem's router could hold all of it, but a router within a router takes every address apart
//! twice and writes it anew; the API's own router is the one that most requests need.

use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Route};

use super::method_not_allowed;
use crate::health;

/// Addresses beside the API; a folder ends in `/`.
const BESIDE: [&str; 5] = [
    "/docs",
    "/docs/",
    "/openapi.json",
    "/openapi.yaml",
    "/auth/verify/",
];

/// Asks `beside` where the address is one of [`BESIDE`], and `api` anywhere else.
pub(super) struct Front<A> {
    pub(super) beside: Route,
    pub(super) api: A,
}

impl<A: Endpoint<Output = Response>> Endpoint for Front<A> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        match path {
            "/" => return start_page(request.method()),
            "/health/live" if request.method() == Method::GET => return Ok(health::api::live()),
            _ => {}
        }
        let is_beside = |address: &&str| {
            path == *address || address.ends_with('/') && path.starts_with(address)
        };
        if BESIDE.iter().any(is_beside) {
            return self.beside.call(request).await;
        }
        self.api.call(request).await
    }
}

/// The start page, which for now leads to Swagger UI.
fn start_page(method: &Method) -> poem::Result<Response> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(method_not_allowed().into());
    }
    let mut response = StatusCode::FOUND.into_response();
    let location = HeaderValue::from_static("/docs");
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
