//! [`Meter`]: the tokens of an answer, read while it passes, without keeping it.
//!
//! The upstream says them in `usage`: `total_tokens`, or its parts. A text that the model wrote cannot
//! say so: a quote inside a string is escaped. Of several figures the highest counts. An answer without
//! one is estimated: each event of a stream as a token, four bytes of a plain answer as one.

use memchr::memmem;

use super::upstream::{Call, Route};

/// The end of the names of all figures.
const NAMES_END: &[u8] = b"_tokens\"";

/// Bytes at the end of a part that may be the beginning of a figure.
const OVERLAP: usize = 64;

/// Bytes of text to a token.
pub(super) const BYTES_A_TOKEN: u64 = 4;

/// Reads one answer.
#[derive(Debug, Default)]
pub(super) struct Meter {
    phase: Phase,
    /// The call costs something.
    counts: bool,
    stream: bool,
    /// The answer may repeat figures of the question, which are the caller's.
    repeats: bool,
    end: Vec<u8>,
    figures: Figures,
    events: u64,
    bytes: u64,
}

/// The progress of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Its head has not arrived.
    #[default]
    Awaited,
    Begun,
    /// It has not come to its end.
    Broken,
}

/// The highest of each kind; chats and responses have different names for the parts.
#[derive(Debug, Default)]
struct Figures {
    total: Option<u64>,
    question: Option<u64>,
    answer: Option<u64>,
}

impl Meter {
    /// A meter of the answer to `question`.
    pub(super) fn of(question: &Call) -> Self {
        Self {
            repeats: question.route == Route::Responses && question.figures,
            ..Self::default()
        }
    }

    /// Notes the head of an answer of `route`. An error, and a moderation, cost nothing unless they say
    /// so.
    pub(super) fn begin(&mut self, route: Route, success: bool, stream: bool) {
        self.phase = Phase::Begun;
        self.counts = success && route != Route::Moderations;
        self.stream = stream;
    }

    /// Notes that the client left. Before the head of the answer, which plain answers send last, the
    /// question still costs: upstreams charge for it, and hanging up must not make it free.
    pub(super) const fn abandon(&mut self) {
        self.counts |= matches!(self.phase, Phase::Awaited);
        self.phase = Phase::Broken;
    }

    /// Notes that the answer broke off.
    pub(super) const fn break_off(&mut self) {
        self.phase = Phase::Broken;
    }

    /// Reads the next part of the body.
    pub(super) fn push(&mut self, part: &[u8]) {
        self.bytes += part.len() as u64;
        self.events += memmem::find_iter(part, b"data:").count() as u64;
        self.end.extend_from_slice(part);
        for at in memmem::find_iter(&self.end, NAMES_END) {
            self.figures
                .note(&self.end[..at], &self.end[at + NAMES_END.len()..]);
        }
        // A figure in the overlap is read twice, which changes nothing: the highest counts.
        let passed = self.end.len().saturating_sub(OVERLAP);
        self.end.drain(..passed);
    }

    /// Tokens of the call, whose question has about `prompt`.
    pub(super) fn tokens(&self, prompt: u64) -> u64 {
        let estimate = match (self.counts, self.stream) {
            (false, _) => 0,
            (true, true) => prompt.saturating_add(self.events),
            (true, false) => prompt.saturating_add(self.bytes / BYTES_A_TOKEN),
        };
        match self.figures.sum() {
            Some(figure) if self.repeats => figure.max(estimate),
            Some(figure) => figure,
            None => estimate,
        }
    }
}

impl Figures {
    /// Notes the figure `after` a name of which `before` is the beginning.
    fn note(&mut self, before: &[u8], after: &[u8]) {
        let is = |name: &[u8]| before.ends_with(name);
        let known = if is(b"\"total") {
            &mut self.total
        } else if is(b"\"input") || is(b"\"prompt") {
            &mut self.question
        } else if is(b"\"output") || is(b"\"completion") {
            &mut self.answer
        } else {
            return;
        };
        *known = figure(after).max(*known);
    }

    /// Tokens of question and answer.
    fn sum(&self) -> Option<u64> {
        let parts = match (self.question, self.answer) {
            (Some(question), Some(answer)) => Some(question.saturating_add(answer)),
            _ => None,
        };
        // A caller can have a small total repeated where the upstream says none.
        self.total.max(parts)
    }
}

/// Checks for what an answer that repeats `question` could be charged by.
pub(super) fn has_figures(question: &[u8]) -> bool {
    let mut figures = Figures::default();
    for at in memmem::find_iter(question, NAMES_END) {
        figures.note(&question[..at], &question[at + NAMES_END.len()..]);
    }
    figures
        .total
        .or(figures.question)
        .or(figures.answer)
        .is_some()
}

/// The number behind a colon; `None` where there is none, or where it may go on.
fn figure(text: &[u8]) -> Option<u64> {
    let text = text
        .trim_ascii_start()
        .strip_prefix(b":")?
        .trim_ascii_start();
    let length = text.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&text[..length]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
