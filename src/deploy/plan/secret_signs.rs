//! Signs of a secret in the name of a variable, and in a value that is not a secret by its setting.
//!
//! They are signs only: who knows better lists the variable in [`Service::plain`].
//!
//! [`Service::plain`]: crate::deploy::service::Service

use serde_json::Value;

/// Ends of names that only secrets have.
const SECRET_ENDS: [&str; 14] = [
    "ACCESS_KEY",
    "API_KEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "ENCRYPTION_KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE_KEY",
    "PWD",
    "SECRET",
    "SECRET_KEY",
    "SIGNING_KEY",
    "TOKEN",
];

/// Schemes of URLs in which a user is a login and no secret.
const WITH_LOGIN: [&str; 4] = ["git+ssh", "sftp", "ssh", "svn+ssh"];

/// Checks whether `name` is that of a secret, in upper case or in the spelling of JSON: `DB_PASSWORD`,
/// `dbPassword`, `db-password`. With `several`, also whether it is that of several.
pub(crate) fn sounds_secret(name: &str, several: bool) -> bool {
    let mut upper = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            upper.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let letter = if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '_'
        };
        upper.push(letter.to_ascii_uppercase());
    }
    let ends = |name: &str| {
        SECRET_ENDS.iter().any(|end| {
            let rest = name.strip_suffix(end);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
        })
    };
    ends(&upper) || several && upper.strip_suffix('S').is_some_and(ends)
}

/// Checks whether `value` has a key that is named like a secret, with a value in it.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(members) => members.iter().any(|(key, value)| {
            let given = match value {
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => items.iter().any(Value::is_string),
                Value::Number(_) => true,
                _ => false,
            };
            given && sounds_secret(key, value.is_array()) || holds_secret(value)
        }),
        _ => false,
    }
}

/// The sign of a secret in `text`, for a sentence on it.
pub(crate) fn of(text: &str) -> Option<&'static str> {
    if has_password(text) {
        Some("a login or a password")
    } else if holds_secret_as_json(text) {
        Some("a key that is named like a secret")
    } else {
        None
    }
}

/// Checks whether `text` is JSON with such a key.
fn holds_secret_as_json(text: &str) -> bool {
    let value = text.trim_start().starts_with(['{', '[']);
    let value = value.then(|| serde_json::from_str(text).ok()).flatten();
    value.is_some_and(|value: Value| holds_secret(&value))
}

/// Checks whether `text` has a URL with user information, or a `password=...` as in the query of one
/// or in the words of a connection string.
fn has_password(text: &str) -> bool {
    has_user_information(text) || has_assignment(text)
}

fn has_user_information(text: &str) -> bool {
    let mut parts = text.split("://");
    let mut before = parts.next().unwrap_or_default();
    parts.any(|rest| {
        let letter = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
        let scheme = before.rsplit(|c| !letter(c)).next().unwrap_or_default();
        before = rest;
        // A password may have a slash in it that is not encoded; a user has none, and a
        // path may have an @.
        let host = rest
            .split(['/', '?', '#', ',', '"'])
            .next()
            .unwrap_or_default();
        let port = host.rsplit_once(':').map(|(_, port)| port);
        if port.is_some_and(|port| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit())) {
            return false;
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let user = |text: &str| text.rsplit_once('@').map(|(user, _)| user.to_owned());
        let login = user(authority).filter(|user| !user.is_empty());
        user(rest).is_some_and(|user| user.contains(':'))
            || login.is_some() && !WITH_LOGIN.contains(&scheme.to_ascii_lowercase().as_str())
    })
}

/// Checks whether `text` has a word like `password=...`.
pub(crate) fn has_assignment(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || "?&;,\"'".contains(c));
    let mut pairs = words.filter_map(|word| word.split_once('='));
    pairs.any(|(key, value)| !value.is_empty() && !is_reference(value) && sounds_secret(key, false))
}

/// Checks whether `value` is what a shell or the kubelet puts something else in place of.
fn is_reference(value: &str) -> bool {
    let name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let rest = value.strip_prefix('$');
    rest.is_some_and(|rest| {
        rest.starts_with(['(', '{']) || !rest.is_empty() && rest.chars().all(name)
    })
}

#[cfg(test)]
mod tests;
