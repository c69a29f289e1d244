//! Unit tests of `users`.

use poem_openapi::types::Example as _;

use super::*;
use crate::dashboard::hostile::{HOSTILE, is_text};

fn html(rows: Vec<Row>, query: &str) -> String {
    let pager = Pager {
        first: format!("/users?q={}", escape(HOSTILE)),
        next: String::new(),
        onward: "Next page",
    };
    let body = Users {
        query: query.to_owned(),
        role: query.to_owned(),
        states: Vec::new(),
        orders: Vec::new(),
        filtered: !query.is_empty(),
        after: String::new(),
        first: String::new(),
        total: String::new(),
        rows,
        pager,
    };
    body.to_string()
}

#[test]
fn accounts_and_searches_are_escaped() {
    let row = Row {
        account: Account {
            email: HOSTILE.to_owned(),
            roles: vec![HOSTILE.to_owned()],
            ..Account::example()
        },
        since: Moment(crate::clock::Timestamp::from_millis(0)),
        last_sign_in: None,
    };
    is_text(&html(vec![row], ""), 2);
    // In the fields of text and role.
    is_text(&html(Vec::new(), HOSTILE), 2);
}

#[test]
fn role_names_are_split_at_spaces_and_commas() {
    assert_eq!(role_names(" a, b  c;d"), ["a", "b", "c", "d"]);
    assert!(role_names(" , ").is_empty());
}
