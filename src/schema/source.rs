//! Sources of the text of a setting: a variable, the file it names, or a mounted directory.
//!
//! Every fault before a text is read is told here; the meaning of the text is in `value.rs`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags, fcntl_setfl, open};

use super::dotenv::without_mark;
use super::env::{Environment, NotUtf8};
use super::fault::{Fault, FaultKind};
use super::resolution::{Entry, Origin, Shown};
use super::setting::Setting;
use super::value::{quoted, refuse_placeholder};

/// The largest file that is read as the value of a setting, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Streams that a process was started with, such as those of a shell's `<(COMMAND)`.
const INHERITED: [&str; 3] = ["/dev/fd/", "/dev/stdin", "/proc/self/fd/"];

/// A directory that holds one file a variable, as a mounted Kubernetes Secret does.
#[derive(Debug, Default)]
pub(super) struct SecretsDir {
    path: PathBuf,
    /// The names of its files, hidden ones left out: Kubernetes keeps `..data` among them.
    pub(super) files: BTreeSet<String>,
    /// The names of its folders: one with the name of a setting is a mount whose source is missing,
    /// where Docker makes a folder.
    folders: BTreeSet<String>,
}

impl SecretsDir {
    /// Lists the directory that the variable `name` names; an empty one where it is not set.
    pub(super) fn named_by(name: &str, environment: &Environment) -> Result<Self, Fault> {
        let Some(path) = environment.get(name) else {
            return Ok(Self::default());
        };
        let path = path.map_err(|NotUtf8| not_utf8(name))?;
        if path.is_empty() {
            return Err(Fault::new(
                FaultKind::Empty,
                name,
                "is empty",
                "name a directory or remove the variable",
            ));
        }
        Self::open(name, Path::new(path))
    }

    /// Lists `path`, which the option or variable `name` names.
    pub(super) fn open(name: &str, path: &Path) -> Result<Self, Fault> {
        let unreadable = |error: io::Error| {
            Fault::new(
                FaultKind::File,
                name,
                format!("{} cannot be listed: {}", path.display(), reason(&error)),
                "name a directory that this user may read",
            )
        };
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if let Ok(name) = entry.file_name().into_string()
                && !name.starts_with('.')
            {
                if entry.path().is_dir() {
                    folders.insert(name);
                } else {
                    files.insert(name);
                }
            }
        }
        Ok(Self {
            path: path.to_owned(),
            files,
            folders,
        })
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        let is_there = self.files.contains(name) || self.folders.contains(name);
        is_there.then(|| self.path.join(name))
    }
}

/// The text of `setting` and where it came from; none where nothing gives it.
pub(super) fn find(
    setting: &Setting,
    environment: &Environment,
    dir: &SecretsDir,
) -> Result<Option<(String, Origin)>, Fault> {
    let name = &setting.name;
    let variable = environment
        .get(name)
        // An empty variable of a setting that may be unset says nothing, not even a conflict.
        .filter(|&value| !(setting.optional && value == Ok("")));
    let file_variable = setting.file_variable().unwrap_or_default();
    let file = environment.get(&file_variable);
    let mounted = dir.file(name);

    let mut places = Vec::new();
    places.extend(variable.map(|_| format!("the variable {name}")));
    places.extend(file.map(|_| format!("the variable {file_variable}")));
    places.extend(
        mounted
            .as_ref()
            .map(|path| format!("the file {}", path.display())),
    );
    if places.len() > 1 {
        return Err(Fault::new(
            FaultKind::Conflict,
            name,
            format!("is given more than once, by {}", places.join(" and ")),
            "keep one of them",
        ));
    }
    if let Some(value) = variable {
        let value = value.map_err(|NotUtf8| not_utf8(name))?;
        let origin = if environment.is_from_dotenv(name) {
            Origin::Dotenv
        } else {
            Origin::Variable
        };
        return Ok(Some((value.to_owned(), origin)));
    }
    if let Some(value) = file {
        let path = value.map_err(|NotUtf8| not_utf8(&file_variable))?;
        let text = read_named(&file_variable, path)?;
        return Ok(Some((text, Origin::File(path.into()))));
    }
    if let Some(path) = mounted {
        let text = read(name, &path)?;
        return Ok(Some((text, Origin::SecretsDir(path))));
    }
    Ok(None)
}

