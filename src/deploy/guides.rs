//! Pages for operators whose tables are generated: the prose stays as its author left it.

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::service::Guide;
use super::table;

/// The artefact.
pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "guides",
    about: "Pages for operators, with their tables filled in",
    render,
};

fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let tables = table::tables(&project.service);
    let fill = |guide: &Guide| {
        let text = table::fill(&guide.text, &tables)
            .map_err(|error| RenderError::Facts(format!("{}: {error}", guide.path)))?;
        Ok(File {
            path: guide.path.clone(),
            text,
        })
    };
    project.service.guides.iter().map(fill).collect()
}
