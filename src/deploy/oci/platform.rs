//! The platforms that images are made for.

use std::fmt;
use std::str::FromStr;

use oci_spec::image::{Arch, Os, Platform as Described};

/// Linux on one kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// `linux/amd64`: x86-64.
    Amd64,
    /// `linux/arm64`: `AArch64`.
    Arm64,
}

impl Platform {
    /// All of them, in the order in which an index lists them.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// As Go calls the processor, and with it the image-spec.
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    pub(super) fn arch(self) -> Arch {
        match self {
            Self::Amd64 => Arch::Amd64,
            Self::Arm64 => Arch::ARM64,
        }
    }

    /// For the descriptor of an image in an index.
    pub(super) fn described(self) -> Described {
        let mut platform = Described::default();
        platform.set_architecture(self.arch());
        platform.set_os(Os::Linux);
        platform
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linux/{}", self.architecture())
    }
}

/// The name of a platform that images are not made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a platform of images; use linux/amd64 or linux/arm64")]
pub struct UnknownPlatform(String);

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, UnknownPlatform> {
        let mut all = Self::ALL.into_iter();
        all.find(|platform| platform.to_string() == text)
            .ok_or_else(|| UnknownPlatform(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_read_as_it_is_printed_and_others_are_refused() {
        for platform in Platform::ALL {
            assert_eq!(platform.to_string().parse::<Platform>().unwrap(), platform);
        }
        for wrong in [
            "",
            "amd64",
            "linux/x86_64",
            "windows/amd64",
            "linux/amd64/v2",
        ] {
            let error = wrong.parse::<Platform>().unwrap_err().to_string();
            assert!(error.contains("linux/arm64"), "{error}");
        }
    }
}
