//! Unit tests of `value`.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::Settings;

fn setting(mut field: Value) -> Setting {
    if field.get("type").is_none() {
        field["type"] = "string".into();
    }
    let schema = json!({ "properties": { "x": field } });
    Settings::from_schema(&schema)
        .unwrap()
        .get("X")
        .unwrap()
        .clone()
}

fn fault(field: Value, text: &str) -> String {
    parse(&setting(field), text).unwrap_err().to_string()
}

#[test]
fn a_secret_has_no_blank_at_either_end() {
    let secret = |text: &str, format: &str| {
        let field = json!({ "writeOnly": true, "format": format });
        parse(&setting(field), text)
    };
    for text in [
        "canary ",
        " canary",
        "\u{feff}canary",
        "canary\u{a0}",
        "canary\u{feff}",
        "\u{200b}canary",
        "canary\u{2060}",
        "canary\u{ad}",
        "\u{200e}canary",
        "canary\u{e0020}",
    ] {
        let fault = secret(text, "").unwrap_err().to_string();
        assert!(
            fault.contains("with a blank, a byte-order mark or another invisible"),
            "{fault}"
        );
        assert!(!fault.contains("canary"), "{fault}");
        assert!(secret(text, "pem").is_ok());
        assert!(parse(&setting(json!({})), text).is_ok());
    }
    for text in ["can ary", "can\u{200b}ary"] {
        assert!(secret(text, "").is_ok());
    }
}

#[test]
fn a_password_in_a_url_is_quoted_of_no_setting() {
    let list = json!({ "type": "array", "items": { "type": "string" } });
    let text = fault(list, "https://u:canary@host,");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn kinds_are_strict_and_say_what_they_take() {
    let boolean = json!({ "type": "boolean" });
    for (text, value) in [("true", true), ("1", true), ("false", false), ("0", false)] {
        assert_eq!(
            parse(&setting(boolean.clone()), text),
            Ok(Some(value.into()))
        );
    }
    assert_eq!(
        fault(boolean, "yes"),
        r#"X: is "yes"; allowed: true, false, 1, 0"#
    );
    let range = json!({ "type": "integer", "minimum": 1, "maximum": 9 });
    assert_eq!(parse(&setting(range.clone()), "9"), Ok(Some(9.into())));
    for text in [
        "10",
        "1.5",
        "nine",
        "99999999999999999999999999999999999999999999",
    ] {
        let text = fault(range.clone(), text);
        assert!(
            text.ends_with("which is not a whole number in range; allowed: 1 to 9"),
            "{text}"
        );
    }
    let names = json!({ "enum": ["open", "closed"] });
    assert_eq!(
        fault(names, "Open"),
        r#"X: is "Open"; allowed: open, closed"#
    );
    let list = json!({ "type": "array", "items": { "type": "string" } });
    assert_eq!(
        parse(&setting(list.clone()), "a, b"),
        Ok(Some(json!(["a", "b"])))
    );
    assert_eq!(parse(&setting(list.clone()), ""), Ok(Some(json!([]))));
    assert!(fault(list, "a,,b").contains("empty entry"));
}

#[test]
fn empty_is_unset_only_where_unset_is_possible() {
    assert_eq!(
        parse(&setting(json!({ "type": ["string", "null"] })), ""),
        Ok(None)
    );
    assert!(fault(json!({}), "").starts_with("X: is empty"));
}

#[test]
fn control_characters_are_refused_but_lines_in_pem() {
    assert!(fault(json!({}), "a\nb").contains("a line break as character 2"));
    assert!(fault(json!({}), "a\u{7}").contains("U+0007"));
    let pem = json!({ "format": "pem" });
    assert_eq!(
        parse(&setting(pem.clone()), "a\r\nb"),
        Ok(Some("a\r\nb".into()))
    );
    assert!(fault(pem, "a\0").contains("a NUL"));
}

#[test]
fn service_links_are_recognised() {
    let text = fault(json!({ "type": "integer" }), "tcp://10.0.0.1:6379");
    assert!(text.contains("Kubernetes service link"), "{text}");
    assert!(text.contains("enableServiceLinks: false"), "{text}");
    assert!(!is_service_link("tcp://redis:6379"));
    assert!(is_service_link("tcp://[fd00::1]:6379"));
}

#[test]
fn the_placeholder_is_refused_anywhere() {
    let text = fault(json!({}), &format!("postgres://a:{SET_ME}@db/a"));
    assert!(text.contains("still holds the placeholder"), "{text}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_no_secret_is_quoted(text in "\\PC{12,40}") {
        for kind in ["string", "integer", "number", "boolean"] {
            let secret = setting(json!({ "type": kind, "writeOnly": true }));
            if let Err(fault) = parse(&secret, &text) {
                prop_assert!(!fault.to_string().contains(&text));
            }
        }
    }
}
