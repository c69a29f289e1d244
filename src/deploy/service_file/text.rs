//! Single values of `service.toml`, each with one way to be wrong.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::deploy::facts::LONGEST_NAME;
use crate::deploy::plan::Label;
use crate::deploy::toml_file::{ensure, shown, text_type, written_as_text};
use crate::schema::inline_schema;

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

text_type!(
    /// The name of a service: a DNS label that begins with a letter, as Services do on clusters
    /// without relaxed names (RFC 1035), and is short enough for the names that are made of it.
    pub(super) Name,
    "^[a-z]([a-z0-9-]{0,44}[a-z0-9])?$",
    "shop",
    name,
);

text_type!(
    /// A text on one line.
    pub(super) Word,
    r"^[^\x00-\x1f\x7f]{1,1000}$",
    "serve",
    word,
);

text_type!(
    /// The name of a variable.
    pub(super) Variable,
    "^[A-Za-z_][A-Za-z0-9_]*$",
    "PORT",
    |text| {
        let begins = text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        let is_right = begins && text.len() <= LONGEST && text.chars().all(is_word);
        ensure(is_right, text, "is not a name of letters, digits and _", "PORT")
    },
);

text_type!(
    /// The text between a section and its field.
    pub(super) Separator,
    "^[A-Za-z0-9_]{1,8}$",
    "__",
    |text| {
        let is_right = (1..=8).contains(&text.len()) && text.chars().all(is_word);
        ensure(is_right, text, "cannot be part of a variable", "__")
    },
);

text_type!(
    /// A released version, which becomes the tag of an image.
    pub(super) Version,
    r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$",
    "1.4.0",
    |text| {
        let rest = |letter: char| is_word(letter) || matches!(letter, '.' | '+' | '-');
        let is_right = text.starts_with(is_word) && text.chars().all(rest);
        let is_short = text.len() <= LONGEST_VERSION;
        ensure(is_right && is_short, text, "cannot be the tag of an image", "1.4.0")
    },
);

text_type!(
    /// The path of a route.
    pub(super) UrlPath,
    "^/[!-~]*$",
    "/health",
    |text| {
        let graphic = text.chars().all(|letter| letter.is_ascii_graphic());
        let is_right = text.starts_with('/') && graphic && text.len() <= LONGEST;
        ensure(is_right, text, "is not a path of a route", "/health")
    },
);

text_type!(
    /// An absolute path in the image.
    pub(super) Folder,
    "^(/[A-Za-z0-9._-]+)+$",
    "/app/cache",
    folder,
);

/// Spelling of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Json,
    Commas,
}

/// A number, or the variable that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact(String);

written_as_text!(Lists, "^(json|commas)$", "json");

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn name(text: &str) -> Result<(), String> {
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
    Ok(())
}

fn word(text: &str) -> Result<(), String> {
    let problem = if text.is_empty() {
        "is empty; take it out"
    } else if text.contains(char::is_control) {
        "has a control character; write it on one line"
    } else if text.chars().count() > LONGEST {
        "has more than 1000 characters; shorten it"
    } else {
        return Ok(());
    };
    Err(problem.to_owned())
}

fn folder(text: &str) -> Result<(), String> {
    let plain = |letter: char| is_word(letter) || matches!(letter, '.' | '-');
    let part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(plain);
    let within = |folder: &str| {
        let rest = text.strip_prefix(folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // A larger /dev/shm is a usual wish.
    let of_runtime = RUNTIME.iter().any(|folder| within(folder)) && text != "/dev/shm";
    if of_runtime || IMAGE.contains(&text) {
        let shown = shown(text);
        return Err(format!(
            "is {shown}, which belongs to the runtime or to the programs of the image; name a \
             folder of the service alone, like /app/cache"
        ));
    }
    let parts = text.strip_prefix('/').map(|rest| rest.split('/'));
    let is_right = text.len() <= LONGEST && parts.is_some_and(|mut parts| parts.all(part));
    let problem = "is not an absolute path of letters, digits, . _ and -";
    ensure(is_right, text, problem, "/app/cache")
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

impl From<Fact> for String {
    fn from(fact: Fact) -> Self {
        fact.0
    }
}

impl Fact {
    /// The number or the variable.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

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
                .map(|variable| Self(variable.into()))
                .map_err(de::Error::custom),
            _ => Err(de::Error::custom(
                "is neither a number nor a variable; write it like 8000 or \"PORT\"",
            )),
        }
    }
}

inline_schema!(Fact, {
    "type": ["integer", "string"],
    "minimum": 0,
    "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
    "examples": [8000],
});
