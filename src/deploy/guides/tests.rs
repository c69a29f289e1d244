//! Unit tests of `guides`.

use proptest::prelude::*;

use super::*;
use crate::deploy::sample;

#[test]
fn the_tables_name_needs_and_recipes() {
    let tables = tables(&sample::service());
    let has = |name: &str, row: &str| {
        assert!(
            tables[name].contains(row),
            "{row}\nis not in\n{}",
            tables[name]
        );
    };
    has(
        "settings",
        "| `SERVER_PORT` |  | 1 to 65535 | `8000` | ConfigMap |\n",
    );
    has("settings", "| `SIGNING_KEY` |  |  | none | Secret |\n");
    has(
        "secrets",
        "| `SIGNING_KEY` | in production | Make one with `openssl rand -base64 32`. |\n",
    );
    has(
        "secrets",
        "| `DATABASE_URL` | with a database outside the process | Write",
    );
    has("production", "| `ENVIRONMENT` | `production` |");
    has("production", "| `DATABASE_URL` | Write the address");
    has("production", "| `SIGNING_KEY` | Make one");
    assert!(!tables["production"].contains("API_KEY"));
}

#[test]
fn a_page_is_filled_and_filled_again_is_the_same() {
    let tables = BTreeMap::from([("a", "| a |\n".to_owned()), ("b", "| b |\n".to_owned())]);
    let page = "x\n<!-- table: a -->\nold\n<!-- /table -->\ny\n<!-- table: b -->\n<!-- /table -->";
    let filled = fill(page, &tables).unwrap();
    assert_eq!(
        filled,
        "x\n<!-- table: a -->\n\n| a |\n\n<!-- /table -->\ny\n<!-- table: b -->\n\n| b |\n\n\
             <!-- /table -->"
    );
    assert_eq!(fill(&filled, &tables).unwrap(), filled);
}

#[test]
fn wrong_markers_are_all_named() {
    let tables = BTreeMap::from([("a", String::new())]);
    let page = "<!-- /table -->\n<!-- table: c -->\n<!-- table: a -->\n";
    let error = fill(page, &tables).unwrap_err().to_string();
    for wanted in [
        "line 1: ends a table that did not begin",
        "line 2: there is no table \"c\"; there are a",
        "line 2: the table has no end",
        "line 3: the table has no end",
    ] {
        assert!(error.contains(wanted), "{error}");
    }
}

proptest! {
    #[test]
    fn a_page_without_markers_stays_as_it_is(page in "(?s:.){0,200}") {
        prop_assume!(!page.contains("<!--"));
        prop_assert_eq!(fill(&page, &BTreeMap::new()), Ok(page));
    }
}
