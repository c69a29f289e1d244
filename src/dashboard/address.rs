//! The method and address of a request, and the parameters in its query.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem::http::{Method, Uri};

use crate::http::next::MAX_NEXT_BYTES;
use crate::http::{Problem, parameters};

/// Longest parameter of a query in bytes, `next` aside.
const MAX_PARAMETER: usize = 2048;

/// Longest search in characters: as long as an e-mail can be.
const MAX_SEARCH: usize = 254;

/// Values of the `{name}` parts of a route's path.
pub(super) type PathParameters = Vec<(&'static str, String)>;

/// Method and address.
pub(super) struct Address {
    method: Method,
    uri: Uri,
    path_parameters: PathParameters,
}

impl Address {
    pub(super) const fn new(method: Method, uri: Uri, path_parameters: PathParameters) -> Self {
        Self {
            method,
            uri,
            path_parameters,
        }
    }

    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// Path and query as they were sent.
    pub(super) fn path_and_query(&self) -> &str {
        self.uri
            .path_and_query()
            .map_or("", |address| address.as_str())
    }

    /// The value of the route's path parameter `{name}`, still percent-encoded.
    pub(super) fn path_parameter(&self, name: &str) -> &str {
        let mut parameters = self.path_parameters.iter();
        let found = parameters.find(|(known, _)| *known == name);
        debug_assert!(found.is_some(), "the route has no {{{name}}}");
        found.map_or("", |(_, value)| value)
    }

    /// The method by which a route is found: HEAD is answered by the handler of GET.
    pub(super) fn route_method(&self) -> &str {
        if self.is_head() {
            "GET"
        } else {
            self.method.as_str()
        }
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    pub(super) fn is_get_or_head(&self) -> bool {
        self.method == Method::GET || self.is_head()
    }

    /// True for methods that change nothing (RFC 9110 section 9.2.1).
    pub(super) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    /// A parameter of the query; empty where it is missing, or longer than any of ours.
    pub(super) fn query(&self, name: &str) -> String {
        self.parameter(name, MAX_PARAMETER)
    }

    /// A search term of the query, trimmed and cut: no name or e-mail is longer, and a page that
    /// repeats it does not grow with it.
    pub(super) fn search(&self, name: &str) -> String {
        let whole = self.query(name);
        whole.trim().chars().take(MAX_SEARCH).collect()
    }

    /// The requested address to continue to, not checked yet: `next`, or else `rd`, its name in the
    /// annotations of ingress-nginx.
    pub(super) fn requested_next(&self) -> String {
        let names = ["next", "rd"].into_iter();
        let mut values = names.map(|name| self.parameter(name, MAX_NEXT_BYTES));
        values.find(|value| !value.is_empty()).unwrap_or_default()
    }

    /// Refuses unknown parameters of the query: a misspelt filter would show everything. `done`,
    /// which every page may carry, is known.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub(super) fn refuse_unknown(&self, known: &[&str]) -> Result<(), Problem> {
        let known: Vec<&str> = known.iter().chain(&["done"]).copied().collect();
        parameters::check(self.uri.query().unwrap_or_default(), &known)
    }

    fn parameter(&self, name: &str, max_bytes: usize) -> String {
        let query = self.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_bytes(query.as_bytes()).unwrap_or_default();
        let mut pairs = pairs.into_iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
            .filter(|value| value.len() <= max_bytes)
            .unwrap_or_default()
    }
}

/// The first segment of a path: `users` of `/users/new`.
pub(super) fn first_segment(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// Percent-encodes a value for a query.
pub(super) fn escape(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_ignores_long_parameters_and_cuts_searches() {
        let address = |query: String| {
            let uri = format!("/users?{query}").parse().unwrap();
            Address::new(Method::GET, uri, Vec::new())
        };
        let long = address(format!("q={}", "x".repeat(MAX_PARAMETER + 1)));
        assert_eq!(long.query("q"), "");
        let cut = address(format!("q=+{}", "x".repeat(MAX_SEARCH + 9)));
        assert_eq!(cut.search("q"), "x".repeat(MAX_SEARCH));
        let next = address("next=&rd=%2Faccount".to_owned());
        assert_eq!(next.requested_next(), "/account");
        assert!(next.refuse_unknown(&["next"]).is_err());
        assert!(next.refuse_unknown(&["next", "rd"]).is_ok());
    }
}
