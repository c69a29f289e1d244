//! Which methods an address takes, for the header `Allow` (RFC 9110 section 15.5.6): the router
//! does not tell, the document does.

use serde_json::Value;

use crate::dashboard;

/// Addresses and their methods, off the document.
#[derive(Debug, Default)]
pub(super) struct Allowed(Vec<(Vec<String>, String)>);

impl Allowed {
    pub(super) fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let mut allowed: Vec<(Vec<String>, String)> = paths
            .map(|(path, item)| {
                let methods = item.as_object().into_iter().flatten().map(|(name, _)| name);
                (
                    segments(path),
                    allow(methods.map(|name| name.to_uppercase())),
                )
            })
            .collect();
        for path in ["/docs", "/docs/{file}", "/openapi.json", "/openapi.yaml"] {
            allowed.push((segments(path), allow(["GET".to_owned()])));
        }
        for (path, methods) in dashboard::ROUTES {
            let methods = methods.iter().map(|&method| method.to_owned());
            allowed.push((segments(path), allow(methods)));
        }
        Self(allowed)
    }

    /// The methods of the route at `path`, if there is one.
    pub(super) fn methods(&self, path: &str) -> Option<&str> {
        let wanted = segments(path);
        let fits = |(pattern, _): &&(Vec<String>, String)| {
            pattern.len() == wanted.len()
                && pattern
                    .iter()
                    .zip(&wanted)
                    .all(|(p, w)| p.starts_with('{') || p == w)
        };
        // A literal route before one with a parameter.
        self.0
            .iter()
            .filter(fits)
            .min_by_key(|(pattern, _)| pattern.iter().filter(|p| p.starts_with('{')).count())
            .map(|(_, methods)| methods.as_str())
    }
}

fn segments(path: &str) -> Vec<String> {
    path.trim_matches('/')
        .split('/')
        .map(str::to_owned)
        .collect()
}

/// `GET` answers `HEAD` too.
fn allow(methods: impl IntoIterator<Item = String>) -> String {
    let mut methods: Vec<String> = methods.into_iter().collect();
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".to_owned());
    }
    methods.sort();
    methods.join(", ")
}
