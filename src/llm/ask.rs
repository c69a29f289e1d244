//! A question on its way to its answer: from the cache, from a call that is under way, or from the
//! upstream.

use super::Llm;
use super::answer::{Answer, Source};
use super::canonical::{Canonical, UpstreamState};
use super::entry::Entry;
use super::error::Error;
use super::flight::{Flight, FollowerDecision, Reader};
use super::flights::{CacheTarget, FlightRole};
use super::key::CacheKey;
use super::meter::BYTES_A_TOKEN;
use super::policy::Policy;
use super::question::Question;
use super::upstream::{Call, Route, model_path};
use crate::config::CacheScope;
use crate::http::FieldError;
use crate::http::budget::Hold;
use crate::identity::UserId;

/// Tokens of an answer to a question that sets no end.
const USUAL_TOKENS: u64 = 4_096;

/// Longest list of models that is filtered, in bytes.
const MAX_LIST: usize = 1024 * 1024;

impl Llm {
    /// Answers a question, from the cache where that will do.
    pub(super) async fn answer(&self, question: Question<'_>) -> Result<Answer, Error> {
        let access = &self.0.access;
        let filters = question.route == Route::Models && access.filters();
        let answer = self.find(question).await?;
        if !filters {
            return Ok(answer);
        }
        answer.changed(MAX_LIST, |list| access.filter(list)).await
    }

    /// Finds the whole answer to a question.
    async fn find(&self, question: Question<'_>) -> Result<Answer, Error> {
        let base = self.require_upstream()?.base().to_owned();
        let asked = question.read(&self.0.long).await?;
        if question.route != Route::Models {
            self.0.access.check(&asked)?;
        }
        // A part of the key, so that no look-up can cross users unless the operator shares the cache.
        let scope = match self.0.config.cache_scope {
            CacheScope::User => format!("user:{}", question.user),
            CacheScope::Shared => "shared".to_owned(),
        };
        let route = question.route;
        let key = CacheKey::new(route, &base, &scope, &asked.digest);
        if route == Route::Responses && asked.upstream_state == UpstreamState::Background {
            return Err(no_background());
        }
        let reach = asked.deterministic && route.generates();
        let deterministic = reach || route == Route::Embeddings;
        let policy = Policy::of(
            question.headers,
            deterministic,
            self.0.config.cache_requests,
        );
        let call = call_of(question, &asked)?;
        let depends = is_stateful(route, &asked) || asked.external;
        if !policy.store || !asked.exact || depends {
            return self.pass_on(call, policy).await;
        }
        let (generation, kept) = self.look_up(&key, &policy, call.user).await?;
        if let Some(answer) = kept {
            return Ok(answer);
        }
        if policy.only_if_cached {
            return Err(Error::NotCached);
        }
        let target = CacheTarget { key, generation };
        self.ask_with_others(call, target, &policy).await
    }

    /// The cache's generation, where it is known, and what is kept, where that will do.
    async fn look_up(
        &self,
        key: &CacheKey,
        policy: &Policy,
        user: UserId,
    ) -> Result<(Option<String>, Option<Answer>), Error> {
        let Ok(found) = self.0.store.look_up(key, self.0.config.cache_ttl()).await else {
            // An outage of the cache must not fail the question. Without a generation nothing is kept
            // either.
            self.0.stats.errors.inc();
            return Ok((None, None));
        };
        let entry = found.entry.as_ref().and_then(Entry::decode);
        let aged = entry.map(|entry| (entry.age_millis(self.0.clock.now()), entry));
        let Some((age, entry)) = aged.filter(|(age, _)| policy.takes(*age)) else {
            return Ok((Some(found.generation), None));
        };
        // A hit takes memory until its client has read it, like any other answer.
        let hold = self.0.answers.hold(user, entry.body.len())?;
        Ok((Some(found.generation), Some(self.hit(entry, age, hold))))
    }

    /// Gives what is kept, in memory of `hold` until it is sent.
    fn hit(&self, mut entry: Entry, age_millis: i64, hold: Hold<UserId>) -> Answer {
        entry.body = hold.attach_to(entry.body);
        let stats = &self.0.stats;
        stats.hits.inc();
        stats.saved_tokens.inc_by(entry.head.tokens);
        stats.saved_ms.inc_by(entry.head.took);
        Answer::kept(entry, age_millis / 1000)
    }

