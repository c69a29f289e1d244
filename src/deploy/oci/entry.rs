//! One file or folder of a layer, as the image has it.
//!
//! Neither the time nor the name of an owner is part of it: layers written here have mtime 0 and
//! numbers.

use serde::Serialize;

use super::error::OciError;

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A folder.
    Directory,
    /// A regular file.
    File,
    /// A symbolic or hard link; its content is where it leads. Never written here.
    Link,
    /// A device, a pipe. Never written here.
    Special,
}

/// One entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its path in the image, with neither a slash in front nor one at the end: `etc/passwd`.
    pub path: String,
    /// Folder, file, link or special.
    pub kind: Kind,
    /// Permission bits, the sticky, set-user and set-group ones included: `0o1777`.
    #[serde(serialize_with = "octal")]
    pub mode: u32,
    /// The number of its owner.
    pub uid: u64,
    /// The number of its group.
    pub gid: u64,
    /// Bytes of its content.
    pub size: u64,
    /// The content of a file, empty for a folder.
    #[serde(skip)]
    pub content: Vec<u8>,
}

impl Entry {
    /// A folder of root's.
    #[must_use]
    pub fn directory(path: &str, mode: u32) -> Self {
        Self {
            path: path.to_owned(),
            kind: Kind::Directory,
            mode,
            uid: 0,
            gid: 0,
            size: 0,
            content: Vec::new(),
        }
    }

    /// A file of root's.
    #[must_use]
    pub fn file(path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        Self {
            kind: Kind::File,
            size: content.len() as u64,
            content,
            ..Self::directory(path, mode)
        }
    }

    /// The same, of another user and group of the same number.
    #[must_use]
    pub fn owned_by(self, id: u64) -> Self {
        Self {
            uid: id,
            gid: id,
            ..self
        }
    }

    /// Checks whether anybody may execute it, as the kernel would.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.kind == Kind::File && self.mode & 0o111 != 0
    }
}

/// The folders above `path`, outer ones first, readable by everybody.
pub(super) fn folders_above(path: &str) -> impl Iterator<Item = Entry> {
    path.match_indices('/')
        .map(|(at, _)| Entry::directory(&path[..at], 0o755))
}

/// `path` as an entry of a layer has it: without the slash in front.
///
/// # Errors
/// [`OciError::Facts`] for a path that is not absolute, leads up, or needs quoting somewhere.
pub(super) fn inside(path: &str) -> Result<&str, OciError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = |name: &str| !matches!(name, "" | "." | "..") && name.chars().all(plain);
    // A name in USTAR has 100 bytes, the slash behind a folder included.
    path.strip_prefix('/')
        .filter(|rest| rest.split('/').all(name) && rest.len() < 100)
        .ok_or_else(|| {
            OciError::Facts(format!(
                "{path:?} cannot be a path in the image; use an absolute one of letters, digits, \
                 . _ and -"
            ))
        })
}

/// Folders before files, each by path, each once; the last of two counts.
pub(super) fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    // The sort is stable, and of two equal ones the first is kept.
    entries.reverse();
    entries.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    entries.dedup_by(|a, b| a.path == b.path);
    entries
}

/// Modes are read by people in base eight.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn octal<S: serde::Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{mode:04o}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_above_a_path_come_from_the_outside_in() {
        let above: Vec<_> = folders_above("var/lib/shop").map(|e| e.path).collect();
        assert_eq!(above, ["var", "var/lib"]);
        assert_eq!(folders_above("shop").count(), 0);
    }

    #[test]
    fn an_entry_is_listed_without_its_content() {
        let entry = Entry::file("etc/passwd", 0o644, "root");
        let shown = serde_json::to_value(&entry).unwrap();
        assert_eq!(
            shown,
            serde_json::json!({
                "path": "etc/passwd", "kind": "file", "mode": "0644", "uid": 0, "gid": 0, "size": 4
            })
        );
        assert!(!entry.is_executable());
        assert!(Entry::file("shop", 0o755, "x").is_executable());
        assert!(!Entry::directory("tmp", 0o1777).is_executable());
    }
}
