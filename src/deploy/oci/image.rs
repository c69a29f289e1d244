//! One image of one platform: two layers, the configuration, the manifest, and the SBOM with the
//! manifest that ties it to the image.

use std::collections::HashMap;

use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_REVISION, ANNOTATION_TITLE, Descriptor, History,
    ImageConfiguration, ImageManifest, ImageManifestBuilder, MediaType, RootFs,
};
use serde::Serialize;

use super::config::{BY, configuration, labels};
use super::created::Created;
use super::digest::{Digest, canonical, descriptor};
use super::entry::{Entry, folders_above, in_order, inside};
use super::error::{InputError, OciError};
use super::layer::{self, Compression};
use super::platform::Platform;
use super::program::Program;
use super::request::Request;
use super::{base, sbom};
use crate::deploy::service::Service;

/// The content of the empty descriptor (`manifest.md`).
const EMPTY: &[u8] = b"{}";

/// A file with a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) bytes: Vec<u8>,
    pub(super) descriptor: Descriptor,
}

/// A packed layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    /// `base`, `program`.
    pub(super) name: &'static str,
    pub(super) entries: Vec<Entry>,
    /// The archive as it is.
    pub(super) tar: Vec<u8>,
    /// The same, compressed.
    pub(super) blob: Blob,
}

/// All of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) platform: Platform,
    /// Base first.
    pub(super) layers: Vec<Layer>,
    pub(super) config: Blob,
    pub(super) manifest: Blob,
    pub(super) sbom: Blob,
    /// The manifest of the SBOM, whose subject is the image.
    pub(super) referrer: Blob,
}

impl Blob {
    fn new(media_type: MediaType, bytes: Vec<u8>) -> Result<Self, OciError> {
        let descriptor = descriptor(media_type, &bytes)?;
        Ok(Self { bytes, descriptor })
    }

    pub(super) fn json(media_type: MediaType, document: &impl Serialize) -> Result<Self, OciError> {
        Self::new(media_type, canonical(document)?)
    }

    /// Its place in a layout, and its content.
    pub(super) fn file(&self) -> (String, Vec<u8>) {
        (Digest::of(&self.bytes).blob(), self.bytes.clone())
    }
}

impl Layer {
    fn new(
        name: &'static str,
        entries: Vec<Entry>,
        compression: Compression,
    ) -> Result<Self, OciError> {
        let tar = layer::archive(&entries)?;
        let blob = Blob::new(compression.media_type(), compression.pack(&tar)?)?;
        Ok(Self {
            name,
            entries,
            tar,
            blob,
        })
    }

    /// The layer under the program; one for all platforms.
    pub(super) fn base(service: &Service, request: &Request) -> Result<Self, OciError> {
        let entries = base::entries(service, &request.ca_bundle)?;
        Self::new("base", entries, request.compression)
    }

    /// The program alone.
    fn program(service: &Service, bytes: &[u8], request: &Request) -> Result<Self, OciError> {
        let path = inside(&service.program.entrypoint)?;
        let mut entries: Vec<Entry> = folders_above(path).collect();
        entries.push(Entry::file(path, 0o755, bytes));
        Self::new("program", in_order(entries), request.compression)
    }

    /// The digest of the archive as it is.
    pub(super) fn diff_id(&self) -> Digest {
        Digest::of(&self.tar)
    }
}

impl Image {
    /// The image of the program `bytes`, which must fit `platform`.
    pub(super) fn new(
        service: &Service,
        request: &Request,
        base: &Layer,
        platform: Platform,
        bytes: &[u8],
    ) -> Result<Self, OciError> {
        let program = Program::read(bytes).map_err(InputError::from)?;
        program.fits(Some(platform)).map_err(InputError::from)?;
        same_version(service, &program)?;
        let layers = vec![base.clone(), Layer::program(service, bytes, request)?];
        let labels = all_labels(service, request);
        let config = config(service, platform, &layers, &labels, request.created)?;
        let manifest = manifest(&config, &layers, &labels)?;
        let packages = program.packages.unwrap_or_default();
        let document = sbom::document(service, &packages, &Digest::of(bytes))?;
        let sbom = Blob::new(MediaType::Other(sbom::MEDIA_TYPE.to_owned()), document)?;
        let referrer = referrer(&sbom, &manifest, request.created)?;
        Ok(Self {
            platform,
            layers,
            config,
            manifest,
            sbom,
            referrer,
        })
    }

