//! Images as an OCI layout (image-spec, `image-layout.md`): files by path, all in memory.
//!
//! `index.json` lists exactly one manifest: one image as it is, several as the members of one index.
//! Scanners refuse a layout with more (syft and what is built on it: "unexpected number of
//! manifests"), or take an SBOM for a second image. The SBOMs, which refer to the images by
//! `subject`, are therefore a layout of their own in the folder [`REFERRERS`] of the first.

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::{
    ANNOTATION_REF_NAME, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, OciLayoutBuilder,
};
use serde_json::{Value, json};

use super::config::GENERATED;
use super::digest::canonical;
use super::error::{InputError, OciError};
use super::image::{Blob, Image, Layer, all_labels};
use super::platform::Platform;
use super::reference::Reference;
use super::request::Request;
use super::sbom;
use crate::deploy::service::Service;

/// The name by which containerd and podman list what they have loaded.
const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// By which a layout of ours is known again; at the head of `index.json`, whose keys are sorted.
const MADE_BY: &str = "x-generated-by";

/// The folder, with a slash behind it, of the layout that lists what refers to the images.
pub(super) const REFERRERS: &str = "referrers/";

/// The tag of the SBOM in it; with several platforms, the platform follows.
const SBOM_TAG: &str = "sbom";

/// Files by their path, with `/` between names.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// An image of every platform that was asked for, not yet in any form.
#[derive(Debug, Clone)]
pub struct Rendered {
    pub(super) images: Vec<Image>,
    pub(super) reference: Reference,
    /// The index of several images; none where there is one.
    pub(super) index: Option<Blob>,
}

