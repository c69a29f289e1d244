//! The outermost endpoint: request id, client address and body limits on the way in; the error body,
//! headers, a log line and the metrics on the way out.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use ipnet::IpNet;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::web::RemoteAddr;
use poem::{Addr, Endpoint, IntoResponse, Request, Response};
use poem_openapi::OperationId;
use tracing::{Instrument, Span};

use super::cors::Cors;
use super::metrics::HttpMetrics;
use super::routes::{self, RouteTable};
use crate::activity::Activity;
use crate::config::{Cidr, CorsOrigin, Server};
use crate::health::Health;
use crate::http::body::BodyLimits;
use crate::http::client_address::client_address;
use crate::http::context::{Context, REQUEST_ID, RequestId};
use crate::http::documents::{self, Dialect};
use crate::http::head;
use crate::http::limit_headers;
use crate::http::{BodyBudget, Code, Problem};
use crate::llm::UPSTREAM_REQUEST_ID;

/// Content type that poem-openapi gives JSON.
const FRAMEWORK_JSON: &str = "application/json; charset=utf-8";

/// About as many headers as an answer gets here; their table is then laid out once.
const MOST_HEADERS: usize = 12;

/// The outermost endpoint.
pub(super) struct Edge<E> {
    inner: E,
    trusted: Vec<IpNet>,
    limits: BodyLimits,
    budget: BodyBudget,
    cors: Cors,
    production: bool,
    routes: Arc<RouteTable>,
    metrics: HttpMetrics,
    activity: Activity,
    health: Health,
    warned: AtomicBool,
}

/// The memory of bodies outside of `/v1`, of which one network address may hold a quarter.
fn body_budget(config: &Server) -> BodyBudget {
    let total = config.body_memory_bytes.as_usize();
    BodyBudget::of_bodies(total, total / 4, 0)
}

impl<E> Edge<E> {
    pub(super) fn new(
        inner: E,
        config: &Server,
        production: bool,
        routes: RouteTable,
        metrics: &HttpMetrics,
        activity: &Activity,
        health: &Health,
    ) -> Self {
        Self {
            inner,
            trusted: config.trusted_proxies.iter().map(Cidr::net).collect(),
            limits: BodyLimits {
                max_bytes: config.max_body_bytes.as_usize(),
                timeout: config.body_timeout(),
            },
            budget: body_budget(config),
            cors: Cors::new(config.cors_allowed_origins.iter().map(CorsOrigin::as_str)),
            production,
            routes: Arc::new(routes),
            metrics: metrics.clone(),
            activity: activity.clone(),
            health: health.clone(),
            warned: AtomicBool::new(false),
        }
    }

