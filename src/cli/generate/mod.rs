//! `aura generate`: the files that deploy aura, from the code and `deploy.toml`.
//!
//! Reads no environment (but for `SOURCE_DATE_EPOCH`, in `oci.rs`) and opens no connection. What
//! the files hold is `deploy`'s business; here is what a person may ask for.

mod diff;
mod job;
mod next;
mod oci;
pub(super) mod project;
mod secrets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::builder::PossibleValue;
use clap::{Args, Subcommand};

use self::project::{Source, quoted};
use super::output;
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::artefacts::ARTEFACTS;
use crate::deploy::file::File;
use crate::deploy::tree::{self, Change, ChangeKind};

/// Artefacts that name the image of an environment.
const WITH_IMAGE: &[&str] = &["k8s", "compose"];

/// The word for every artefact at once.
const ALL: &str = "all";

/// Render the files that deploy aura, from the code and deploy.toml.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  aura generate k8s --out .\n  aura generate all --check .\n  \
        aura generate openapi --out .\n  \
        aura generate k8s --service shop/service.toml --out shop"
)]
pub(super) struct Generate {
    #[command(subcommand)]
    command: Option<Special>,
    /// Artefact to render.
    #[arg(required = true, value_parser = artefacts())]
    artefact: Option<String>,
    /// Write the files below DIR; without it, one artefact goes to standard output.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    out: Option<PathBuf>,
    /// Compare with the files below DIR, write nothing, and exit 1 with a diff where they differ.
    #[arg(long, value_name = "DIR")]
    check: Option<PathBuf>,
    /// With --out: delete generated files that are no longer rendered.
    #[arg(long, requires = "out")]
    prune: bool,
    /// Render the service that FILE (a service.toml) describes instead of aura; its deploy.toml
    /// lies beside it.
    #[arg(long, value_name = "FILE")]
    service: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Subcommand)]
enum Special {
    Secrets(secrets::Secrets),
    Diff(diff::Diff),
    Job(job::Job),
    Oci(Box<oci::Oci>),
}

/// Every artefact's name and line of help, and `all`.
fn artefacts() -> Vec<PossibleValue> {
    let all = PossibleValue::new(ALL).help("All of them; needs --out or --check");
    let one = |artefact: &crate::deploy::artefact::Artefact| {
        PossibleValue::new(artefact.name).help(artefact.about)
    };
    ARTEFACTS.iter().map(one).chain([all]).collect()
}

impl Generate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Special::Secrets(secrets)) => return secrets.run(),
            Some(Special::Diff(diff)) => return diff.run(),
            Some(Special::Job(job)) => return job.run(),
            Some(Special::Oci(oci)) => return oci.run(),
            None => {}
        }
        let name = self.artefact.unwrap_or_default();
        if name == ALL && self.out.is_none() && self.check.is_none() {
            output::error("aura: `generate all` needs --out DIR or --check DIR");
            return Ok(ExitCode::from(super::USAGE));
        }
        if let Some((_, why)) = AURAS_OWN.iter().find(|(own, _)| *own == name)
            && self.service.is_some()
        {
            output::error(&format!(
                "aura: `generate {name}` does not take --service: {why}; it renders {}",
                offered().join(", ")
            ));
            return Ok(ExitCode::from(super::USAGE));
        }
        let project = self.source.project_of(self.service.as_deref())?;
        let of_image = name == ALL || WITH_IMAGE.contains(&name.as_str());
        for warning in &project.plan.warnings {
            // Pages and schemas say nothing of an image.
            if of_image || !warning.name.ends_with("image") {
                output::error(&format!("warning: {warning}"));
            }
        }
        let others = self.service.is_some();
        let files = render(&project, &name, others)?;
        if let Some(dir) = self.out {
            // The files on disk are the last that may have been applied.
            let is_applied = name == ALL || name == "k8s";
            let handovers = is_applied.then(|| next::handovers(&dir, &project));
            let written = tree::write(&dir, &files, self.prune)?;
            output::error(written.to_string().trim_end());
            for handover in handovers.into_iter().flatten() {
                output::error(&handover);
            }
            if name == "k8s" {
                output::error(&next::steps(&dir, &project.plan));
            }
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(dir) = self.check {
            let drift = tree::check(&dir, &files)?;
            if drift.is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            output::print(&drift.to_string())?;
            let orphaned = |change: &Change| change.kind == ChangeKind::Orphaned;
            let prune = if drift.iter().any(orphaned) {
                " --prune"
            } else {
                ""
            };
            let service = self.service.as_deref();
            let service =
                service.map_or_else(String::new, |path| format!(" --service {}", quoted(path)));
            output::error(&format!(
                "aura: what is below {} is not what the code and deploy.toml say; mend it with: \
                 aura generate {name}{service}{} --out {}{prune}",
                dir.display(),
                self.source.options(),
                quoted(&dir)
            ));
            return Ok(ExitCode::FAILURE);
        }
        output::print(&stream(&files))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Artefacts that no other service has, and why.
const AURAS_OWN: [(&str, &str); 6] = [
    ("dockerfile", "it packs one static binary"),
    ("oci", "it packs one static binary"),
    ("systemd", "it runs one binary"),
    ("guides", "they are pages of aura"),
    ("openapi", "the document is the service's own"),
    ("service-schema", "it is the same for every service"),
];

/// The artefacts that other services have.
fn offered() -> Vec<&'static str> {
    let own = |name: &str| AURAS_OWN.iter().any(|(own, _)| *own == name);
    let names = ARTEFACTS.iter().map(|artefact| artefact.name);
    names.filter(|name| !own(name)).chain([ALL]).collect()
}

/// The files of one artefact, or of all: for `others`, all that they have.
fn render(project: &Project, name: &str, others: bool) -> anyhow::Result<Vec<File>> {
    let offered = offered();
    let all = |artefact: &&Artefact| !others || offered.contains(&artefact.name);
    let wanted = ARTEFACTS
        .iter()
        .filter(|artefact| (name == ALL && all(artefact)) || artefact.name == name);
    let mut files = Vec::new();
    for artefact in wanted {
        files.extend((artefact.render)(project)?);
    }
    if files.is_empty() {
        bail!("there is nothing to render for {name}");
    }
    Ok(files)
}

/// One file as it is; several as documents of one stream, each under its path.
fn stream(files: &[File]) -> String {
    if let [only] = files {
        return only.text.clone();
    }
    let yaml = |file: &File| {
        let ending = Path::new(&file.path).extension();
        ending.is_some_and(|ending| ending == "yaml")
    };
    let documents = files.iter().map(|file| {
        if yaml(file) {
            format!("---\n# {}\n{}", file.path, file.text)
        } else {
            format!("==> {} <==\n{}\n", file.path, file.text)
        }
    });
    documents.collect()
}
