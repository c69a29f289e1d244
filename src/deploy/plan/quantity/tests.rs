//! Unit tests of `quantity`.

use proptest::prelude::*;

use super::*;

fn quantity(text: &str) -> Quantity {
    Quantity::try_from(text).unwrap()
}

#[test]
fn what_kubernetes_takes_is_taken() {
    for good in [
        "1", "100m", "0.5", "128Mi", "1G", "1E", "1Ei", "1e3", "1E-3", "1e+3", ".5", "5.", "1.Gi",
        "+1", "007", "1n", "1u", "1k", "12e6",
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
