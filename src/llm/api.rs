//! The routes under `/v1`, as OpenAI's clients call them, and the cache's own; thin.

use hyper::body::Bytes;
use poem::http::HeaderMap;
use poem_openapi::{ApiResponse, OpenApi, Tags};

use super::Llm;
use super::answer::Answer;
use super::body::Unread;
use super::question::Question;
use super::upstream::Route;
use crate::audit::Action;
use crate::auth::ids::UserId;
use crate::auth::users::ADMIN;
use crate::auth::{Auth, Error};
use crate::http::refused::{BEARER, BODY, DATABASE, LIMITED, route_codes};
use crate::http::security::BearerToken;
use crate::http::{Code, Context, Problem, Refused};

#[derive(Tags)]
enum Group {
    /// Ask a language model through the cache.
    #[oai(rename = "Language model")]
    LanguageModel,
}

/// What any route that asks the upstream may answer.
const UPSTREAM: &[Code] = &[
    Code::LlmDisabled,
    Code::NotCached,
    Code::UpstreamTimeout,
    Code::UpstreamUnavailable,
];

route_codes! {
    /// Of routes that ask with a body.
    Ask: OpenAi = [BODY, BEARER, LIMITED, DATABASE, UPSTREAM, &[Code::Busy]];
    /// Of `GET /v1/models`.
    Models: OpenAi = [BEARER, LIMITED, DATABASE, UPSTREAM, &[Code::Busy]];
    /// Of `POST /llm/cache/purge`.
    Purge: Problem = [BEARER, DATABASE, &[Code::Forbidden, Code::CacheUnavailable]];
}

/// Done; there is nothing to say.
#[derive(ApiResponse)]
pub enum Purged {
    /// Every answer is forgotten.
    #[oai(status = 204)]
    NoContent,
}

/// The routes.
pub struct LlmApi {
    /// Who asks.
    pub auth: Auth,
    /// What they ask.
    pub llm: Llm,
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
        let route = Route::Models;
        Ok(self.admit(&context, &token, route, headers, body).await?)
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
        let caller = self.auth.authorize(token.as_str(), ADMIN).await?;
        let by = self.auth.administrator(&context, &caller);
        let purge = async { self.llm.purge().await.is_ok() };
        let done = self.auth.do_recorded(&by, Action::CachePurged, "", purge);
        if !done.await? {
            let detail = "the cache does not answer; try again shortly";
            return Err(Problem::new(Code::CacheUnavailable, detail).into());
        }
        tracing::info!(user = %caller.user(), "the LLM cache was purged");
        Ok(Purged::NoContent)
    }
}

impl LlmApi {
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
        self.admit(context, token, route, headers, read).await
    }

    /// Finds out who asks, and charges them, before anything else is done for them.
    async fn admit(
        &self,
        context: &Context,
        token: &BearerToken,
        route: Route,
        headers: &HeaderMap,
        body: impl AsyncFnOnce(UserId) -> Result<Bytes, Problem>,
    ) -> Result<Answer, Problem> {
        let claims = self.auth.verify(token.as_str())?;
        let user = claims.user();
        let (caller, charged) =
            tokio::join!(self.auth.caller(&claims), self.llm.charge(context, user));
        caller.map_err(|error: Error| Problem::from(error))?;
        charged?;
        self.llm.require_upstream()?;
        let question = Question {
            route,
            body: body(user).await?,
            headers,
            user,
            request_id: context.request_id.clone(),
        };
        self.llm.answer(question).await
    }
}
