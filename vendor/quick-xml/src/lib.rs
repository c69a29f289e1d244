//! What poem and poem-openapi name of quick-xml, and no XML.
//!
//! Both ask for quick-xml 0.36, which has RUSTSEC-2026-0194 and RUSTSEC-2026-0195 (a few kilobytes of
//! XML take minutes or gigabytes), and poem-openapi cannot be built without it. aura neither reads nor
//! writes XML; so there is nothing here that could. Once poem takes 0.41 or later, this goes.

pub use crate::de::DeError;

/// Reading, which is refused.
pub mod de {
    use std::io::BufRead;

    use serde::de::DeserializeOwned;

    /// Why no XML was read or written.
    #[derive(Debug, thiserror::Error)]
    pub enum DeError {
        /// Never made here; poem looks for it.
        #[error("XML is not supported: {0}")]
        Unsupported(String),
        /// The only answer.
        #[error("XML is not supported")]
        NotSupported,
    }

    /// Reads no XML.
    ///
    /// # Errors
    /// Always [`DeError::NotSupported`].
    pub fn from_str<T: DeserializeOwned>(_text: &str) -> Result<T, DeError> {
        Err(DeError::NotSupported)
    }

    /// Reads no XML.
    ///
    /// # Errors
    /// Always [`DeError::NotSupported`].
    pub fn from_reader<R: BufRead, T: DeserializeOwned>(_reader: R) -> Result<T, DeError> {
        Err(DeError::NotSupported)
    }
}

/// Writing, which is refused.
pub mod se {
    use serde::Serialize;

    use crate::DeError;

    /// Writes no XML.
    ///
    /// # Errors
    /// Always [`DeError::NotSupported`].
    pub fn to_string<T: Serialize + ?Sized>(_value: &T) -> Result<String, DeError> {
        Err(DeError::NotSupported)
    }

    /// Writes no XML.
    ///
    /// # Errors
    /// Always [`DeError::NotSupported`].
    pub fn to_string_with_root<T: Serialize + ?Sized>(
        _root: &str,
        _value: &T,
    ) -> Result<String, DeError> {
        Err(DeError::NotSupported)
    }
}
