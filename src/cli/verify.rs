//! `aura verify`: the checklist of a release, put to a checkout, an image and manifests.
//!
//! The questions are those of `verify`; here are the places to look, and the printing.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::generate::project::Source;
use super::{USAGE, output};
use crate::deploy::service::Service;
use crate::verify::checklist::verify;
use crate::verify::checkout::Checkout;
use crate::verify::error::Unusable;
use crate::verify::manifests::Manifests;
use crate::verify::page::page;
use crate::verify::subject::{Image, Subject};
use crate::verify::text::text;

/// The checkout, where none is named.
const HERE: &str = ".";

/// Check a release: its source, its image and its manifests, item by item, with evidence.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  aura verify\n  \
    aura verify --image dist/image --manifests .\n  \
    kubectl kustomize k8s/overlays/production | aura verify --manifests -\n  \
    aura verify --manifests . --json | jq '.groups[].items[] | select(.verdict == \"failed\")'\n\n\
    What is not given is not looked at.\n\n\
    Exit codes: 0 no item failed, 1 some did, 2 what was given cannot be looked at.")]
pub(super) struct Verify {
    /// The source: the top folder of a checkout [default: this folder, where it is one].
    #[arg(long, value_name = "DIR")]
    checkout: Option<PathBuf>,
    /// The image: the folder of an OCI layout, such as `scripts/image` makes.
    #[arg(long, value_name = "DIR")]
    image: Option<PathBuf>,
    /// The manifests: the folder that `aura generate k8s --out DIR` wrote, edited since or not; or a
    /// file, or - for standard input, with what `kubectl kustomize` prints.
    #[arg(long, value_name = "PATH")]
    manifests: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the page docs/containerization-verification.md, without what changes from build to
    /// build.
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    source: Source,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let project = self.source.project()?;
        let given = match self.read(&project.service) {
            Ok(given) => given,
            Err(unusable) => {
                output::error(&format!("aura: {unusable}"));
                return Ok(ExitCode::from(USAGE));
            }
        };
        let (checkout, image, manifests) = given;
        let report = verify(&Subject::new(project, checkout, image, manifests));
        let shown = if self.json {
            format!("{:#}\n", serde_json::to_value(&report)?)
        } else if self.markdown {
            page(&report)?
        } else {
            text(&report)
        };
        output::print(&shown)?;
        if report.ok {
            return Ok(ExitCode::SUCCESS);
        }
        output::error(&format!("aura: {}", report.summary()));
        Ok(ExitCode::FAILURE)
    }

    /// Reads what was given; it has to be something.
    fn read(&self, service: &Service) -> Result<Given, Unusable> {
        let checkout = match &self.checkout {
            Some(path) => Some(Checkout::read(service, path)?),
            None => own(service)?,
        };
        let image = self.image.as_deref().map(Image::read).transpose()?;
        let manifests = self.manifests.as_deref().map(manifests).transpose()?;
        if checkout.is_none() && image.is_none() && manifests.is_none() {
            return Err(Unusable::Nothing);
        }
        Ok((checkout, image, manifests))
    }
}

/// The manifests at `path`; `-` is standard input.
fn manifests(path: &Path) -> Result<Manifests, Unusable> {
    if path == Path::new("-") {
        Manifests::read_stream(io::stdin().lock())
    } else {
        Manifests::read(path)
    }
}

/// The subject as it was read.
type Given = (Option<Checkout>, Option<Image>, Option<Manifests>);

/// The folder that we are in, where it is a checkout of the service.
fn own(service: &Service) -> Result<Option<Checkout>, Unusable> {
    let here = Path::new(HERE);
    let found = Checkout::is_of(service, here);
    found.then(|| Checkout::read(service, here)).transpose()
}
