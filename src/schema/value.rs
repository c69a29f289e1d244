//! From the text of one variable to the value its schema asks for.
//!
//! The text comes from `source.rs`; the meaning of a value beyond its kind and range is decided by
//! the type it is deserialised into.

use std::net::SocketAddr;

use serde_json::{Number, Value};

use super::fault::{Fault, FaultKind};
use super::setting::{Kind, Setting};
use super::spelling::Reader;
use super::{node, rules};

/// The text that generated files hold in place of a value that only the operator knows.
///
/// The loader refuses it anywhere, so that a file that was rendered and never filled in cannot
/// start a service.
pub const SET_ME: &str = "__AURA_SET_ME__";

/// Longer values are cut in messages.
const SHOWN_CHARACTERS: usize = 60;

impl Setting {
    /// Reads `text` as the loader does; none where it counts as unset.
    ///
    /// # Errors
    /// The fault of the text. The text of a secret is not quoted.
    pub fn parse(&self, text: &str) -> Result<Option<Value>, Fault> {
        parse(self, text)
    }
}

fn parse(setting: &Setting, text: &str) -> Result<Option<Value>, Fault> {
    refuse_placeholder(&setting.name, text)?;
    refuse_service_link(setting, text)?;
    if text.is_empty() {
        let value = empty(setting)?;
        if let Some(value) = &value {
            by_rules(setting, text, value)?;
        }
        return Ok(value);
    }
    refuse_control_characters(setting, text)?;
    refuse_blank_ends(setting, text)?;
    let value = match &setting.kind {
        Kind::Json => json(setting, text)?,
        Kind::List(items) if setting.reader == Reader::Json => json_list(setting, items, text)?,
        Kind::List(items) => {
            let entries = text.split(',').map(str::trim);
            let entries = entries.map(|entry| match entry {
                "" => Err(invalid(
                    setting,
                    format!("{} has an empty entry", shown(setting, text)),
                    "separate the entries by one comma each",
                )),
                entry => scalar(setting, items, entry),
            });
            Value::Array(entries.collect::<Result<_, _>>()?)
        }
        kind => scalar(setting, kind, text)?,
    };
    by_rules(setting, text, &value)?;
    Ok(Some(value))
}

/// A fault where the schema allows no such value. A secret is the program's to judge.
fn by_rules(setting: &Setting, text: &str, value: &Value) -> Result<(), Fault> {
    let is_null = setting.optional && value.is_null();
    if setting.rules.is_null() || setting.secret || is_null {
        return Ok(());
    }
    let whole = matches!(setting.kind, Kind::List(_) | Kind::Json);
    // The digits of a number count, and a float has others.
    let written = Value::from(text);
    let Err(problem) = rules::check(&setting.rules, if whole { value } else { &written }) else {
        return Ok(());
    };
    let as_json = || {
        let value: Value = serde_json::from_str(text).ok()?;
        let holds = value.is_array() || value.is_object();
        (holds && rules::check(&setting.rules, &value).is_ok()).then_some(())
    };
    // One of several kinds may be a list or a map.
    if setting.kind == Kind::String && as_json().is_some() {
        return Ok(());
    }
    let problem = format!("is {}, which {problem}", shown(setting, text));
    let remedy = "write a value that the schema allows";
    Err(invalid(setting, problem, remedy))
}

/// A fault where `text` still holds the placeholder of a generated file.
pub(super) fn refuse_placeholder(name: &str, text: &str) -> Result<(), Fault> {
    if !text.contains(SET_ME) {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::Placeholder,
        name,
        format!("still holds the placeholder {SET_ME}"),
        "put the real value in its place",
    ))
}

/// Checks whether `text` is a link that Kubernetes puts into `<SERVICE>_PORT`.
pub(super) fn is_service_link(text: &str) -> bool {
    ["tcp://", "udp://", "sctp://"]
        .into_iter()
        .filter_map(|scheme| text.strip_prefix(scheme))
        .any(|address| address.parse::<SocketAddr>().is_ok())
}

/// Remedy for a service link.
pub(super) const UNLINK: &str =
    "set enableServiceLinks: false in the pod spec, or rename the Service";

fn refuse_service_link(setting: &Setting, text: &str) -> Result<(), Fault> {
    if !is_service_link(text) {
        return Ok(());
    }
    Err(Fault::new(
        FaultKind::ServiceLink,
        &setting.name,
        format!(
            "{} is a Kubernetes service link, made for a Service of that name",
            shown(setting, text)
        ),
        UNLINK,
    ))
}

fn json(setting: &Setting, text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| {
        let (shown, at) = (shown(setting, text), error.column());
        let problem = format!("is {shown}, which is not JSON (character {at})");
        invalid(setting, problem, "write it as JSON")
    })
}

fn json_list(setting: &Setting, items: &Kind, text: &str) -> Result<Value, Fault> {
    let value = json(setting, text)?;
    let Value::Array(entries) = &value else {
        let problem = format!("is {}, which is not a list", shown(setting, text));
        return Err(invalid(setting, problem, "write it like [\"a\", \"b\"]"));
    };
    for entry in entries {
        scalar(setting, items, &node::text(entry))?;
    }
    Ok(value)
}

