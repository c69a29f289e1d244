//! What keeps secrets, and what is known of them: the keys always, the values of some.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::object::{Given, entries, given, list};
use crate::deploy::kustomize::text_at;
use crate::schema::SET_ME;

/// The `data` of a Secret.
pub(super) fn decoded(map: Option<&Value>) -> Vec<(String, Given)> {
    let decode = |value: &Value| match given(value) {
        Given::Text(text) => {
            let packed: String = text.split_whitespace().collect();
            match BASE64_STANDARD.decode(packed).map(String::from_utf8) {
                Ok(Ok(text)) => Given::Text(text),
                Ok(Err(_)) => Given::Odd {
                    problem: "is not UTF-8 once it is decoded",
                    remedy: "encode the text itself",
                },
                Err(_) => Given::Odd {
                    problem: "is not base64, which data of a Secret must be",
                    remedy: "encode it, or move it to stringData",
                },
            }
        }
        odd => odd,
    };
    entries(map)
        .map(|(key, value)| (key.clone(), decode(value)))
        .collect()
}

/// What `kubeseal` wrote, which nobody can look into here.
pub(super) fn sealed(map: Option<&Value>) -> Vec<(String, Given)> {
    // The length of the sealed key, that key by RSA of 2048 bits or more, and what it opens.
    const LEAST: usize = 2 + 256;
    let look = |value: &Value| match given(value) {
        Given::Text(text) if text.contains(SET_ME) => Given::Text(text),
        Given::Text(text) => match BASE64_STANDARD.decode(text) {
            Ok(bytes) if bytes.len() > LEAST => Given::Elsewhere,
            _ => Given::Odd {
                problem: "is not sealed",
                remedy: "put what kubeseal writes in its place; if it was the real value, replace \
                         that",
            },
        },
        odd => odd,
    };
    entries(map)
        .filter(|(key, _)| !key.starts_with('$'))
        .map(|(key, value)| (key.clone(), look(value)))
        .collect()
}

/// The keys that an `ExternalSecret` fetches; none where it may make others, which no file tells.
pub(super) fn fetched(value: &Value) -> Option<Vec<(String, Given)>> {
    let open = ["/spec/dataFrom", "/spec/target/template"];
    if open.iter().any(|pointer| value.pointer(pointer).is_some()) {
        return None;
    }
    let keys = list(value, "/spec/data").map(|entry| text_at(entry, "/secretKey"));
    Some(keys.map(|key| (key.to_owned(), Given::Elsewhere)).collect())
}
