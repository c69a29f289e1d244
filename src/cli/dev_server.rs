//! The folder of the last server that was started with `--dev`: it writes the folder into a file of
//! the user's, and commands that are run elsewhere find it there.
//!
//! The file only ever becomes advice. No command works on a folder that it was not run in.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::dev::{FOLDER, note_database};
use crate::schema::{Environment, open_regular};

/// Longest path that is read, in bytes: `PATH_MAX` of Linux.
const MAX_PATH_BYTES: u64 = 4096;

/// Writes down where this server keeps its accounts, and the folder that it runs in, where the user
/// has a folder for such state. A server that cannot write it runs all the same.
pub(super) fn remember(database: &str) {
    if let Err(error) = note_database(database) {
        tracing::warn!("commands may look for accounts elsewhere: {error:#}");
    }
    let Some(file) = file(&Environment::of_process()) else {
        return;
    };
    let written = std::env::current_dir().and_then(|here| {
        if let Some(folder) = file.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        fs::write(&file, here.as_os_str().as_bytes())
    });
    if let Err(error) = written {
        tracing::debug!(%error, path = %file.display(), "the folder of this server is not written down");
    }
}

/// The folder of the last server, unless it is this one or has no data any more.
pub(super) fn recall() -> Option<PathBuf> {
    let file = open_regular(&file(&Environment::of_process())?).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_PATH_BYTES).read_to_end(&mut bytes).ok()?;
    let folder = PathBuf::from(OsString::from_vec(bytes));
    let elsewhere = std::env::current_dir().ok()? != folder;
    (elsewhere && folder.is_absolute() && folder.join(FOLDER).is_dir()).then_some(folder)
}

/// The file, as the XDG Base Directory Specification places state.
fn file(environment: &Environment) -> Option<PathBuf> {
    let absolute = |name| {
        environment
            .text(name)
            .map(Path::new)
            .filter(|path| path.is_absolute())
    };
    let state = match absolute("XDG_STATE_HOME") {
        Some(state) => state.to_owned(),
        None => absolute("HOME")?.join(".local/state"),
    };
    Some(state.join("aura/dev-folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_where_the_user_keeps_state() {
        let of = |variables: &[(&str, &str)]| file(&variables.iter().copied().collect());
        let home = ("HOME", "/home/ann");
        let expected = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            of(&[home]),
            expected("/home/ann/.local/state/aura/dev-folder")
        );
        let state = ("XDG_STATE_HOME", "/state");
        assert_eq!(of(&[home, state]), expected("/state/aura/dev-folder"));
        assert_eq!(of(&[("XDG_STATE_HOME", "relative"), ("HOME", "")]), None);
        assert_eq!(of(&[]), None);
    }
}
