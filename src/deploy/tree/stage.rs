//! All or nothing: files under temporary names, which take their places together.
//!
//! Everything that can run out (space, rights, quota) runs out while the temporary files are
//! written, before the first real one is touched. What is left when a stage is dropped is removed.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::fault::TreeError;

/// Files that are made durable at once.
const AT_ONCE: usize = 8;

/// Files on their way.
#[derive(Default)]
pub(super) struct Stage {
    /// Folders that were made for them, outer ones first.
    folders: Vec<PathBuf>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
}

impl Stage {
    /// Makes `folder` and those around it, where they are not there.
    pub(super) fn folder(&mut self, folder: &Path) -> Result<(), TreeError> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.folder(parent)?;
        }
        fs::create_dir(folder).map_err(failed("make the folder", folder, 0))?;
        self.folders.push(folder.to_path_buf());
        Ok(())
    }

    /// Writes `text` beside `target`, with the permissions of what is there.
    pub(super) fn put(&mut self, target: &Path, text: &str) -> Result<(), TreeError> {
        if let Some(folder) = target.parent() {
            self.folder(folder)?;
        }
        let temporary = temporary(target);
        let file = create(&temporary).map_err(failed("write", &temporary, 0))?;
        self.waiting.push(Waiting {
            file,
            temporary,
            target: target.to_path_buf(),
        });
        if let Some(waiting) = self.waiting.last_mut() {
            let written = waiting.file.write_all(text.as_bytes());
            written.map_err(failed("write", target, 0))?;
        }
        if let Ok(metadata) = fs::metadata(target)
            && let Some(waiting) = self.waiting.last()
        {
            let kept = waiting.file.set_permissions(metadata.permissions());
            kept.map_err(failed("set the permissions of", target, 0))?;
        }
        Ok(())
    }

    /// Makes all files durable, then lets them take their places.
    pub(super) fn commit(mut self) -> Result<(), TreeError> {
        in_parallel(&self.waiting, |waiting| {
            let synced = waiting.file.sync_all();
            synced.map_err(failed("write", &waiting.target, 0))
        })?;
        let mut touched = BTreeSet::new();
        for (replaced, waiting) in self.waiting.iter().enumerate() {
            let renamed = fs::rename(&waiting.temporary, &waiting.target);
            renamed.map_err(failed("replace", &waiting.target, replaced))?;
            touched.extend(waiting.target.parent().map(Path::to_path_buf));
        }
        self.waiting.clear();
        let touched: Vec<PathBuf> = touched.into_iter().collect();
        in_parallel(&touched, |folder| {
            // Not every file system can; the files themselves are whole either way.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
            Ok(())
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for waiting in &self.waiting {
            let _ = fs::remove_file(&waiting.temporary);
        }
        // Only empty ones go.
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Does `work` to all `items`, several at a time: a file system commits together what it is asked
/// for together. Gives the first failure of any.
fn in_parallel<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), TreeError> + Sync,
) -> Result<(), TreeError> {
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

/// A hidden name in the same folder, so that renaming crosses no file system.
pub(super) fn temporary(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    match options.open(path) {
        // A process of the same number died here.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)
        }
        other => other,
    }
}

/// Makes an error of what the system says.
pub(super) fn failed(
    what: &'static str,
    path: &Path,
    replaced: usize,
) -> impl FnOnce(io::Error) -> TreeError {
    let path = path.to_path_buf();
    move |source| TreeError::Io {
        what,
        path,
        source,
        replaced,
    }
}
