//! Unit tests of `facts`.

use serde_json::json;

use super::*;

fn service() -> Service {
    let schema = json!({ "properties": {
        "a": { "type": "object", "description": "About a.", "properties": {
            "ttl_seconds": { "type": "integer" },
            "key": {
                "type": "string",
                "writeOnly": true,
                "description": "A key. Make one with\n`make key`. Keep it.",
                "x-required-in": ["staging", "production"],
            },
            "pem": { "type": "string", "writeOnly": true, "x-required-when": {
                "A_TTL_SECONDS": ["1", "2"], "TOP": true,
            } },
        }},
        "top": { "type": "string" },
    }, "required": ["top"]});
    Service::new("x", "1.0.0", schema).unwrap()
}

#[test]
fn settings_without_a_section_come_first() {
    let service = service();
    let groups = groups(&service);
    let titles: Vec<_> = groups.iter().map(|group| group.title.as_str()).collect();
    assert_eq!(titles, ["General", "A"]);
    assert_eq!(groups[1].docs, "About a.");
    assert_eq!(groups[1].settings.len(), 3);
}

#[test]
fn a_revision_is_known_by_its_name_and_its_digest() {
    assert!(is_revision_of("x-config", "x-config"));
    for name in [
        "x-config-0123abcd",
        "x-config-0123abcd-b",
        "team-x-config-0123abcd",
        "team-x-config-0123abcd-b",
    ] {
        assert_eq!(revision_digest(name, "x-config"), Some("0123abcd"));
        assert!(is_revision_of(name, "x-config"), "{name}");
    }
    for name in [
        "x-config-0123abc",
        "x-config-0123abcg",
        "x-config-0123abcd2",
        "x-config-0123abcé",
        "x-config2",
        "x-config-b",
        "y-config",
    ] {
        assert!(!is_revision_of(name, "x-config"), "{name}");
    }
}

#[test]
fn facts_are_put_into_words() {
    let service = service();
    let get = |name| service.settings.get(name).unwrap();
    assert_eq!(kind(get("A_TTL_SECONDS")), "whole number (seconds)");
    assert_eq!(required(get("A_KEY")), "in staging and production");
    assert_eq!(required(get("TOP")), "yes");
    assert_eq!(
        required(get("A_PEM")),
        "where A_TTL_SECONDS is 1 or 2 or where TOP is set"
    );
    assert_eq!(
        recipe(&service, get("A_KEY")).unwrap(),
        "Make one with `make key`."
    );
}