    /// The blobs that make the image.
    pub(super) fn blobs(&self) -> Vec<&Blob> {
        let layers = self.layers.iter().map(|layer| &layer.blob);
        layers.chain([&self.config, &self.manifest]).collect()
    }

    /// The blobs of its SBOM, the empty one included.
    pub(super) fn sbom_blobs(&self) -> Result<[Blob; 3], OciError> {
        let empty = Blob::new(MediaType::EmptyJSON, EMPTY.to_vec())?;
        Ok([self.sbom.clone(), self.referrer.clone(), empty])
    }
}

/// Refuses a program that is of another version than the labels would say. Crates that have
/// another name than the service are their owner's business.
fn same_version(service: &Service, program: &Program) -> Result<(), InputError> {
    let root = program.root().filter(|root| root.name == service.name);
    match root.map(|root| root.version.to_string()) {
        Some(found) if found != service.version => Err(InputError::Version {
            name: service.name.clone(),
            found,
            expected: service.version.clone(),
        }),
        _ => Ok(()),
    }
}

/// Labels of the configuration, and annotations of the manifests: one set.
pub(super) fn all_labels(service: &Service, request: &Request) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = labels(service).into_iter().collect();
    all.insert(ANNOTATION_CREATED.to_owned(), request.created.to_string());
    if let Some(revision) = &request.revision {
        all.insert(ANNOTATION_REVISION.to_owned(), revision.to_string());
    }
    all
}

fn config(
    service: &Service,
    platform: Platform,
    layers: &[Layer],
    labels: &HashMap<String, String>,
    created: Created,
) -> Result<Blob, OciError> {
    let mut image: ImageConfiguration = configuration(service);
    image.set_architecture(platform.arch());
    image.set_created(Some(created.to_string()));
    let mut config = image.config().clone().unwrap_or_default();
    config.set_labels(Some(labels.clone()));
    image.set_config(Some(config));
    let diff_ids = layers.iter().map(|layer| layer.diff_id().to_string());
    let mut rootfs = RootFs::default();
    rootfs.set_diff_ids(diff_ids.collect());
    image.set_rootfs(rootfs);
    let history = layers.iter().map(|layer| {
        let mut step = History::default();
        step.set_created(Some(created.to_string()));
        // An archive without a mark is known as ours by this (`disk/found.rs`).
        step.set_created_by(Some(BY.to_owned()));
        step.set_comment(Some(layer.name.to_owned()));
        step
    });
    image.set_history(Some(history.collect()));
    Blob::json(MediaType::ImageConfig, &image)
}

fn manifest(
    config: &Blob,
    layers: &[Layer],
    labels: &HashMap<String, String>,
) -> Result<Blob, OciError> {
    let layers: Vec<Descriptor> = layers.iter().map(|l| l.blob.descriptor.clone()).collect();
    let manifest: ImageManifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(config.descriptor.clone())
        .layers(layers)
        .annotations(labels.clone())
        .build()?;
    Blob::json(MediaType::ImageManifest, &manifest)
}

/// The manifest of the document (image-spec, `manifest.md`, "Guidelines for artifact usage").
fn referrer(sbom: &Blob, image: &Blob, created: Created) -> Result<Blob, OciError> {
    let mut document = sbom.descriptor.clone();
    let title = HashMap::from([(ANNOTATION_TITLE.to_owned(), "sbom.cdx.json".to_owned())]);
    document.set_annotations(Some(title));
    // An artifact has to have a configuration, and the empty descriptor stands for none.
    let created = HashMap::from([(ANNOTATION_CREATED.to_owned(), created.to_string())]);
    let manifest: ImageManifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .artifact_type(MediaType::Other(sbom::MEDIA_TYPE.to_owned()))
        .config(descriptor(MediaType::EmptyJSON, EMPTY)?)
        .layers(vec![document])
        .subject(image.descriptor.clone())
        .annotations(created)
        .build()?;
    Blob::json(MediaType::ImageManifest, &manifest)
}
