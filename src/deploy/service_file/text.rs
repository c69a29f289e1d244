//! Single values of `service.toml`, each with one way to be wrong.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::deploy::facts::LONGEST_NAME;
use crate::deploy::plan::{Label, shown, written_as_text};

/// The longest text, in characters.
const LONGEST: usize = 1_000;

/// Folders that runtimes fill, and in which no other may be mounted.
const RUNTIME: [&str; 5] = ["/dev", "/proc", "/run/secrets", "/sys", "/var/run/secrets"];

/// Folders of programs and libraries, and files that the kubelet mounts: empty, nothing starts.
const IMAGE: [&str; 23] = [
    "/bin",
    "/boot",
    "/etc",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/etc/ssl/certs",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/sbin",
    "/usr/share",
    "/var",
];

/// The longest tag of an image, which a version becomes.
const LONGEST_VERSION: usize = 128;

/// The name of a service: a DNS label that begins with a letter, as Services do on clusters without
/// relaxed names (RFC 1035), and is short enough for the names that are made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

/// A text on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(String);

/// The name of a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Variable(String);

/// What stands between a section and its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Separator(String);

/// A released version, which becomes the tag of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version(String);

/// The path of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UrlPath(String);

/// An absolute path in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder(String);

/// How lists are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Json,
    Commas,
}

/// A number, or the variable that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact(String);

macro_rules! text {
    ($($name:ident),*) => {$(
        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

text!(
    Name, Word, Variable, Separator, Version, UrlPath, Folder, Fact
);

macro_rules! readable {
    ($($name:ident),*) => {$(
        impl $name {
            pub(super) fn as_str(&self) -> &str {
                &self.0
            }
        }
    )*};
}

readable!(Word, Variable, Fact);

written_as_text!(Name, "^[a-z]([a-z0-9-]{0,44}[a-z0-9])?$", "shop");
written_as_text!(Word, r"^[^\x00-\x1f\x7f]{1,1000}$", "serve");
written_as_text!(Variable, "^[A-Za-z_][A-Za-z0-9_]*$", "PORT");
written_as_text!(Separator, "^[A-Za-z0-9_]{1,8}$", "__");
written_as_text!(Version, r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$", "1.4.0");
written_as_text!(UrlPath, "^/[!-~]*$", "/health");
written_as_text!(Folder, "^(/[A-Za-z0-9._-]+)+$", "/app/cache");
written_as_text!(Lists, "^(json|commas)$", "json");

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

impl TryFrom<&str> for Name {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        Label::try_from(text)?;
        let shown = shown(text);
        if !text.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            return Err(format!(
                "is {shown}, and the name of a Service begins with a letter; write it like shop"
            ));
        }
        if text.len() > LONGEST_NAME {
            return Err(format!(
                "is {shown}, and has more than {LONGEST_NAME} characters, which leaves no room for \
                 the names of Jobs; shorten it"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for Word {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Err("is empty; take it out");
        }
        if text.contains(char::is_control) {
            return Err("has a control character; write it on one line");
        }
        if text.chars().count() > LONGEST {
            return Err("has more than 1000 characters; shorten it");
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for Variable {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let begins = text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        if begins && text.len() <= LONGEST && text.chars().all(is_word) {
            return Ok(Self(text.to_owned()));
        }
        let shown = shown(text);
        Err(format!(
            "is {shown}, which is no name of letters, digits and _; write it like PORT"
        ))
    }
}

impl TryFrom<&str> for Separator {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        if (1..=8).contains(&text.len()) && text.chars().all(is_word) {
            return Ok(Self(text.to_owned()));
        }
        let shown = shown(text);
        Err(format!(
            "is {shown}, which cannot be part of a variable; write it like __"
        ))
    }
}

impl TryFrom<&str> for Version {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let rest = |letter: char| is_word(letter) || matches!(letter, '.' | '+' | '-');
        if text.starts_with(is_word) && text.len() <= LONGEST_VERSION && text.chars().all(rest) {
            return Ok(Self(text.to_owned()));
        }
        let shown = shown(text);
        Err(format!(
            "is {shown}, which cannot be the tag of an image; write it like 1.4.0"
        ))
    }
}

impl TryFrom<&str> for UrlPath {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let graphic = text.chars().all(|letter| letter.is_ascii_graphic());
        if text.starts_with('/') && graphic && text.len() <= LONGEST {
            return Ok(Self(text.to_owned()));
        }
        let shown = shown(text);
        Err(format!(
            "is {shown}, which is no path of a route; write it like /health"
        ))
    }
}

impl TryFrom<&str> for Folder {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let plain = |letter: char| is_word(letter) || matches!(letter, '.' | '-');
        let part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
        let parts = text.strip_prefix('/').map(|rest| rest.split('/'));
        let shown = shown(text);
        let within = |folder: &str| {
            let rest = text.strip_prefix(folder);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // A larger /dev/shm is a usual wish.
        if RUNTIME.iter().any(|folder| within(folder)) && text != "/dev/shm"
            || IMAGE.contains(&text)
        {
            return Err(format!(
                "is {shown}, which belongs to the runtime or to the programs of the image; name a \
                 folder of the service alone, like /app/cache"
            ));
        }
        if text.len() <= LONGEST && parts.is_some_and(|mut parts| parts.all(part)) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "is {shown}, which is no absolute path of letters, digits, . _ and -; write it like \
             /app/cache"
        ))
    }
}

impl TryFrom<&str> for Lists {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "commas" => Ok(Self::Commas),
            other => Err(format!("is {}; write json or commas", shown(other))),
        }
    }
}

impl Fact {
    /// Checks whether it is a number rather than a variable.
    pub(super) fn is_number(&self) -> bool {
        self.0.starts_with(|letter: char| letter.is_ascii_digit())
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) if number.is_u64() => Ok(Self(number.to_string())),
            Value::String(text) => Variable::try_from(text.as_str())
                .map(|variable| Self(variable.0))
                .map_err(de::Error::custom),
            _ => Err(de::Error::custom(
                "is neither a number nor a variable; write it like 8000 or \"PORT\"",
            )),
        }
    }
}

impl JsonSchema for Fact {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Fact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
            "examples": [8000],
        })
    }
}
