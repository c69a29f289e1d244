//! Image references, after the grammar of the distribution project (`reference` package) that
//! Docker, containerd and Kubernetes share.
//!
//! Not the `Reference` of `oci-spec`: it fills in `docker.io`, `library` and the tag `latest`, so that
//! what was left out cannot be told, takes no registry at an IPv6 address, and has one error for
//! every mistake.

use crate::deploy::toml_file::{shown, written_as_text};

/// The longest tag, in characters.
const MAX_TAG: usize = 128;

/// The longest name, in characters, the registry included.
const MAX_NAME: usize = 255;

/// Hex digits of a SHA-256 digest.
const DIGEST_DIGITS: usize = 64;

/// An image reference: `registry/name:tag@sha256:digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Everything before the tag.
    pub name: String,
    /// The tag, where there is one.
    pub tag: Option<String>,
    /// `sha256:` and 64 hex digits, where the image is pinned.
    pub digest: Option<String>,
}

impl Image {
    /// The reference as it is pulled.
    #[must_use]
    pub fn reference(&self) -> String {
        let part = |mark: char, text: &Option<String>| {
            let text = text.as_ref();
            text.map_or(String::new(), |text| format!("{mark}{text}"))
        };
        let (tag, digest) = (part(':', &self.tag), part('@', &self.digest));
        format!("{}{tag}{digest}", self.name)
    }
}

written_as_text!(
    Image,
    r"^[^\s@]+(@sha256:[0-9a-f]{64})?$",
    "ghcr.io/example/shop:1.2.3"
);

impl TryFrom<&str> for Image {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            Err(format!(
                "is {}, which {what}; write it like ghcr.io/example/shop:1.2.3 or, pinned, \
                 ghcr.io/example/shop:1.2.3@sha256:DIGEST",
                shown(text)
            ))
        };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return wrong("has something after @ that is not sha256: and 64 hex digits");
        }
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return wrong("has something after its last : that is not a tag");
        }
        if let Some(problem) = name_problem(name) {
            return wrong(problem);
        }
        if tag == Some("latest") {
            return Err(
                "has the tag latest, which stands for another image every week: what runs would \
                 depend on when a node pulled it; name a version"
                    .to_owned(),
            );
        }
        Ok(Self {
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_sha256)
}

fn is_sha256(text: &str) -> bool {
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    text.len() == DIGEST_DIGITS && text.bytes().all(hex)
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= MAX_TAG
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn name_problem(name: &str) -> Option<&'static str> {
    if name.contains("://") {
        return Some("has a scheme, which images do not have");
    }
    if name.len() > MAX_NAME {
        return Some("has a name longer than 255 characters");
    }
    let path = match name.split_once('/') {
        // As everywhere, the first part is a registry where it looks like a host.
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            if !is_registry(first) {
                return Some("begins with something that is not a registry");
            }
            rest
        }
        _ => name,
    };
    if path.is_empty() {
        return Some("has no name");
    }
    if path.bytes().any(|c| c.is_ascii_uppercase()) {
        return Some("has capital letters in its name");
    }
    if !path.split('/').all(is_component) {
        return Some("has an invalid name");
    }
    // Docker takes it for the id of an image.
    is_sha256(path).then_some("has a name that reads like the id of an image")
}

/// `host[:port]`, an IPv6 address in brackets.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|c| c.is_ascii_digit())) {
        return false;
    }
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        return address.bytes().all(|c| c.is_ascii_hexdigit() || c == b':') && !address.is_empty();
    }
    host.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    })
}

/// Runs of `a-z0-9`, separated by one `.`, one or two `_`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |run: &str| {
        matches!(run, "." | "_" | "__") || (!run.is_empty() && run.bytes().all(|c| c == b'-'))
    };
    text.starts_with(letter)
        && text.ends_with(letter)
        && text
            .split(letter)
            .filter(|run| !run.is_empty())
            .all(separator)
}

#[cfg(test)]
mod tests;
