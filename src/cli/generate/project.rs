//! The project that is rendered: aura's own facts or those of a `service.toml`, and `deploy.toml`.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::deploy::artefact::Project;
use crate::deploy::plan::Plan;
use crate::deploy::service::Service;
use crate::deploy::service_file::ServiceFile;
use crate::schema::{open_regular, without_mark};
use crate::server;

/// Read where no other file is named, and only if it is there.
const USUAL: &str = "deploy.toml";

/// Larger files are not ours.
const MOST_BYTES: u64 = 1024 * 1024;

/// Source of the plan.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Source {
    /// Read FILE instead of ./deploy.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make errors of what is only a warning, such as a production image without a digest.
    #[arg(long)]
    strict: bool,
}

impl Source {
    /// The options that give the same plan again, each with a space before it.
    pub(super) fn options(&self) -> String {
        let config = self.config.as_deref();
        let config = config.map_or_else(String::new, |path| format!(" --config {}", quoted(path)));
        let strict = if self.strict { " --strict" } else { "" };
        config + strict
    }

    /// aura and its plan.
    pub(in crate::cli) fn project(&self) -> anyhow::Result<Project> {
        self.plan(aura()?, Path::new(USUAL))
    }

    /// The service that `file` describes and its plan, which lies beside that file; without one,
    /// aura's.
    pub(super) fn project_of(&self, file: Option<&Path>) -> anyhow::Result<Project> {
        let Some(file) = file else {
            return self.project();
        };
        let name = file.display().to_string();
        let facts = ServiceFile::read(&name, &read(file)?)?;
        let schema = read(&file.with_file_name(facts.schema_path()))
            .with_context(|| format!("{name} settings.schema"))?;
        let mut service = facts.service(&schema)?;
        let file_name = Path::new(file.file_name().unwrap_or_default());
        let generator = format!("aura generate {{artefact}} --service {}", quoted(file_name));
        service.generator = Some(generator);
        self.plan(service, &file.with_file_name(USUAL))
    }

    /// `service` and its plan, at `usual` where no other is named.
    fn plan(&self, service: Service, usual: &Path) -> anyhow::Result<Project> {
        let path = match &self.config {
            Some(path) => Some(path.clone()),
            None => is_named(usual).then(|| usual.to_owned()),
        };
        let text = path.as_deref().map(read).transpose()?;
        let name = path.as_deref().map(|path| path.display().to_string());
        let file = name.as_deref().zip(text.as_deref());
        let plan = Plan::read(&service, file, self.strict)?;
        Ok(Project { service, plan })
    }
}

/// Checks whether something has that name, be it unreadable or a broken link: it was put there to be
/// read.
fn is_named(path: &Path) -> bool {
    let looked = fs::symlink_metadata(path);
    !looked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// aura, as something to deploy.
pub(in crate::cli) fn aura() -> anyhow::Result<Service> {
    Ok(server::service::service(server::openapi::document())?)
}

/// `path` as a shell takes it for one word.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The text of a file that a person wrote.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let shown = path.display().to_string();
    let file = open_regular(path).with_context(|| format!("{shown} cannot be read"))?;
    read_stream(&shown, file)
}

/// The text of a stream, which errors call `shown`, without a byte-order mark.
pub(super) fn read_stream(shown: &str, stream: impl io::Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    // Limit the read itself: the reported size of a file may be wrong, and a stream has none.
    stream
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{shown} cannot be read"))?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("{shown} has more than {MOST_BYTES} bytes");
    }
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{shown} is not UTF-8"))?;
    Ok(without_mark(&text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("k8s/a-b.yaml", "k8s/a-b.yaml"),
            ("my files", "'my files'"),
            ("it's", r"'it'\''s'"),
            ("$HOME;x", "'$HOME;x'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let text = read_stream("it", "\u{feff}{}".as_bytes()).unwrap();
        assert_eq!(text, "{}");
    }

    #[test]
    fn what_has_no_end_is_not_read_to_its_end() {
        let error = read_stream("it", io::repeat(0)).unwrap_err().to_string();
        assert_eq!(error, "it has more than 1048576 bytes");
        let error = format!("{:#}", read(Path::new("/dev/zero")).unwrap_err());
        let expected = "/dev/zero cannot be read: it is not a regular file";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_dead_link_is_no_silence() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("deploy.toml");
        assert!(!is_named(&link));
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(is_named(&link));
    }
}
