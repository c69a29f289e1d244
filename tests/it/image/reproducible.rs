//! Proves that the same binary gives the same image: in another folder, for another user, in
//! another time zone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use super::dist;
use crate::support::{run, said};

/// Somebody who is not root.
const NOBODY: u32 = 65534;

/// An image of `dist`'s binary in a new folder, rendered by `user` in `zone`.
async fn rendered(binary: &Path, zone: &str, user: Option<u32>) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), open).expect("ours");
    // Where it was built, another user may not read it.
    let program = folder.path().join("program");
    fs::copy(binary, &program).expect("the binary");
    let mut generate = Command::new(&program);
    if let Some(user) = user {
        chown(folder.path(), Some(user), Some(user)).expect("root may");
        generate.uid(user).gid(user);
    }
    generate.args(["generate", "oci", "--binary"]).arg(&program);
    generate.arg("--out").arg(folder.path().join("image"));
    generate.env_clear().env("TZ", zone).env("LC_ALL", "C");
    let done = run(generate.current_dir(folder.path())).await;
    assert!(done.status.success(), "{}", said(&done));
    folder
}

#[tokio::test]
async fn two_folders_two_users_and_two_time_zones_give_one_image() {
    let Some(binary) = dist().map(|folder| folder.join("aura")) else {
        return;
    };
    let root = rustix::process::geteuid().is_root();
    let first = rendered(&binary, "UTC", None).await;
    let second = rendered(&binary, "Pacific/Auckland", root.then_some(NOBODY)).await;
    let mut diff = Command::new("diff");
    diff.arg("--recursive").arg(first.path().join("image"));
    let same = run(diff.arg(second.path().join("image"))).await;
    assert!(same.status.success(), "{}", said(&same));
    let bill = |folder: &TempDir| fs::read(folder.path().join("image.sbom.cdx.json"));
    assert_eq!(
        bill(&first).expect("an SBOM"),
        bill(&second).expect("an SBOM")
    );
}
