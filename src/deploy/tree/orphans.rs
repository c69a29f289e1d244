//! Files of an artefact that it no longer renders.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::target;
use crate::deploy::file::File;
use crate::deploy::file::marked_by;

/// Bytes at the beginning of a file that are searched for a mark.
const HEAD: u64 = 4096;

/// Deeper folders than this hold nothing that was rendered.
const MAX_DEPTH: usize = 16;

/// A file that was rendered once.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Orphan {
    /// Relative to the output directory.
    pub(super) path: String,
    /// Its path on disk.
    pub(super) real: PathBuf,
}

/// The orphans below `root`, in the order of their paths: of the artefacts that `files` are of,
/// in the top folders that these render into, but for the places `kept`. Links are not followed.
pub(super) fn find(root: &Path, files: &[File], kept: &BTreeSet<&Path>) -> Vec<Orphan> {
    let places: BTreeSet<(&str, &str)> = files
        .iter()
        .filter_map(|file| Some((file.path.split_once('/')?.0, marked_by(&file.text)?)))
        .collect();
    let tops: BTreeSet<&str> = places.iter().map(|(top, _)| *top).collect();
    let mut orphans = Vec::new();
    for top in tops {
        let mut found = Vec::new();
        // The folder itself may be a link, as long as it stays inside.
        let folder = fs::canonicalize(root.join(top)).ok();
        if let Some(folder) = folder.filter(|folder| folder.starts_with(root)) {
            walk(&folder, 0, &mut found);
        }
        let lost = found.into_iter().filter(|real| {
            !kept.contains(real.as_path())
                && head(real).is_some_and(|head| {
                    marked_by(&head).is_some_and(|of| places.contains(&(top, of)))
                })
        });
        orphans.extend(lost.map(|real| Orphan {
            path: target::below(root, &real),
            real,
        }));
    }
    orphans.sort();
    orphans
}

/// Every file below `folder`; what cannot be read is left out, for it is not ours to judge.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                walk(&entry.path(), depth + 1, found);
            }
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

fn head(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(HEAD).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
