//! Programs and files that an image of one program must not have: shells and development tools.

use std::path::Path;

use crate::deploy::oci::entry::{Entry, Kind};

/// Programs that run what is typed or downloaded.
const SHELLS: &[&str] = &[
    "ash", "bash", "busybox", "csh", "dash", "elvish", "fish", "ksh", "mksh", "nu", "pwsh",
    "rbash", "sh", "tcsh", "toybox", "zsh",
];

/// Themes of what is left out, and the names of files and folders that give it away.
const DEVELOPMENT: &[(&str, &[&str])] = &[
    (
        "compilers and linkers",
        &[
            "as", "c++", "cargo", "cc", "clang", "cmake", "g++", "gcc", "go", "ld", "make", "mold",
            "rustc", "rustup",
        ],
    ),
    (
        "package managers",
        &[
            "apk", "apt", "apt-get", "dnf", "dpkg", "microdnf", "nix", "npm", "pacman", "pip",
            "pip3", "rpm", "yum",
        ],
    ),
    (
        "interpreters",
        &["node", "perl", "python", "python3", "ruby"],
    ),
    (
        "debuggers and tracers",
        &["gdb", "lldb", "strace", "valgrind"],
    ),
    ("programs that download", &["curl", "git", "wget"]),
    ("headers", &["include"]),
    ("repositories", &[".git", ".hg", ".svn"]),
    (
        "source trees",
        &[
            ".cargo",
            "Cargo.lock",
            "Cargo.toml",
            "node_modules",
            "registry",
        ],
    ),
];

/// Endings of files that only a build reads.
const ENDINGS: &[&str] = &[
    "a", "c", "cc", "cpp", "h", "hpp", "la", "o", "pc", "py", "rlib", "rmeta", "rs", "s",
];

/// Checks whether `entry` is a shell or a script, whatever it may do.
pub(super) fn is_shell(entry: &Entry) -> bool {
    let named = entry.kind != Kind::Directory && SHELLS.contains(&name(entry));
    named || entry.content.starts_with(b"#!")
}

/// Checks whether `entry` is something that one builds with, or the whole of which was built.
pub(super) fn is_for_development(entry: &Entry) -> bool {
    let mut lists = DEVELOPMENT.iter();
    let named = lists.any(|(_, names)| names.contains(&name(entry)));
    let ending = Path::new(&entry.path).extension();
    let ending = ending
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    named || entry.kind != Kind::Directory && ENDINGS.contains(&ending)
}

/// The themes, for people.
pub(super) fn in_words() -> String {
    let themes: Vec<_> = DEVELOPMENT.iter().map(|(theme, _)| *theme).collect();
    themes.join(", ")
}

/// The last part of its path.
fn name(entry: &Entry) -> &str {
    entry.path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_known_by_its_name_or_by_what_it_needs() {
        assert!(is_shell(&Entry::file("bin/busybox", 0o755, "")));
        assert!(is_shell(&Entry::file("start", 0o644, "#!/bin/sh\n")));
        assert!(!is_shell(&Entry::file("etc/passwd", 0o644, "root:/bin/sh")));
        assert!(!is_shell(&Entry::directory("opt/sh", 0o755)));
    }

    #[test]
    fn what_one_builds_with_is_known_by_its_name_or_its_ending() {
        for path in [
            "usr/bin/gcc",
            "usr/lib/libc.a",
            "src/main.rs",
            "sbin/apk",
            "a/b.h",
        ] {
            assert!(is_for_development(&Entry::file(path, 0o644, "")), "{path}");
        }
        assert!(is_for_development(&Entry::directory("app/.git", 0o755)));
        assert!(is_for_development(&Entry::directory("usr/include", 0o755)));
        for path in [
            "etc/os-release",
            "etc/ssl/certs/ca-certificates.crt",
            "shop",
        ] {
            assert!(!is_for_development(&Entry::file(path, 0o644, "")), "{path}");
        }
    }
}