    fn context(&self, request: &Request, id: RequestId) -> Context {
        let peer = match request.remote_addr() {
            RemoteAddr(Addr::SocketAddr(address)) => address.ip(),
            RemoteAddr(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        };
        let client = client_address(peer, request.headers(), &self.trusted);
        if client.ignored_header && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For from a peer outside SERVER_TRUSTED_PROXIES is not believed; if \
                 this is your proxy, add its network there, or every client shares its limits"
            );
        }
        Context::new(id, client.address, request.headers())
    }

    /// Completes an answer: its error body if it is one, and the headers of every answer.
    fn finish(&self, response: &mut Response, context: &Context, path: &str) {
        // A 405 lists the methods (RFC 9110 section 15.5.6), which poem's router does not know.
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(Ok(methods)) = self.routes.methods(path).map(HeaderValue::from_str)
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            self.write(response, problem, context, path);
        }
        let headers = response.headers_mut();
        headers.reserve(MOST_HEADERS);
        limit_headers::write(headers, &context.limits());
        if let Ok(id) = HeaderValue::from_str(context.request_id.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
        // JSON has no charset (RFC 8259 section 11).
        if headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == FRAMEWORK_JSON)
        {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let fixed = [
            (header::CACHE_CONTROL, "no-store"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        for (name, value) in fixed {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        // TLS ends in the proxy in front; over plain HTTP browsers ignore the header (RFC 6797 section
        // 8.1).
        if self.production {
            let hsts = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
        }
        // The one way of HTTP/1.1 to end a connection without losing the request that is on its way.
        if self.health.draining() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

impl<E> Edge<E> {
    /// Writes the body of an error, in the dialect of its route.
    fn write(&self, response: &mut Response, mut problem: Problem, context: &Context, path: &str) {
        let dialect = self.routes.dialect(path);
        if dialect == Dialect::OpenAi && problem.code == Code::NotFound {
            let routes = self.routes.below("v1");
            problem.detail = format!("no such route; the routes are {routes}");
        }
        documents::write(response, &problem, context, dialect);
    }
}

impl<E: Endpoint> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let id = RequestId::of(request.headers());
        // Of the highest level, so that every `LOG_LEVEL` has it.
        let span = tracing::error_span!("request", request_id = %id);
        let mut response = self.answer(request, id).instrument(span.clone()).await;
        // The body is made later, while the connection asks for it.
        response.extensions_mut().insert(RequestSpan(span));
        Ok(response)
    }
}

/// The span of a request, which an answer carries to the connection that sends its body.
#[derive(Clone, Debug)]
pub(super) struct RequestSpan(pub(super) Span);

impl<E: Endpoint> Edge<E> {
    async fn answer(&self, mut request: Request, id: RequestId) -> Response {
        let start = Instant::now();
        let _in_flight = self.metrics.enter();
        let context = Arc::new(self.context(&request, id));
        request.set_data(Arc::clone(&context));
        request.set_data(self.limits);
        request.set_data(self.budget.clone());
        if let Some(uri) = routes::with_whole_name(request.uri()) {
            *request.uri_mut() = uri;
        }
        let method = request.method().clone();
        // Shares the bytes of the head; a path of its own would be a copy.
        let uri = request.uri().clone();
        let path = uri.path();
        let origin = self.cors.origin(request.headers());
        let preflight = (method == Method::OPTIONS)
            .then(|| {
                let allowed = self.routes.methods(path);
                // A page must be let through to the answer that lists the routes which there are.
                let absent = self.routes.dialect(path) == Dialect::OpenAi;
                let allowed = allowed.or(absent.then_some("DELETE, GET, HEAD, POST"));
                self.cors.preflight(request.headers(), allowed, &context)
            })
            .flatten();
        let query = uri.query().unwrap_or_default();
        // Before preflights and handlers: nothing may act on a head that two servers read differently.
        let checked =
            head::check(&request).and_then(|()| self.routes.check_query(&method, path, query));
        let mut response = match (checked, preflight) {
            (Err(problem), _) => problem.into_response(),
            (Ok(()), Some(response)) => response,
            (Ok(()), None) => match self.inner.call(request).await {
                Ok(output) => output.into_response(),
                Err(error) => documents::response_of(error),
            },
        };
        self.finish(&mut response, &context, path);
        self.cors.write(response.headers_mut(), origin);
        let operation = response
            .data::<OperationId>()
            .map_or("other", |operation| operation.0);
        let status = response.status();
        let elapsed = start.elapsed();
        self.metrics.answered(operation, &method, status, elapsed);
        self.activity.answered(path, status.as_u16());
        let upstream_request_id = response
            .headers()
            .get(UPSTREAM_REQUEST_ID)
            .and_then(|id| id.to_str().ok());
        log(
            &context,
            &method,
            path,
            status,
            elapsed,
            upstream_request_id,
        );
        response
    }
}

/// Logs one line for each request, whose span names it; probes at the level of debugging, or they would
/// drown the others. The query may hold secrets, so it is left out.
fn log(
    context: &Context,
    method: &Method,
    path: &str,
    status: StatusCode,
    took: std::time::Duration,
    upstream_request_id: Option<&str>,
) {
    // To the microsecond: more digits are noise.
    let millis = (took.as_secs_f64() * 1e6).round() / 1e3;
    let (status, client) = (status.as_u16(), context.client);
    let path = &path[..path.floor_char_boundary(256)];
    // Whatever a client makes up for a method may be as long as a head.
    let method = method.as_str();
    let method = &method[..method.floor_char_boundary(16)];
    if path.starts_with("/health") {
        tracing::debug!(%method, path, status, duration_ms = millis, %client, "request");
    } else {
        tracing::info!(
            %method, path, status, duration_ms = millis, %client, upstream_request_id, "request"
        );
    }
}
