//! Unit tests of `quantity`.

use proptest::prelude::*;

use super::*;
use crate::deploy::plan::example::texts;

fn quantity(text: &str) -> Quantity {
    Quantity::try_from(text).unwrap()
}

#[test]
fn positive_quantities_of_kubernetes_are_read_and_no_others() {
    texts::<Quantity>(
        "1 100m 0.5 128Mi 1G 1E 1Ei 1e3 1E-3 1e+3 .5 5. 1.Gi +1 007 1n 1u 1k 12e6",
        r#"
        "" ! quantity
        " 1" ! quantity
        "1 " ! quantity
        1Kb 1ki 1K 1g 1mi 1e 1E5m 1Ee5 1mm 1.2.3 x ! quantity
        1_000 0x10 1e1.5 --1 1e5k ¹ 1e99999999999 inf NaN ! quantity
        0 0m -1 -0.5Gi 0.0 + . - m 00Ki ! positive
        "#,
    );
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
        let order = quantity(a).compare(&quantity(b));
        assert_eq!(order, Ordering::Equal, "{a} {b}");
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
