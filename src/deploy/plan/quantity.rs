//! Kubernetes quantities: `100m`, `128Mi`, `0.5`, `1e3`.
//!
//! The grammar is that of `ParseQuantity` in `k8s.io/apimachinery/pkg/api/resource`, so that what
//! passes here passes there. Amounts must also be positive.

use std::cmp::Ordering;

use super::text::{shown, written_as_text};

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
pub(in crate::deploy) fn amount(text: &str) -> Option<f64> {
    parse(text).filter(|amount| *amount > 0.0)
}

impl TryFrom<&str> for Quantity {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let Some(value) = parse(text) else {
            return Err(format!(
                "is {}, which is no Kubernetes quantity; write it like 100m (of a CPU) or 128Mi",
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::try_from(text).unwrap()
    }

    #[test]
    fn what_kubernetes_takes_is_taken() {
        for good in [
            "1", "100m", "0.5", "128Mi", "1G", "1E", "1Ei", "1e3", "1E-3", "1e+3", ".5", "5.",
            "1.Gi", "+1", "007", "1n", "1u", "1k", "12e6",
        ] {
            assert!(Quantity::try_from(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            " 1",
            "1 ",
            "1Kb",
            "1ki",
            "1K",
            "1g",
            "1mi",
            "1e",
            "1E5m",
            "1Ee5",
            "1mm",
            "1.2.3",
            "m",
            "x",
            "1_000",
            "0x10",
            "1e1.5",
            "--1",
            "1e5k",
            "¹",
            "1e99999999999",
            "inf",
            "NaN",
        ] {
            assert!(Quantity::try_from(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_positive() {
        for wrong in ["0", "0m", "-1", "-0.5Gi", "0.0", "+", ".", "-", "00Ki"] {
            let error = Quantity::try_from(wrong).unwrap_err();
            assert!(
                error.contains("quantity") || error.contains("positive"),
                "{error}"
            );
        }
    }

    #[test]
    fn equal_amounts_are_equal_however_written() {
        for (a, b) in [
            ("1000m", "1"),
            ("300m", "0.3"),
            ("1Gi", "1024Mi"),
            ("1Ki", "1024"),
            ("1e3", "1k"),
            ("0.5Gi", "512Mi"),
            ("0.1Gi", "107374182.4"),
        ] {
            assert_eq!(
                quantity(a).compare(&quantity(b)),
                Ordering::Equal,
                "{a} {b}"
            );
        }
        assert_eq!(quantity("1M").compare(&quantity("1Mi")), Ordering::Less);
        assert_eq!(quantity("1500m").compare(&quantity("1")), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn anything_written_by_the_grammar_is_read_and_kept(
            whole in 1_u32..1_000_000,
            fraction in proptest::option::of("[0-9]{0,6}"),
            suffix in "([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?",
        ) {
            let fraction = fraction.map_or(String::new(), |digits| format!(".{digits}"));
            let text = format!("{whole}{fraction}{suffix}");
            let read = Quantity::try_from(text.as_str()).unwrap();
            prop_assert_eq!(read.as_str(), text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+.0-9eEinumkKMGTPx ]{0,8}") {
            let _ = Quantity::try_from(text.as_str());
        }

        #[test]
        fn milli_and_whole_compare_like_numbers(a in 1_u32..10_000, b in 1_u32..10) {
            let order = quantity(&format!("{a}m")).compare(&quantity(&b.to_string()));
            prop_assert_eq!(order, a.cmp(&(b * 1000)));
        }
    }
}
