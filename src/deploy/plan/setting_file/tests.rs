//! Unit tests of `setting_file`.

use serde_json::json;

use super::*;

fn setting(kind: Kind, reader: Reader) -> Setting {
    let schema = json!({ "properties": { "x": { "type": "string" } } });
    let settings = crate::schema::Settings::from_schema(&schema).unwrap();
    let mut setting = settings.get("X").unwrap().clone();
    (setting.kind, setting.reader) = (kind, reader);
    setting
}

#[test]
fn values_become_the_text_of_a_variable() {
    let list = Kind::List(Box::new(Kind::String));
    let plain = setting(list.clone(), Reader::Loader);
    for (value, text) in [
        (json!("a b"), "a b"),
        (json!(30), "30"),
        (json!(0.5), "0.5"),
        (json!(true), "true"),
        (json!(["a", 1]), "a,1"),
        (json!([]), ""),
    ] {
        assert_eq!(SettingFile(value).text(&plain).unwrap(), text);
    }
    for wrong in [
        json!({}),
        json!([[]]),
        json!(["a,b"]),
        json!(["a", " "]),
        json!(null),
    ] {
        assert!(SettingFile(wrong).text(&plain).is_err());
    }
    let as_json = setting(list, Reader::Json);
    let entries = SettingFile(json!(["a,b"]));
    assert_eq!(entries.text(&as_json).unwrap(), r#"["a,b"]"#);
    let map = SettingFile(json!({ "a": 1 }));
    assert!(map.text(&as_json).is_err());
    let object = setting(Kind::Json, Reader::Json);
    assert_eq!(map.text(&object).unwrap(), r#"{"a":1}"#);
}
