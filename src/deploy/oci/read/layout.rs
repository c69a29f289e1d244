//! A layout as it was read: images with their configurations, layers and SBOMs.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use oci_spec::image::{
    ANNOTATION_REF_NAME, Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{MOST_BYTES, ReadError, malformed};
use super::files::{Files, digest};
use crate::deploy::oci::digest::Digest;
use crate::deploy::oci::entry::Entry;
use crate::deploy::oci::layer;
use crate::deploy::oci::sbom;

/// Indexes within indexes; each is a call on the stack.
const MOST_DEPTH: usize = 4;

/// A layout: images, most often one a platform.
#[derive(Debug, Clone)]
pub struct Layout {
    /// `index.json`.
    pub index: ImageIndex,
    /// Names by which it is found in the layout (`org.opencontainers.image.ref.name`).
    pub tags: Vec<String>,
    /// Every image, in the order in which they are listed; never empty.
    pub images: Vec<Image>,
}

/// One image of one platform.
#[derive(Debug, Clone)]
pub struct Image {
    /// The digest of its manifest.
    pub digest: Digest,
    /// Its manifest.
    pub manifest: ImageManifest,
    /// Its configuration, as a value of the library.
    pub config: ImageConfiguration,
    /// The same as it is written, members that the library does not know included.
    pub config_json: Value,
    /// The layers, base first.
    pub layers: Vec<Layer>,
    /// Its CycloneDX document, where the layout, or that of its referrers, lists one.
    pub sbom: Option<Value>,
    /// Size in a registry: bytes of manifest, configuration and layers, compressed.
    pub size: u64,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The digest of the blob.
    pub digest: Digest,
    /// The digest of the tar inside, as the configuration says it and as it is.
    pub diff_id: Digest,
    /// Bytes of the blob.
    pub size: u64,
    /// Its entries, in its own order.
    pub entries: Vec<Entry>,
}

impl Layout {
    /// Reads the layout in the folder `dir`.
    ///
    /// # Errors
    /// [`ReadError`], which names the file.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let missing = |reason: &str| ReadError::NoLayout {
            path: dir.to_path_buf(),
            reason: reason.to_owned(),
        };
        if !dir.is_dir() {
            return Err(missing("it is not a folder, or not there"));
        }
        for name in ["oci-layout", "index.json"] {
            if !dir.join(name).is_file() {
                return Err(missing(&format!("it has no {name}")));
            }
        }
        Self::read(&Files::of_folder(dir))
    }

    /// Reads a layout whose files are in memory, by path.
    pub(in crate::deploy::oci) fn of_files(
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, ReadError> {
        Self::read(&Files::of_memory(files))
    }

    fn read(files: &Files<'_>) -> Result<Self, ReadError> {
        let index = listed(files)?;
        let mut found = Found::default();
        collect(files, &index, 0, &mut found)?;
        if let Some(referrers) = files.referrers() {
            collect(&referrers, &listed(&referrers)?, 0, &mut found)?;
        }
        for (subject, sbom) in found.sboms {
            let mut images = found.images.iter_mut();
            if let Some(image) = images.find(|image| image.digest == subject) {
                image.sbom = Some(sbom);
            }
        }
        if found.images.is_empty() {
            return Err(malformed(&"index.json", &"it lists no image"));
        }
        let named = |descriptor: &Descriptor| {
            let annotations = descriptor.annotations().as_ref()?;
            annotations.get(ANNOTATION_REF_NAME).cloned()
        };
        Ok(Self {
            tags: index.manifests().iter().filter_map(named).collect(),
            images: found.images,
            index,
        })
    }
}

impl Image {
    /// `amd64`, `arm64`: the architecture that the configuration names.
    #[must_use]
    pub fn architecture(&self) -> String {
        self.config.architecture().to_string()
    }

    /// All entries of all layers, base first; one path may come more than once.
    #[must_use]
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.layers.iter().flat_map(|layer| &layer.entries)
    }

    /// The entry at `path` (with or without a slash in front) in the running container: the entry
    /// of the topmost layer that has one. Whiteouts are not looked at.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let path = path.trim_start_matches('/');
        self.entries().rev().find(|entry| entry.path == path)
    }

    /// The program: the file that the first word of the entrypoint names.
    #[must_use]
    pub fn program(&self) -> Option<&Entry> {
        let config = self.config.config().as_ref()?;
        self.find(config.entrypoint().as_ref()?.first()?)
    }
}

