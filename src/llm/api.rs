//! The routes under `/v1`, as OpenAI's clients call them, and the cache's own; thin.

use std::sync::Arc;

use hyper::body::Bytes;
use poem::http::HeaderMap;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi, Tags};

use super::answer::Answer;
use super::body::Unread;
use super::error::Error;
use super::question::Question;
use super::tokens::DAY;
use super::upstream::Route;
use super::usage::{TokenUsage, UserTokens};
use super::{Llm, Today};
use crate::audit::Action;
use crate::auth::administration::Administration;
use crate::auth::keyring::Keyring;
use crate::auth::tokens::Tokens;
use crate::auth::users::ADMIN;
use crate::http::refused::{BEARER, BODY, DATABASE, LIMITED, route_codes};
use crate::http::security::BearerToken;
use crate::http::{Code, Context, LimitError, LimitState, Problem, Refused};
use crate::identity::UserId;

#[derive(Tags)]
enum Group {
    /// Ask a language model through the cache.
    #[oai(rename = "Language model")]
    LanguageModel,
}

/// Problems of any route that asks the upstream.
const UPSTREAM: &[Code] = &[
    Code::LlmDisabled,
    Code::NotCached,
    Code::UpstreamTimeout,
    Code::UpstreamUnavailable,
];

/// Problems of any route under `/v1` for a known account.
const ACCESS: &[Code] = &[Code::Forbidden, Code::Busy];

route_codes! {
    /// Of routes that ask with a body.
    Ask: OpenAi = [BODY, BEARER, LIMITED, DATABASE, UPSTREAM, ACCESS, &[Code::ModelNotFound]];
    /// Of `GET /v1/models`.
    Models: OpenAi = [BEARER, LIMITED, DATABASE, UPSTREAM, ACCESS];
    /// Of `GET /v1/models/{model}`.
    OneModel: OpenAi = [BEARER, LIMITED, DATABASE, UPSTREAM, ACCESS, &[Code::ModelNotFound]];
    /// Of `GET /llm/usage` and `GET /llm/usage/users`.
    Usage: Problem = [BEARER, DATABASE, &[Code::Forbidden, Code::LimitsUnavailable]];
    /// Of `POST /llm/cache/purge`.
    Purge: Problem = [BEARER, DATABASE, &[Code::Forbidden, Code::CacheUnavailable]];
}

/// Users in the list of those with the most tokens.
const TOP: usize = 20;

/// Done; there is nothing to say.
#[derive(ApiResponse)]
pub enum Purged {
    /// Every answer is forgotten.
    #[oai(status = 204)]
    NoContent,
}

/// The routes.
pub struct LlmApi {
    /// Authenticates callers.
    pub tokens: Arc<Tokens>,
    /// Records what administrators do.
    pub administration: Arc<Administration>,
    /// Verifies signatures before a session is looked up.
    pub keyring: Arc<Keyring>,
    /// Answers them.
    pub llm: Llm,
}

/// A request, but for its body.
struct RequestHead<'a> {
    route: Route,
    /// The model that is asked about, where it stands in the address.
    model: Option<String>,
    headers: &'a HeaderMap,
}

impl<'a> RequestHead<'a> {
    const fn of(route: Route, headers: &'a HeaderMap) -> Self {
        Self {
            route,
            model: None,
            headers,
        }
    }
}

type Reply<C> = Result<Answer, Refused<C>>;

