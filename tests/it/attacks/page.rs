//! `docs/security.md` tells the truth: the tests that it names exist, and its bounds are the
//! defaults of the settings beside them.

use std::fs;
use std::path::Path;

use aura::config::Config;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every line of Rust below `folder`.
fn source(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.push_str(&source(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a file"));
        }
    }
    text
}

/// The cells of the table below the heading `Bounds`, row by row.
fn bounds() -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/security.md")).expect("the page");
    let (_, rest) = page.split_once("## Bounds").expect("its heading");
    let rows = rest.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

#[test]
fn every_bound_is_a_default_and_has_a_test() {
    let settings = Config::settings().expect("settings");
    let tests = source(&Path::new(ROOT).join("tests/it"));
    let rows = bounds();
    assert!(rows.len() > 20, "{rows:?}");
    for row in rows {
        let [what, bound, setting, _, test] = &row[..] else {
            panic!("five cells: {row:?}");
        };
        if let name @ [_, ..] = setting.trim_matches('`').as_bytes() {
            let name = std::str::from_utf8(name).expect("UTF-8");
            let setting = settings
                .get(name)
                .unwrap_or_else(|| panic!("no setting {name}"));
            let default = setting.default_text().expect("a default");
            let number: String = bound.chars().filter(|letter| *letter != ',').collect();
            let first = number.split_whitespace().next();
            assert_eq!(first, Some(default.as_str()), "{what}: {name}");
        }
        let test = test.trim_matches('`');
        let is_test =
            tests.contains(&format!("fn {test}(")) || tests.contains(&format!("mod {test};"));
        assert!(is_test, "{what}: no test {test}");
    }
}