    /// Asks the upstream alone, and keeps nothing.
    async fn pass_on(&self, call: Call, policy: Policy) -> Result<Answer, Error> {
        if policy.only_if_cached {
            return Err(Error::NotCached);
        }
        self.0.stats.bypassed.inc();
        let reader = self.start(call, None);
        live(reader, Source::Bypass).await
    }

    /// Asks the upstream, or waits with those who have asked it the same: unless this request wants
    /// no answer but its own.
    async fn ask_with_others(
        &self,
        call: Call,
        target: CacheTarget,
        policy: &Policy,
    ) -> Result<Answer, Error> {
        // A client that refuses a kept answer must not get one whose call began before its request.
        if !policy.read {
            return self.ask_alone(call, target).await;
        }
        let max_bytes = self.0.config.cache_max_entry_bytes.as_usize();
        let user = call.user;
        let hold = self.0.answers.holder(user);
        match self.0.flights.join_or_begin(&target, max_bytes, hold) {
            FlightRole::Leader(flight, reader) => {
                self.0.stats.misses.inc();
                self.spawn(flight, call, Some(target));
                live(reader, Source::Miss).await
            }
            FlightRole::Follower(reader) => {
                if reader.decision().await == FollowerDecision::Take {
                    self.0.stats.coalesced.inc();
                    return live(reader, Source::Coalesced).await;
                }
                drop(reader);
                // The call failed, or its answer was about the moment (429, 5xx). Each follower asks
                // for itself, or one bad call would fail all of them.
                self.ask_alone(call, target).await
            }
            FlightRole::Cached => {
                // The look-up came a moment too early: the answer is in the cache by now, and no longer
                // in memory.
                let (_, kept) = self.look_up(&target.key, policy, user).await?;
                match kept {
                    Some(answer) => Ok(answer),
                    None => self.ask_alone(call, target).await,
                }
            }
        }
    }

    /// Asks the upstream for this request only, and keeps what it says.
    async fn ask_alone(&self, call: Call, target: CacheTarget) -> Result<Answer, Error> {
        self.0.stats.misses.inc();
        let reader = self.start(call, Some(target));
        live(reader, Source::Miss).await
    }

    /// Starts a call that no other request can join.
    fn start(&self, call: Call, target: Option<CacheTarget>) -> Reader {
        let max_bytes = self.0.config.cache_max_entry_bytes.as_usize();
        let hold = self.0.answers.holder(call.user);
        let (flight, reader) = Flight::new(target.is_some(), max_bytes, None, hold);
        self.spawn(flight, call, target);
        reader
    }
}

/// The answer that `reader` reads.
async fn live(reader: Reader, source: Source) -> Result<Answer, Error> {
    let head = reader.head().await?;
    Ok(Answer::live(head, reader, source))
}

/// Checks whether the answer is stored by the upstream, or depends on what is stored there: a kept one
/// would name a stored answer that was deleted, or continue another conversation.
fn is_stateful(route: Route, asked: &Canonical) -> bool {
    route == Route::Responses && asked.upstream_state != UpstreamState::Stateless
}

fn no_background() -> Error {
    let message = "an answer in the background cannot be fetched here; leave it out";
    Error::Invalid(FieldError::new("background", "unsupported", message))
}

/// The call that `question`, which has been read as `asked`, makes.
fn call_of(question: Question<'_>, asked: &Canonical) -> Result<Call, Error> {
    let route = question.route;
    let path = match (route, &asked.model) {
        (Route::Model, Some(model)) => {
            model_path(model).ok_or_else(|| Error::ModelNotFound(Some(model.clone())))?
        }
        _ => String::new(),
    };
    let prompt = question.body.len() as u64 / BYTES_A_TOKEN + 1;
    let answer = if route.generates() {
        asked.max_tokens.unwrap_or(USUAL_TOKENS)
    } else {
        0
    };
    // Each prompt of a list has its alternatives.
    let choices = asked.choices.unwrap_or(1).max(1);
    let prompts = match route {
        Route::Completions => asked.prompts.unwrap_or(1).max(1),
        _ => 1,
    };
    let answers = answer.saturating_mul(choices).saturating_mul(prompts);
    Ok(Call {
        user: question.user,
        route,
        path,
        body: question.body,
        stream: asked.stream,
        figures: asked.figures,
        prompt,
        most: prompt.saturating_add(answers),
        request_id: question.request_id,
    })
}
