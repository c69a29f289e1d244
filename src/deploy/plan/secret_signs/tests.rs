//! Unit tests of `secret_signs`.

use serde_json::json;

use super::*;

#[test]
fn a_login_or_a_password_in_a_text_is_found() {
    for text in [
        "postgres://u:canary@h/d",
        "postgres://u:can/ary@h/d",
        "a,redis://:canary@h",
        "https://canary@h/x",
        "https://h,https://canary@h",
        "postgres://h/d?password=canary",
        "https://h/?a=b&api_key=canary",
        "https://h/?accessToken=canary",
        "host=h password=canary dbname=d",
        "Server=h;Password=canary;",
        "--db-password=canary",
    ] {
        assert!(has_password(text), "{text}");
    }
    for text in [
        "https://h",
        "https://h/@user",
        "ssh://git@h/x.git",
        "svn+ssh://git@h/x",
        "postgres://h/d?sslmode=require",
        "https://h/?password=",
        "a@example.com",
        "max_tokens=5",
        "http://registry:4873/@scope/package",
        "http://a:80,ops@example.com",
        "DB_PASSWORD=$(cat /run/secrets/db) exec app",
        "PGPASSWORD=$DB_PASSWORD app --token=${TOKEN}",
        "",
    ] {
        assert!(!has_password(text), "{text}");
    }
}

#[test]
fn a_key_of_json_in_text_is_found() {
    assert!(holds_secret_as_json(r#" {"a":[{"dbPassword":"canary"}]}"#));
    assert!(holds_secret_as_json(r#"[{"pwd":1234}]"#));
    for text in [r#"{"password":""}"#, r#"{"max_tokens":5}"#, "{", "password"] {
        assert!(!holds_secret_as_json(text), "{text}");
    }
    assert!(!holds_secret(&json!({ "token": true })));
}
