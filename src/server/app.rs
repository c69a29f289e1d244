//! [`App`]: every feature wired into one endpoint.

use std::sync::Arc;

use poem::middleware::CatchPanic;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response, Route};
use poem_openapi::OpenApiService;

use super::bad_config::BadConfig;
use super::clock_skew::ClockSkew;
use super::connections::ConnectionMetrics;
use super::edge::Edge;
use super::front::Front;
use super::metrics::HttpMetrics;
use super::routes::RouteTable;
use super::secret_files::SecretFiles;
use super::{docs, openapi, service};
use crate::activity::Activity;
use crate::admin::audit_api::AuditApi;
use crate::admin::configuration::Configuration;
use crate::admin::overview_api::OverviewApi;
use crate::admin::users_api::UsersApi;
use crate::audit::Audit;
use crate::auth::Auth;
use crate::auth::api::AuthApi;
use crate::auth::forward::Forward;
use crate::auth::gateway::{EXT_AUTHZ, Gateway};
use crate::auth::oauth::OAuthApi;
use crate::clock::Clock;
use crate::config::{Config, Tier};
use crate::dashboard::{Dashboard, Parts, SetupCode};
use crate::health::Health;
use crate::health::api::HealthApi;
use crate::http::Problem;
use crate::llm::Llm;
use crate::llm::api::LlmApi;
use crate::schema::Loaded;
use crate::storage::{Migrations, Schema, Storage};

/// The whole server, wired and not yet listening.
#[derive(Debug)]
pub struct App {
    pub(super) config: Config,
    pub(super) storage: Storage,
    pub(super) clock: Clock,
    pub(super) auth: Auth,
    pub(super) forward: Forward,
    pub(super) llm: Llm,
    pub(super) health: Health,
    pub(super) activity: Activity,
    pub(super) configuration: Arc<Configuration>,
    pub(super) metrics: HttpMetrics,
    pub(super) setup: Option<Arc<SetupCode>>,
    pub(super) is_dev: bool,
    pub(super) secret_files: Option<SecretFiles>,
    pub(super) ends_with_terminal: bool,
    pub(super) connections: ConnectionMetrics,
    pub(super) clocks: ClockSkew,
}

impl App {
    /// Wires the server as `config` says, which may be the outcome of a load, so that the server
    /// can say where its settings came from. Does no I/O. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// [`BadConfig`] for what only the drivers and libraries could find out.
    pub fn new(config: impl Into<Loaded<Config>>, clock: Clock) -> Result<Self, BadConfig> {
        let loaded = config.into();
        let service = service::service(serde_json::Value::Null)?;
        let configuration = Arc::new(Configuration::new(&service, &loaded));
        let config = loaded.value;
        let storage = Storage::new(&config)?;
        let auth = Auth::new(&config, &storage, clock.clone())?;
        let forward = Forward::new(&auth, &config);
        let llm = Llm::new(&config, &storage, clock.clone())?;
        let health = Health::new(&storage, &llm);
        let activity = Activity::new(&storage, &auth, &llm, clock.clone());
        Ok(Self {
            config,
            storage,
            clock,
            auth,
            forward,
            llm,
            health,
            activity,
            setup: None,
            is_dev: false,
            secret_files: None,
            ends_with_terminal: false,
            configuration,
            metrics: HttpMetrics::default(),
            connections: ConnectionMetrics::default(),
            clocks: ClockSkew::default(),
        })
    }

    /// The same for `aura serve --dev`: the dashboard lets a holder of the code of [`App::setup_code`]
    /// make the first administrator, except in production; and when the server ends, it does not wait
    /// for idle connections.
    #[must_use]
    pub fn for_dev(mut self) -> Self {
        self.is_dev = true;
        let offered = self.config.environment != Tier::Production;
        self.setup = offered.then(|| Arc::new(SetupCode::random()));
        self
    }

    /// The same, which follows the files that its settings come from.
    #[must_use]
    pub fn following(mut self, files: SecretFiles) -> Self {
        self.secret_files = Some(files);
        self
    }

