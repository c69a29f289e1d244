//! The folder `.aura` of `--dev`, which holds a database and a signing key, and is kept
//! out of version control by its own `.gitignore`.
//!
//! Anyone who has the key can sign tokens. So a file that another user made, may write or may read is
//! refused, and no link is followed: the folder may have come with a checkout or an archive. The file
//! `.env` beside it may be a link and may be read by others; it decides where accounts are kept, so
//! nobody else may write it.

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
use rustix::process::{getegid, geteuid};

use crate::clock::{random_bytes, unique_id};
use crate::schema::{Fault, FaultKind, MAX_FILE_BYTES};

/// The folder, below the one that the command runs in.
pub(super) const FOLDER: &str = ".aura";

/// The file of variables that `--dev` reads, beside it.
pub(super) const DOTENV: &str = ".env";

const KEY_FILE: &str = "jwt-secret-key";

/// File that says where the server keeps its accounts, which a variable may have placed elsewhere.
const DATABASE_NOTE: &str = "database";

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
        make_folder()?;
        let folder = open_folder()?.context("the folder .aura was deleted meanwhile")?;
        // Before the key, so that no commit can catch the key without it.
        write_new(folder.as_fd(), ".gitignore", "*\n")?;
        let new_key = URL_SAFE_NO_PAD.encode(random_bytes::<48>());
        write_new(folder.as_fd(), KEY_FILE, &new_key)?;
        Self::read(folder.as_fd())
    }

    /// The folder as a server left it; none where no server was started. Makes nothing.
    ///
    /// # Errors
    /// As [`Dev::prepare`]; also when the key is missing.
    pub(super) fn find() -> anyhow::Result<Option<Self>> {
        let folder = open_folder()?;
        folder.map(|folder| Self::read(folder.as_fd())).transpose()
    }

    fn read(folder: BorrowedFd<'_>) -> anyhow::Result<Self> {
        // A prepared journal or link would be read, or written through, by SQLite itself.
        for name in DATABASE_FILES {
            if let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                refuse_foreign(name, &found, Mode::WGRP | Mode::WOTH)?;
            }
        }
        let key = read(folder, KEY_FILE)?;
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

/// Defaults of `--dev` in this folder; without the key where no server has made it yet.
///
/// # Errors
/// As [`Dev::find`].
pub(super) fn defaults_here() -> anyhow::Result<Vec<(&'static str, String)>> {
    let found = Dev::find()?;
    let is_new = found.is_none();
    let key = String::new();
    let mut defaults = found.unwrap_or(Dev { key }).defaults();
    defaults.retain(|(name, _)| !(is_new && *name == "JWT_SECRET_KEY"));
    Ok(defaults)
}

/// Makes the folder where it is missing.
fn make_folder() -> anyhow::Result<()> {
    match mkdirat(CWD, FOLDER, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => {
            Err(error).context("the folder .aura cannot be made here; go where you may write")
        }
    }
}

/// Writes down where the server that runs here keeps its accounts.
pub(super) fn note_database(place: &str) -> anyhow::Result<()> {
    let folder = open_folder()?.context("the folder .aura was deleted meanwhile")?;
    match unlinkat(&folder, DATABASE_NOTE, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => write_new(folder.as_fd(), DATABASE_NOTE, place),
        Err(error) => Err(error).context("cannot replace .aura/database"),
    }
}

/// Place of the accounts of the last server here; none where it has not said so.
pub(super) fn noted_database() -> anyhow::Result<Option<String>> {
    let Some(folder) = open_folder()? else {
        return Ok(None);
    };
    match statat(&folder, DATABASE_NOTE, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(None),
        _ => read(folder.as_fd(), DATABASE_NOTE).map(Some),
    }
}

/// Opens the folder; none where there is none.
fn open_folder() -> anyhow::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = match openat(CWD, FOLDER, flags, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => {
            bail!("{FOLDER} is a link or a file, and must be a folder: delete it")
        }
        Err(error) => return Err(error).context(format!("cannot open {FOLDER}")),
    };
    let found = fstat(&folder).with_context(|| format!("cannot look at {FOLDER}"))?;
    refuse_others(FOLDER, &found, Mode::WGRP | Mode::WOTH)?;
    Ok(Some(folder))
}

/// The text of the file `.env` in this folder; none where there is none.
///
/// # Errors
/// When a user other than root may have written it, or when it is not a regular file, too large or
/// not text.
pub(super) fn dotenv() -> anyhow::Result<Option<String>> {
    const OTHERS: &str = "so another user may choose the settings: make it yours alone to write";
    let failed = || format!("cannot read {DOTENV}");
    // NONBLOCK, because opening a named pipe would wait for its writer forever.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(CWD, DOTENV, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error).with_context(failed),
    };
    let found = fstat(&file).with_context(failed)?;
    let link = statat(CWD, DOTENV, AtFlags::SYMLINK_NOFOLLOW).with_context(failed)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        bail!("{DOTENV} is not a regular file: delete it, or start in another folder");
    }
    let trusted = [0, geteuid().as_raw()];
    for owner in [found.st_uid, link.st_uid] {
        if !trusted.contains(&owner) {
            bail!("{DOTENV} belongs to another user (id {owner}), {OTHERS}");
        }
    }
    let mode = Mode::from_raw_mode(found.st_mode);
    // Distributions with one group for each user create files that this group may write.
    let by_group = mode.intersects(Mode::WGRP) && found.st_gid != getegid().as_raw();
    if by_group || mode.intersects(Mode::WOTH) {
        bail!("{DOTENV} has mode {:03o}, {OTHERS}", mode.bits());
    }
    let mut text = String::new();
    let mut file = File::from(file).take(MAX_FILE_BYTES + 1);
    file.read_to_string(&mut text).with_context(failed)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        bail!("{DOTENV} is larger than {MAX_FILE_BYTES} bytes");
    }
    Ok(Some(text))
}

/// Says that a file `.env` lies in this folder and is not read, where that is so.
pub(super) fn unread_dotenv() -> Option<Fault> {
    let found = statat(CWD, DOTENV, AtFlags::empty()).ok()?;
    let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    is_file.then(|| {
        Fault::new(
            FaultKind::Advice,
            DOTENV,
            "lies in this folder and is not read without --dev",
            "export its variables (`set -a; . ./.env; set +a`), or let systemd or Compose read it",
        )
    })
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
    // Unlike a renaming, a link never takes the place of what another process has made meanwhile.
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
    // NONBLOCK, because opening a named pipe would wait for its writer forever.
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

/// Refuses a file in the folder that is not an ordinary one of ours.
fn refuse_foreign(name: &str, found: &Stat, forbidden: Mode) -> anyhow::Result<()> {
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        bail!("{}", not_a_file(name));
    }
    refuse_others(&format!("{FOLDER}/{name}"), found, forbidden)
}

fn not_a_file(name: &str) -> String {
    format!("{FOLDER}/{name} is a link, or not an ordinary file: delete it")
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