/// The `index.json` of a layout of the version that is known here.
fn listed(files: &Files<'_>) -> Result<ImageIndex, ReadError> {
    let name = |file: &str| files.name(file);
    let version: Value = parse(&name("oci-layout"), &files.get("oci-layout")?)?;
    if version["imageLayoutVersion"] != "1.0.0" {
        return Err(malformed(
            &name("oci-layout"),
            &"it is not of version 1.0.0",
        ));
    }
    parse(&name("index.json"), &files.get("index.json")?)
}

/// Images and SBOMs found so far.
#[derive(Default)]
struct Found {
    images: Vec<Image>,
    /// Documents with the digest of what they describe.
    sboms: Vec<(Digest, Value)>,
}

/// Follows the descriptors of `index`.
fn collect(
    files: &Files<'_>,
    index: &ImageIndex,
    depth: usize,
    found: &mut Found,
) -> Result<(), ReadError> {
    for descriptor in index.manifests() {
        let digest = digest(descriptor)?;
        let bytes = files.blob(descriptor)?;
        match descriptor.media_type() {
            MediaType::ImageIndex if depth < MOST_DEPTH => {
                collect(files, &parse(digest.as_str(), &bytes)?, depth + 1, found)?;
            }
            MediaType::ImageManifest => {
                let manifest: ImageManifest = parse(digest.as_str(), &bytes)?;
                if *manifest.config().media_type() == MediaType::ImageConfig {
                    let image = image(files, digest, manifest, bytes.len() as u64)?;
                    found.images.push(image);
                } else {
                    found.sboms.extend(referrer(files, &manifest)?);
                }
            }
            other => {
                let reason = format!("{other} is not a type of image that is known here");
                return Err(malformed(&digest, &reason));
            }
        }
    }
    Ok(())
}

fn image(
    files: &Files<'_>,
    digest: Digest,
    manifest: ImageManifest,
    length: u64,
) -> Result<Image, ReadError> {
    let config_bytes = files.blob(manifest.config())?;
    let name = manifest.config().digest().to_string();
    let config: ImageConfiguration = parse(&name, &config_bytes)?;
    let diff_ids = config.rootfs().diff_ids();
    if diff_ids.len() != manifest.layers().len() {
        let reason = "it names another number of layers than the manifest";
        return Err(malformed(&name, &reason));
    }
    let pairs = manifest.layers().iter().zip(diff_ids);
    let layers = pairs
        .map(|(descriptor, diff_id)| unpack(files, descriptor, diff_id))
        .collect::<Result<Vec<_>, _>>()?;
    let blobs: u64 = manifest.layers().iter().map(Descriptor::size).sum();
    Ok(Image {
        digest,
        size: length + config_bytes.len() as u64 + blobs,
        config_json: parse(&name, &config_bytes)?,
        manifest,
        config,
        layers,
        sbom: None,
    })
}

fn unpack(files: &Files<'_>, descriptor: &Descriptor, diff_id: &str) -> Result<Layer, ReadError> {
    let name = descriptor.digest().to_string();
    let failed = |error: io::Error| malformed(&name, &error);
    let blob = files.blob(descriptor)?;
    let tar = layer::expand(descriptor.media_type(), &blob, MOST_BYTES).map_err(failed)?;
    // The digest of the blob says nothing of what it unpacks to; the configuration does.
    let found = Digest::of(&tar);
    if found.as_str() != diff_id {
        return Err(ReadError::Damaged(name));
    }
    Ok(Layer {
        digest: digest(descriptor)?,
        diff_id: found,
        size: descriptor.size(),
        entries: layer::entries(&tar).map_err(failed)?,
    })
}

/// The CycloneDX document of an artifact, and what it describes.
fn referrer(
    files: &Files<'_>,
    manifest: &ImageManifest,
) -> Result<Option<(Digest, Value)>, ReadError> {
    files.blob(manifest.config())?;
    let Some(subject) = manifest.subject() else {
        return Ok(None);
    };
    let typed = |descriptor: &&Descriptor| descriptor.media_type().as_ref() == sbom::MEDIA_TYPE;
    let Some(descriptor) = manifest.layers().iter().find(typed) else {
        return Ok(None);
    };
    let document = parse(descriptor.digest().as_ref(), &files.blob(descriptor)?)?;
    Ok(Some((digest(subject)?, document)))
}

fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|error| malformed(&what, &error))
}
