//! The place of a rendered file on disk, and its present content.
//!
//! Links are followed as long as they stay below the root, step by step, so that no file is ever
//! read or written outside it.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Reason;

/// The place of one file.
#[derive(Debug)]
pub(super) struct Target {
    /// Its path, with all links followed.
    pub(super) real: PathBuf,
    /// Its content; none where nothing is. What is not UTF-8 was never rendered, and any text
    /// without a mark may stand for it. Lines end in a line feed, as Git may have checked them out
    /// otherwise.
    pub(super) found: Option<String>,
}

/// Checks whether `path` names a file below a directory: relative, `/` between names, nothing
/// empty, no `.` and no `..`.
pub(super) fn is_below(path: &str) -> bool {
    path.split('/')
        .all(|name| !name.is_empty() && name != "." && name != ".." && !name.contains('\0'))
}

/// Looks at the place of `path` below `root`, which is an absolute path without links.
pub(super) fn locate(root: &Path, path: &str) -> Result<Target, Reason> {
    let mut here = root.to_path_buf();
    // Name by name: resolving the whole path at once would walk through a link that leads out.
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        here.push(name);
        let Some(metadata) = follow(root, &mut here)? else {
            here.extend(names);
            return Ok(Target {
                real: here,
                found: None,
            });
        };
        match names.peek() {
            Some(_) if metadata.is_dir() => {}
            Some(_) => return Err(Reason::NoFolder(below(root, &here))),
            None if metadata.is_dir() => return Err(Reason::Folder),
            // Reading a pipe or a device may never end.
            None if !metadata.is_file() => return Err(Reason::Special),
            None => {}
        }
    }
    let bytes = fs::read(&here).map_err(|error| Reason::unreadable(&error))?;
    Ok(Target {
        real: here,
        found: Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n")),
    })
}

/// Metadata of `here`, after moving `here` to the end of the link if it is one.
fn follow(root: &Path, here: &mut PathBuf) -> Result<Option<Metadata>, Reason> {
    let metadata = match fs::symlink_metadata(&*here) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Reason::unreadable(&error)),
    };
    if !metadata.is_symlink() {
        return Ok(Some(metadata));
    }
    let link = below(root, here);
    let Ok(target) = fs::canonicalize(&*here) else {
        return Err(Reason::LeadsNowhere(link));
    };
    if !target.starts_with(root) {
        let target = target.display().to_string();
        return Err(Reason::LeadsOut { link, target });
    }
    let metadata = fs::metadata(&target).map_err(|error| Reason::unreadable(&error))?;
    *here = target;
    Ok(Some(metadata))
}

/// `path` relative to `root`, with `/` between names.
pub(super) fn below(root: &Path, path: &Path) -> String {
    let rest = path.strip_prefix(root).unwrap_or(path);
    rest.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_below() {
        for path in ["a", "a/b.yaml", ".env.example", "a/..b"] {
            assert!(is_below(path), "{path}");
        }
        for path in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0"] {
            assert!(!is_below(path), "{path:?}");
        }
    }
}