fn empty(setting: &Setting) -> Result<Option<Value>, Fault> {
    match setting.kind {
        Kind::String if setting.reader != Reader::Loader => Ok(Some(Value::from(""))),
        // Only the loader takes an empty text for none.
        _ if setting.reader != Reader::Loader => Err(Fault::new(
            FaultKind::Empty,
            &setting.name,
            "is empty",
            "give it a value or take it out",
        )),
        _ if setting.optional => Ok(None),
        Kind::List(_) => Ok(Some(Value::Array(Vec::new()))),
        _ => Err(Fault::new(
            FaultKind::Empty,
            &setting.name,
            "is empty",
            match setting.allowed() {
                Some(allowed) => format!("allowed: {allowed}; or remove the variable"),
                None => "give it a value or remove the variable".to_owned(),
            },
        )),
    }
}

fn refuse_control_characters(setting: &Setting, text: &str) -> Result<(), Fault> {
    let allowed = |c: char| setting.multiline() && matches!(c, '\n' | '\r' | '\t');
    let Some((at, bad)) = text
        .chars()
        .enumerate()
        .find(|&(_, c)| c.is_control() && !allowed(c))
    else {
        return Ok(());
    };
    let what = match bad {
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        '\0' => "a NUL".to_owned(),
        other => format!("the control character U+{:04X}", u32::from(other)),
    };
    Err(invalid(
        setting,
        format!("has {what} as character {}", at + 1),
        "remove it",
    ))
}

/// A secret that was copied with a blank, or saved with a byte-order mark, is another secret, which
/// no one sees. Keys in PEM are read without them.
fn refuse_blank_ends(setting: &Setting, text: &str) -> Result<(), Fault> {
    let blank = |c: char| c.is_whitespace() || is_invisible(c);
    let ends = [
        ("begins", text.chars().next()),
        ("ends", text.chars().last()),
    ];
    let odd = ends.into_iter().find(|(_, end)| end.is_some_and(blank));
    match odd {
        Some((place, _)) if setting.secret && !setting.multiline() => Err(invalid(
            setting,
            format!("{place} with a blank, a byte-order mark or another invisible character"),
            "remove it: it would be part of the secret",
        )),
        _ => Ok(()),
    }
}

/// Checks for characters that no one sees: controls, format characters and default ignorables
/// (Unicode 16, `Cf` and `Default_Ignorable_Code_Point`).
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
            | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn scalar(setting: &Setting, kind: &Kind, text: &str) -> Result<Value, Fault> {
    let value = match kind {
        Kind::String | Kind::List(_) | Kind::Json => Some(Value::from(text)),
        Kind::Enum => setting
            .variants
            .iter()
            .any(|variant| variant.value == text)
            .then(|| Value::from(text)),
        Kind::Boolean => match text {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Integer => integer(setting, text).map(Value::Number),
        Kind::Number => number(setting, text).map(Value::Number),
    };
    value.ok_or_else(|| {
        let what = match kind {
            Kind::Integer => ", which is not a whole number in range",
            Kind::Number => ", which is not a number in range",
            Kind::String | Kind::Boolean | Kind::Enum | Kind::List(_) | Kind::Json => "",
        };
        let allowed = setting
            .allowed()
            .map(|allowed| format!("allowed: {allowed}"));
        invalid(
            setting,
            format!("is {}{what}", shown(setting, text)),
            allowed.unwrap_or_else(|| "write it with digits".to_owned()),
        )
    })
}

fn integer(setting: &Setting, text: &str) -> Option<Number> {
    let value: i128 = text.parse().ok()?;
    let low = setting.minimum.as_ref().and_then(Number::as_i128);
    let high = setting.maximum.as_ref().and_then(Number::as_i128);
    if low.is_some_and(|low| value < low) || high.is_some_and(|high| value > high) {
        return None;
    }
    Number::from_i128(value)
}

fn number(setting: &Setting, text: &str) -> Option<Number> {
    let value: f64 = text.parse().ok()?;
    let low = setting.minimum.as_ref().and_then(Number::as_f64);
    let high = setting.maximum.as_ref().and_then(Number::as_f64);
    let above = setting.exclusive_minimum.as_ref().and_then(Number::as_f64);
    let below = setting.exclusive_maximum.as_ref().and_then(Number::as_f64);
    if low.is_some_and(|low| value < low)
        || high.is_some_and(|high| value > high)
        || above.is_some_and(|above| value <= above)
        || below.is_some_and(|below| value >= below)
    {
        return None;
    }
    Number::from_f64(value)
}

/// `text` as a message may quote it.
pub(super) fn shown(setting: &Setting, text: &str) -> String {
    // A map may hold a password under any key.
    let is_map = setting.kind == Kind::Json || text.trim_start().starts_with(['{', '[']);
    if setting.secret || is_map || has_login(text) {
        return "the value given".to_owned();
    }
    quoted(text)
}

/// Checks for a URL with user information, which may hold a password wherever it was put.
pub(super) fn has_login(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| rest.contains('@'))
}

/// `text` in quotes, escaped, and cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn invalid(setting: &Setting, problem: String, remedy: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Invalid, &setting.name, problem, remedy)
}

#[cfg(test)]
mod tests;
