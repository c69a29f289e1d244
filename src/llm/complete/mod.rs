//! May an answer be kept? Only one that is whole, came with status 200, and ended because the model
//! had said what it had to say: nothing that was cut off, filtered, empty or broken is given twice.

mod body;

use std::collections::BTreeMap;

use poem::http::StatusCode;

use self::body::{Body, Choice, NATURAL, Usage};
use super::sse::{Event, Events};
use super::upstream::{Head, Route};

/// Judges one answer while it arrives.
#[derive(Debug)]
pub(super) enum Judge {
    /// A JSON body, judged when it is whole.
    Plain(Route),
    /// Server-sent events, judged one by one.
    Stream(Stream),
}

/// What the events have said so far.
#[derive(Debug, Default)]
pub(super) struct Stream {
    events: Events,
    choices: BTreeMap<u64, Course>,
    failed: bool,
    done: bool,
    tokens: u64,
}

/// How far one of the alternative answers has come.
#[derive(Debug, Default)]
struct Course {
    said: bool,
    finished: bool,
}

impl Judge {
    /// A judge of the answer of `route` with `head`; `None` where it cannot be kept, whatever
    /// follows.
    pub(super) fn new(route: Route, head: &Head) -> Option<Self> {
        if head.status != StatusCode::OK {
            return None;
        }
        match head.media_type().as_str() {
            "application/json" => Some(Self::Plain(route)),
            "text/event-stream" if matches!(route, Route::Chat | Route::Completions) => {
                Some(Self::Stream(Stream::default()))
            }
            _ => None,
        }
    }

    /// Reads the next part. True when a stream has come to its natural end with it.
    pub(super) fn push(&mut self, part: &[u8]) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Stream(stream) => stream.push(part),
        }
    }

    /// Whether the whole `body` may be kept; gives the tokens that the upstream charged.
    pub(super) fn verdict(&self, body: &[u8]) -> Option<u64> {
        match self {
            Self::Stream(stream) => stream.complete().then_some(stream.tokens),
            Self::Plain(route) => {
                let body: Body = serde_json::from_slice(body).ok()?;
                let whole = match route {
                    Route::Chat | Route::Completions => {
                        let choices = body.choices.unwrap_or_default().0;
                        !choices.is_empty() && choices.iter().all(Choice::is_whole)
                    }
                    Route::Embeddings | Route::Models => body.data.0,
                };
                (whole && body.error.is_none()).then(|| tokens(body.usage.as_ref()))
            }
        }
    }
}

impl Stream {
    fn push(&mut self, part: &[u8]) -> bool {
        let mut events = std::mem::take(&mut self.events);
        events.push(part, |event| self.take(&event));
        self.events = events;
        self.complete()
    }

    fn complete(&self) -> bool {
        let whole = |course: &Course| course.said && course.finished;
        self.done
            && !self.failed
            && self.events.at_boundary()
            && !self.choices.is_empty()
            && self.choices.values().all(whole)
    }

    fn take(&mut self, event: &Event) {
        // After the end there is nothing to come.
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
            let course = self.choices.entry(choice.index).or_default();
            course.said |= choice.says_something();
            if let Some(reason) = choice
                .finish_reason
                .as_deref()
                .filter(|why| !why.is_empty())
            {
                course.finished = true;
                self.failed |= !NATURAL.contains(&reason);
            }
        }
    }
}

