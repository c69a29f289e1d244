//! What `--dev` stands on: a folder `.aura` that holds a database and a signing key, and is kept
//! out of version control by its own `.gitignore`.
//!
//! Anyone who has the key can sign tokens. So a file that another user made, may write or may read is
//! refused, and no link is followed: the folder may have come with a checkout or an archive.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, linkat, mkdirat, openat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::clock::{random_bytes, unique_id};

const FOLDER: &str = ".aura";
const KEY_FILE: &str = "jwt-secret-key";

/// Files that SQLite opens by their names, links included.
const DATABASE_FILES: [&str; 4] = ["aura.db", "aura.db-journal", "aura.db-shm", "aura.db-wal"];

/// More bytes than any key has.
const MOST_BYTES: u64 = 4096;

/// The prepared folder.
pub(super) struct Dev {
    key: String,
}

impl Dev {
    /// Makes the folder and the key where they are missing; keeps what is there.
    ///
    /// # Errors
    /// When a file there cannot be trusted, or the operating system refuses a call.
    pub(super) fn prepare() -> anyhow::Result<Self> {
        let folder = open_folder()?;
        write_new(folder.as_fd(), ".gitignore", "*\n")?;
        let new_key = URL_SAFE_NO_PAD.encode(random_bytes::<48>());
        write_new(folder.as_fd(), KEY_FILE, &new_key)?;
        for name in DATABASE_FILES {
            if let Ok(found) = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                refuse_foreign(name, &found, Mode::WGRP | Mode::WOTH)?;
            }
        }
        let key = read(folder.as_fd(), KEY_FILE)?;
        if key.trim_end().is_empty() {
            bail!("{FOLDER}/{KEY_FILE} is empty: delete it, and the next start makes a new key");
        }
        Ok(Self {
            key: key.trim_end().to_owned(),
        })
    }

    /// Defaults that differ from those of a server for others.
    pub(super) fn defaults(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", format!("sqlite://{FOLDER}/aura.db")),
            ("JWT_SECRET_KEY", self.key.clone()),
            ("REDIS_ENABLED", "false".to_owned()),
            ("SERVER_HOST", "127.0.0.1".to_owned()),
            ("SERVER_METRICS_PORT", "0".to_owned()),
        ]
    }
}

/// Opens the folder, which is made where it is missing.
fn open_folder() -> anyhow::Result<OwnedFd> {
    match mkdirat(CWD, FOLDER, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => {
            let here = "the folder .aura cannot be made here; go where you may write";
            return Err(error).context(here);
        }
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = match openat(CWD, FOLDER, flags, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::LOOP | Errno::NOTDIR) => {
            bail!("{FOLDER} is a link or a file, and must be a folder: delete it")
        }
        Err(error) => return Err(error).context(format!("cannot open {FOLDER}")),
    };
    let found = fstat(&folder).with_context(|| format!("cannot look at {FOLDER}"))?;
    refuse_others(FOLDER, &found, Mode::WGRP | Mode::WOTH)?;
    Ok(folder)
}

/// Writes a file that only its owner can read, unless something has its name. It appears whole or
/// not at all, also when two processes do so at once.
fn write_new(folder: BorrowedFd<'_>, name: &str, text: &str) -> anyhow::Result<()> {
    if statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
        return Ok(());
    }
    let failed = || format!("cannot make {FOLDER}/{name}");
    let draft = format!("{name}.{}", unique_id());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = openat(folder, &draft, flags, Mode::RUSR | Mode::WUSR).with_context(failed)?;
    let written = File::from(file).write_all(text.as_bytes());
    let linked = match linkat(folder, &draft, folder, name, AtFlags::empty()) {
        // Another process was first.
        Err(Errno::EXIST) => Ok(()),
        outcome => outcome,
    };
    let removed = unlinkat(folder, &draft, AtFlags::empty());
    written.with_context(failed)?;
    linked.and(removed).with_context(failed)
}

/// The text of a file that nobody else may read.
fn read(folder: BorrowedFd<'_>, name: &str) -> anyhow::Result<String> {
    let failed = || format!("cannot read {FOLDER}/{name}");
    // Without NONBLOCK a pipe would be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::LOOP) => bail!("{}", not_a_file(name)),
        Err(error) => return Err(error).with_context(failed),
    };
    let found = fstat(&file).with_context(failed)?;
    refuse_foreign(name, &found, Mode::RWXG | Mode::RWXO)?;
    let mut text = String::new();
    let mut file = File::from(file).take(MOST_BYTES);
    file.read_to_string(&mut text).with_context(failed)?;
    Ok(text)
}

/// Refuses a file in the folder that is no ordinary one of ours.
fn refuse_foreign(name: &str, found: &Stat, forbidden: Mode) -> anyhow::Result<()> {
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        bail!("{}", not_a_file(name));
    }
    refuse_others(&format!("{FOLDER}/{name}"), found, forbidden)
}

fn not_a_file(name: &str) -> String {
    format!("{FOLDER}/{name} is a link, or no ordinary file: delete it")
}

/// Refuses what another user made, or has one of the rights `forbidden` to.
fn refuse_others(path: &str, found: &Stat, forbidden: Mode) -> anyhow::Result<()> {
    if found.st_uid != geteuid().as_raw() {
        bail!(
            "{path} belongs to another user (id {}), who may know the signing key: delete it, or \
             start in another folder",
            found.st_uid
        );
    }
    let mode = Mode::from_raw_mode(found.st_mode);
    if mode.intersects(forbidden) {
        bail!(
            "{path} has mode {:03o}, so other users may know or change what is in it: delete it, \
             and the next start makes it anew",
            mode.bits()
        );
    }
    Ok(())
}
