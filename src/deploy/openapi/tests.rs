//! Unit tests of `openapi`.

use serde_json::{Value, json};

use super::*;
use crate::deploy::file::is_marked;
use crate::deploy::sample;

#[test]
fn the_document_is_as_it_was_but_for_the_mark() {
    let mut project = sample::project();
    let document = json!({
        "openapi": "3.0.0",
        "info": { "title": "x", "version": "1", "description": "y".repeat(900) },
        "paths": {},
    });
    project.service.openapi = Some(document.clone());
    let files = render(&project).unwrap();
    assert_eq!(
        files[0].path,
        format!("openapi/{}.json", project.service.name)
    );
    assert!(is_marked(&files[0].text));
    let mut read: Value = serde_json::from_str(&files[0].text).unwrap();
    read.as_object_mut().unwrap().shift_remove("x-generated-by");
    assert_eq!(read, document);
}

#[test]
fn a_missing_document_gives_no_file_and_half_a_document_an_error() {
    let mut project = sample::project();
    project.service.openapi = None;
    assert!(render(&project).unwrap().is_empty());
    project.service.openapi = Some(json!({ "paths": {} }));
    assert!(
        render(&project)
            .unwrap_err()
            .to_string()
            .contains("`openapi`")
    );
}
