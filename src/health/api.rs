//! The routes under `/health`. They need no token, are not limited, and name states only: what
//! went wrong stands in the log. `SERVER_HEALTH_DETAILS` may keep the figures for callers with one.

#![expect(
    clippy::unused_async,
    reason = "a route is async, whether or not it waits"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use poem::http::HeaderMap;
use poem::{IntoResponse, Response};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi, OperationId, Tags};

use super::report::{LIMIT, Report, Status};
use super::{CheckName, Health};
use crate::auth::forward::bearer;
use crate::auth::tokens::Tokens;
use crate::config::HealthDetails;
use crate::http::refused::route_codes;
use crate::http::{Code, Problem, Refused};

#[derive(Tags)]
enum Group {
    /// Is all well?
    Health,
}

route_codes! {
    /// Of `GET /health/{check}`.
    Named: Problem = [&[Code::NotFound]];
}

/// The health of the whole.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Overview {
    /// Its state.
    status: Status,
    /// The version of the server; missing for strangers with `SERVER_HEALTH_DETAILS=authenticated`.
    version: Option<String>,
    /// The checks by name.
    checks: BTreeMap<String, Report>,
}

/// One state of the process.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub struct State {
    /// Its state.
    status: Status,
    /// Why it is not healthy: `database_unavailable`, `migration_pending`, `redis_unavailable`,
    /// `draining`.
    reason: Option<String>,
}

/// The health of the whole.
#[derive(ApiResponse)]
pub enum OverviewAnswer {
    /// Healthy.
    #[oai(status = 200)]
    Good(Json<Overview>),
    /// The database does not answer.
    #[oai(status = 503)]
    Bad(Json<Overview>),
}

/// One state.
#[derive(ApiResponse)]
pub enum StateAnswer {
    /// Yes.
    #[oai(status = 200)]
    Good(Json<State>),
    /// Not now.
    #[oai(status = 503)]
    Bad(Json<State>),
}

/// One check.
#[derive(ApiResponse)]
pub enum ReportAnswer {
    /// At least some of it works, or it is switched off.
    #[oai(status = 200)]
    Good(Json<Report>),
    /// None of it works.
    #[oai(status = 503)]
    Bad(Json<Report>),
}

impl StateAnswer {
    fn new(problem: Option<&str>) -> Self {
        match problem {
            None => Self::Good(Json(State {
                status: Status::Healthy,
                reason: None,
            })),
            Some(reason) => Self::Bad(Json(State {
                status: Status::Unhealthy,
                reason: Some(reason.to_owned()),
            })),
        }
    }
}

/// The answer of `GET /health/live`, for a caller that saves it the way through the router: no
/// other route is asked as often, and none has less to say.
#[must_use]
pub fn live() -> Response {
    let mut response = StateAnswer::new(None).into_response();
    // The metrics count a request by the operation's name in the document.
    response.set_data(OperationId("health_live"));
    response
}

/// The routes.
pub struct HealthApi {
    /// The checks.
    pub health: Health,
    /// Recognises callers.
    pub tokens: Arc<Tokens>,
    /// The callers that are told figures.
    pub details: HealthDetails,
}

#[OpenApi(prefix_path = "/health", tag = "Group::Health")]
impl HealthApi {
    /// Is all well?
    ///
    /// Asks the database. Answers within a second. Needs no token; with
    /// `SERVER_HEALTH_DETAILS=authenticated` only callers who send one are told the version and
    /// the latency.
    #[oai(path = "/", method = "get", operation_id = "health")]
    async fn overview(&self, headers: &HeaderMap) -> OverviewAnswer {
        let (reports, details) = tokio::join!(self.health.roll_up(), self.details(headers));
        let good = reports
            .iter()
            .all(|(_, report)| report.status != Status::Unhealthy);
        let named = |(name, report): (CheckName, Report)| {
            let report = if details { report } else { report.state() };
            (name.as_str().to_owned(), report)
        };
        let overview = Overview {
            status: if good {
                Status::Healthy
            } else {
                Status::Unhealthy
            },
            version: details.then(|| env!("CARGO_PKG_VERSION").to_owned()),
            checks: reports.into_iter().map(named).collect(),
        };
        if good {
            OverviewAnswer::Good(Json(overview))
        } else {
            OverviewAnswer::Bad(Json(overview))
        }
    }

    /// Is the process alive?
    ///
    /// Asks no dependency: an outage elsewhere must not restart this process.
    #[oai(path = "/live", method = "get", operation_id = "health_live")]
    async fn live(&self) -> StateAnswer {
        StateAnswer::new(None)
    }

    /// May requests come here?
    ///
    /// Yes once this process has reached each of its dependencies: the schema is current, and each
    /// Redis database in use has taken a write. A later outage of theirs changes nothing, because it
    /// would unlist every replica at once. No from the moment that the process is told to stop.
    #[oai(path = "/ready", method = "get", operation_id = "health_ready")]
    async fn ready(&self) -> StateAnswer {
        // First, because it is final: a process that stops does not become ready again.
        let draining = self.health.draining().then_some("draining");
        StateAnswer::new(draining.or_else(|| self.health.unready_reason()))
    }

    /// Has the process started?
    ///
    /// Yes as soon as it listens. It waits for dependencies that are away; to restart it would not
    /// bring them back.
    #[oai(path = "/startup", method = "get", operation_id = "health_startup")]
    async fn startup(&self) -> StateAnswer {
        StateAnswer::new(None)
    }

    /// Is one dependency well?
    #[oai(path = "/:check", method = "get", operation_id = "health_check")]
    async fn check(
        &self,
        headers: &HeaderMap,
        check: Path<String>,
    ) -> Result<ReportAnswer, Refused<Named>> {
        let name = CheckName::ALL.iter().find(|name| name.as_str() == check.0);
        let Some(name) = name else {
            return Err(Problem::new(Code::NotFound, "no such check").into());
        };
        let (report, details) = tokio::join!(self.health.report(*name), self.details(headers));
        let report = if details { report } else { report.state() };
        Ok(match report.status {
            Status::Unhealthy => ReportAnswer::Bad(Json(report)),
            Status::Healthy | Status::Degraded | Status::Disabled => {
                ReportAnswer::Good(Json(report))
            }
        })
    }
}

impl HealthApi {
    /// Checks whether the caller is told figures. A token store that is unavailable must not delay the
    /// answer: the caller then counts as a stranger.
    async fn details(&self, headers: &HeaderMap) -> bool {
        if self.details == HealthDetails::Everyone {
            return true;
        }
        let Some(token) = bearer(headers) else {
            return false;
        };
        let known = tokio::time::timeout(LIMIT, self.tokens.authenticate(token)).await;
        matches!(known, Ok(Ok(_)))
    }
}
