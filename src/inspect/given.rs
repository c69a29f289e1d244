//! Values of keys in ConfigMaps, Secrets and what makes Secrets; the keys are always known, the
//! values of some.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::deploy::kustomize::{items, text_at};
use crate::schema::SET_ME;

/// A value that was given.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// Its text.
    Text(String),
    /// Not what belongs there.
    Odd {
        /// The problem.
        problem: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
    /// It is somewhere else: in a Secret, or made by Kubernetes.
    Elsewhere,
}

/// The members of a map, each as `read` takes it.
fn entries(map: &Value, read: impl Fn(&Value) -> Given) -> Vec<(String, Given)> {
    let members = map.as_object().into_iter().flatten();
    members
        .map(|(key, value)| (key.clone(), read(value)))
        .collect()
}

/// A value of `data`, which Kubernetes takes as text only.
pub(super) fn given(value: &Value) -> Given {
    match value {
        Value::String(text) => Given::Text(text.clone()),
        // An empty value in YAML; Kubernetes takes it for an empty text.
        Value::Null => Given::Text(String::new()),
        Value::Number(_) => no_text("is a number, and Kubernetes takes texts only"),
        Value::Bool(_) => no_text("is true or false, and Kubernetes takes texts only"),
        _ => no_text("is a list or a map, and Kubernetes takes texts only"),
    }
}

fn no_text(problem: &'static str) -> Given {
    Given::Odd {
        problem,
        remedy: "put it between double quotes",
    }
}

/// The `data` of a ConfigMap, or the `stringData` of a Secret.
pub(super) fn plain(map: &Value) -> Vec<(String, Given)> {
    entries(map, given)
}

/// The `data` of a Secret.
pub(super) fn decoded(map: &Value) -> Vec<(String, Given)> {
    entries(map, |value| match given(value) {
        Given::Text(text) => {
            // The API server ignores line breaks in base64, as Go's decoder does, but no other white
            // space.
            let packed = text.replace(['\r', '\n'], "");
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
    })
}

/// The sealed keys of a `SealedSecret`, whose values cannot be read here.
pub(super) fn sealed(map: &Value) -> Vec<(String, Given)> {
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
    let mut entries = entries(map, look);
    entries.retain(|(key, _)| !key.starts_with('$'));
    entries
}

/// The keys that an `ExternalSecret` fetches; none where it may make others, which no file tells.
pub(super) fn fetched(value: &Value) -> Option<Vec<(String, Given)>> {
    let open = ["/spec/dataFrom", "/spec/target/template"];
    if open.iter().any(|pointer| value.pointer(pointer).is_some()) {
        return None;
    }
    let keys = items(&value["spec"]["data"]).map(|entry| text_at(entry, "/secretKey"));
    Some(keys.map(|key| (key.to_owned(), Given::Elsewhere)).collect())
}
