//! Unit tests of `chart`.

use proptest::prelude::*;

use super::*;

fn requests<'a>(all: &'a [u64], errors: &'a [u64]) -> Chart<'a> {
    Chart {
        name: "Requests",
        all,
        part: Some(("errors", errors)),
        adds_up: true,
    }
}

#[test]
fn chart_without_numbers_is_a_base_line_and_a_title() {
    for numbers in [&[] as &[u64], &[0; 60]] {
        let svg = requests(numbers, numbers).svg().unwrap();
        assert!(svg.contains(r#"viewBox="0 0 240 56""#), "{svg}");
        assert!(svg.contains("<title>Requests: none in the last hour</title>"));
        assert!(!svg.contains("chart-all") && !svg.contains("chart-part"));
        assert!(svg.contains(">0</text>"), "{svg}");
    }
}

#[test]
fn bar_stands_at_its_minute() {
    let mut all = [0; 60];
    all[30] = 7;
    let svg = requests(&all, &[0; 60]).svg().unwrap();
    assert!(svg.contains(r#"d="M122 55v-43""#), "{svg}");
    let title = "Requests in the last hour: 7, at most 7 a minute; errors: 0";
    assert!(svg.contains(title), "{svg}");
    assert!(svg.contains(">7</text>") && !svg.contains("chart-part"));
}

#[test]
fn path_scales_bars_and_keeps_the_smallest_visible() {
    assert_eq!(path(&[43, 0, 0, 10, 1], 43), "M2 55v-43m12 43v-10m4 10v-1");
    assert_eq!(path(&[1_000_000, 1], 1_000_000), "M2 55v-43m4 43v-1");
}

#[test]
fn chart_of_the_largest_numbers_fits() {
    let svg = requests(&[u64::MAX; 60], &[1; 60]).svg().unwrap();
    assert!(svg.contains(">18E</text>"), "{svg}");
    assert!(svg.contains("18,446,744,073,709,551,615, at most"), "{svg}");
    assert!(svg.len() < 2500, "{}", svg.len());
}

#[test]
fn chart_of_a_queue_length_has_no_sum() {
    let chart = Chart {
        name: "Passwords waiting",
        all: &[0, 4, 2],
        part: None,
        adds_up: false,
    };
    let svg = chart.svg().unwrap();
    let title = "<title>Passwords waiting in the last hour: at most 4</title>";
    assert!(svg.contains(title), "{svg}");
}

#[test]
fn short_and_grouped_format_numbers() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1_299, "1.2k"),
        (12_999, "12k"),
        (3_450_000, "3.4M"),
        (u64::MAX, "18E"),
    ] {
        assert_eq!(short(number), text);
    }
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(1_000_000), "1,000,000");
}

#[test]
fn chart_escapes_names_and_needs_no_inline_style() {
    let chart = Chart {
        name: "</title><script>",
        all: &[1],
        part: None,
        adds_up: true,
    };
    let svg = chart.svg().unwrap();
    assert!(!svg.contains("<script") && !svg.contains("style="), "{svg}");
    assert_eq!(svg.matches("<title>").count(), 1);
    assert!(!svg.contains('\n'), "{svg}");
}

proptest! {
    #[test]
    fn chart_of_any_hour_stays_small(
        all in proptest::collection::vec(any::<u64>(), 60),
        errors in proptest::collection::vec(any::<u64>(), 60),
    ) {
        let svg = requests(&all, &errors).svg().unwrap();
        prop_assert!(svg.len() < 2500, "{}", svg.len());
    }
}