/// Makes the images.
///
/// # Errors
/// [`OciError::Input`] for what no image can be made of, and the other kinds for what went wrong.
pub fn render(service: &Service, request: &Request) -> Result<Rendered, OciError> {
    let programs = request.by_platform()?;
    let base = Layer::base(service, request)?;
    let images = programs
        .into_iter()
        .map(|(platform, bytes)| Image::new(service, request, &base, platform, bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let index = match images.as_slice() {
        [_] => None,
        several => {
            let listed = several.iter().map(listed).collect();
            let index = index(listed, all_labels(service, request))?;
            Some(Blob::json(MediaType::ImageIndex, &index)?)
        }
    };
    Ok(Rendered {
        images,
        reference: request.reference.clone(),
        index,
    })
}

impl Rendered {
    /// The files of a layout; with the SBOMs as referrers, or without.
    pub(super) fn layout(&self, with_sboms: bool) -> Result<Files, OciError> {
        let images = self.images.iter().flat_map(Image::blobs);
        let blobs = images.chain(&self.index).map(Blob::file).collect();
        let mut files = whole(blobs, self.tagged()?)?;
        if with_sboms {
            let referrers = self.referrers()?.into_iter();
            files.extend(referrers.map(|(path, bytes)| (format!("{REFERRERS}{path}"), bytes)));
        }
        Ok(files)
    }

    /// The one manifest of the layout, with its tag.
    fn tagged(&self) -> Result<Vec<Descriptor>, OciError> {
        let mut tagged = match (&self.index, self.images.first()) {
            (Some(index), _) => index.descriptor.clone(),
            (None, Some(image)) => listed(image),
            (None, None) => return Err(InputError::NoProgram.into()),
        };
        tagged.set_annotations(Some(HashMap::from([
            (
                ANNOTATION_REF_NAME.to_owned(),
                self.reference.tag().to_owned(),
            ),
            (CONTAINERD_NAME.to_owned(), self.reference.full()),
        ])));
        Ok(vec![tagged])
    }

    /// The layout of the SBOMs. Their subjects are not in it: a registry has them already when an
    /// SBOM is pushed after its image.
    fn referrers(&self) -> Result<Files, OciError> {
        let mut blobs = Files::new();
        let mut all = Vec::new();
        for image in &self.images {
            blobs.extend(image.sbom_blobs()?.iter().map(Blob::file));
            let mut descriptor = image.referrer.descriptor.clone();
            let kind = MediaType::Other(sbom::MEDIA_TYPE.to_owned());
            descriptor.set_artifact_type(Some(kind));
            let tag = match self.images.len() {
                1 => SBOM_TAG.to_owned(),
                _ => format!("{SBOM_TAG}-{}", image.platform.architecture()),
            };
            descriptor
                .set_annotations(Some(HashMap::from([(ANNOTATION_REF_NAME.to_owned(), tag)])));
            all.push(descriptor);
        }
        whole(blobs, all)
    }

    /// The platforms, in the order of the index.
    pub fn platforms(&self) -> impl Iterator<Item = Platform> {
        self.images.iter().map(|image| image.platform)
    }

    /// The name of the image as people write it, with its tag.
    #[must_use]
    pub fn name(&self) -> String {
        self.reference.short()
    }

    /// Bytes of the largest image as a registry stores it: compressed layers, configuration and
    /// manifest.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = |image: &Image| image.blobs().iter().map(|b| b.descriptor.size()).sum();
        self.images.iter().map(size).max().unwrap_or_default()
    }

    /// The digest that a registry would know it by: of the index, or of the only manifest.
    #[must_use]
    pub fn digest(&self) -> String {
        let only = self.images.first().map(|image| &image.manifest);
        let blob = self.index.as_ref().or(only);
        blob.map(|blob| blob.descriptor.digest().to_string())
            .unwrap_or_default()
    }

    /// Everything but the contents of the layers, for people and programs to look at.
    ///
    /// # Errors
    /// [`OciError::Document`]; none in practice.
    pub fn describe(&self) -> Result<Value, OciError> {
        let images = self.images.iter().map(|image| {
            let layers = image.layers.iter().map(|layer| {
                Ok(json!({
                    "name": layer.name,
                    "digest": layer.blob.descriptor.digest(),
                    "diff_id": layer.diff_id(),
                    "mediaType": layer.blob.descriptor.media_type(),
                    "size": layer.blob.descriptor.size(),
                    "files": serde_json::to_value(&layer.entries)?,
                }))
            });
            Ok(json!({
                "platform": image.platform.to_string(),
                "config": document(&image.config)?,
                "manifest": document(&image.manifest)?,
                "digest": image.manifest.descriptor.digest(),
                "layers": layers.collect::<Result<Vec<Value>, OciError>>()?,
                "sbom": document(&image.sbom)?,
            }))
        });
        Ok(json!({
            "name": self.name(),
            "digest": self.digest(),
            "index": self.index.as_ref().map(document).transpose()?,
            "images": images.collect::<Result<Vec<Value>, OciError>>()?,
        }))
    }
}

/// The layout of `blobs` whose `index.json` lists `manifests`.
fn whole(blobs: Files, manifests: Vec<Descriptor>) -> Result<Files, OciError> {
    let mut files = blobs;
    let layout = OciLayoutBuilder::default()
        .image_layout_version("1.0.0")
        .build()?;
    let mark = HashMap::from([(MADE_BY.to_owned(), GENERATED.to_owned())]);
    for (path, bytes) in [
        ("oci-layout", canonical(&layout)?),
        ("index.json", canonical(&index(manifests, mark)?)?),
    ] {
        files.insert(path.to_owned(), bytes);
    }
    Ok(files)
}

fn document(blob: &Blob) -> Result<Value, OciError> {
    Ok(serde_json::from_slice(&blob.bytes)?)
}

/// The descriptor of an image in an index.
fn listed(image: &Image) -> Descriptor {
    let mut descriptor = image.manifest.descriptor.clone();
    descriptor.set_platform(Some(image.platform.described()));
    descriptor
}

fn index(
    manifests: Vec<Descriptor>,
    annotations: HashMap<String, String>,
) -> Result<ImageIndex, OciError> {
    Ok(ImageIndexBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .annotations(annotations)
        .build()?)
}
