//! New things take the places of old ones, all together, or none does.
//!
//! Everything that can run out (space, rights, quota) runs out while the new things are written
//! beside their places. Then each changes places with the old one in one step of the file system,
//! so that at every moment there is either the old or the new one, whole. If a later one fails,
//! the earlier ones change back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::layout::Files;
use super::fault::{PlaceError, failed};

/// Things on their way. What is left of them when it is dropped is removed.
#[derive(Default)]
pub(super) struct Swap {
    waiting: Vec<Waiting>,
}

struct Waiting {
    temporary: PathBuf,
    target: PathBuf,
    /// Whether it has taken its place; where something was there before, that now has the
    /// temporary name.
    placed: Option<Before>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Something,
}

impl Swap {
    /// Writes a folder of `files` beside `target`.
    pub(super) fn folder(&mut self, target: &Path, files: &Files) -> Result<(), PlaceError> {
        let temporary = self.add(target)?;
        let make = |folder: &Path| fs::create_dir_all(folder).map_err(failed("make", folder));
        make(&temporary)?;
        for (path, bytes) in files {
            let path = temporary.join(path);
            if let Some(folder) = path.parent() {
                make(folder)?;
            }
            put(&path, bytes).map_err(failed("write", &path))?;
        }
        let mut folders: Vec<&Path> = files
            .keys()
            .flat_map(|path| Path::new(path).ancestors().skip(1))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        // The innermost first.
        for folder in folders.into_iter().rev() {
            settle(&temporary.join(folder));
        }
        Ok(())
    }

    /// Writes a file beside `target`.
    pub(super) fn file(&mut self, target: &Path, bytes: &[u8]) -> Result<(), PlaceError> {
        let temporary = self.add(target)?;
        put(&temporary, bytes).map_err(failed("write", &temporary))
    }

    /// Lets everything take its place, and removes what was there.
    pub(super) fn commit(mut self) -> Result<(), PlaceError> {
        for at in 0..self.waiting.len() {
            if let Err(error) = self.waiting[at].place() {
                let target = self.waiting[at].target.clone();
                for placed in self.waiting[..at].iter_mut().rev() {
                    placed.undo();
                }
                return Err(failed("replace", &target)(error));
            }
        }
        let waiting = std::mem::take(&mut self.waiting);
        for done in &waiting {
            settle(done.target.parent().unwrap_or(Path::new("")));
        }
        let old = waiting
            .iter()
            .filter(|done| done.placed == Some(Before::Something));
        for done in old {
            remove(&done.temporary).map_err(|source| PlaceError::LeftOver {
                path: done.temporary.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Takes a temporary name for `target`, and clears it of what a dead process left.
    fn add(&mut self, target: &Path) -> Result<PathBuf, PlaceError> {
        let temporary = hidden(target, "new");
        remove(&temporary).map_err(failed("remove", &temporary))?;
        self.waiting.push(Waiting {
            temporary: temporary.clone(),
            target: target.to_path_buf(),
            placed: None,
        });
        Ok(temporary)
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        // What could not change back has the old thing under its temporary name: that stays.
        for waiting in self
            .waiting
            .iter()
            .filter(|waiting| waiting.placed.is_none())
        {
            let _ = remove(&waiting.temporary);
        }
    }
}

impl Waiting {
    fn place(&mut self) -> io::Result<()> {
        let before = match fs::symlink_metadata(&self.target) {
            Ok(_) => Before::Something,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Before::Nothing,
            Err(error) => return Err(error),
        };
        match before {
            Before::Something => exchange(&self.temporary, &self.target)?,
            Before::Nothing => fs::rename(&self.temporary, &self.target)?,
        }
        self.placed = Some(before);
        Ok(())
    }

    fn undo(&mut self) {
        let undone = match self.placed {
            Some(Before::Something) => exchange(&self.temporary, &self.target),
            Some(Before::Nothing) => fs::rename(&self.target, &self.temporary),
            None => Ok(()),
        };
        if undone.is_ok() {
            self.placed = None;
        }
    }
}

/// Lets `a` and `b` change places; in one step where the file system can.
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let third = hidden(b, "old");
            fs::rename(b, &third)?;
            if let Err(error) = fs::rename(a, b) {
                fs::rename(&third, b)?;
                return Err(error);
            }
            fs::rename(&third, a)
        }
        other => other.map_err(io::Error::from),
    }
}

/// A hidden name in the same folder, so that renaming crosses no file system.
fn hidden(target: &Path, ending: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.{ending}", std::process::id()))
}

/// A new file, durable when this returns.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in `folder` durable. Not every file system can; what they name is whole either
/// way.
fn settle(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Removes what is at `path`, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
