//! New files and folders take their places on disk all together, or none does.
//!
//! Everything that can run out (space, rights, quota) runs out while the new ones are written under
//! temporary names beside their places, before the first place is touched. Then each changes places
//! with the old one in one step of the file system: at every moment, a power failure included,
//! there is either the old or the new one, whole. If a later one fails, the earlier ones change
//! back.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Files that are made durable at once.
const AT_ONCE: usize = 8;

/// Mode of a new file before the umask, and of one that only its owner may read.
const SHARED: u32 = 0o666;
const PRIVATE: u32 = 0o600;

/// A refusal of the operating system.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot {what} {}: {reason}; {}",
    path.display(),
    if *in_place { "the new files are in place" } else { "nothing was changed" }
)]
pub struct WriteError {
    /// The attempt: `write`, `replace`.
    pub(crate) what: &'static str,
    pub(crate) path: PathBuf,
    // Not named `source`: the sentence says it, and a chain of errors would say it again.
    pub(crate) reason: io::Error,
    /// True where everything is in place, and only an old file or folder could not be removed.
    pub(crate) in_place: bool,
}

/// New files and folders on their way. Dropping it removes what is not in place.
#[derive(Default)]
pub(crate) struct Batch {
    /// Folders made for the entries, outer ones first.
    folders: Vec<PathBuf>,
    unsynced: Vec<(File, PathBuf)>,
    /// Folders inside new folders.
    inner: BTreeSet<PathBuf>,
    entries: Vec<Entry>,
}

