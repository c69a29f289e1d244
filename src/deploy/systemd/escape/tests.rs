//! Unit tests of `escape`.

use proptest::prelude::*;

use super::*;

/// An argument as systemd reads it.
fn read_argument(written: &str) -> String {
    let inner = written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut read = String::new();
    let mut letters = inner.unwrap_or(written).chars();
    while let Some(letter) = letters.next() {
        read.extend(match letter {
            '\\' if inner.is_some() => letters.next(),
            '%' | '$' => {
                assert_eq!(letters.next(), Some(letter), "{written}");
                Some(letter)
            }
            ' ' | '"' | '\'' | ';' if inner.is_none() => panic!("unquoted: {written}"),
            '"' => panic!("a quote ends early: {written}"),
            letter => Some(letter),
        });
    }
    read
}

/// The value of an assignment as systemd reads it.
fn read_assignment(line: &str) -> String {
    let (_, written) = line.split_once('=').unwrap();
    let Some(inner) = written.strip_prefix('"') else {
        assert!(
            !written.contains([' ', '\\', '\'', '"', '#', ';']),
            "{line}"
        );
        return written.to_owned();
    };
    let mut read = String::new();
    let mut letters = inner.strip_suffix('"').unwrap().chars();
    while let Some(letter) = letters.next() {
        assert_ne!(letter, '"', "{line}");
        read.extend(if letter == '\\' {
            letters.next()
        } else {
            Some(letter)
        });
    }
    read
}

proptest! {
    #[test]
    fn systemd_reads_texts_as_they_were(text in "[ -~äß€]{0,40}") {
        prop_assert_eq!(read_argument(&argument(&text).unwrap()), text.clone());
        prop_assert_eq!(read_assignment(&assignment("NAME", &text).unwrap()), text.clone());
        if let Ok(written) = value(&text) {
            prop_assert_eq!(written.replace("%%", "%"), text.clone());
            prop_assert!(!written.replace("%%", "").contains('%'));
        }
    }

    #[test]
    fn nothing_reaches_a_second_line(text in ".{0,20}\\PC?", bad in "[\\x00-\\x1f\\x7f]") {
        let text = format!("{text}{bad}x");
        prop_assert!(value(&text).is_err());
        prop_assert!(argument(&text).is_err());
        prop_assert!(assignment("NAME", &text).is_err());
    }
}

#[test]
fn plain_words_stay_plain() {
    assert_eq!(argument("serve").unwrap(), "serve");
    assert_eq!(argument("--a=b").unwrap(), "--a=b");
    assert_eq!(argument("").unwrap(), "\"\"");
    assert_eq!(argument(";").unwrap(), "\";\"");
    assert_eq!(argument("5$ %d").unwrap(), "\"5$$ %%d\"");
    assert_eq!(program("/opt/a$b").unwrap(), "/opt/a$b");
    assert!(value("ends in \\").is_err());
}
