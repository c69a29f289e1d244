//! The artefact `openapi`: the service's OpenAPI document, as its routes say it.
//!
//! The service provides the document; one that has none gets no file.

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "openapi",
    about: "OpenAPI document of the routes",
    render,
};

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    let Some(document) = &service.openapi else {
        return Ok(Vec::new());
    };
    let Some(document) = document
        .as_object()
        .filter(|one| one.contains_key("openapi"))
    else {
        return Err(RenderError::Facts(format!(
            "the OpenAPI document of {} has no member `openapi`; give the whole document or none",
            service.name
        )));
    };
    let path = format!("openapi/{}.json", service.name);
    // Members whose names begin with `x-` are allowed at the top (OpenAPI 3.0 and 3.1, section
    // "Specification Extensions"), `$comment` is not.
    Ok(vec![File::json(
        service,
        "openapi",
        path,
        "x-generated-by",
        document,
    )])
}

#[cfg(test)]
mod tests;