#[OpenApi]
impl LlmApi {
    /// Continue a conversation
    ///
    /// As OpenAI's route of the same address. Answers that should not vary (temperature 0, or a
    /// seed) are kept, and given again to the same user. The header `Cache-Control` is obeyed:
    /// `no-store`, `no-cache`, `max-age`, `only-if-cached`.
    #[oai(
        path = "/v1/chat/completions",
        method = "post",
        tag = "Group::LanguageModel",
        operation_id = "chat_completions"
    )]
    async fn chat(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
        body: Unread,
    ) -> Reply<Ask> {
        Ok(self
            .ask(&context, &token, Route::Chat, headers, body)
            .await?)
    }

    /// Continue a text
    ///
    /// As OpenAI's route of the same address; cached like a conversation.
    #[oai(
        path = "/v1/completions",
        method = "post",
        tag = "Group::LanguageModel",
        operation_id = "completions"
    )]
    async fn completions(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
        body: Unread,
    ) -> Reply<Ask> {
        let route = Route::Completions;
        Ok(self.ask(&context, &token, route, headers, body).await?)
    }

    /// Create a response
    ///
    /// As OpenAI's route of the same address. Kept like a conversation where the body says
    /// `"store": false` and has no `previous_response_id`, `conversation` or `prompt`: else the answer
    /// is stored by the upstream, or depends on what is stored there. The routes that fetch, cancel or
    /// delete stored responses do not exist here, so `background` is refused.
    #[oai(
        path = "/v1/responses",
        method = "post",
        tag = "Group::LanguageModel",
        operation_id = "responses"
    )]
    async fn responses(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
        body: Unread,
    ) -> Reply<Ask> {
        let route = Route::Responses;
        Ok(self.ask(&context, &token, route, headers, body).await?)
    }

    /// Judge texts and images
    ///
    /// As OpenAI's route of the same address. Cached only with `Cache-Control: max-age=SECONDS`.
    #[oai(
        path = "/v1/moderations",
        method = "post",
        tag = "Group::LanguageModel",
        operation_id = "moderations"
    )]
    async fn moderations(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
        body: Unread,
    ) -> Reply<Ask> {
        let route = Route::Moderations;
        Ok(self.ask(&context, &token, route, headers, body).await?)
    }

    /// Turn texts into vectors
    ///
    /// As OpenAI's route of the same address. Always cached, unless `Cache-Control` says otherwise.
    #[oai(
        path = "/v1/embeddings",
        method = "post",
        tag = "Group::LanguageModel",
        operation_id = "embeddings"
    )]
    async fn embeddings(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
        body: Unread,
    ) -> Reply<Ask> {
        let route = Route::Embeddings;
        Ok(self.ask(&context, &token, route, headers, body).await?)
    }

    /// List the models
    ///
    /// As OpenAI's route of the same address. Cached only with `Cache-Control: max-age=SECONDS`.
    #[oai(
        path = "/v1/models",
        method = "get",
        tag = "Group::LanguageModel",
        operation_id = "models"
    )]
    async fn models(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
    ) -> Reply<Models> {
        let body = async |_| Ok(Bytes::new());
        let head = RequestHead::of(Route::Models, headers);
        Ok(self.admit(&context, &token, head, body).await?)
    }

    /// Show a model
    ///
    /// As OpenAI's route of the same address. Cached only with `Cache-Control: max-age=SECONDS`.
    #[oai(
        path = "/v1/models/:model",
        method = "get",
        tag = "Group::LanguageModel",
        operation_id = "model"
    )]
    async fn model(
        &self,
        context: Context,
        token: BearerToken,
        headers: &HeaderMap,
        /// The name of the model; its slashes may stand as they are.
        model: Path<String>,
    ) -> Reply<OneModel> {
        let body = async |_| Ok(Bytes::new());
        let head = RequestHead {
            model: Some(model.0),
            ..RequestHead::of(Route::Model, headers)
        };
        Ok(self.admit(&context, &token, head, body).await?)
    }

    /// Show my tokens
    ///
    /// The tokens that the caller has had of the language model today (UTC). Answers out of the
    /// cache take none.
    #[oai(
        path = "/llm/usage",
        method = "get",
        tag = "Group::LanguageModel",
        operation_id = "llm_usage"
    )]
    async fn usage(&self, token: BearerToken) -> Result<Json<TokenUsage>, Refused<Usage>> {
        let caller = self.tokens.authenticate(token.as_str()).await?;
        let today = self.today(caller.user()).await?;
        Ok(Json(TokenUsage {
            used: today.used,
            limit: self.llm.tokens_per_day(),
            resets_in: today.resets_in,
        }))
    }

    /// Show the users with the most tokens
    ///
    /// For the role `admin`. At most 20 users and their tokens of today (UTC), the most first.
    #[oai(
        path = "/llm/usage/users",
        method = "get",
        tag = "Group::LanguageModel",
        operation_id = "llm_usage_users"
    )]
    async fn usage_of_users(
        &self,
        token: BearerToken,
    ) -> Result<Json<Vec<UserTokens>>, Refused<Usage>> {
        let caller = self.tokens.authorize(token.as_str(), ADMIN).await?;
        let users = self.today(caller.user()).await?.top.into_iter();
        let users = users.map(|(user, used)| UserTokens {
            user_id: user.uuid(),
            used,
        });
        Ok(Json(users.collect()))
    }

    /// Forget every answer
    ///
    /// For the role `admin`. Takes the same time however much is kept, and holds for every process
    /// that shares the cache.
    #[oai(
        path = "/llm/cache/purge",
        method = "post",
        tag = "Group::LanguageModel",
        operation_id = "purge_cache"
    )]
    async fn purge(&self, context: Context, token: BearerToken) -> Result<Purged, Refused<Purge>> {
        let caller = self.tokens.authorize(token.as_str(), ADMIN).await?;
        let by = self.administration.administrator(&context, &caller);
        let purge = async { self.llm.purge().await.is_ok() };
        let done = self
            .administration
            .do_recorded(&by, Action::CachePurged, "", purge);
        if !done.await? {
            return Err(Error::CacheUnavailable.into());
        }
        tracing::info!(user = %caller.user(), "the LLM cache was purged");
        Ok(Purged::NoContent)
    }
}

