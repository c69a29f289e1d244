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
    let settings = Settings::from_schema(&schema).unwrap();
    settings.get("X").unwrap().clone()
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
    let blanks = [
        " ",
        "\u{feff}",
        "\u{a0}",
        "\u{200b}",
        "\u{2060}",
        "\u{ad}",
        "\u{200e}",
        "\u{e0020}",
    ];
    let ends = blanks
        .iter()
        .flat_map(|it| [format!("canary{it}"), format!("{it}canary")]);
    for text in &ends.collect::<Vec<_>>() {
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
fn no_message_quotes_a_password_in_a_url() {
    let list = json!({ "type": "array", "items": { "type": "string" } });
    let text = fault(list, "https://u:canary@host,");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn kinds_are_strict_and_name_the_values_they_take() {
    let boolean = json!({ "type": "boolean" });
    let range = json!({ "type": "integer", "minimum": 1, "maximum": 9 });
    let names = json!({ "enum": ["open", "closed"] });
    let list = json!({ "type": "array", "items": { "type": "string" } });
    let optional = json!({ "type": ["string", "null"] });
    for (field, text, value) in [
        (&boolean, "true", json!(true)),
        (&boolean, "1", json!(true)),
        (&boolean, "false", json!(false)),
        (&boolean, "0", json!(false)),
        (&range, "9", json!(9)),
        (&list, "a, b", json!(["a", "b"])),
        (&list, "", json!([])),
    ] {
        assert_eq!(parse(&setting(field.clone()), text), Ok(Some(value)));
    }
    assert_eq!(parse(&setting(optional), ""), Ok(None));
    for (field, text, told) in [
        (
            &boolean,
            "yes",
            r#"X: is "yes"; allowed: true, false, 1, 0"#,
        ),
        (
            &range,
            "10",
            r#"X: is "10", which is not a whole number in range; allowed: 1 to 9"#,
        ),
        (
            &range,
            "1.5",
            r#"X: is "1.5", which is not a whole number in range; allowed: 1 to 9"#,
        ),
        (
            &range,
            "nine",
            r#"X: is "nine", which is not a whole number in range; allowed: 1 to 9"#,
        ),
        (
            &range,
            "99999999999999999999999999999999999999999999",
            r#"X: is "99999999999999999999999999999999999999999999", which is not a whole number in range; allowed: 1 to 9"#,
        ),
        (&names, "Open", r#"X: is "Open"; allowed: open, closed"#),
        (
            &list,
            "a,,b",
            r#"X: "a,,b" has an empty entry; separate the entries by one comma each"#,
        ),
        (
            &json!({}),
            "",
            "X: is empty; give it a value or remove the variable",
        ),
    ] {
        assert_eq!(fault(field.clone(), text), told);
    }
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
