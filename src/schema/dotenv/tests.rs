//! Unit tests of `dotenv`.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Vec<(String, String)> {
    let pair = |one: Assignment| (one.name, one.value);
    dotenv(text).map(|one| pair(one.unwrap())).collect()
}

#[test]
fn the_usual_ways_to_write_a_variable_are_read() {
    let text = "# c\n\nA=1\nexport B = two words # c\nC='it # is'\nD=\"a\\\"b\\n\"\nE=\nF=x#y\n";
    let expected = [
        ("A", "1"),
        ("B", "two words"),
        ("C", "it # is"),
        ("D", "a\"b\n"),
        ("E", ""),
        ("F", "x#y"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(read(text), expected);
    // As an editor on Windows saves it.
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(read(&windows), expected);
    assert_eq!(read("\u{feff}A=1"), [("A".to_owned(), "1".to_owned())]);
}

#[test]
fn a_line_without_an_assignment_is_told_by_its_number() {
    let lines: Vec<_> = dotenv("A=1\ncanary-9\nB=\"canary-9\n1A=2\n").collect();
    assert!(lines[0].is_ok());
    assert_eq!(lines[1..], [Err(2), Err(3), Err(4)]);
}

proptest! {
    #[test]
    fn a_quoted_value_reads_back(text in "[ -~ä€]{0,30}") {
        let quoted = text.replace('\\', r"\\").replace('"', "\\\"").replace('$', "\\$");
        let variables = read(&format!("A=\"{quoted}\""));
        prop_assert_eq!(&variables[0].1, &text);
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,60}") {
        let _ = dotenv(&text).count();
    }
}
