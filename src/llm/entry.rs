//! What is kept of an answer: `<head as JSON>\n<body>`. Only what a client needs to read the body;
//! no header of a connection, and no length.

use hyper::body::Bytes;
use poem::http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Longest head that is read.
const MAX_HEAD: usize = 1024;

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) head: Head,
    /// The body, byte for byte as the upstream sent it.
    pub(super) body: Bytes,
}

/// What is known of it.
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

    /// As bytes, for [`Self::decode`].
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + 128);
        // A head of texts and numbers can always be written.
        let _ = serde_json::to_writer(&mut bytes, &self.head);
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// An entry out of its bytes; `None` for anything that is not whole and of our making.
    pub(super) fn decode(bytes: &Bytes) -> Option<Self> {
        let end = bytes
            .iter()
            .take(MAX_HEAD)
            .position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let body = bytes.slice(end + 1..);
        let sound = body.len() == head.length
            && !body.is_empty()
            && head.at >= 0
            && !head.content_type.is_empty()
            && HeaderValue::from_str(&head.content_type).is_ok();
        sound.then_some(Self { head, body })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(body: Vec<u8>) -> Entry {
        Entry {
            head: Head {
                content_type: "application/json".to_owned(),
                at: 1_700_000_000_000,
                took: 1234,
                tokens: 56,
                length: body.len(),
            },
            body: body.into(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(body in prop::collection::vec(any::<u8>(), 1..300)) {
            let entry = entry(body);
            prop_assert_eq!(Entry::decode(&entry.encode().into()), Some(entry));
        }

        #[test]
        fn anything_else_is_a_miss(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Entry::decode(&bytes.into()), None);
        }

        #[test]
        fn a_part_is_a_miss(cut in 0_usize..120) {
            let whole = entry(b"{\"a\": 1}".to_vec()).encode();
            let part = &whole[..cut.min(whole.len() - 1)];
            prop_assert_eq!(Entry::decode(&Bytes::copy_from_slice(part)), None);
        }
    }

    #[test]
    fn an_odd_head_is_a_miss() {
        let good = r#"{"content_type":"a/b","at":1,"took":1,"tokens":1,"length":2}"#;
        let decode = |head: &str| Entry::decode(&format!("{head}\n{{}}").into());
        assert!(decode(good).is_some());
        for (from, to) in [
            ("a/b", "a\\nb"),
            ("a/b", ""),
            ("\"at\":1", "\"at\":-1"),
            ("\"length\":2", "\"length\":3"),
            ("\"tokens\":1", "\"tokens\":1,\"more\":1"),
            ("\"tokens\":1,", ""),
        ] {
            assert_eq!(decode(&good.replace(from, to)), None, "{to}");
        }
    }
}
