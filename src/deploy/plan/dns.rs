//! Names of DNS and of Kubernetes objects, after RFC 1123.
//!
//! Kubernetes takes lower case only, and so do all types here.

use std::net::Ipv4Addr;

use crate::deploy::toml_file::{shown, text_type};

/// The longest label, in characters (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;

/// The longest name, in characters, dots included.
const MAX_NAME: usize = 253;

text_type!(
    /// A DNS label: the name of a namespace.
    pub(crate) Label,
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    "shop-staging",
    |text| check(text, label_problem(text), "not a DNS label", "shop-staging"),
);

text_type!(
    /// Labels joined by dots: the name of most Kubernetes objects.
    pub(super) ObjectName,
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "public",
    |text| {
        let what = "not the name of a Kubernetes object";
        check(text, name_problem(text), what, "public or public.example.com")
    },
);

text_type!(
    /// A DNS name under which people reach the service. No address, no port, no wildcard.
    pub(super) Host,
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "auth.example.com",
    |text| check(text, host_problem(text), "not a DNS name", "auth.example.com"),
);

/// Refuses `text`, which is `what`, where it has a `problem`.
fn check(text: &str, problem: Option<&str>, what: &str, like: &str) -> Result<(), String> {
    let refusal = |problem| {
        let text = shown(text);
        format!("is {text}, which is {what}: it {problem}; write it like {like}")
    };
    problem.map_or(Ok(()), |problem| Err(refusal(problem)))
}

fn host_problem(text: &str) -> Option<&'static str> {
    if text.contains("://") {
        Some("has a scheme")
    } else if text.contains('/') {
        Some("has a path")
    } else if text.contains(':') {
        Some("has a port, or is an IPv6 address")
    } else if text.contains('*') {
        Some("has a wildcard, under which no one knows whom they talk to")
    } else if text.parse::<Ipv4Addr>().is_ok() {
        Some("is an address, for which no certificate can be had")
    } else {
        name_problem(text)
    }
}

/// The reason for which `text` is not labels joined by dots.
pub(super) fn name_problem(text: &str) -> Option<&'static str> {
    if text.len() > MAX_NAME {
        return Some("is longer than 253 characters");
    }
    if text.ends_with('.') {
        return Some("ends in a dot");
    }
    text.split('.').find_map(label_problem)
}

fn label_problem(label: &str) -> Option<&'static str> {
    let letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = label.as_bytes();
    match (bytes.first(), bytes.last()) {
        (None, _) | (_, None) => Some("is empty, or has an empty part"),
        _ if bytes.iter().any(u8::is_ascii_uppercase) => Some("has capital letters"),
        _ if !bytes.iter().all(|&c| letter(c) || c == b'-') => {
            Some("has characters other than a to z, 0 to 9 and -")
        }
        (Some(b'-'), _) | (_, Some(b'-')) => Some("begins or ends with -"),
        _ if bytes.len() > MAX_LABEL => Some("has a part that is longer than 63 characters"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
