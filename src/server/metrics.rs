//! `/metrics`, on a port of its own: what Prometheus scrapes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use poem::http::{Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::clock_skew::ClockSkew;
use super::connections::ConnectionMetrics;
use crate::auth::Auth;
use crate::auth::passwords::Passwords;
use crate::health::{Health, Status};
use crate::llm::Llm;

/// Upper bounds of the classes of durations, in seconds.
const SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Request counters; clones share them.
#[derive(Clone, Debug)]
pub(super) struct HttpMetrics {
    requests: Family<Labels, Counter>,
    durations: Family<Operation, Histogram, fn() -> Histogram>,
    in_flight: Arc<AtomicU64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    operation: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Check {
    check: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Arc::default(),
        }
    }
}

/// Counts a request as in flight until it is dropped.
pub(super) struct InFlight(Arc<AtomicU64>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl HttpMetrics {
    pub(super) fn enter(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// Requests whose answers are not made yet.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn answered(
        &self,
        operation: &'static str,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        // A method is whatever a client makes up; labels must not be.
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        let labels = Labels {
            operation,
            method,
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        self.durations
            .get_or_create(&Operation { operation })
            .observe(took.as_secs_f64());
    }
}

/// The endpoint of the metrics port.
pub(super) struct MetricsEndpoint {
    registry: Registry,
    checks: Family<Check, Gauge>,
    queue: Gauge,
    in_flight: Gauge,
    http: HttpMetrics,
    passwords: Arc<Passwords>,
    health: Health,
}

impl MetricsEndpoint {
    /// Every metric of the process.
    pub(super) fn new(
        http: &HttpMetrics,
        connections: &ConnectionMetrics,
        clocks: &ClockSkew,
        auth: &Auth,
        llm: &Llm,
        health: &Health,
    ) -> Self {
        let mut registry = Registry::default();
        let build = Family::<Version, Gauge>::default();
        build
            .get_or_create(&Version {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("aura_build", "The running version; always 1", build);
        let name = "aura_http_requests";
        registry.register(name, "Requests answered", http.requests.clone());
        let name = "aura_http_request_duration_seconds";
        registry.register(name, "Time from head to answer", http.durations.clone());
        let (checks, queue, in_flight) = (Family::default(), Gauge::default(), Gauge::default());
        let help = "Health checks: 1 healthy or switched off, 0 degraded or unhealthy";
        registry.register("aura_health", help, Family::clone(&checks));
        registry.register("aura_hash_queue", "Password jobs that wait", queue.clone());
        registry.register(
            "aura_http_in_flight",
            "Requests in flight",
            in_flight.clone(),
        );
        let name = "aura_connections_shed";
        let help = "Idle connections that were closed to make room";
        registry.register(name, help, connections.shed.clone());
        let name = "aura_connections_refused";
        let help = "Connections refused because all others were busy";
        registry.register(name, help, connections.refused.clone());
        clocks.register(&mut registry);
        auth.metrics.register(&mut registry);
        llm.stats().register(&mut registry);
        let (http, health) = (http.clone(), health.clone());
        Self {
            registry,
            checks,
            queue,
            in_flight,
            http,
            passwords: Arc::clone(&auth.passwords),
            health,
        }
    }
}

impl Endpoint for MetricsEndpoint {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if request.uri().path() != "/metrics" || request.method() != Method::GET {
            return Ok(StatusCode::NOT_FOUND.into_response());
        }
        for (name, report) in self.health.all().await {
            let up = matches!(report.status, Status::Healthy | Status::Disabled);
            self.checks
                .get_or_create(&Check {
                    check: name.as_str(),
                })
                .set(i64::from(up));
        }
        self.queue
            .set(i64::try_from(self.passwords.queue_depth()).unwrap_or(i64::MAX));
        self.in_flight
            .set(i64::try_from(self.http.in_flight()).unwrap_or(i64::MAX));
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        }
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        Ok(Response::builder()
            .header(header::CONTENT_TYPE, kind)
            .body(text))
    }
}
