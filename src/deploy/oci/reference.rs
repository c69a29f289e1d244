//! The name under which an image is loaded.

use super::error::InputError;
use crate::deploy::plan::Image;

/// The registry and the folder that a bare name stands for, to Docker and to whoever follows it.
const DOCKER: &str = "docker.io";

/// A name and a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    name: String,
    tag: String,
}

impl Reference {
    /// Checks both after the grammar that registries and runtimes share.
    ///
    /// # Errors
    /// [`InputError::Reference`] with what is wrong.
    pub fn new(name: &str, tag: &str) -> Result<Self, InputError> {
        let image = Image::try_from(format!("{name}:{tag}").as_str());
        image.map_err(InputError::Reference)?;
        Ok(Self {
            name: name.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// The tag of `version`; a tag has no `+`, which a version may have.
    #[must_use]
    pub fn tag_of(version: &str) -> String {
        version.replace('+', "_")
    }

    /// The tag alone: how a layout names it.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// As people write it: `aura:0.1.0`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}:{}", self.name, self.tag)
    }

    /// With the registry that is meant where none is written: `docker.io/library/aura:0.1.0`.
    #[must_use]
    pub fn full(&self) -> String {
        let short = self.short();
        match self.name.split_once('/') {
            None => format!("{DOCKER}/library/{short}"),
            // As Docker tells a registry from a folder of its own.
            Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => short,
            Some(_) => format!("{DOCKER}/{short}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_what_docker_takes_it_for() {
        for (name, full) in [
            ("aura", "docker.io/library/aura:1"),
            ("me/aura", "docker.io/me/aura:1"),
            ("localhost/aura", "localhost/aura:1"),
            ("ghcr.io/me/aura", "ghcr.io/me/aura:1"),
            ("localhost:5000/aura", "localhost:5000/aura:1"),
        ] {
            let reference = Reference::new(name, "1").unwrap();
            assert_eq!(reference.full(), full);
            assert_eq!(reference.short(), format!("{name}:1"));
        }
    }

    #[test]
    fn impossible_names_and_tags_are_refused() {
        for (name, tag) in [
            ("Aura", "1"),
            ("aura", ""),
            ("aura", "a b"),
            ("aura", "1@2"),
            ("aura:1", "2"),
            ("", "1"),
            ("../aura", "1"),
            ("aura", "1+2"),
        ] {
            assert!(Reference::new(name, tag).is_err(), "{name:?} {tag:?}");
        }
        assert_eq!(Reference::tag_of("1.2.3-rc.1+build"), "1.2.3-rc.1_build");
    }
}
