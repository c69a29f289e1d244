//! Each sort of change, as data and as text.

use serde_json::{Value, json};

use super::*;

fn settings(properties: &Value) -> Settings {
    Settings::from_schema(&json!({ "properties": properties })).unwrap()
}

fn note(old: &Value, new: &Value) -> Note {
    upgrade_note(&settings(old), &settings(new))
}

#[test]
fn equal_settings_have_not_changed() {
    let same = json!({ "a": { "type": "integer", "default": 3 } });
    let note = note(&same, &same);
    assert!(note.is_empty());
    assert_eq!(note.to_string(), "No setting has changed.\n");
}

#[test]
fn added_and_removed_settings_are_listed() {
    let old = json!({ "old_thing": { "type": "string" } });
    let new = json!({
        "key": { "type": "string", "description": "A `key`.", "writeOnly": true,
            "default": "sqlite://canary", "x-required-in": ["production"] },
        "size": { "type": "integer", "default": 3 },
    });
    let note = note(&old, &new);
    assert_eq!(note.removed, ["OLD_THING"]);
    assert_eq!(note.added.len(), 2);
    assert_eq!(
        note.to_string(),
        "# What changed of the settings\n\n## To do\n\n- Set `KEY` in production.\n\
         - Remove `OLD_THING`; it is no longer read.\n\n## Added\n\n- `KEY`: A `key`. (secret)\n\
         - `SIZE` (default `3`)\n\n## Removed\n\n- `OLD_THING`\n"
    );
    assert!(!serde_json::to_string(&note).unwrap().contains("canary"));
}

#[test]
fn a_setting_keeps_its_docs_or_nearly_its_name_when_it_is_renamed() {
    let old = json!({
        "here": { "type": "integer", "description": "Just this one." },
        "redis": { "properties": { "auth_db": { "type": "integer", "default": 1 } } },
        "other": { "type": "string", "description": "Something." },
    });
    let new = json!({
        "there": { "type": "integer", "description": "Just this one." },
        "redis": { "properties": { "auth_dbs": { "type": "integer", "default": 2 } } },
        "another": { "type": "integer", "description": "Something." },
    });
    let note = note(&old, &new);
    let pairs: Vec<_> = note
        .renamed
        .iter()
        .map(|one| (&*one.from, &*one.to))
        .collect();
    assert_eq!(
        pairs,
        [("HERE", "THERE"), ("REDIS_AUTH_DB", "REDIS_AUTH_DBS")]
    );
    assert_eq!(note.removed, ["OTHER"]);
    assert_eq!(note.changed[0].name, "REDIS_AUTH_DBS");
    assert!(note.to_string().contains("- Rename `HERE` to `THERE`.\n"));
}

#[test]
fn every_difference_is_told() {
    let one = |field: Value| json!({ "a": field });
    let plain = one(json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 3 }));
    let cases = [
        (
            Difference::Default,
            json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 4 }),
            "the default is 4 (was: 3)",
        ),
        (
            Difference::Default,
            json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 3,
                "x-default-in": { "production": 5 } }),
            "the default is 3 (in production: 5) (was: 3)",
        ),
        (
            Difference::Allowed,
            json!({ "type": "integer", "minimum": 2, "maximum": 9, "default": 3 }),
            "allowed is 2 to 9 (was: 1 to 9)",
        ),
        (
            Difference::Required,
            json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 3,
                "x-required-in": ["staging"] }),
            "required: in staging (was: no)",
        ),
        (
            Difference::Kind,
            json!({ "type": "number", "minimum": 1, "maximum": 9, "default": 3 }),
            "is read as number (was: whole number)",
        ),
        (
            Difference::Deprecated,
            json!({ "type": "integer", "minimum": 1, "maximum": 9, "default": 3, "deprecated": true }),
            "is deprecated",
        ),
    ];
    for (what, new, words) in cases {
        let note = note(&plain, &one(new));
        assert_eq!(note.changed.len(), 1, "{note:?}");
        assert_eq!(note.changed[0].what, what);
        assert!(note.to_string().contains(words), "{note}");
    }
    let text = |secret: bool| one(json!({ "type": "string", "writeOnly": secret }));
    let note = note(&text(false), &text(true));
    assert_eq!(note.changed[0].what, Difference::Secrecy);
    assert!(
        note.to_string()
            .contains("Move `A` from the ConfigMap into the Secret.")
    );
}

#[test]
fn variants_are_compared() {
    let variants = |list: &[&str]| json!({ "a": { "enum": list } });
    let note = note(&variants(&["x", "y"]), &variants(&["x", "z"]));
    assert_eq!(note.changed[0].what, Difference::Allowed);
    assert_eq!(
        (&*note.changed[0].from, &*note.changed[0].to),
        ("x, y", "x, z")
    );
}
