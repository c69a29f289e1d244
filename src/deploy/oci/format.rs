//! The three forms in which images are written, and what lies beside them.
//!
//! - `oci-dir`: a folder, the OCI layout, its SBOMs as referrers in a layout below it.
//! - `oci-archive`: the layout as one tar, with Docker's list in it as well. It lists exactly one
//!   manifest: runtimes that load an archive are not told which one is meant.
//! - `docker-archive`: what `docker save` writes, for daemons that know nothing else.

use serde_json::json;

use super::digest::{Digest, canonical};
use super::entry::{Entry, Kind, folders_above, in_order};
use super::error::{InputError, OciError};
use super::image::{Blob, Image, Layer};
use super::layer::{self, Compression};
use super::rendered::{Files, REFERRERS, Rendered};
use super::sbom;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A folder: an OCI layout.
    #[default]
    OciDir,
    /// One file: an OCI layout that Docker reads, too.
    OciArchive,
    /// One file: what `docker save` writes.
    DockerArchive,
}

impl Format {
    /// The default compression of the format's layers: a layout is on its way to a
    /// registry and to runtimes of today, an archive may be loaded by anything.
    #[must_use]
    pub fn usual_compression(self) -> Compression {
        match self {
            Self::OciDir => Compression::Zstd,
            Self::OciArchive | Self::DockerArchive => Compression::Gzip,
        }
    }
}

/// The files for one request.
#[derive(Debug, Clone)]
pub struct Output {
    pub(super) main: Main,
    /// SBOMs: what is added to the name of the image, and the document.
    pub(super) beside: Vec<(String, Vec<u8>)>,
    /// Names of the blobs, by path.
    pub(super) parts: Vec<(String, String)>,
}

/// The image itself.
#[derive(Debug, Clone)]
pub(super) enum Main {
    Folder(Files),
    File(Files, Vec<u8>),
}

#[cfg(test)]
impl Main {
    /// The files in it, by path.
    pub(super) fn files(&self) -> &Files {
        match self {
            Self::Folder(files) | Self::File(files, _) => files,
        }
    }
}

impl Rendered {
    /// The images in that form.
    ///
    /// # Errors
    /// [`InputError::OnePlatform`] where the form has room for one, and [`OciError`] where a
    /// document or an archive cannot be made.
    pub fn output(&self, format: Format) -> Result<Output, OciError> {
        let main = match format {
            Format::OciDir => Main::Folder(self.layout(true)?),
            Format::OciArchive => {
                let mut files = self.layout(false)?;
                if let [image] = self.images.as_slice() {
                    let config = image.config.file().0;
                    let layers = image.layers.iter().map(|layer| layer.blob.file().0);
                    let list = self.docker_list(&config, &layers.collect::<Vec<_>>())?;
                    files.insert("manifest.json".to_owned(), list);
                }
                archived(files)?
            }
            Format::DockerArchive => archived(self.docker()?)?,
        };
        Ok(Output {
            main,
            beside: self.sboms(),
            parts: self.parts(),
        })
    }

    /// The files of a docker-archive.
    fn docker(&self) -> Result<Files, OciError> {
        let [image] = self.images.as_slice() else {
            return Err(InputError::OnePlatform.into());
        };
        let name = |layer: &Layer| format!("{}.tar", layer.diff_id().hex());
        let mut files: Files = image
            .layers
            .iter()
            .map(|layer| (name(layer), layer.tar.clone()))
            .collect();
        let config = format!("{}.json", Digest::of(&image.config.bytes).hex());
        let list = self.docker_list(&config, &image.layers.iter().map(name).collect::<Vec<_>>())?;
        files.insert(config, image.config.bytes.clone());
        files.insert("manifest.json".to_owned(), list);
        Ok(files)
    }

    /// Docker's own list of what an archive holds.
    fn docker_list(&self, config: &str, layers: &[String]) -> Result<Vec<u8>, OciError> {
        let list = json!([{
            "Config": config,
            // In full, or podman would put a registry of its own before it.
            "RepoTags": [self.reference.full()],
            "Layers": layers,
        }]);
        Ok(canonical(&list)?)
    }

    /// The SBOMs as files: one, or one a platform.
    fn sboms(&self) -> Vec<(String, Vec<u8>)> {
        let several = self.images.len() > 1;
        let named = |image: &Image| {
            let platform = if several {
                format!(".linux-{}", image.platform.architecture())
            } else {
                String::new()
            };
            (
                format!("{platform}{}", sbom::ENDING),
                image.sbom.bytes.clone(),
            )
        };
        self.images.iter().map(named).collect()
    }

    /// Names of the blobs in a comparison.
    fn parts(&self) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        for image in &self.images {
            let of = format!("of {}", image.platform);
            for layer in &image.layers {
                let name = format!("the {} layer {of}", layer.name);
                parts.push((layer.blob.file().0, name.clone()));
                parts.push((format!("{}.tar", layer.diff_id().hex()), name));
            }
            let config = Digest::of(&image.config.bytes);
            parts.push((config.blob(), format!("the configuration {of}")));
            parts.push((
                format!("{}.json", config.hex()),
                format!("the configuration {of}"),
            ));
            parts.push((image.manifest.file().0, format!("the manifest {of}")));
            let beside = |blob: &Blob| format!("{REFERRERS}{}", blob.file().0);
            parts.push((beside(&image.sbom), format!("the SBOM {of}")));
            parts.push((
                beside(&image.referrer),
                format!("the manifest of the SBOM {of}"),
            ));
        }
        if let Some(index) = &self.index {
            parts.push((index.file().0, "the index of the platforms".to_owned()));
        }
        parts
    }
}

/// `files` as one tar, folders first.
fn archived(files: Files) -> Result<Main, OciError> {
    let mut entries: Vec<Entry> = files.keys().flat_map(|path| folders_above(path)).collect();
    let contents = files.iter();
    entries.extend(contents.map(|(path, bytes)| Entry::file(path, 0o644, bytes.as_slice())));
    let tar = layer::archive(&in_order(entries))?;
    Ok(Main::File(files, tar))
}

/// The files in the archive `tar`; none where it is not one.
pub(super) fn unarchived(tar: &[u8]) -> Option<Files> {
    let entries = layer::entries(tar).ok()?;
    let files = entries.into_iter().filter(|entry| entry.kind == Kind::File);
    Some(files.map(|entry| (entry.path, entry.content)).collect())
}

#[cfg(test)]
mod tests;
