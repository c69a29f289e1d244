//! [`Canonical`]: what is learnt of a request body, and [`CanonicalError`]: why one is not read.

use super::reader::{Malformed, Number};
use crate::http::FieldError;
use crate::llm::error::Error;

/// Lists and objects inside each other, as deep as `serde_json` reads them.
pub(super) const MAX_DEPTH: usize = 127;

/// The part of a question and its answer that the upstream stores, where the route is one that stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::llm) enum UpstreamState {
    /// Both, as it does where `store` is not false.
    #[default]
    Stored,
    /// Nothing.
    Stateless,
    /// The answer depends on what was stored before.
    Continued,
    /// The answer is to be fetched later.
    Background,
}

/// A request body, read.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "answers of their own to questions of their own"
)]
pub(in crate::llm) struct Canonical {
    /// SHA-256 of what the body says.
    pub(in crate::llm) digest: [u8; 32],
    /// The digest covers everything: no number was too large to be told from another.
    pub(in crate::llm) exact: bool,
    /// The answer should be the same every time: temperature 0, or a seed.
    pub(in crate::llm) deterministic: bool,
    /// Server-sent events are asked for.
    pub(in crate::llm) stream: bool,
    /// The model that is asked.
    pub(in crate::llm) model: Option<String>,
    /// Models that `tools` name.
    pub(in crate::llm) tool_models: Vec<String>,
    /// The most tokens that each alternative may have, where the body says so.
    pub(in crate::llm) max_tokens: Option<u64>,
    /// The number of alternatives, where the body says so.
    pub(in crate::llm) choices: Option<u64>,
    /// The number of prompts, where `prompt` is a list of them.
    pub(in crate::llm) prompts: Option<u64>,
    /// The part that the upstream stores, where it may.
    pub(in crate::llm) upstream_state: UpstreamState,
    /// The answer may depend on more than the body: on tools that the upstream runs itself, and on what
    /// it stores.
    pub(in crate::llm) external: bool,
    /// The body holds figures as an answer's usage does.
    pub(in crate::llm) figures: bool,
    /// A member by which another reader of JSON (Go's takes names in any case) may see another
    /// model, or another number of tokens; or one that names more models.
    pub(in crate::llm) ambiguous: Option<String>,
}

/// The reason why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CanonicalError {
    Malformed(usize),
    TooDeep,
    Twice,
    TooMany(&'static str, usize),
    NotAnObject,
}

impl From<Malformed> for CanonicalError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed.0)
    }
}

impl CanonicalError {
    /// The error, which quotes nothing of `body`.
    pub(super) fn error(self, body: &[u8]) -> Error {
        let invalid = |code, message: String| Error::Invalid(FieldError::new("", code, message));
        match self {
            Self::Malformed(at) => {
                let before = &body[..at.min(body.len())];
                let line = before.split(|byte| *byte == b'\n').count();
                let last = before.rsplit(|byte| *byte == b'\n').next();
                let column = last.map_or(0, <[u8]>::len) + 1;
                Error::Malformed(format!(
                    "the body is not JSON: line {line}, column {column}"
                ))
            }
            Self::TooDeep => {
                Error::Malformed(format!("the body is nested more than {MAX_DEPTH} deep"))
            }
            Self::Twice => {
                Error::Malformed("the body holds one key twice in one object".to_owned())
            }
            Self::TooMany(things, most) => invalid(
                "too_many",
                format!("the body holds more than {most} {things}"),
            ),
            Self::NotAnObject => invalid("wrong_type", "the body must be a JSON object".to_owned()),
        }
    }
}

/// A value that has been read, as far as [`BodyHasher::notice`] needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text,
    /// The number of texts and lists in it.
    List(u64),
    Object,
}

/// `name` as readers of JSON see it that ignore case. Upper case first: it makes one letter of all that
/// are one in some alphabet.
pub(super) fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}