struct Entry {
    temporary: PathBuf,
    target: PathBuf,
    /// True if it never takes the place of another.
    exclusive: bool,
    /// Use of the temporary name once the entry is in place; none before that.
    placed: Option<Leftover>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leftover {
    Nothing,
    /// The old file or folder, or a second name of the new file.
    Something,
}

impl Batch {
    /// Makes `folder` and those around it, where they are missing.
    pub(crate) fn make_folder(&mut self, folder: &Path) -> Result<(), WriteError> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.make_folder(parent)?;
        }
        fs::create_dir(folder).map_err(failed("make the folder", folder))?;
        self.folders.push(folder.to_path_buf());
        Ok(())
    }

    /// Writes a file that takes the place of `target` and its permissions.
    pub(crate) fn replace(&mut self, target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        let temporary = self.add(target, false)?;
        let old = fs::metadata(target).ok();
        // Private until it has the old file's permissions, so that at no moment more people may read
        // it than before.
        let mode = if old.is_some() { PRIVATE } else { SHARED };
        self.write(&temporary, bytes, mode)?;
        if let Some(metadata) = old {
            let kept = fs::set_permissions(&temporary, metadata.permissions());
            kept.map_err(failed("set the permissions of", target))?;
        }
        Ok(())
    }

    /// Writes a new file at `target` that its owner alone may read (mode 0600).
    pub(crate) fn create_private(&mut self, target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        let temporary = self.add(target, true)?;
        self.write(&temporary, bytes, PRIVATE)
    }

    /// Writes a folder of `files`, by path, that takes the place of `target`.
    pub(crate) fn replace_folder(
        &mut self,
        target: &Path,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), WriteError> {
        let temporary = self.add(target, false)?;
        let make = |folder: &Path| fs::create_dir_all(folder).map_err(failed("make", folder));
        make(&temporary)?;
        for (path, bytes) in files {
            let path = temporary.join(path);
            path.parent().map_or(Ok(()), make)?;
            self.write(&path, bytes, SHARED)?;
            let folders = path.ancestors().skip(1);
            let folders = folders.take_while(|folder| folder.starts_with(&temporary));
            self.inner.extend(folders.map(Path::to_path_buf));
        }
        Ok(())
    }

    /// Makes everything durable, lets it take its place, and removes what was there.
    pub(crate) fn commit(mut self) -> Result<(), WriteError> {
        // Content before names: a new name that reaches the disk first is an empty file after a
        // power failure.
        in_parallel(&self.unsynced, |(file, path)| {
            file.sync_all().map_err(failed("write", path))
        })?;
        // Names inside a new folder are durable before the folder has its own.
        settle(self.inner.iter().map(PathBuf::as_path).collect());
        for at in 0..self.entries.len() {
            if let Err(error) = self.entries[at].place() {
                let target = self.entries[at].target.clone();
                let placed = self.entries[..at].iter_mut().rev();
                placed.for_each(Entry::undo);
                return Err(failed("replace", &target)(error));
            }
        }
        // A renaming is durable once its folder is (fsync(2)).
        let targets = self.entries.iter().map(|entry| entry.target.as_path());
        let made = self.folders.iter().map(PathBuf::as_path);
        settle(targets.chain(made).filter_map(Path::parent).collect());
        self.folders.clear();
        for entry in std::mem::take(&mut self.entries) {
            if entry.placed == Some(Leftover::Something) {
                remove(&entry.temporary).map_err(|reason| WriteError {
                    in_place: true,
                    ..failed("remove", &entry.temporary)(reason)
                })?;
            }
        }
        Ok(())
    }

    /// Takes a temporary name for `target`, and clears it of what a dead process left.
    fn add(&mut self, target: &Path, exclusive: bool) -> Result<PathBuf, WriteError> {
        let temporary = hidden(target, "new");
        remove(&temporary).map_err(failed("write", &temporary))?;
        self.entries.push(Entry {
            temporary: temporary.clone(),
            target: target.to_path_buf(),
            exclusive,
            placed: None,
        });
        Ok(temporary)
    }

    fn write(&mut self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), WriteError> {
        let mut options = OpenOptions::new();
        // O_EXCL follows no link that another user may have put at this name (open(2)).
        let options = options.write(true).create_new(true).mode(mode);
        let mut file = options.open(path).map_err(failed("write", path))?;
        file.write_all(bytes).map_err(failed("write", path))?;
        self.unsynced.push((file, path.to_path_buf()));
        Ok(())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // An entry that could not change back has the old one under its temporary name: that stays.
        for entry in self.entries.iter().filter(|entry| entry.placed.is_none()) {
            let _ = remove(&entry.temporary);
        }
        // Fails for those that are not empty.
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

impl Entry {
    fn place(&mut self) -> io::Result<()> {
        if self.exclusive {
            // Unlike a renaming, a link never takes the place of another file.
            fs::hard_link(&self.temporary, &self.target)?;
            self.placed = Some(Leftover::Something);
            return Ok(());
        }
        let leftover = match fs::symlink_metadata(&self.target) {
            Ok(_) => Leftover::Something,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Leftover::Nothing,
            Err(error) => return Err(error),
        };
        match leftover {
            Leftover::Something => exchange(&self.temporary, &self.target)?,
            Leftover::Nothing => fs::rename(&self.temporary, &self.target)?,
        }
        self.placed = Some(leftover);
        Ok(())
    }

    fn undo(&mut self) {
        let undone = match self.placed {
            Some(_) if self.exclusive => fs::remove_file(&self.target),
            Some(Leftover::Something) => exchange(&self.temporary, &self.target),
            Some(Leftover::Nothing) => fs::rename(&self.target, &self.temporary),
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
        // EINVAL or EOPNOTSUPP of a file system that cannot, ENOSYS of a kernel before 3.15.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let third = hidden(b, "old");
            // A second name of a file leaves the first in place until the new one takes it.
            fs::hard_link(b, &third).or_else(|_| fs::rename(b, &third))?;
            if let Err(error) = fs::rename(a, b) {
                // Renaming one name of a file to another does nothing.
                fs::rename(&third, b)?;
                remove(&third)?;
                return Err(error);
            }
            fs::rename(&third, a)
        }
        other => other.map_err(io::Error::from),
    }
}

/// Does `work` to all `items`, several at a time: a file system commits together what it is asked
/// for together. Gives the first failure of any.
fn in_parallel<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), WriteError> + Sync,
) -> Result<(), WriteError> {
    let (work, share) = (&work, items.len().div_ceil(AT_ONCE).max(1));
    std::thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(share)
            .map(|some| scope.spawn(move || some.iter().try_for_each(work)))
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// Makes the names in `folders` durable.
fn settle(folders: BTreeSet<&Path>) {
    let folders: Vec<&Path> = folders.into_iter().collect();
    let settled = in_parallel(&folders, |folder| {
        let here = folder.as_os_str().is_empty();
        let folder = if here { Path::new(".") } else { folder };
        // Not every file system can; what the names stand for is whole either way.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    });
    drop(settled);
}

/// A hidden name in the same folder, so that renaming crosses no file system.
pub(crate) fn hidden(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.{ending}", std::process::id()));
    target.with_file_name(name)
}

/// Removes what is at `path`, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    // Of a link itself: what it leads to is not removed.
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes an error of what the system says while nothing has changed yet.
pub(crate) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    move |reason| WriteError {
        what,
        path,
        reason,
        in_place: false,
    }
}
