//! Kubernetes quantities: `100m`, `128Mi`, `0.5`, `1e3`.
//!
//! The grammar is that of `ParseQuantity` in `k8s.io/apimachinery/pkg/api/resource`, so that what
//! passes here passes there. Amounts must also be positive.

use std::cmp::Ordering;

use crate::deploy::toml_file::{shown, written_as_text};

/// Powers of two, as suffixes.
const BINARY: [(&str, i32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

/// Powers of ten, as suffixes.
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
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
        let Some(value) = parse(text) else {
            return Err(format!(
                "is {}, which is not a Kubernetes quantity; write it like 100m (of a CPU) or 128Mi",
                shown(text)
            ));
        };
        if value <= 0.0 {
            return Err(format!(
                "is {}, which is not positive; write an amount like 100m or 128Mi",
                shown(text)
            ));
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
    if whole
        .bytes()
        .chain(fraction.bytes())
        .all(|digit| digit == b'0')
    {
        return Some(0.0);
    }
    // The parser of the standard library rounds correctly, and a power of two adds no rounding.
    let number: f64 = format!(
        "{whole}{fraction}e{}",
        i64::from(decimal) - i64::try_from(fraction.len()).ok()?
    )
    .parse()
    .ok()?;
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
    let find = |table: &[(&str, i32)]| {
        let found = table.iter().find(|(name, _)| *name == suffix);
        found.map(|(_, power)| *power)
    };
    if let Some(power) = find(&BINARY) {
        return Some((power, 0));
    }
    if let Some(power) = find(&DECIMAL) {
        return Some((0, power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    exponent.parse().ok().map(|power| (0, power))
}

#[cfg(test)]
mod tests;
