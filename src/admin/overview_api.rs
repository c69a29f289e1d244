//! `GET /admin/overview` and `GET /admin/config`; thin.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

use super::bodies::Group;
use super::configuration::Configuration;
use super::overview::Overview;
use crate::activity::Activity;
use crate::auth::tokens::Tokens;
use crate::auth::users::ADMIN;
use crate::health::Health;
use crate::http::refused::{BEARER, DATABASE, route_codes};
use crate::http::security::BearerToken;
use crate::http::{Code, Refused};

route_codes! {
    /// Of routes that show an administrator something.
    Look: Problem = [BEARER, DATABASE, &[Code::Forbidden]];
}

/// The routes.
pub struct OverviewApi {
    /// Authentication.
    pub tokens: Arc<Tokens>,
    /// Health checks.
    pub health: Health,
    /// Counters of the last hour.
    pub activity: Activity,
    /// Configuration of the server.
    pub configuration: Arc<Configuration>,
}

type Answer<T> = Result<Json<T>, Refused<Look>>;

#[OpenApi(prefix_path = "/admin", tag = "Group::Admin")]
impl OverviewApi {
    /// Is all well?
    ///
    /// For the role `admin`. The health of the database, of Redis and of the LLM cache; the last
    /// hour minute by minute, over all replicas; the replicas. Answers within a second.
    #[oai(path = "/overview", method = "get", operation_id = "admin_overview")]
    async fn overview(&self, token: BearerToken) -> Answer<Overview> {
        self.tokens.authorize(token.as_str(), ADMIN).await?;
        Ok(Json(Overview::look(&self.health, &self.activity).await))
    }

    /// Show the configuration
    ///
    /// For the role `admin`. Every setting of the server that answers: what it does, its value
    /// (never a secret's), where that came from, the manifest object that carries it, and what
    /// production should change.
    #[oai(path = "/config", method = "get", operation_id = "admin_config")]
    async fn config(&self, token: BearerToken) -> Answer<Configuration> {
        self.tokens.authorize(token.as_str(), ADMIN).await?;
        Ok(Json(self.configuration.as_ref().clone()))
    }
}
