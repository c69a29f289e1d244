//! `docs/audit.md` lists what is recorded, all of it and nothing else.

use std::path::Path;

use aura::audit::Action;

#[test]
fn the_page_lists_every_action_as_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md");
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("| action |"));
    let rows: Vec<&str> = rows
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = Action::ALL
        .iter()
        .map(|action| format!("| `{}` | {} |", action.as_str(), action.docs()))
        .collect();
    assert_eq!(
        rows, expected,
        "the table of docs/audit.md is that of src/audit/action.rs"
    );
}
