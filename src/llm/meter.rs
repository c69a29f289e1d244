//! [`Meter`]: the tokens of an answer, read while it passes, without keeping it.
//!
//! The upstream says them in `usage.total_tokens`. A text that the model wrote cannot say so: a quote
//! inside a string is escaped. Of several figures the highest counts. An answer without one is
//! estimated: each event of a stream as a token, four bytes of a plain answer as one.

use memchr::memmem;

const NAME: &[u8] = b"\"total_tokens\"";

/// Bytes at the end of a part that may be the beginning of a figure.
const OVERLAP: usize = 64;

/// Bytes of text to a token.
pub(super) const BYTES_A_TOKEN: u64 = 4;

/// Reads one answer.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The head of an answer has arrived.
    begun: bool,
    /// The call costs something.
    counts: bool,
    stream: bool,
    end: Vec<u8>,
    total: Option<u64>,
    events: u64,
    bytes: u64,
}

impl Meter {
    /// Notes the head of an answer. An error costs nothing unless it says so.
    pub(super) const fn begin(&mut self, is_error: bool, stream: bool) {
        self.begun = true;
        self.counts = !is_error;
        self.stream = stream;
    }

    /// Notes that the client left. Before the head of the answer, which plain answers send last, the
    /// question still costs: upstreams charge for it, and hanging up must not make it free.
    pub(super) const fn abandon(&mut self) {
        self.counts |= !self.begun;
    }

    /// Reads the next part of the body.
    pub(super) fn push(&mut self, part: &[u8]) {
        self.bytes += part.len() as u64;
        self.events += memmem::find_iter(part, b"data:").count() as u64;
        self.end.extend_from_slice(part);
        let found = memmem::find_iter(&self.end, NAME);
        let figures = found.filter_map(|at| figure(&self.end[at + NAME.len()..]));
        self.total = figures.max().max(self.total);
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
        self.total.unwrap_or(estimate)
    }
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
mod tests {
    use super::*;

    fn tokens(text: &str, stream: bool, size: usize) -> u64 {
        let mut meter = Meter::default();
        meter.begin(false, stream);
        text.as_bytes()
            .chunks(size)
            .for_each(|part| meter.push(part));
        meter.tokens(10)
    }

    #[test]
    fn the_upstream_s_own_figure_counts_however_it_is_cut() {
        let plain =
            r#"{"choices":[{"text":"\"total_tokens\": 1}"}],"usage":{"total_tokens" : 1234}}"#;
        let stream = "data: {\"usage\":{\"total_tokens\":5}}\n\ndata: {\"usage\":\
                      {\"total_tokens\":1234,\"x\":{}}}\n\ndata: {\"usage\":null}\n\n";
        for size in 1..100 {
            assert_eq!(tokens(plain, false, size), 1234, "{size}");
            assert_eq!(tokens(stream, true, size), 1234, "{size}");
        }
    }

    #[test]
    fn an_answer_without_a_figure_is_estimated() {
        assert_eq!(tokens(&"x".repeat(400), false, 7), 110);
        assert_eq!(
            tokens("data: {}\n\ndata: {}\n\ndata: [DONE]\n\n", true, 100),
            13
        );
        let mut error = Meter::default();
        error.begin(true, false);
        error.push(b"{\"error\":{}}");
        assert_eq!((error.tokens(10), Meter::default().tokens(10)), (0, 0));
    }

    #[test]
    fn a_client_that_leaves_before_the_answer_pays_for_the_question() {
        let mut silent = Meter::default();
        silent.abandon();
        assert_eq!(silent.tokens(10), 10);
        let mut error = Meter::default();
        error.begin(true, false);
        error.abandon();
        assert_eq!(error.tokens(10), 0);
        let mut begun = Meter::default();
        begun.begin(false, true);
        begun.push(b"data: {}\n\n");
        begun.abandon();
        assert_eq!(begun.tokens(10), 11);
    }
}
