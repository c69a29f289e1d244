//! Unit tests of `fields`.

use super::*;
use crate::dashboard::hostile::{HOSTILE, is_text};
use crate::http::FieldError;

#[test]
fn what_was_typed_and_its_fault_is_text() {
    let mut form = Form::new(vec![Field::email()]);
    form.fields[0].value = HOSTILE.to_owned();
    form.fault("email", HOSTILE.to_owned());
    form.fault("nowhere", HOSTILE.to_owned());
    is_text(&form.fields[0].to_string(), 2);
    is_text(&form.summary().to_string(), 2);
}

#[test]
fn a_fault_is_tied_to_its_field() {
    let mut form = Form::new(vec![Field::new_password("password", "Password", 12)]);
    let problem = Problem::invalid(vec![FieldError::new("password", "x", "too short")]);
    form.refuse(problem).unwrap();
    let field = form.fields[0].to_string();
    for part in [
        "aria-invalid=\"true\"",
        "aria-describedby=\"password-fault password-hint\"",
        "id=\"password-fault\">Too short.",
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
fn typing_begins_at_the_first_fault_or_the_first_empty_field() {
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
    form.fault("email", "wrong".to_owned());
    assert_eq!(focused(&form), Some(0));
    form.focus();
    assert!(form.fields[0].to_string().contains(" autofocus"));
}

#[test]
fn what_must_be_filled_in_is_missed_and_a_password_is_not_kept() {
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
fn a_form_says_when_to_come_back_and_leaves_other_refusals_alone() {
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
