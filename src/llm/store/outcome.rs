//! Outcomes of look-ups and of keeping, the same of both stores.

use hyper::body::Bytes;

/// The outcome of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::llm) struct Found {
    /// The generation that holds now; an answer to this request is kept under it.
    pub(in crate::llm) generation: String,
    /// The entry under the key, if there is one.
    pub(in crate::llm) entry: Option<Bytes>,
}

/// The outcome of keeping an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::llm) enum Put {
    /// It is kept.
    Kept,
    /// The cache was purged since the look-up.
    Purged,
    /// There is no room.
    Full,
}
