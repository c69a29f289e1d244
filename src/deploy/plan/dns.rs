//! Names of DNS and of Kubernetes objects, after RFC 1123.
//!
//! Kubernetes takes lower case only, and so do all types here.

use std::net::Ipv4Addr;

use super::text::{shown, written_as_text};

/// The longest label, in characters (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;

/// The longest name, in characters, dots included.
const MAX_NAME: usize = 253;

/// A DNS label: the name of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label(String);

/// Labels joined by dots: the name of most Kubernetes objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectName(String);

/// A DNS name under which people reach the service. No address, no port, no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Host(String);

written_as_text!(
    Label,
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    "shop-staging"
);
written_as_text!(
    ObjectName,
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "public"
);
written_as_text!(
    Host,
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "auth.example.com"
);

macro_rules! becomes_text {
    ($($name:ident),*) => {$(
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}

becomes_text!(Label, ObjectName, Host);

impl TryFrom<&str> for Label {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let problem = label_problem(text);
        problem.map_or_else(
            || Ok(Self(text.to_owned())),
            |problem| {
                Err(format!(
                    "is {}, which is no DNS label: it {problem}; write it like shop-staging",
                    shown(text)
                ))
            },
        )
    }
}

impl TryFrom<&str> for ObjectName {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let problem = name_problem(text);
        problem.map_or_else(
            || Ok(Self(text.to_owned())),
            |problem| {
                Err(format!(
                    "is {}, which is no name of a Kubernetes object: it {problem}; \
                     write it like public or public.example.com",
                    shown(text)
                ))
            },
        )
    }
}

impl TryFrom<&str> for Host {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let problem = if text.contains("://") {
            Some("has a scheme")
        } else if text.contains('/') {
            Some("has a path")
        } else if text.contains(':') {
            Some("has a port, or is an IPv6 address")
        } else if text.contains('*') {
            Some("has a wildcard, under which nobody knows whom they talk to")
        } else if text.parse::<Ipv4Addr>().is_ok() {
            Some("is an address, for which no certificate can be had")
        } else {
            name_problem(text)
        };
        problem.map_or_else(
            || Ok(Self(text.to_owned())),
            |problem| {
                Err(format!(
                    "is {}, which is no DNS name: it {problem}; write it like auth.example.com",
                    shown(text)
                ))
            },
        )
    }
}

/// What keeps `text` from being labels joined by dots.
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
