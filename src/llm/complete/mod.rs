//! May an answer be kept? Only one that is whole, came with status 200, and ended because the model
//! had said what it had to say: nothing that was cut off, filtered, empty or broken is given twice.

mod body;

use std::collections::BTreeMap;

use poem::http::StatusCode;

use self::body::{Body, Choice, NATURAL, ResponseBody, ResponseEvent, Usage};
use super::sse::{Event, Events};
use super::upstream::{Head, Route};

/// Judges one answer while it arrives.
#[derive(Debug)]
pub(super) enum CompletenessCheck {
    /// A JSON body, judged when it is whole.
    Plain(Route),
    /// Server-sent events, judged one by one.
    Stream(Stream),
    /// Those of `/responses`.
    Response(ResponseStream),
}

/// The state of a stream of events so far.
#[derive(Debug, Default)]
pub(super) struct Stream {
    events: Events,
    choices: BTreeMap<u64, ChoiceState>,
    failed: bool,
    done: bool,
    tokens: u64,
}

/// The state of the events of `/responses` so far.
#[derive(Debug, Default)]
pub(super) struct ResponseStream {
    events: Events,
    failed: bool,
    /// The tokens of the answer, which is over.
    done: Option<u64>,
}

/// The progress of one of the alternative answers.
#[derive(Debug, Default)]
struct ChoiceState {
    said: bool,
    finished: bool,
}

impl CompletenessCheck {
    /// A check of the answer of `route` with `head`; `None` where it cannot be kept, whatever
    /// follows.
    pub(super) fn new(route: Route, head: &Head) -> Option<Self> {
        if head.status != StatusCode::OK {
            return None;
        }
        match head.media_type().as_str() {
            "application/json" => Some(Self::Plain(route)),
            "text/event-stream" => match route {
                Route::Chat | Route::Completions => Some(Self::Stream(Stream::default())),
                Route::Responses => Some(Self::Response(ResponseStream::default())),
                Route::Embeddings | Route::Moderations | Route::Models | Route::Model => None,
            },
            _ => None,
        }
    }

    /// Reads the next part. True when a stream has come to its natural end with it.
    pub(super) fn push(&mut self, part: &[u8]) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Stream(stream) => stream.push(part),
            Self::Response(stream) => stream.push(part),
        }
    }

    /// Checks whether something may follow the natural end: some servers send `[DONE]` behind events
    /// that have an end of their own.
    pub(super) const fn may_go_on(&self) -> bool {
        matches!(self, Self::Response(_))
    }

    /// Judges the whole `body`: the tokens that the upstream charged, or `None` if it may not be kept.
    pub(super) fn tokens_if_whole(&self, body: &[u8]) -> Option<u64> {
        match self {
            Self::Stream(stream) => stream.complete().then_some(stream.tokens),
            Self::Response(stream) => stream.complete(),
            Self::Plain(Route::Responses) => {
                let body: ResponseBody = serde_json::from_slice(body).ok()?;
                body.is_whole().then(|| tokens(body.usage.as_ref()))
            }
            Self::Plain(route) => {
                let body: Body = serde_json::from_slice(body).ok()?;
                let whole = match route {
                    Route::Chat | Route::Completions => {
                        let choices = body.choices.unwrap_or_default().0;
                        !choices.is_empty() && choices.iter().all(Choice::is_whole)
                    }
                    Route::Embeddings | Route::Models => body.data.0,
                    Route::Moderations => body.results.0,
                    Route::Model => body.id.0,
                    Route::Responses => false,
                };
                (whole && body.error.is_none()).then(|| tokens(body.usage.as_ref()))
            }
        }
    }
}

impl Stream {
    fn push(&mut self, part: &[u8]) -> bool {
        // Taken out, because the closure changes the rest of `self`.
        let mut events = std::mem::take(&mut self.events);
        events.push(part, |event| self.take(&event));
        self.events = events;
        self.complete()
    }

    fn complete(&self) -> bool {
        let whole = |state: &ChoiceState| state.said && state.finished;
        self.done
            && !self.failed
            && self.events.at_boundary()
            && !self.choices.is_empty()
            && self.choices.values().all(whole)
    }

    fn take(&mut self, event: &Event) {
        // Data after `[DONE]` breaks the protocol, so the answer cannot be trusted to be whole.
        if self.done || event.name == b"error" {
            self.failed = true;
            return;
        }
        if event.data == b"[DONE]" {
            self.done = true;
            return;
        }
        let Ok(body) = serde_json::from_slice::<Body>(&event.data) else {
            self.failed = true;
            return;
        };
        self.failed |= body.error.is_some();
        if body.usage.is_some() {
            self.tokens = tokens(body.usage.as_ref());
        }
        for choice in body.choices.unwrap_or_default().0 {
            let state = self.choices.entry(choice.index).or_default();
            state.said |= choice.has_content();
            if let Some(reason) = choice
                .finish_reason
                .as_deref()
                .filter(|why| !why.is_empty())
            {
                state.finished = true;
                self.failed |= !NATURAL.contains(&reason);
            }
        }
    }
}

impl ResponseStream {
    fn push(&mut self, part: &[u8]) -> bool {
        let mut events = std::mem::take(&mut self.events);
        events.push(part, |event| self.take(&event));
        self.events = events;
        self.complete().is_some()
    }

    /// Tokens of the answer, where it is whole.
    fn complete(&self) -> Option<u64> {
        let whole = !self.failed && self.events.at_boundary();
        self.done.filter(|_| whole)
    }

    fn take(&mut self, event: &Event) {
        if self.done.is_some() {
            self.failed |= event.data != b"[DONE]";
            return;
        }
        let Ok(event) = serde_json::from_slice::<ResponseEvent>(&event.data) else {
            self.failed = true;
            return;
        };
        match event.kind.as_str() {
            "response.completed" => {
                let whole = event.response.filter(ResponseBody::is_whole);
                self.failed |= whole.is_none();
                self.done = whole.map(|response| tokens(response.usage.as_ref()));
            }
            "error" | "response.failed" | "response.incomplete" | "response.cancelled" => {
                self.failed = true;
            }
            // Events of other types are parts of an answer, of which new ones appear now and then.
            _ => {}
        }
    }
}

fn tokens(usage: Option<&Usage>) -> u64 {
    usage.map_or(0, Usage::tokens)
}

#[cfg(test)]
mod tests;
