//! A root file system made of programs of this machine: what a container needs to run them where
//! no image can be fetched.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use super::podman::run;
use super::said;

/// A folder that is to be the root of a container.
#[derive(Debug)]
pub(crate) struct RootFs {
    folder: TempDir,
}

impl RootFs {
    /// One with `/tmp` and nothing else.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let root = Self { folder };
        root.folder("tmp");
        root
    }

    /// Where a path of the container is on this machine.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside.trim_start_matches('/'))
    }

    /// Makes a folder that everybody may write to.
    pub(crate) fn folder(&self, inside: &str) {
        let path = self.path(inside);
        fs::create_dir_all(&path).expect("a folder");
        let everybody = fs::Permissions::from_mode(0o777);
        fs::set_permissions(path, everybody).expect("a folder of ours");
    }

    /// Makes a file that everybody may read and run.
    pub(crate) fn file(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(path, everybody).expect("a file of ours");
    }

    /// Makes a link.
    pub(crate) fn link(&self, inside: &str, to: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        symlink(to, path).expect("a link");
    }

    /// Copies a program, and the libraries that it is linked to.
    pub(crate) async fn program(&self, program: &Path, inside: &str) {
        self.copy(program, inside);
        // `name => /path (address)`, and the loader without a name. A static binary has none.
        let linked = run(Command::new("ldd").arg(program)).await;
        let linked = String::from_utf8(linked.stdout).expect("a text");
        for library in linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            self.copy(Path::new(library), library);
        }
    }

    /// Copies a device of this machine to the same place. It takes root.
    pub(crate) async fn device(&self, device: &Path) {
        let inside = self.path(&device.display().to_string());
        fs::create_dir_all(inside.parent().expect("a folder")).expect("a folder");
        let copied = run(Command::new("cp").arg("--archive").arg(device).arg(inside)).await;
        assert!(copied.status.success(), "{}", said(&copied));
    }

    /// Copies a folder of this machine to the same place, links followed.
    pub(crate) async fn tree(&self, folder: &Path) {
        let inside = self.path(&folder.display().to_string());
        fs::create_dir_all(inside.parent().expect("a folder")).expect("a folder");
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--dereference"]).arg(folder);
        let copied = run(copy.arg(inside)).await;
        assert!(copied.status.success(), "{}", said(&copied));
    }

    /// Copies a file, links followed.
    pub(crate) fn copy(&self, file: &Path, inside: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::copy(file, path).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// Packs it, everything root's.
    pub(crate) async fn pack(&self, archive: &Path) {
        let mut tar = Command::new("tar");
        tar.args(["--create", "--owner=0", "--group=0", "--file"]);
        tar.arg(archive).arg("--directory").arg(self.folder.path());
        let packed = run(tar.arg(".")).await;
        assert!(packed.status.success(), "{}", said(&packed));
    }
}
