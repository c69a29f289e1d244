//! What is looked at: the service as the code describes it, and what was given beside it.

use std::path::Path;
use std::sync::OnceLock;

use super::checkout::Checkout;
use super::item::Unseen;
use super::manifests::Manifests;
use super::unusable::Unusable;
use crate::deploy::artefact::Project;
use crate::deploy::oci::read::{Layout, ReadError};
use crate::inspect::{self, inspect};

/// Everything that an item may look at.
pub struct Subject {
    /// What is released, and where it is to run.
    pub project: Project,
    /// Its source, where it was given.
    pub checkout: Option<Checkout>,
    /// Its image, where it was given.
    pub image: Option<Image>,
    /// Its manifests, where they were given.
    pub manifests: Option<Manifests>,
    /// The inspection of the manifests, once an item has asked for it.
    pub(super) inspection: OnceLock<inspect::Report>,
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
    /// [`Unusable`] where it is no layout, or only half of one.
    pub fn read(path: &Path) -> Result<Self, Unusable> {
        match Layout::open(path) {
            Ok(layout) => Ok(Self::Whole(Box::new(layout))),
            Err(error @ ReadError::Damaged(_)) => Ok(Self::Damaged(error.to_string())),
            Err(error) => Err(Unusable::Image(error)),
        }
    }
}

impl Subject {
    /// What there is to look at.
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
        self.checkout.as_ref().ok_or(Unseen::Checkout)
    }

    pub(super) fn manifests(&self) -> Result<&Manifests, Unseen> {
        self.manifests.as_ref().ok_or(Unseen::Manifests)
    }

    /// What the inspection of the manifests finds. It is made once: it reads and merges every file.
    pub(super) fn inspection(&self) -> Result<&inspect::Report, Unseen> {
        let manifests = self.manifests()?;
        let look = || inspect(&self.project.service, &manifests.inputs);
        Ok(self.inspection.get_or_init(look))
    }

    /// The image, if it is whole.
    pub(super) fn image(&self) -> Result<&Layout, Unseen> {
        match self.image.as_ref().ok_or(Unseen::Image)? {
            Image::Whole(layout) => Ok(layout),
            Image::Damaged(_) => Err(Unseen::Nothing("the image is damaged")),
        }
    }
}
