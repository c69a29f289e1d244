//! Unit tests of `tree`.

use proptest::prelude::*;

use super::*;

fn faults(text: &str) -> String {
    let mut report = Report::of("deploy.toml");
    parse(text, &mut report);
    report.finish(false).unwrap_err().to_string()
}

#[test]
fn syntax_has_line_and_column() {
    let text = faults("image = \"a\"\n\nä = 1\n[x\n");
    assert!(text.contains("deploy.toml:3:1: invalid TOML"), "{text}");
    assert!(text.contains("deploy.toml:4:3: invalid TOML"), "{text}");
    let text = faults("a = 1\n  a = 2\n");
    assert!(
        text.contains("deploy.toml:2:3: invalid TOML: duplicate key"),
        "{text}"
    );
}

#[test]
fn columns_are_characters_however_long_the_line() {
    let text = format!("a = \"{}\", b = 1", "é".repeat(3_000));
    let lines = Lines::of(&text);
    let offset = text.find("b =").unwrap();
    assert_eq!(lines.position(offset), (1, 3_008 + 1));
    assert_eq!(lines.position(text.len()), (1, text.chars().count() + 1));
}

#[test]
fn dates_and_odd_numbers_are_refused() {
    let text = faults("a = 2026-01-01\nb = inf\nc = [1, 99999999999999999999]\n");
    assert!(text.contains("deploy.toml:1:1 a: is a date"), "{text}");
    assert!(
        text.contains("deploy.toml:2:1 b: is not a finite number"),
        "{text}"
    );
    assert!(
        text.contains("deploy.toml:3:9 c[1]: is a number out"),
        "{text}"
    );
}

#[test]
fn a_broken_line_is_not_quoted() {
    for text in [
        "x = \"postgres://u:canary@db",
        "x = canary",
        "canary@ = 1",
        "x = 'canary\n'",
    ] {
        let fault = faults(text);
        assert!(!fault.contains("canary"), "{fault}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9=\\[\\]\"'.#\\n\\t {},ä-]{0,40}") {
        let mut report = Report::of("deploy.toml");
        let tree = parse(&text, &mut report);
        prop_assert!(tree.is_some() || report.finish(false).is_err());
    }
}
