//! Pages for operators whose tables are generated: the prose stays as its author left it.

use super::{Artefact, File, Project, RenderError, table};

/// The artefact.
pub(super) const ARTEFACT: Artefact = Artefact {
    name: "guides",
    about: "Pages for operators, with their tables filled in",
    render,
};

/// A page of a service's own. Its first line carries the mark in a comment, and tables stand
/// between `<!-- table: NAME -->` and `<!-- /table -->` (see [`table::tables`] for the names).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// Where it belongs: `docs/workflows/production-deployment.md`.
    pub path: String,
    /// Its text, with tables of any age.
    pub text: String,
}

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
