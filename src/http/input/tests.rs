//! Unit tests of `input`.

use super::*;

fn faults(body: &str) -> Vec<(String, &'static str)> {
    let mut fields = Fields::parse(body.as_bytes()).unwrap();
    fields.text("email");
    fields.text("password");
    let problem = fields.finish().unwrap_err();
    problem
        .errors
        .into_iter()
        .map(|error| (error.field, error.code))
        .collect()
}

#[test]
fn all_faults_are_reported_at_once() {
    assert_eq!(
        faults(r#"{"email": 1, "extra": true}"#),
        [
            ("email".to_owned(), "wrong_type"),
            ("password".to_owned(), "missing"),
            ("extra".to_owned(), "unknown_field"),
        ]
    );
    assert_eq!(
        faults(r#"{"email": "a\u0000b", "password": "x"}"#)[0].1,
        "contains_nul"
    );
}

#[test]
fn lists_of_texts_are_lists_of_texts() {
    let read = |body: &str, required: bool| {
        let mut fields = Fields::parse(body.as_bytes()).unwrap();
        let texts = if required {
            fields.texts("roles")
        } else {
            fields.texts_or_none("roles")
        };
        let fault = fields.finish().map_err(|problem| problem.errors[0].code);
        fault.map(|()| texts)
    };
    assert_eq!(read(r#"{"roles": ["a", "b"]}"#, true).unwrap(), ["a", "b"]);
    assert_eq!(read("{}", false), Ok(Vec::new()));
    assert_eq!(read("{}", true), Err("missing"));
    for wrong in ["null", "\"a\"", "[1]", "[\"a\", null]", "{}"] {
        let body = format!("{{\"roles\": {wrong}}}");
        assert_eq!(read(&body, true), Err("wrong_type"), "{wrong}");
        assert_eq!(read(&body, false), Err("wrong_type"), "{wrong}");
    }
    assert_eq!(read(r#"{"roles": ["a\u0000"]}"#, true), Err("contains_nul"));
}

#[test]
fn what_is_not_an_object_is_refused() {
    for body in ["", "{", "[1", "{}x", "\u{feff}{}", "{\"a\":1,\"a\":2}"] {
        let problem = Fields::parse(body.as_bytes()).unwrap_err();
        assert_eq!(problem.code, Code::MalformedBody, "{body}");
    }
    for body in ["[]", "1", "null", "\"x\"", "true", "-1.5"] {
        let problem = Fields::parse(body.as_bytes()).unwrap_err();
        assert_eq!(problem.code, Code::InvalidInput, "{body}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        Fields::parse(deep.as_bytes()).unwrap_err().code,
        Code::MalformedBody
    );
    assert_eq!(
        Fields::parse(b"{\"a\":\"\xff\"}").unwrap_err().code,
        Code::MalformedBody
    );
}
