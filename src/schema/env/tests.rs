//! Unit tests of `env`.

use super::*;

#[test]
fn debug_shows_names_only() {
    let environment = Environment::from_iter([("KEY", "canary-77")]);
    assert_eq!(format!("{environment:?}"), r#"{"KEY"}"#);
    assert_eq!(environment.get("KEY"), Some(Ok("canary-77")));
    assert_eq!(environment.get("OTHER"), None);
}

#[test]
fn a_dotenv_file_adds_variables_that_are_not_set() {
    let environment = Environment::from_iter([("KEY", "mine"), ("EMPTY", "")]);
    let text = "KEY=file\nEMPTY=file\nNEW=first\nNEW=second\n";
    let environment = environment.with_dotenv(text).unwrap();
    let get = |name| environment.get(name).unwrap().unwrap();
    assert_eq!(
        (get("KEY"), get("EMPTY"), get("NEW")),
        ("mine", "", "second")
    );
    assert!(environment.is_from_dotenv("NEW") && !environment.is_from_dotenv("KEY"));
    let faults = environment.with_dotenv("A=1\ncanary-77\n").unwrap_err();
    assert!(
        faults
            .to_string()
            .contains(".env: line 2 is not NAME=value")
    );
    assert!(!faults.to_string().contains("canary"));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_kept_as_a_fault() {
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(vec![0x66, 0xff]);
    let environment = Environment::from_iter([("KEY", value)]);
    assert_eq!(environment.get("KEY"), Some(Err(NotUtf8)));
}
