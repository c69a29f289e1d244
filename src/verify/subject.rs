//! The subject of a verification: the service as the code describes it, and what was given beside
//! it.

use std::path::Path;
use std::sync::OnceLock;

use super::checkout::Checkout;
use super::error::Unusable;
use super::findings::Unseen;
use super::manifests::Manifests;
use crate::deploy::artefact::Project;
use crate::deploy::oci::read::error::ReadError;
use crate::deploy::oci::read::layout::Layout;
use crate::inspect::inspection::inspect;
use crate::inspect::report::Report as Inspection;

/// Inputs of the items.
pub struct Subject {
    /// The service, and the plan of its environments.
    pub project: Project,
    /// Its source, where it was given.
    pub checkout: Option<Checkout>,
    /// Its image, where it was given.
    pub image: Option<Image>,
    /// Its manifests, where they were given.
    pub manifests: Option<Manifests>,
    /// The inspection of the manifests, once an item has asked for it.
    pub(super) inspection: OnceLock<Inspection>,
}

/// An image that was given.
pub enum Image {
    /// Whole: every blob is what its name says.
    Whole(Box<Layout>),
    /// One that says of itself what it is not; which blob it is.
    Damaged(String),
}

impl Image {
    /// Reads the OCI layout in the folder `path`.
    ///
    /// # Errors
    /// [`Unusable`] where it is not a layout, or only half of one.
    pub fn read(path: &Path) -> Result<Self, Unusable> {
        match Layout::open(path) {
            Ok(layout) => Ok(Self::Whole(Box::new(layout))),
            Err(error @ ReadError::Damaged(_)) => Ok(Self::Damaged(error.to_string())),
            Err(error) => Err(Unusable::Image(error)),
        }
    }
}

impl Subject {
    /// Makes a subject of what was given.
    #[must_use]
    pub fn new(
        project: Project,
        checkout: Option<Checkout>,
        image: Option<Image>,
        manifests: Option<Manifests>,
    ) -> Self {
        Self {
            project,
            checkout,
            image,
            manifests,
            inspection: OnceLock::new(),
        }
    }

    pub(super) fn checkout(&self) -> Result<&Checkout, Unseen> {
        self.checkout
            .as_ref()
            .ok_or(Unseen("no checkout was given"))
    }

    pub(super) fn manifests(&self) -> Result<&Manifests, Unseen> {
        self.manifests
            .as_ref()
            .ok_or(Unseen("no manifests were given"))
    }

    /// The findings of the inspection of the manifests, which is made once: it reads and merges
    /// every file.
    pub(super) fn inspection(&self) -> Result<&Inspection, Unseen> {
        let manifests = self.manifests()?;
        let look = || inspect(&self.project.service, &manifests.inputs);
        Ok(self.inspection.get_or_init(look))
    }

    pub(super) fn given_image(&self) -> Result<&Image, Unseen> {
        self.image.as_ref().ok_or(Unseen("no image was given"))
    }

    /// The image, if it is whole.
    pub(super) fn image(&self) -> Result<&Layout, Unseen> {
        match self.given_image()? {
            Image::Whole(layout) => Ok(layout),
            Image::Damaged(_) => Err(Unseen("the image is damaged")),
        }
    }
}
