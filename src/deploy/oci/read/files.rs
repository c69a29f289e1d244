//! The files of a layout, in a folder or in memory; each blob is what its digest says.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use oci_spec::image::Descriptor;

use super::error::{MOST_BYTES, ReadError, malformed};
use crate::deploy::oci::digest::Digest;
use crate::deploy::oci::rendered::REFERRERS;

/// The files of a layout, below a folder of the place where they are.
pub(super) struct Files<'a> {
    store: Store<'a>,
    below: &'static str,
}

#[derive(Clone)]
enum Store<'a> {
    Folder(PathBuf),
    Memory(&'a BTreeMap<String, Vec<u8>>),
}

impl<'a> Files<'a> {
    /// Those in the folder `dir`.
    pub(super) fn of_folder(dir: &Path) -> Self {
        Self {
            store: Store::Folder(dir.to_path_buf()),
            below: "",
        }
    }

    /// Those in memory, by their paths.
    pub(super) fn of_memory(files: &'a BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            store: Store::Memory(files),
            below: "",
        }
    }

    /// The path of `file` as errors name it.
    pub(super) fn name(&self, file: &str) -> String {
        format!("{}{file}", self.below)
    }

    /// The layout of what refers to the images of this one, where it has one.
    pub(super) fn referrers(&self) -> Option<Files<'a>> {
        let there = match &self.store {
            Store::Folder(dir) => dir.join(REFERRERS).is_dir(),
            Store::Memory(files) => files.keys().any(|path| path.starts_with(REFERRERS)),
        };
        there.then(|| Files {
            store: self.store.clone(),
            below: REFERRERS,
        })
    }

    /// The file at `path`, below the layout.
    pub(super) fn get(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let path = &self.name(path);
        match &self.store {
            Store::Memory(files) => files
                .get(path)
                .cloned()
                .ok_or_else(|| ReadError::Missing(path.to_owned())),
            Store::Folder(dir) => {
                let full = dir.join(path);
                let failed = |source: io::Error| match source.kind() {
                    io::ErrorKind::NotFound => ReadError::Missing(path.to_owned()),
                    _ => ReadError::Io {
                        path: full.clone(),
                        source,
                    },
                };
                let metadata = fs::metadata(&full).map_err(failed)?;
                // Reading a device or a pipe would never end.
                if !metadata.is_file() {
                    return Err(failed(io::Error::other("it is not a file")));
                }
                if metadata.len() > MOST_BYTES {
                    return Err(ReadError::TooLarge(path.to_owned()));
                }
                fs::read(&full).map_err(failed)
            }
        }
    }

    /// The blob of `descriptor`, which is what its digest and its length say.
    pub(super) fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, ReadError> {
        let digest = digest(descriptor)?;
        let path = digest.blob();
        let bytes = self.get(&path)?;
        if bytes.len() as u64 != descriptor.size() || Digest::of(&bytes) != digest {
            return Err(ReadError::Damaged(self.name(&path)));
        }
        Ok(bytes)
    }
}

/// The digest in `descriptor`, which has to be of SHA-256.
pub(super) fn digest(descriptor: &Descriptor) -> Result<Digest, ReadError> {
    let text = descriptor.digest().to_string();
    Digest::parse(&text).ok_or_else(|| malformed(&text, &"only digests of SHA-256 are known here"))
}
