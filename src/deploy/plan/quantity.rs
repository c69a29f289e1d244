//! Kubernetes quantities: `100m`, `128Mi`, `0.5`, `1e3`.
//!
//! The grammar is that of `ParseQuantity` in `k8s.io/apimachinery/pkg/api/resource`, so that what
//! passes here passes there. Amounts must also be positive.

use std::cmp::Ordering;

use crate::deploy::toml_file::{shown, written_as_text};

/// Suffixes, each with the powers of two and of ten that it stands for.
const SUFFIXES: [(&str, i32, i32); 16] = [
    ("Ki", 10, 0),
    ("Mi", 20, 0),
    ("Gi", 30, 0),
    ("Ti", 40, 0),
    ("Pi", 50, 0),
    ("Ei", 60, 0),
    ("n", 0, -9),
    ("u", 0, -6),
    ("m", 0, -3),
    ("", 0, 0),
    ("k", 0, 3),
    ("M", 0, 6),
    ("G", 0, 9),
    ("T", 0, 12),
    ("P", 0, 15),
    ("E", 0, 18),
];

/// A positive amount of a resource, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantity {
    text: String,
    /// Correctly rounded, so that equal amounts are equal however they are written.
    value: f64,
}

written_as_text!(
    Quantity,
    r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
    "128Mi"
);

impl Quantity {
    /// The amount as it is written.
    #[must_use]
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Which of two amounts is more.
    #[must_use]
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.value.total_cmp(&other.value)
    }
}

/// The amount that a quantity of Kubernetes stands for; none where it stands for none.
pub(crate) fn amount(text: &str) -> Option<f64> {
    parse(text).filter(|amount| *amount > 0.0)
}

impl TryFrom<&str> for Quantity {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| Err(format!("is {}, which is not {problem}", shown(text)));
        let Some(value) = parse(text) else {
            return wrong("a Kubernetes quantity; write it like 100m (of a CPU) or 128Mi");
        };
        if value <= 0.0 {
            return wrong("positive; write an amount like 100m or 128Mi");
        }
        let text = text.to_owned();
        Ok(Self { text, value })
    }
}

fn parse(text: &str) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, rest) = digits(rest);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    let (binary, decimal) = scale(suffix)?;
    let mut digits = whole.bytes().chain(fraction.bytes());
    if digits.all(|digit| digit == b'0') {
        return Some(0.0);
    }
    // The parser of the standard library rounds correctly, and a power of two adds no rounding.
    let power = i64::from(decimal) - i64::try_from(fraction.len()).ok()?;
    let number: f64 = format!("{whole}{fraction}e{power}").parse().ok()?;
    // Kubernetes rounds the smallest amounts up, never to nothing.
    let value = (number * 2_f64.powi(binary)).max(f64::MIN_POSITIVE);
    Some(if negative { -value } else { value })
}

/// The digits that `text` begins with, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(end)
}

/// The powers of two and of ten that `suffix` stands for.
fn scale(suffix: &str) -> Option<(i32, i32)> {
    let known = SUFFIXES.iter().find(|(name, ..)| *name == suffix);
    let exponent = || suffix.strip_prefix(['e', 'E'])?.parse().ok();
    let known = known.map(|(_, binary, decimal)| (*binary, *decimal));
    known.or_else(|| Some((0, exponent()?)))
}

#[cfg(test)]
mod tests;
