//! Unit tests of `configuration`.

use super::*;
use crate::dashboard::hostile::{HOSTILE, is_text};

#[test]
fn spans_between_backquotes_are_code() {
    assert_eq!(
        spans("set `A` or `B`"),
        [
            (false, "set "),
            (true, "A"),
            (false, " or "),
            (true, "B"),
            (false, "")
        ]
    );
}

#[test]
fn settings_and_searches_are_escaped() {
    let page = |query| {
        let setting = Setting {
            name: HOSTILE,
            value: HOSTILE,
            origin: HOSTILE,
            object: (HOSTILE, HOSTILE, HOSTILE),
            advice: vec![spans(HOSTILE)],
            docs: spans(HOSTILE),
        };
        let section = Section {
            title: HOSTILE,
            docs: spans(HOSTILE),
            settings: vec![setting],
        };
        let body = Page {
            environment: HOSTILE,
            query,
            found: 1,
            advised: vec![(HOSTILE, spans(HOSTILE))],
            sections: vec![section],
        };
        body.to_string()
    };
    // The environment. Section: the link, its title, the docs. Setting: id and name, value, origin,
    // three of the object, advice, docs.
    let always = 1 + 3 + 2 + 1 + 1 + 3 + 1 + 1;
    // Advice: the link, its name, the words.
    is_text(&page(""), always + 3);
    is_text(&page(HOSTILE), always + 1);
}
