//! The request for an image: programs, name, compression, creation time.

use std::fmt;
use std::str::FromStr;

use super::ca::CaBundle;
use super::created::Created;
use super::error::InputError;
use super::layer::Compression;
use super::platform::Platform;
use super::program::Program;
use super::reference::Reference;

/// The inputs of an image beside the facts of the service.
#[derive(Debug, Clone)]
pub struct Request {
    /// The content of one static program a platform; at least one.
    pub programs: Vec<(Platform, Vec<u8>)>,
    /// The authorities that it trusts.
    pub ca_bundle: CaBundle,
    /// The name of the image.
    pub reference: Reference,
    /// Compression of its layers.
    pub compression: Compression,
    /// The commit that it was built from, where that is known.
    pub revision: Option<Revision>,
    /// Creation time.
    pub created: Created,
}

/// The name of a commit: one word of visible characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision(String);

impl FromStr for Revision {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && text.len() <= 200)
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| InputError::Revision(text.to_owned()))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Request {
    /// The programs by platform.
    ///
    /// # Errors
    /// [`InputError`] where there is none, or two of one platform.
    pub(super) fn by_platform(&self) -> Result<Vec<(Platform, &[u8])>, InputError> {
        if self.programs.is_empty() {
            return Err(InputError::NoProgram);
        }
        let given = self.programs.iter();
        let mut programs: Vec<_> = given.map(|(of, bytes)| (*of, bytes.as_slice())).collect();
        programs.sort_by_key(|(platform, _)| *platform);
        let twice = programs.windows(2).find(|pair| pair[0].0 == pair[1].0);
        match twice {
            Some(pair) => Err(InputError::SamePlatform(pair[0].0)),
            None => Ok(programs),
        }
    }
}

/// The platform of the program `bytes`, and whether an image can hold it.
///
/// # Errors
/// [`InputError::Program`] with the first reason why not.
pub fn platform_of(bytes: &[u8], wanted: Option<Platform>) -> Result<Platform, InputError> {
    Ok(Program::read(bytes)?.fits(wanted)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_one_word() {
        for good in ["8cc3c4f", "v1.2.3", "8cc3c4f-dirty"] {
            assert_eq!(good.parse::<Revision>().unwrap().to_string(), good);
        }
        for wrong in ["", "a b", "a\n", "ä", &"x".repeat(201)] {
            assert!(wrong.parse::<Revision>().is_err(), "{wrong:?}");
        }
    }
}
