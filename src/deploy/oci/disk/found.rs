//! The present content of an image's path.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::DiskError;
use crate::deploy::disk::failed;
use crate::deploy::file::is_marked;
use crate::deploy::oci::config::BY;
use crate::deploy::oci::digest::Digest;
use crate::deploy::oci::format::{Main, unarchived};
use crate::deploy::oci::rendered::{Files, REFERRERS};

/// Larger files are no image of ours, and are not read.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// The content of a path.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A folder, with its files; none in an empty one.
    Folder(Files),
    /// A file, with its content; none in an empty one.
    File(Vec<u8>),
}

impl Found {
    /// Looks at `path`, links followed.
    pub(super) fn at(path: &Path) -> Result<Self, DiskError> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Nothing),
            Err(error) => return Err(failed("examine", path)(error).into()),
        };
        if metadata.is_dir() {
            return folder(path).map(Self::Folder);
        }
        // A device or a pipe may be readable without end.
        if !metadata.is_file() || metadata.len() > MOST_BYTES {
            return Err(DiskError::Foreign(path.to_path_buf()));
        }
        Ok(Self::File(fs::read(path).map_err(failed("read", path))?))
    }

    /// Refuses what the image `main` may not take the place of.
    pub(super) fn may_become(&self, path: &Path, main: &Main) -> Result<(), DiskError> {
        let path = path.to_path_buf();
        let is_ours = match (self, main) {
            (Self::Folder(files), Main::Folder(_)) => is_ours(files),
            (Self::File(bytes), Main::File(..)) => {
                unarchived(bytes).is_some_and(|files| is_ours(&files))
            }
            (Self::File(_), Main::Folder(_)) => {
                let expected = "a folder";
                return Err(DiskError::Kind { path, expected });
            }
            (Self::Folder(_), Main::File(..)) => {
                let expected = "a file";
                return Err(DiskError::Kind { path, expected });
            }
            (Self::Nothing, _) => true,
        };
        if is_ours || self.is_empty() {
            return Ok(());
        }
        Err(DiskError::Foreign(path))
    }

    /// Checks whether there is nothing, or something empty.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Folder(files) => files.is_empty(),
            Self::File(bytes) => bytes.is_empty(),
        }
    }
}

/// The path of a file beside `path` with the same name and `ending` after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// The document at `path`, which lies beside an image; none where there is none.
pub(super) fn document(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    match Found::at(path)? {
        Found::Nothing => Ok(None),
        Found::File(bytes) => Ok(Some(bytes)),
        Found::Folder(_) => Err(DiskError::Foreign(path.to_path_buf())),
    }
}

/// Checks whether an image of these files was made here: its list says so, or its history.
fn is_ours(files: &Files) -> bool {
    // A docker-archive has no place for a mark but the history in the configuration.
    let marked = |bytes: &Vec<u8>| is_marked(&String::from_utf8_lossy(bytes));
    files.get("index.json").is_some_and(marked) || docker_history(files).unwrap_or(false)
}

/// Checks whether the configuration of a docker-archive says who made its first layer.
fn docker_history(files: &Files) -> Option<bool> {
    let list: serde_json::Value = serde_json::from_slice(files.get("manifest.json")?).ok()?;
    let config = files.get(list[0]["Config"].as_str()?)?;
    let config: serde_json::Value = serde_json::from_slice(config).ok()?;
    Some(config["history"][0]["created_by"] == BY)
}

/// The files of the layout in `dir`, by path.
///
/// # Errors
/// [`DiskError::Mixed`] where there is anything that a layout does not have; it is not read.
fn folder(dir: &Path) -> Result<Files, DiskError> {
    let mut files = Files::new();
    let mut others = Vec::new();
    walk(dir, "", &mut files, &mut others)?;
    if others.is_empty() {
        return Ok(files);
    }
    others.sort();
    Err(DiskError::Mixed {
        path: dir.to_path_buf(),
        files: others,
    })
}

fn walk(
    dir: &Path,
    below: &str,
    files: &mut Files,
    others: &mut Vec<String>,
) -> Result<(), DiskError> {
    for entry in fs::read_dir(dir).map_err(failed("read", dir))? {
        let entry = entry.map_err(failed("read", dir))?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        // Of the entry itself: a link is neither a folder nor a file here, and is not followed.
        let kind = entry.file_type();
        let kind = kind.map_err(failed("examine", &entry.path()))?;
        if kind.is_dir() && is_folder(&path) {
            walk(&entry.path(), &format!("{path}/"), files, others)?;
        } else if kind.is_file() && is_part(&path) && is_small(&entry) {
            let bytes = fs::read(entry.path()).map_err(failed("read", &entry.path()))?;
            files.insert(path, bytes);
        } else {
            others.push(path);
        }
    }
    Ok(())
}

/// Checks whether it can be read whole.
fn is_small(entry: &fs::DirEntry) -> bool {
    entry.metadata().is_ok_and(|it| it.len() <= MOST_BYTES)
}

/// Checks whether a layout, or that of its referrers, has a folder of that path.
fn is_folder(path: &str) -> bool {
    let path = format!("{path}/");
    let below = path.strip_prefix(REFERRERS).unwrap_or(&path);
    matches!(below, "" | "blobs/" | "blobs/sha256/")
}

/// Checks whether a layout, or that of its referrers, has files of that path.
fn is_part(path: &str) -> bool {
    let path = path.strip_prefix(REFERRERS).unwrap_or(path);
    let hex = path.strip_prefix("blobs/sha256/");
    matches!(path, "oci-layout" | "index.json")
        || hex.is_some_and(|hex| Digest::parse(&format!("sha256:{hex}")).is_some())
}
