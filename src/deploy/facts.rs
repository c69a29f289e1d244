//! Facts of a setting for documentation, in words: its unit, its default, the places that need it.
//! Their layout is the format's business.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::prose;
use super::service::Service;
use crate::schema::{Kind, Reader, Setting};

/// The settings of one part of the configuration.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The beginning of its variables, such as `RATE_LIMIT`; of those that stand alone, `General`.
    pub title: String,
    /// The subject of its settings; may be empty.
    pub docs: &'a str,
    /// In the order of the source.
    pub settings: Vec<&'a Setting>,
}

/// The settings of `service` by section, in the order of the source; those without a section come
/// first.
#[must_use]
pub fn groups(service: &Service) -> Vec<Group<'_>> {
    let mut groups = vec![Group {
        title: "General".to_owned(),
        docs: "",
        settings: Vec::new(),
    }];
    let mut paths: Vec<&[String]> = vec![&[]];
    for setting in &service.settings {
        let (_, path) = setting.path.split_last().unwrap_or((&setting.name, &[]));
        let at = paths.iter().position(|known| *known == path);
        let at = at.unwrap_or_else(|| {
            let mut sections = service.settings.sections().iter();
            let section = sections.find(|section| section.path == path);
            paths.push(path);
            groups.push(Group {
                title: path.join("_").replace('-', "_").to_uppercase(),
                docs: section.map_or("", |section| &section.docs),
                settings: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.settings.push(setting);
        }
    }
    groups.retain(|group| !group.settings.is_empty());
    groups
}

/// The kind of its value, the unit included: `whole number (minutes)`.
pub(crate) fn kind(setting: &Setting) -> String {
    let kind = match &setting.kind {
        Kind::String if setting.multiline() => "text of several lines",
        Kind::String => "text",
        Kind::Integer => "whole number",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Enum => "one of the values allowed",
        Kind::List(_) if setting.reader == Reader::Json => "list, as JSON",
        Kind::List(_) => "list, separated by commas",
        Kind::Json => "JSON",
    };
    match unit(setting) {
        Some(unit) => format!("{kind} ({unit})"),
        None => kind.to_owned(),
    }
}

/// The same in one word, for scripts.
pub(crate) fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Enum => "enum",
        Kind::List(_) => "list",
        Kind::Json => "json",
    }
}

/// The unit of a number, which its name ends in.
pub(crate) fn unit(setting: &Setting) -> Option<&'static str> {
    if !matches!(setting.kind, Kind::Integer | Kind::Number) {
        return None;
    }
    [
        ("_PER_MINUTE", "per minute"),
        ("_PER_SECOND", "per second"),
        ("_MILLISECONDS", "milliseconds"),
        ("_MS", "milliseconds"),
        ("_SECONDS", "seconds"),
        ("_MINUTES", "minutes"),
        ("_HOURS", "hours"),
        ("_DAYS", "days"),
        ("_BYTES", "bytes"),
    ]
    .into_iter()
    .find_map(|(end, unit)| setting.name.ends_with(end).then_some(unit))
}

/// Places in which a value must be given: `yes`, `in staging and production`, `where MODE is a or b`, `no`.
pub(crate) fn required(setting: &Setting) -> String {
    if setting.required {
        return "yes".to_owned();
    }
    let places = joined(&setting.required_in, "and").map(|places| format!("in {places}"));
    let conditions = setting.required_when.iter().map(|condition| {
        let values = joined(&condition.values, "or").unwrap_or_else(|| "set".to_owned());
        format!("where {} is {values}", condition.setting)
    });
    let all: Vec<_> = places.into_iter().chain(conditions).collect();
    joined(&all, "or").unwrap_or_else(|| "no".to_owned())
}

/// Checks whether a value must be given somewhere, whatever the other settings are.
pub(crate) fn is_required(setting: &Setting) -> bool {
    setting.required || !setting.required_in.is_empty()
}

