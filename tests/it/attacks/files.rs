//! A folder `.aura` that somebody else prepared: `--dev` trusts no key and no database in it that
//! another user knows, and writes through no link. Nor does it read settings that others may write.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::said;

/// A folder to start in, and a folder of the attacker's beside it.
struct Place {
    folder: TempDir,
    elsewhere: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            elsewhere: TempDir::new().unwrap(),
        }
    }

    /// With what a first start makes.
    fn used() -> Self {
        let place = Self::new();
        let output = place.run();
        assert!(output.status.success(), "{}", said(&output));
        place
    }

    fn aura(&self) -> PathBuf {
        self.folder.path().join(".aura")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.aura().join(name)
    }

    fn target(&self) -> PathBuf {
        self.elsewhere.path().join("target")
    }

    fn run(&self) -> Output {
        self.run_with(["migrate", "--dev"].as_slice())
    }

    fn run_with(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aura"));
        command.env_clear().current_dir(self.folder.path());
        command.args(arguments).output().unwrap()
    }

    /// Commands that make the folder and commands that only use it fail, and name the path at fault.
    fn is_refused(&self, path: &str) {
        for arguments in [&["migrate", "--dev"][..], &["user", "list", "--dev"]] {
            let output = self.run_with(arguments);
            assert!(!output.status.success(), "{path}: {}", said(&output));
            assert!(said(&output).contains(path), "{path}: {}", said(&output));
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_link_in_place_of_the_folder_is_not_followed() {
    let place = Place::new();
    fs::create_dir(place.target()).unwrap();
    symlink(place.target(), place.aura()).unwrap();
    place.is_refused(".aura is a link");
    assert_eq!(fs::read_dir(place.target()).unwrap().count(), 0);
}

#[test]
fn a_link_in_place_of_a_file_is_neither_written_nor_read() {
    for name in ["jwt-secret-key", "aura.db", "aura.db-wal"] {
        let place = Place::used();
        fs::remove_file(place.file(name)).ok();
        symlink(place.target(), place.file(name)).unwrap();
        place.is_refused(&format!(".aura/{name} is a link"));
        assert!(!place.target().exists(), "{name}");
        fs::write(place.target(), "kq3VhYx7tN2mWc8RzP5sLdF9bGjT4uEa6HnXoC1i").unwrap();
        set_mode(&place.target(), 0o600);
        place.is_refused(&format!(".aura/{name} is a link"));
    }
}

#[test]
fn a_file_that_other_users_may_write_or_read_is_refused() {
    let place = Place::used();
    for mode in [0o777, 0o770, 0o702] {
        set_mode(&place.aura(), mode);
        place.is_refused(".aura has mode 7");
    }
    set_mode(&place.aura(), 0o700);
    for mode in [0o644, 0o640, 0o602] {
        set_mode(&place.file("jwt-secret-key"), mode);
        place.is_refused(".aura/jwt-secret-key has mode 6");
    }
    set_mode(&place.file("jwt-secret-key"), 0o600);
    set_mode(&place.file("aura.db"), 0o666);
    place.is_refused(".aura/aura.db has mode 666");
    set_mode(&place.file("aura.db"), 0o644);
    assert!(place.run().status.success());
}

#[test]
fn a_file_of_another_user_is_refused() {
    for name in ["", "jwt-secret-key", "aura.db"] {
        let place = Place::used();
        let path = place.file(name);
        if chown(&path, Some(65_534), None).is_err() {
            // Only root can give a file away.
            return;
        }
        let shown = format!(".aura/{name}");
        let shown = shown.trim_end_matches('/');
        place.is_refused(&format!("{shown} belongs to another user"));
    }
}

#[test]
fn a_file_of_settings_that_others_may_write_is_refused() {
    let place = Place::used();
    let path = place.folder.path().join(".env");
    fs::write(&path, "LOG_LEVEL=error\n").unwrap();
    set_mode(&path, 0o664);
    assert!(place.run().status.success());
    set_mode(&path, 0o666);
    place.is_refused(".env has mode 666");
    set_mode(&path, 0o644);
    if chown(&path, Some(65_534), None).is_ok() {
        place.is_refused(".env belongs to another user");
        chown(&path, Some(0), None).unwrap();
    }
    // A link of our own is as good as its file; a pipe is never waited for.
    fs::rename(&path, place.target()).unwrap();
    symlink(place.target(), &path).unwrap();
    assert!(place.run().status.success());
    fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo runs").success());
    place.is_refused(".env is not a regular file");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "#".repeat(65_537)).unwrap();
    place.is_refused(".env is larger than 65536 bytes");
}