impl LlmApi {
    async fn today(&self, user: UserId) -> Result<Today, Error> {
        let today = self.llm.tokens_today(user, TOP).await;
        today.map_err(|_| LimitError::Unavailable.into())
    }

    async fn ask(
        &self,
        context: &Context,
        token: &BearerToken,
        route: Route,
        headers: &HeaderMap,
        body: Unread,
    ) -> Result<Answer, Problem> {
        let (max_bytes, budget) = self.llm.body_limits();
        let read = async |user| body.read(max_bytes, budget, user).await;
        let head = RequestHead::of(route, headers);
        self.admit(context, token, head, read).await
    }

    /// Finds out who asks, and charges them, before anything else is done for them.
    async fn admit(
        &self,
        context: &Context,
        token: &BearerToken,
        head: RequestHead<'_>,
        body: impl AsyncFnOnce(UserId) -> Result<Bytes, Problem>,
    ) -> Result<Answer, Problem> {
        let claims = self.keyring.verify(token.as_str())?;
        let user = claims.user();
        // Side by side, because each is a round trip to Redis. The signature was verified before: a
        // stranger's token charges no account.
        let (caller, charged) =
            tokio::join!(self.tokens.caller(&claims), self.llm.charge(context, user));
        let caller = caller?;
        charged.map_err(Error::from)?;
        self.llm.require_upstream()?;
        // Before the body is read: a caller without the role makes the server hold nothing.
        self.llm.admit(&caller)?;
        let question = Question {
            route: head.route,
            model: head.model,
            body: body(user).await?,
            headers: head.headers,
            user,
            request_id: context.request_id.clone(),
        };
        let answer = self.llm.answer(question).await;
        if let Err(Error::Limited(LimitError::Exceeded {
            policy,
            retry_after,
        })) = answer
        {
            // The limits of a minute note themselves; that of the day is found out only by the call.
            let seconds = i64::try_from(retry_after).unwrap_or(DAY);
            let limit = self.llm.tokens_per_day();
            context.note([LimitState::used_up(policy, limit, DAY, seconds)]);
        }
        Ok(answer?)
    }
}
