//! Faults of the settings that say where the language model's server is.

use percent_encoding::percent_decode_str;

use super::{Config, HostPort};
use crate::schema::{Fault, FaultKind};

/// Ends of addresses that the documents of servers show, and that aura puts behind the base itself.
const ROUTES: [&str; 7] = [
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/messages",
    "/models",
    "/moderations",
    "/responses",
];

/// A URL to which no route can be appended.
pub(super) fn url(config: &Config) -> Option<Fault> {
    let url = config.llm.upstream_url.as_deref()?;
    let rest = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let path = rest.and_then(|rest| Some(&rest[rest.find('/')?..]));
    let route = route(path.unwrap_or_default());
    let (problem, remedy) = match (authority, route) {
        (Some(authority), _) if authority.contains('@') => (
            "holds credentials, and is not kept secret".to_owned(),
            "put the key into LLM_UPSTREAM_API_KEY".to_owned(),
        ),
        _ if url.contains(['?', '#']) => (
            "has a query or a fragment, and the routes are appended to it".to_owned(),
            "write the base alone, like https://api.openai.com/v1".to_owned(),
        ),
        (Some(authority), route)
            if HostPort::parse(authority).is_some() && !url.contains(char::is_whitespace) =>
        {
            let route = route?;
            (
                format!("leads to {route}, and the routes are appended to it"),
                format!("write the base alone: the same without {route} and what follows it"),
            )
        }
        _ => (
            "is not an http or https URL".to_owned(),
            "write it like https://api.openai.com/v1".to_owned(),
        ),
    };
    Some(Fault::new(
        FaultKind::Invalid,
        "LLM_UPSTREAM_URL",
        problem,
        remedy,
    ))
}

/// The route that `path` leads to: one it ends in, or one below a version, such as
/// `/v1/models/NAME`. A server decodes a path, and some take no notice of its case.
fn route(path: &str) -> Option<&'static str> {
    let path = percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let path = format!("/{}", names.join("/"));
    // A base may have such a name further up: `/models/NAME/v1`.
    let is_base = names.last().copied().is_some_and(is_version);
    let below = names.iter().position(|name| is_version(name));
    let below = below.map(|at| format!("/{}/", names[at + 1..].join("/")));
    ROUTES.into_iter().find(|route| {
        let starts = |below: &String| below.starts_with(&format!("{route}/"));
        path.ends_with(route) || !is_base && below.as_ref().is_some_and(starts)
    })
}

/// Checks whether `name` is a version in a path, such as `v1`.
fn is_version(name: &str) -> bool {
    let number = name.strip_prefix('v').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// A key with the scheme before it, which is sent before the key already.
pub(super) fn key(config: &Config) -> Option<Fault> {
    let key = config.llm.upstream_api_key.as_ref()?.expose();
    let lower = key.trim_start().to_ascii_lowercase();
    let schemes = ["authorization:", "bearer ", "basic "];
    let scheme = schemes.iter().find(|scheme| lower.starts_with(*scheme))?;
    Some(Fault::new(
        FaultKind::Invalid,
        "LLM_UPSTREAM_API_KEY",
        format!(
            "begins with {:?}, and is sent behind \"Bearer\"",
            scheme.trim_end()
        ),
        "write the key alone, without the header's name and scheme",
    ))
}

#[cfg(test)]
mod tests;
