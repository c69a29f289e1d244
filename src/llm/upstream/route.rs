//! [`Route`]: what can be asked of a language model's server.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::Method;

/// Longest name of a model that is asked about, in bytes.
const MAX_MODEL: usize = 256;

/// Bytes that are encoded in a segment of a path: all but the unreserved letters of RFC 3986 section 2.3,
/// and the colon of fine-tuned models.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

/// A route of the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::llm) enum Route {
    Chat,
    Completions,
    Responses,
    Embeddings,
    Moderations,
    /// The list of models.
    Models,
    /// One model, whose name follows behind the path.
    Model,
}

impl Route {
    /// The path behind the base URL.
    pub(in crate::llm) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Completions => "/completions",
            Self::Responses => "/responses",
            Self::Embeddings => "/embeddings",
            Self::Moderations => "/moderations",
            Self::Models => "/models",
            Self::Model => "/models/",
        }
    }

    pub(super) fn method(self) -> Method {
        if self.costs() {
            Method::POST
        } else {
            Method::GET
        }
    }

    /// Checks whether calls take tokens.
    pub(in crate::llm) const fn costs(self) -> bool {
        !matches!(self, Self::Models | Self::Model)
    }

    /// Checks whether the answer is written by a model, token by token.
    pub(in crate::llm) const fn generates(self) -> bool {
        matches!(self, Self::Chat | Self::Completions | Self::Responses)
    }
}

/// `model` as the end of a path, its slashes as they are; `None` for a name that is empty, too long,
/// or would lead elsewhere.
pub(in crate::llm) fn model_path(model: &str) -> Option<String> {
    let leads_elsewhere = |segment: &str| matches!(segment, "" | "." | "..");
    let is_long = model.len() > MAX_MODEL;
    if is_long || model.contains(char::is_control) || model.split('/').any(leads_elsewhere) {
        return None;
    }
    let segments = model.split('/');
    let encoded: Vec<String> = segments
        .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
        .collect();
    Some(encoded.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_s_name_stays_below_the_path_of_models() {
        for (model, path) in [
            ("gpt-4o-mini", "gpt-4o-mini"),
            ("ft:gpt-4o:acme::1", "ft:gpt-4o:acme::1"),
            ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
            ("a b?c#d%2e\u{e9}", "a%20b%3Fc%23d%252e%C3%A9"),
            ("a\\..\\b", "a%5C..%5Cb"),
        ] {
            assert_eq!(model_path(model).as_deref(), Some(path));
        }
        for model in [
            "",
            ".",
            "..",
            "a/../b",
            "a/./b",
            "/a",
            "a/",
            "a//b",
            &"a".repeat(257),
        ] {
            assert_eq!(model_path(model), None, "{model}");
        }
    }
}
