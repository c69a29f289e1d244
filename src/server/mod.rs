//! The roof: wires every feature into one endpoint, and runs it.

mod cors;
mod docs;
mod edge;
mod front;
mod limits;
mod listener;
mod metrics;
pub mod openapi;
mod routes;
mod serve;
pub mod service;
mod shutdown;
mod startup;
pub mod telemetry;

use std::sync::Arc;

use poem::middleware::CatchPanic;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response, Route};

pub use self::serve::{ServeError, Stop, serve};

use self::edge::Edge;
use self::front::Front;
use self::metrics::HttpMetrics;
use self::routes::Allowed;
use crate::auth::gateway::Gateway;
use crate::auth::{Auth, BadKey};
use crate::clock::Clock;
use crate::config::{Config, Tier};
use crate::health::Health;
use crate::http::{Code, Problem};
use crate::llm::Llm;
use crate::storage::{BadUrl, Storage};

/// The whole server, wired and not yet listening.
#[derive(Debug)]
pub struct App {
    config: Config,
    storage: Storage,
    auth: Auth,
    llm: Llm,
    health: Health,
    metrics: HttpMetrics,
}

/// A configuration that parsed, and still cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// A connection string.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// A key.
    #[error(transparent)]
    Key(#[from] BadKey),
}

impl App {
    /// Wires the server; does no I/O. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// [`BadConfig`] for what only the drivers and libraries could find out.
    pub fn new(config: Config, clock: Clock) -> Result<Self, BadConfig> {
        let storage = Storage::new(&config)?;
        let auth = Auth::new(&config, &storage, clock.clone())?;
        let llm = Llm::new(&config, &storage, clock)?;
        let health = Health::new(&storage, &llm);
        Ok(Self {
            config,
            storage,
            auth,
            llm,
            health,
            metrics: HttpMetrics::default(),
        })
    }

    /// The accounts and tokens, for the command line.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The LLM cache, for the command line.
    #[must_use]
    pub fn llm(&self) -> &Llm {
        &self.llm
    }

    /// Whether `JWT_SECRET_KEY` is set, rather than made up for this process.
    #[must_use]
    pub fn has_own_key(&self) -> bool {
        self.config.jwt.secret_key.is_some()
    }

    /// The connections, for the command line.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The OpenAPI document of the routes.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        openapi::document(&openapi::service(&self.auth, &self.llm, &self.health))
    }

    /// Every route, behind everything that all requests pass.
    fn endpoint(&self) -> impl Endpoint<Output = Response> + use<> {
        let service = openapi::service(&self.auth, &self.llm, &self.health);
        let document = openapi::document(&service);
        let allowed = Allowed::of(&document);
        let document = Arc::new(document);
        let beside = Route::new()
            .at(
                "/auth/verify/*path",
                Gateway {
                    auth: self.auth.clone(),
                },
            )
            .at("/openapi.json", docs::json(Arc::clone(&document)))
            .at("/openapi.yaml", docs::yaml(Arc::clone(&document)))
            .nest("/docs", docs::swagger_ui());
        let api = service.into_endpoint();
        let routes = Front { beside, api }.with(
            CatchPanic::new().with_handler(|_: Box<dyn std::any::Any + Send>| Problem::internal()),
        );
        let production = self.config.environment == Tier::Production;
        Edge::new(
            routes,
            &self.config.server,
            production,
            allowed,
            &self.metrics,
            &self.health,
        )
    }
}

/// The answer of a route that exists for other methods only.
fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "the header Allow lists the methods taken here",
    )
}
