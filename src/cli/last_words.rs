//! The reason of a failure: on standard error, and where Kubernetes looks for it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::output;
use crate::server::telemetry;

/// The file that the kubelet mounts into each container and shows as its last state.
/// <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>
const TERMINATION_LOG: &str = "/dev/termination-log";

/// Bytes that the kubelet reads of it.
const MOST_BYTES: usize = 4096;

/// Says why this process ends with `code`. A command `is_unattended` when programs read what it
/// writes: it keeps to the format of its log, one line of JSON where that is JSON.
pub(super) fn say(reason: &str, code: u8, is_unattended: bool) {
    if is_unattended && telemetry::is_json() {
        tracing::error!(exit_code = code, "{reason}");
    } else {
        output::error(&format!("aura: {reason}"));
    }
    // Only the first process ends the container; `kubectl exec` starts others.
    if std::process::id() == 1 {
        // Best effort: the log has the reason too.
        let _ = note(Path::new(TERMINATION_LOG), reason);
    }
}

/// Writes `reason` over the file at `path`, if there is one.
fn note(path: &Path, reason: &str) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(());
    }
    let end = reason.floor_char_boundary(MOST_BYTES);
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(&reason.as_bytes()[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_replaces_what_the_file_holds_and_no_more_than_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("termination-log");
        assert!(note(&path, "why").is_err());
        assert!(!path.exists(), "it is the kubelet's to make");
        fs::write(&path, "something longer").unwrap();
        note(&path, "why").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "why");
        note(&path, &"ä".repeat(3000)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "ä".repeat(2048));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        note(&link, "elsewhere").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().len(), 4096);
        note(folder.path(), "a folder").unwrap();
    }
}
