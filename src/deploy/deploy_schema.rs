//! The JSON Schema and the reference page of `deploy.toml`.

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::plan;

const NAME: &str = "deploy-schema";

/// The schema and the reference page of `deploy.toml`.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: NAME,
    about: "JSON Schema and reference page of deploy.toml",
    render,
};

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let schema = plan::schema::document(&project.service);
    let page = plan::reference::page(&project.service, &schema)?;
    Ok(vec![
        File::json(
            &project.service,
            NAME,
            "docs/reference/deploy.schema.json",
            "$comment",
            &schema,
        ),
        File::with_markup_mark(&project.service, NAME, "docs/reference/deploy.md", &page),
    ])
}
