//! The files that are looked into: one, or those of a directory.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::report::{Finding, FindingKind, Location};
use crate::schema::{open_regular, without_mark};

/// Larger files are no manifests.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// More files are no directory of manifests.
pub const MAX_FILES: usize = 10_000;

/// A text and its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Input {
    /// As it is named in the report.
    pub file: String,
    /// Its contents.
    pub text: String,
}

/// Files that could be read, and findings about those that could not.
#[derive(Default)]
pub struct Inputs {
    /// The texts, by name.
    pub inputs: Vec<Input>,
    /// Files that could not be read.
    pub findings: Vec<Finding>,
}

/// Reads the file at `path`, or every `.yaml`, `.yml`, `.json`, `.env` and `*.env` file below it.
/// Hidden folders and links are left aside; a unit of systemd is named, and not looked into.
#[must_use]
pub fn read(path: &Path) -> Inputs {
    let mut inputs = Inputs::default();
    if path.is_dir() {
        let mut files = 0;
        walk(path, path, &mut files, &mut inputs);
    } else if is_unit(path) {
        inputs.pass_over(path.display().to_string(), FindingKind::Unreadable);
    } else {
        inputs.add(path, path.display().to_string());
    }
    inputs
}

/// Reads a stream, such as standard input, which the report names `file`.
#[must_use]
pub fn read_stream(file: &str, stream: impl Read) -> Inputs {
    let mut inputs = Inputs::default();
    inputs.take(stream, file.to_owned());
    inputs
}

fn walk(root: &Path, dir: &Path, files: &mut usize, inputs: &mut Inputs) {
    let listed = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            inputs.refuse(
                relative(root, dir),
                format!("cannot be listed: {error}"),
                "",
            );
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        // A link, which is neither, could lead out of the directory or around in a circle.
        if kind.is_dir() && !name.starts_with('.') {
            walk(root, &path, files, inputs);
        } else if kind.is_file() && is_unit(&path) {
            inputs.pass_over(relative(root, &path), FindingKind::Advice);
        } else if kind.is_file() && is_ours(&name) {
            *files += 1;
            if *files == MAX_FILES + 1 {
                let problem = format!("has more than {MAX_FILES} files");
                inputs.refuse(
                    root.display().to_string(),
                    problem,
                    "name a smaller directory",
                );
            }
            if *files > MAX_FILES {
                return;
            }
            inputs.add(&path, relative(root, &path));
        }
    }
}

fn is_ours(name: &str) -> bool {
    let ending = Path::new(name)
        .extension()
        .and_then(|ending| ending.to_str());
    is_dotenv(name) || matches!(ending, Some("yaml" | "yml" | "json"))
}

/// Checks whether a file of that name holds `NAME=value` lines.
pub(super) fn is_dotenv(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let ending = Path::new(name).extension();
    name.starts_with(".env") || ending.is_some_and(|ending| ending == "env")
}

/// Checks whether it is a unit of systemd.
fn is_unit(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "service")
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

/// Texts by the names of their files.
impl<F: Into<String>, T: Into<String>> FromIterator<(F, T)> for Inputs {
    fn from_iter<I: IntoIterator<Item = (F, T)>>(files: I) -> Self {
        let input = |(file, text): (F, T)| Input {
            file: file.into(),
            text: text.into(),
        };
        Self {
            inputs: files.into_iter().map(input).collect(),
            findings: Vec::new(),
        }
    }
}

impl Inputs {
    fn add(&mut self, path: &Path, file: String) {
        match open_regular(path) {
            Ok(opened) => self.take(opened, file),
            Err(error) => self.refuse(file, format!("cannot be read: {error}"), ""),
        }
    }

    fn take(&mut self, stream: impl Read, file: String) {
        let mut bytes = Vec::new();
        if let Err(error) = stream.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes) {
            return self.refuse(file, format!("cannot be read: {error}"), "");
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let problem = format!("is larger than {} MiB", MAX_FILE_BYTES / 1024 / 1024);
            return self.refuse(file, problem, "split it");
        }
        match String::from_utf8(bytes) {
            Ok(text) => self.inputs.push(Input {
                file,
                text: without_mark(&text).to_owned(),
            }),
            Err(_) => self.refuse(file, "is not UTF-8".to_owned(), "save it as UTF-8"),
        }
    }

    /// Says that a unit is not looked into.
    fn pass_over(&mut self, file: String, kind: FindingKind) {
        let at = Location::new(file, "");
        self.findings.push(at.finding(
            kind,
            "",
            "is a systemd unit, which is not inspected",
            "name the file of its EnvironmentFile=, with an ending of .env",
        ));
    }

    fn refuse(&mut self, file: String, problem: String, remedy: &str) {
        let at = Location::new(file, "");
        let finding = at.finding(FindingKind::Unreadable, "", problem, remedy);
        self.findings.push(finding);
    }
}

#[cfg(test)]
mod tests;
