//! Unit tests of `created`.

use proptest::prelude::*;

use super::*;

fn printed(text: &str) -> String {
    text.parse::<Created>().unwrap().to_string()
}

#[test]
fn seconds_and_rfc_3339_are_read() {
    assert_eq!(Created::default().to_string(), "1970-01-01T00:00:00Z");
    assert_eq!(printed("0"), "1970-01-01T00:00:00Z");
    assert_eq!(printed("1790635395"), "2026-09-28T22:43:15Z");
    assert_eq!(printed("2026-11-25T12:00:00Z"), "2026-11-25T12:00:00Z");
    assert_eq!(
        printed("2026-11-25T12:00:00.9+02:00"),
        "2026-11-25T10:00:00Z"
    );
}

#[test]
fn an_invalid_time_is_refused() {
    for wrong in [
        "",
        "-1",
        "now",
        "2026-11-25",
        "1e9",
        "99999999999999999999",
        "1969-12-31T23:59:59Z",
    ] {
        let error = wrong.parse::<Created>().unwrap_err().to_string();
        assert!(error.contains("RFC 3339"), "{wrong}: {error}");
    }
}

proptest! {
    #[test]
    fn a_time_is_read_as_it_is_printed(seconds in 0u64..253_402_300_800) {
        let time: Created = seconds.to_string().parse().unwrap();
        prop_assert_eq!(time.to_string().parse::<Created>().unwrap(), time);
    }
}
