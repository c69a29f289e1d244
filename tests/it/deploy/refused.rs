//! Directories that cannot be written to: a clear error, and nothing lost or half written.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{files, generate, said};

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    // Nobody can make a folder there, not even root.
    let done = generate(&["all", "--out", "/proc/aura"]).await;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(said(&done).contains("/proc/aura"), "{}", said(&done));
    assert!(
        said(&done).contains("nothing was changed"),
        "{}",
        said(&done)
    );
    // What the system says is said once.
    assert_eq!(
        said(&done).matches("(os error").count(),
        1,
        "{}",
        said(&done)
    );
    let done = generate(&["secrets", "--out", "/proc/aura.env"]).await;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert_eq!(
        said(&done).matches("(os error").count(),
        1,
        "{}",
        said(&done)
    );
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_files_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let to = out.display().to_string();
    let write = || {
        // Files above 8 KiB fail in the middle, as on a full disk, and end nobody by a signal.
        let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" generate all --out \"$1\"";
        let mut bash = Command::new("bash");
        bash.args(["-c", script, env!("CARGO_BIN_EXE_aura"), &to]);
        bash.env_clear().current_dir(folder.path());
        bash.output().expect("bash")
    };
    let done = write();
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(
        said(&done).contains("nothing was changed"),
        "{}",
        said(&done)
    );
    assert!(!out.exists());

    assert!(generate(&["all", "--out", &to]).await.status.success());
    let edited = out.join("k8s/base/backend/configmap.yaml");
    let text = fs::read_to_string(&edited).expect("a file") + "# edited\n";
    fs::write(&edited, text).expect("a file");
    let large = out.join("docs/reference/environment.md");
    let text = fs::read_to_string(&large).expect("a file") + "<!-- edited -->\n";
    fs::write(&large, text).expect("a file");
    let before = files(&out);
    let done = write();
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert_eq!(files(&out), before);
}

#[tokio::test]
async fn a_link_out_of_the_directory_is_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, other) = (folder.path().join("out"), folder.path().join("other"));
    for made in [&out, &other] {
        fs::create_dir(made).expect("a folder");
    }
    symlink(&other, out.join("k8s")).expect("a link");
    let done = generate(&["k8s", "--out", &out.display().to_string()]).await;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(said(&done).contains("leads out"), "{}", said(&done));
    assert!(files(&other).is_empty());
}
