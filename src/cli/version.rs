//! `aura --version`, and with `--verbose` what this binary is made of.
//!
//! The revision is a label of the image: in the binary it would rebuild everything on every commit.

use std::env::consts::{ARCH, OS};
use std::process::ExitCode;

use clap::Args;

use super::{allocator, output};

/// Options that stand in place of a command.
#[derive(Args, Debug)]
pub(super) struct Version {
    /// Print the version.
    #[arg(short = 'V', long = "version", id = "version")]
    _asked: bool,
    /// With --version: print the target, the C library and the allocator too.
    #[arg(long, requires = "version")]
    verbose: bool,
}

impl Version {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        output::print(&text(self.verbose))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// One line, or with `verbose` four.
fn text(verbose: bool) -> String {
    let first = concat!("aura ", env!("CARGO_PKG_VERSION"), "\n").to_owned();
    if !verbose {
        return first;
    }
    let facts = [
        ("target", target()),
        ("libc", libc()),
        ("allocator", allocator::name().to_owned()),
    ];
    let lines = facts.map(|(name, value)| format!("{name}: {value}\n"));
    first + &lines.concat()
}

/// The target as Rust names it.
fn target() -> String {
    match (OS, env()) {
        ("macos", _) => format!("{ARCH}-apple-darwin"),
        (os, None) => format!("{ARCH}-unknown-{os}"),
        (os, Some(env)) => format!("{ARCH}-unknown-{os}-{env}"),
    }
}

/// Which C library, and whether it is inside the binary.
fn libc() -> String {
    let name = match env() {
        Some("gnu") => "glibc",
        Some(name) => name,
        None => "the system's",
    };
    let linked = if cfg!(target_feature = "crt-static") {
        "static"
    } else {
        "dynamic"
    };
    format!("{name}, {linked}")
}

/// The last part of the target's name.
const fn env() -> Option<&'static str> {
    if cfg!(target_env = "musl") {
        Some("musl")
    } else if cfg!(target_env = "gnu") {
        Some("gnu")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_answer_is_one_line_and_the_long_one_begins_with_it() {
        let short = text(false);
        assert_eq!(short, format!("aura {}\n", env!("CARGO_PKG_VERSION")));
        let long = text(true);
        let rest = long.strip_prefix(&short).unwrap();
        let names: Vec<_> = rest
            .lines()
            .map(|line| line.split_once(": ").unwrap().0)
            .collect();
        assert_eq!(names, ["target", "libc", "allocator"]);
    }
}
