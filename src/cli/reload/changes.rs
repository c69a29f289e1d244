//! Which of a list of files have changed, told once they rest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// When each was last written; `None` where there is no such file.
type Stamps = Vec<Option<SystemTime>>;

/// Files that are looked at again and again.
#[derive(Debug)]
pub(super) struct Changes {
    files: Vec<PathBuf>,
    /// As they were when they were last built.
    built: Stamps,
    /// As they were at the last look.
    seen: Stamps,
}

impl Changes {
    /// What was written after `program` was made of them is a change: somebody saved a file while
    /// the build before made room. What claims to be from after `now` is none, or two clocks that
    /// disagree would have it built without end.
    pub(super) fn since(program: SystemTime, files: Vec<PathBuf>, now: SystemTime) -> Self {
        let seen = look(&files);
        let known = |stamp: &SystemTime| *stamp <= program || *stamp > now;
        let built = seen.iter().map(|stamp| stamp.filter(known)).collect();
        Self { files, built, seen }
    }

    /// Looks. Gives a file that differs from what was last built, once two looks agree: who saves
    /// several files, or writes one slowly, is waited for. What it gives counts as built.
    pub(super) fn settled(&mut self) -> Option<&Path> {
        let now = look(&self.files);
        let resting = now == self.seen;
        self.seen = now;
        if !resting {
            return None;
        }
        let mut pairs = self.built.iter().zip(&self.seen);
        let changed = pairs.position(|(built, seen)| built != seen)?;
        self.built.clone_from(&self.seen);
        self.files.get(changed).map(PathBuf::as_path)
    }

    /// Looks whether anything has changed since [`Changes::settled`] gave a file.
    pub(super) fn more(&self) -> bool {
        look(&self.files) != self.built
    }
}

fn look(files: &[PathBuf]) -> Stamps {
    files.iter().map(|file| written(file)).collect()
}

/// When a file was last written.
pub(super) fn written(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|it| it.modified()).ok()
}

#[cfg(test)]
mod tests;