/// One line for each setting that the environment `name` gives no value in `given`, and without
/// which the program would not start. Those of the loader have a placeholder, which it refuses.
pub(crate) fn unset(
    service: &Service,
    name: &str,
    given: &BTreeMap<String, String>,
) -> Vec<String> {
    let unset = service.plain_settings().filter(|setting| {
        let own = setting.reader != Reader::Loader;
        own && setting.required && !given.contains_key(&setting.name)
    });
    let line = |setting: &Setting| {
        format!(
            "environments.{name}.settings.{}: is required and has no default; write it into \
             deploy.toml",
            setting.name
        )
    };
    unset.map(line).collect()
}

/// The reason for which a pod that listens on `address` is never ready; none where it is reached,
/// or that cannot be told of a name.
pub(crate) fn unreachable(address: &str) -> Option<&'static str> {
    const LOOPBACK: &str = "which nobody but the pod itself reaches: the kubelet asks at the address of \
                            the pod, so it would never be ready";
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) if ip.is_unspecified() => None,
        Ok(ip) if ip.is_loopback() => Some(LOOPBACK),
        Ok(_) => Some("and no pod knows its address before it has one"),
        Err(_) => is_localhost(bare).then_some(LOOPBACK),
    }
}

/// Checks for a name of the machine itself (RFC 6761, section 6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The ConfigMap of all settings that are not secrets.
pub(crate) fn config_map(service: &Service) -> String {
    format!("{}-config", service.name)
}

/// Digits of the digest behind the name of a ConfigMap outside development.
pub(crate) const REVISION_DIGITS: usize = 8;

/// The longest name of a service, in characters: that of its Job, `NAME-migrate-` and a digest, is
/// a label of the pods, and a label has 63 at most.
pub(crate) const LONGEST_NAME: usize = 46;

/// Checks whether `found` is the object `name` or a revision of it, renamed or not.
pub(crate) fn is_revision_of(found: &str, name: &str) -> bool {
    found == name || revision_digest(found, name).is_some()
}

/// The digest in `found`, where that is a revision of the object `name`. `namePrefix` and
/// `nameSuffix` of a kustomization may stand before the name and behind the digest.
pub(crate) fn revision_digest<'a>(found: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = found.split_once(name)?;
    let (digest, rest) = rest.strip_prefix('-')?.split_at_checked(REVISION_DIGITS)?;
    // More letters make it the hash of another tool, such as kustomize's own of ten.
    let ends = !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
    (ends && digest.bytes().all(is_hex)).then_some(digest)
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// Checks whether scanners take `name` for that of a secret.
pub(crate) fn sounds_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    ["PASSWORD", "TOKEN", "BEARER", "SECRET"]
        .iter()
        .any(|word| name.contains(word))
}

/// The Secret of the others.
pub(crate) fn secret(service: &Service) -> String {
    format!("{}-secrets", service.name)
}

/// The recipe for the value of a secret, in the prose of a doc comment; none where nothing is
/// known of it.
pub(crate) fn recipe(service: &Service, setting: &Setting) -> Option<String> {
    if let Some(recipe) = setting.recipe() {
        return Some(prose::one_line(&recipe));
    }
    let mut backends = service.backends.iter();
    let backend = backends.find(|backend| backend.setting == setting.name);
    if let Some(backend) = backend
        && let Some(url) = backend
            .url
            .as_ref()
            .filter(|url| url.contains("{password}"))
    {
        let scheme = backend.schemes.first().map_or("", |(scheme, _)| scheme);
        let url = url
            .replace("{scheme}", scheme)
            .replace("{password}", "PASSWORD")
            .replace("{host}", "HOST")
            .replace("{port}", "PORT");
        return Some(format!("Write the address and the password: `{url}`."));
    }
    if let Some(example) = setting.example_text() {
        return Some(format!("Written as `{}`.", prose::one_line(&example)));
    }
    let random = setting.kind == Kind::String && is_required(setting) && !setting.multiline();
    random.then(|| "Make one with `openssl rand -base64 32`.".to_owned())
}

/// `a`, `a and b`, `a, b and c`, with `word` before the last; none of none.
fn joined(names: &[String], word: &str) -> Option<String> {
    let (last, rest) = names.split_last()?;
    if rest.is_empty() {
        return Some(last.clone());
    }
    Some(format!("{} {word} {last}", rest.join(", ")))
}

#[cfg(test)]
mod tests;
