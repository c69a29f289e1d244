//! Unit tests of `fields`.

use super::*;
use crate::dashboard::hostile::{HOSTILE, is_text};
use crate::http::FieldError;

#[test]
fn typed_values_and_errors_are_escaped() {
    let mut form = Form::new(vec![Field::email()]);
    form.fields[0].value = HOSTILE.to_owned();
    form.add_error("email", HOSTILE.to_owned());
    form.add_error("nowhere", HOSTILE.to_owned());
    is_text(&form.fields[0].to_string(), 2);
    is_text(&form.summary().to_string(), 2);
}

#[test]
fn error_is_tied_to_its_field() {
    let mut form = Form::new(vec![Field::new_password("password", "Password", 12)]);
    let problem = Problem::invalid(vec![FieldError::new("password", "x", "too short")]);
    form.refuse(problem).unwrap();
    let field = form.fields[0].to_string();
    for part in [
        "aria-invalid=\"true\"",
        "aria-describedby=\"password-error password-hint\"",
        "id=\"password-error\">Too short.",
    ] {
        assert!(field.contains(part), "{field}");
    }
    let summary = form.summary().to_string();
    assert!(
        summary.contains("<a href=\"#password\">Password: Too short.</a>"),
        "{summary}"
    );
}

#[test]
fn focus_goes_to_the_first_error_or_the_first_empty_field() {
    let mut form = Form::new(vec![
        Field::email(),
        Field::password("password", "Password"),
    ]);
    let focused = |form: &Form| {
        let mut form = form.clone();
        form.focus();
        form.fields.iter().position(|field| field.autofocus)
    };
    assert_eq!(focused(&form), Some(0));
    form.fields[0].value = "ann@example.com".to_owned();
    assert_eq!(focused(&form), Some(1));
    form.add_error("email", "wrong".to_owned());
    assert_eq!(focused(&form), Some(0));
    form.focus();
    assert!(form.fields[0].to_string().contains(" autofocus"));
}

#[test]
fn fill_reports_missing_fields_and_keeps_no_password() {
    let mut form = Form::new(vec![
        Field::email(),
        Field::password("password", "Password"),
    ]);
    let mut sent = FormFields::parse(b"password=secret").unwrap();
    let mut values = form.fill(&mut sent);
    assert_eq!(values.take("password"), "secret");
    assert_eq!(values.take("email"), "");
    assert!(!form.is_good());
    assert!(!form.fields[1].to_string().contains("secret"));
}

#[test]
fn refuse_says_when_to_retry_and_returns_other_problems() {
    let mut form = Form::default();
    let limited = Problem::from(Code::RateLimited).retry_after(61);
    form.refuse(limited).unwrap();
    let summary = form.summary().to_string();
    assert!(
        summary.contains("Try again in 1 minute 1 second."),
        "{summary}"
    );
    assert!(form.refuse(Problem::new(Code::NotFound, "x")).is_err());
}
