//! An artefact: a name, and a function from a [`Project`] to files. It reads nothing else: no
//! environment, no clock, no network.

use super::emit::RenderError;
use super::file::File;
use super::plan::Plan;
use super::service::Service;

/// A service and where it is to run: all that an artefact may look at.
#[derive(Debug, Clone)]
pub struct Project {
    /// Facts of the service.
    pub service: Service,
    /// The plan: its environments and their values.
    pub plan: Plan,
}

/// Something that can be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// Renders its files; none where the service has nothing for it.
    pub render: fn(&Project) -> Result<Vec<File>, RenderError>,
}