    /// The same for a terminal: SIGHUP, which says that it has closed, ends the server.
    #[must_use]
    pub const fn ending_with_terminal(mut self) -> Self {
        self.ends_with_terminal = true;
        self
    }

    /// The code with which the first administrator can be made; none where one can sign in, or
    /// where the dashboard does not offer it. A database that is not prepared counts as having none.
    pub async fn setup_code(&self) -> Option<String> {
        let setup = self.setup.as_ref()?;
        let migrations = Migrations::new(self.storage.sql.clone());
        let prepared = matches!(migrations.look().await, Ok(Schema::Current));
        let users = &self.auth.users;
        let administered = prepared && users.any_administrator().await.unwrap_or(false);
        (!administered).then(|| setup.expose().to_owned())
    }

    /// The accounts and tokens, for the command line.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The audit trail, for the command line.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.auth.audit
    }

    /// The LLM cache, for the command line.
    #[must_use]
    pub fn llm(&self) -> &Llm {
        &self.llm
    }

    /// Checks whether `JWT_SECRET_KEY` is set, rather than generated for this process.
    #[must_use]
    pub fn has_own_key(&self) -> bool {
        self.config.jwt.secret_key.is_some()
    }

    /// `AUTH_PUBLIC_URL`, where it is set.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        let url = self.config.auth.public_url.as_ref();
        url.map(crate::config::CorsOrigin::as_str)
    }

    /// The connections, for the command line.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The routes of the document, bound to what they stand on.
    fn api(&self) -> OpenApiService<openapi::Apis, ()> {
        let (auth, health) = (&self.auth, &self.health);
        let apis = (
            AuthApi { auth: auth.clone() },
            OAuthApi {
                auth: auth.clone(),
                forward: self.forward.clone(),
            },
            LlmApi {
                tokens: Arc::clone(&auth.tokens),
                administration: Arc::clone(&auth.administration),
                keyring: Arc::clone(&auth.keyring),
                llm: self.llm.clone(),
            },
            HealthApi {
                health: health.clone(),
                tokens: Arc::clone(&auth.tokens),
                details: self.config.server.health_details,
            },
            OverviewApi {
                tokens: Arc::clone(&auth.tokens),
                health: health.clone(),
                activity: self.activity.clone(),
                configuration: Arc::clone(&self.configuration),
            },
            UsersApi { auth: auth.clone() },
            AuditApi { auth: auth.clone() },
        );
        OpenApiService::new(apis, "aura", env!("CARGO_PKG_VERSION"))
    }

    fn dashboard(&self) -> Dashboard {
        let parts = Parts {
            auth: self.auth.clone(),
            health: self.health.clone(),
            activity: self.activity.clone(),
            llm: self.llm.clone(),
            configuration: Arc::clone(&self.configuration),
            clock: self.clock.clone(),
            setup: self.setup.clone(),
        };
        Dashboard::new(parts, &self.config)
    }

    /// Every route, behind everything that all requests pass.
    pub(super) fn endpoint(&self) -> impl Endpoint<Output = Response> + use<> {
        let document = openapi::document();
        let table = RouteTable::of(&document);
        let document = Arc::new(document);
        let gateway = || Gateway {
            forward: self.forward.clone(),
        };
        let beside = Route::new()
            .at("/auth/verify/*path", gateway())
            .at(format!("{EXT_AUTHZ}*path"), gateway())
            .at("/openapi.json", docs::json(Arc::clone(&document)))
            .at("/openapi.yaml", docs::yaml(Arc::clone(&document)))
            .nest("/docs", docs::swagger_ui());
        let api = self.api().into_endpoint();
        let dashboard = self.dashboard();
        let routes = Front {
            dashboard,
            beside,
            api,
        }
        // Inside the edge, so that the answer to a panic has its headers, its line in the log and its count.
        .with(
            CatchPanic::new().with_handler(|_: Box<dyn std::any::Any + Send>| Problem::internal()),
        );
        let production = self.config.environment == Tier::Production;
        Edge::new(
            routes,
            &self.config.server,
            production,
            table,
            &self.metrics,
            &self.activity,
            &self.health,
        )
    }
}
