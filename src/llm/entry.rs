//! An answer as it is kept: `<body><head as JSON><length of the head, two bytes>`. The head is only
//! what a client needs to read the body: no header of a connection. It stands behind the body, so
//! that an answer becomes an entry where it lies, and is not copied for it.

use hyper::body::Bytes;
use poem::http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Longest head that is read, in bytes.
const MAX_HEAD: usize = 1024;

/// Room that an entry needs behind the body, in bytes, with the generation that Redis keeps there.
pub(super) const ROOM: usize = 320;

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) head: Head,
    /// The body, byte for byte as the upstream sent it.
    pub(super) body: Bytes,
}

/// Its metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The media type of the body.
    pub(super) content_type: String,
    /// When the answer was complete, in milliseconds since the epoch.
    pub(super) at: i64,
    /// Milliseconds that the upstream took.
    pub(super) took: u64,
    /// Tokens that the upstream charged.
    pub(super) tokens: u64,
    /// Bytes of the body.
    pub(super) length: usize,
}

impl Entry {
    /// Milliseconds since it was complete; clocks of two machines may differ a little.
    pub(super) fn age_millis(&self, now: Timestamp) -> i64 {
        now.since(Timestamp::from_millis(self.head.at)).max(0)
    }

    /// Makes a body the bytes of an entry, for [`Self::decode`].
    pub(super) fn encode(mut body: Vec<u8>, head: &Head) -> Vec<u8> {
        let end = body.len();
        // A head of texts and numbers can always be written.
        let _ = serde_json::to_writer(&mut body, head);
        // A head that is too long is given no length, and is never read.
        let length = u16::try_from(body.len() - end).unwrap_or(0);
        body.extend_from_slice(&length.to_be_bytes());
        body
    }

    /// An entry out of its bytes; `None` for anything that is not whole and of our making.
    pub(super) fn decode(bytes: &Bytes) -> Option<Self> {
        let (rest, length) = bytes.split_last_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length > MAX_HEAD {
            return None;
        }
        let end = rest.len().checked_sub(length)?;
        let head: Head = serde_json::from_slice(&rest[end..]).ok()?;
        let body = bytes.slice(..end);
        let sound = body.len() == head.length
            && !body.is_empty()
            && head.at >= 0
            && !head.content_type.is_empty()
            && HeaderValue::from_str(&head.content_type).is_ok();
        sound.then_some(Self { head, body })
    }
}

#[cfg(test)]
mod tests;