fn tokens(usage: Option<&Usage>) -> u64 {
    usage.and_then(|usage| usage.total_tokens).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::body::MAX_CHOICES;
    use super::*;

    fn plain(route: Route, body: &Value) -> Option<u64> {
        Judge::Plain(route).verdict(body.to_string().as_bytes())
    }

    fn streamed(text: &str) -> bool {
        let mut judge = Judge::Stream(Stream::default());
        judge.push(text.as_bytes());
        judge.verdict(b"").is_some()
    }

    const GOOD: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
        data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n\
        data: [DONE]\n\n";

    #[test]
    fn an_answer_that_ended_naturally_is_kept() {
        for message in [
            json!({"content": "Hi"}),
            json!({"content": [{"type": "text", "text": "Hi"}]}),
            json!({"content": null, "tool_calls": [{"id": "1"}]}),
            json!({"content": null, "refusal": "No."}),
            json!({"content": "", "audio": {"id": "a"}}),
        ] {
            for reason in NATURAL {
                let body = json!({
                    "choices": [{"index": 0, "finish_reason": reason, "message": message}],
                    "usage": {"total_tokens": 7, "prompt_tokens": 3},
                });
                assert_eq!(plain(Route::Chat, &body), Some(7), "{body}");
            }
        }
        let text = json!({"choices": [{"text": "Hi", "finish_reason": "stop"}], "usage": null});
        assert_eq!(plain(Route::Completions, &text), Some(0));
        let data = json!({"data": [{"embedding": [0.1]}], "usage": {"total_tokens": 2}});
        assert_eq!(plain(Route::Embeddings, &data), Some(2));
    }

    #[test]
    fn what_is_cut_off_filtered_empty_or_an_error_is_not() {
        let choice = |reason: Value, content: Value| json!({"finish_reason": reason, "message": {"content": content}});
        let good = choice(json!("stop"), json!("Hi"));
        for choices in [
            json!([]),
            json!(null),
            json!([choice(json!("length"), json!("Hi"))]),
            json!([choice(json!("content_filter"), json!("Hi"))]),
            json!([choice(json!(null), json!("Hi"))]),
            json!([choice(json!("stop"), json!(""))]),
            json!([choice(json!("stop"), json!(null))]),
            json!([good, choice(json!("length"), json!("Hi"))]),
        ] {
            assert_eq!(
                plain(Route::Chat, &json!({"choices": choices})),
                None,
                "{choices}"
            );
        }
        let many = vec![good.clone(); MAX_CHOICES + 1];
        assert_eq!(plain(Route::Chat, &json!({"choices": many})), None);
        let failed = json!({"choices": [good], "error": {"message": "x"}});
        assert_eq!(plain(Route::Chat, &failed), None);
        assert_eq!(plain(Route::Embeddings, &json!({"data": []})), None);
        assert_eq!(Judge::Plain(Route::Chat).verdict(b"{\"choices\":[{"), None);
    }

    #[test]
    fn a_stream_is_kept_when_it_says_that_it_is_done() {
        assert!(streamed(GOOD));
        assert!(streamed(&GOOD.replace('\n', "\r\n")));
        assert!(streamed(
            &GOOD.replace("data: [", ": keep-alive\n\ndata: [")
        ));
        assert!(streamed(&format!("{GOOD}: bye\n\n")));
        let says_more = format!("{GOOD}data: {{}}\n\n");
        let error = GOOD.replace("data: [", "event: error\ndata: {}\n\ndata: [");
        let mut two = GOOD.to_owned();
        two.insert_str(
            0,
            "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\n",
        );
        for bad in [
            "",
            "data: [DONE]\n\n",
            &GOOD.replace("data: [DONE]\n\n", ""),
            &GOOD[..GOOD.len() - 1],
            &GOOD.replace("\"stop\"", "\"length\""),
            &GOOD.replace("\"stop\"", "null"),
            &GOOD.replace("\"Hi\"", "\"\""),
            &GOOD.replace("\"usage\":", "\"error\":"),
            &GOOD.replace("{\"choices\":[],", "{\"choices\":[]"),
            &says_more,
            &error,
            &two,
        ] {
            assert!(!streamed(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_stream_is_done_at_its_last_byte_however_it_is_cut(
            cuts in prop::collection::vec(0_usize..GOOD.len(), 0..20)
        ) {
            let mut cuts = cuts;
            cuts.extend([0, GOOD.len()]);
            cuts.sort_unstable();
            let mut judge = Judge::Stream(Stream::default());
            for pair in cuts.windows(2) {
                let done = judge.push(&GOOD.as_bytes()[pair[0]..pair[1]]);
                prop_assert_eq!(done, pair[1] == GOOD.len());
            }
            prop_assert_eq!(judge.verdict(b""), Some(9));
        }
    }
}
