//! What Cargo writes beside a program that it has built: the files that the build has read. From
//! them follows how to build the program again.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program was made of.
#[derive(Debug)]
pub(super) struct DepInfo {
    /// The folder of `Cargo.toml`.
    pub(super) package: PathBuf,
    /// All that the build has read of it, and of packages beside it.
    pub(super) files: Vec<PathBuf>,
}

impl DepInfo {
    /// Reads `<program>.d`. `None` where Cargo has not built it, or its source is elsewhere.
    pub(super) fn beside(program: &Path) -> Option<Self> {
        let text = fs::read_to_string(program.with_extension("d")).ok()?;
        let mut files = files(&text);
        // What they are relative to is a setting of Cargo that is not written here.
        files.retain(|file| file.is_absolute());
        let mains = files.iter().filter(|file| file.ends_with("src/main.rs"));
        let mut folders = mains.filter_map(|main| main.ancestors().nth(2));
        let package = folders.find(|folder| folder.join("Cargo.toml").is_file())?;
        Some(Self {
            package: package.to_owned(),
            files,
        })
    }

    /// Builds `program` again, in the same place. Features are not named: the program needs
    /// `server`, which is the default.
    pub(super) fn build(&self, program: &Path) -> Option<Command> {
        let folder = program.parent()?;
        let profile = match folder.file_name()? {
            name if name == "debug" => OsStr::new("dev"),
            name => name,
        };
        let mut command = Command::new("cargo");
        // There, the toolchain is the one that the package asks for.
        command.current_dir(&self.package);
        command.args(["build", "--bin"]).arg(program.file_name()?);
        command.arg("--profile").arg(profile);
        // Cargo keeps this in its target folder: <target>/debug, or <target>/<triple>/debug.
        let marked = |folder: &Path| folder.join(".rustc_info.json").is_file();
        let outer = folder.parent()?;
        match outer.parent() {
            Some(target) if marked(target) && !marked(outer) => {
                command.arg("--target-dir").arg(target);
                command.arg("--target").arg(outer.file_name()?);
            }
            _ => {
                command.arg("--target-dir").arg(outer);
            }
        }
        Some(command)
    }
}

/// The files of lines such as `program: file file`. Spaces in names are escaped, nothing else is.
fn files(text: &str) -> Vec<PathBuf> {
    let rules = text.lines().filter_map(|line| line.split_once(": "));
    let names = rules.flat_map(|(_, names)| {
        let names = names.replace("\\ ", "\0");
        let names = names.split(' ').map(|name| name.replace('\0', " "));
        names.collect::<Vec<_>>()
    });
    let names = names.filter(|name| !name.is_empty());
    names.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests;