/// Advice where the secret of `entry` came from a file that every user of this machine may read.
///
/// Not where the file system is mounted read-only, as Kubernetes mounts a Secret (mode 0644 unless it is
/// told otherwise) and Compose its secrets: there the mount decides who sees the file.
pub(super) fn exposed(entry: &Entry) -> Option<Fault> {
    let (Origin::File(path) | Origin::SecretsDir(path)) = &entry.origin else {
        return None;
    };
    let exposed = entry.shown == Shown::Redacted && is_readable_by_all(path);
    exposed.then(|| {
        let path = quoted(&path.to_string_lossy());
        Fault::new(
            FaultKind::Advice,
            &entry.name,
            format!("the file {path} can be read by every user of this machine"),
            "take the right away: `chmod 0600`, or 0640 with a group that the server is in",
        )
    })
}

fn is_readable_by_all(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let may = |path: &Path, right: u32| {
        std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & right != 0)
    };
    let system = rustix::fs::statvfs(&path);
    let read_only = system.is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY));
    !read_only && may(&path, 0o004) && path.ancestors().skip(1).all(|folder| may(folder, 0o001))
}

/// Reads the file that the variable `name` names.
fn read_named(name: &str, path: &str) -> Result<String, Fault> {
    if path.is_empty() {
        return Err(Fault::new(
            FaultKind::Empty,
            name,
            "is empty",
            "name a file or remove the variable",
        ));
    }
    refuse_placeholder(name, path)?;
    // An operator who mistakes the variable puts the secret itself here: do not repeat it.
    let like_a_path = ["/", "./", "../"]
        .iter()
        .any(|start| path.starts_with(start));
    if !like_a_path && !Path::new(path).exists() {
        return Err(Fault::new(
            FaultKind::File,
            name,
            "does not name a file that exists",
            "give the path of a file that holds the value, not the value",
        ));
    }
    read(name, Path::new(path))
}

/// The content of the file at `path` without one line break at its end, and without a byte-order mark.
fn read(name: &str, path: &Path) -> Result<String, Fault> {
    let fault = |problem: &str, remedy: &str| {
        let path = quoted(&path.to_string_lossy());
        Fault::new(
            FaultKind::File,
            name,
            format!("the file {path} {problem}"),
            remedy,
        )
    };
    let mut bytes = Vec::new();
    open_regular(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            let remedy = match error.kind() {
                io::ErrorKind::IsADirectory => {
                    "put a file there that holds the value; a mount without a source makes a \
                     directory"
                }
                io::ErrorKind::Other => "name a file that holds the value",
                _ => "name a file that exists and that this user may read",
            };
            fault(&format!("cannot be read: {}", reason(&error)), remedy)
        })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(fault(
            &format!("is larger than {MAX_FILE_BYTES} bytes"),
            "name the file that holds this value alone",
        ));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| fault("is not UTF-8", "store the value as text, such as base64"))?;
    let text = without_line_end(without_mark(&text));
    if text.is_empty() {
        return Err(fault("is empty", "write the value into it, or remove it"));
    }
    Ok(text.to_owned())
}

/// Opens `path` to be read, links followed, without ever waiting. A directory opens, and its read
/// fails.
///
/// # Errors
/// Whatever the system says; and what is neither a regular file nor a stream of this process, such
/// as a named pipe, which would wait for its writer, or a device, which has no end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Without NONBLOCK opening a named pipe waits for its writer. What the path leads to is looked
    // at after opening, so that nothing can take its place in between.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    let kind = file.metadata()?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(file);
    }
    let shown = path.to_string_lossy();
    if INHERITED.iter().any(|stream| shown.starts_with(stream)) {
        fcntl_setfl(&file, OFlags::empty())?;
        return Ok(file);
    }
    Err(io::Error::other("it is not a regular file"))
}

/// `text` without one `\n` or `\r\n` at its end, which editors and `echo` put there.
fn without_line_end(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => text,
    }
}

fn not_utf8(name: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        name,
        "is not UTF-8",
        "write it as UTF-8 text",
    )
}

/// The reason of the system, in its words without its error number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

#[cfg(test)]
mod tests;
