//! Both modes against real directories.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;

use super::*;
use crate::deploy::disk::hidden;
use crate::deploy::file::File;
use crate::deploy::sample;
use crate::deploy::sample::assert_holds;
use crate::schema::SET_ME;

fn yaml(artefact: &str, path: &str, body: &str) -> File {
    File::with_hash_mark(&sample::project().service, artefact, path, body)
}

fn files() -> Vec<File> {
    vec![
        yaml("k8s", "k8s/base/a.yaml", "a: 1\nb: 2\n"),
        yaml("k8s", "k8s/overlays/b.yaml", "b: 1\n"),
        yaml("dotenv", ".env.example", "A=\n"),
    ]
}

fn write_all(dir: &Path, files: &[File]) -> Result<Written, TreeError> {
    write(dir, files, false)
}

/// Everything below `dir`: paths, contents, and where links lead.
fn contents(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let text = if let Ok(target) = fs::read_link(&path) {
                target.display().to_string()
            } else if path.is_dir() {
                folders.push(path.clone());
                "/".to_owned()
            } else {
                String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
            };
            all.push((path, text));
        }
    }
    all.sort();
    all
}

/// Writing is refused and names all of `wanted`; checking is not silent; nothing has changed.
#[track_caller]
fn refused(dir: &Path, files: &[File], wanted: &[&str]) {
    let before = contents(dir);
    let error = write_all(dir, files).unwrap_err().to_string();
    assert_holds(&error, wanted);
    assert!(!check(dir, files).unwrap().is_empty());
    assert_eq!(contents(dir), before);
}

#[test]
fn a_new_directory_is_made_and_is_up_to_date_then() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("out");
    assert_eq!(check(&dir, &files()).unwrap().len(), 3);
    assert!(!dir.exists());
    let written = write_all(&dir, &files()).unwrap();
    assert_eq!(
        written.created,
        [".env.example", "k8s/base/a.yaml", "k8s/overlays/b.yaml"]
    );
    assert!(check(&dir, &files()).unwrap().is_empty());
    // Three folders and three files: no temporary file is left.
    assert_eq!(contents(&dir).len(), 6);
}

#[test]
fn a_missing_parent_is_named() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("no/out");
    let error = write_all(&dir, &files()).unwrap_err().to_string();
    assert_holds(&error, &["no does not exist; make that first"]);
    let checked = check(&dir, &files()).unwrap_err().to_string();
    assert_eq!(checked, error);
    assert!(contents(temp.path()).is_empty());
}

#[test]
fn a_directory_that_is_a_file_or_a_dead_link_is_refused() {
    let temp = TempDir::new().unwrap();
    let file = temp.path().join("file");
    fs::write(&file, "x").unwrap();
    let link = temp.path().join("link");
    symlink("nowhere", &link).unwrap();
    for dir in [&file, &link] {
        assert_holds(
            &write_all(dir, &files()).unwrap_err(),
            &["is not a directory"],
        );
    }
    let under = write_all(&file.join("out"), &files()).unwrap_err();
    assert!(matches!(under, TreeError::Parent { .. }));
}

#[test]
fn unchanged_files_keep_their_time_and_changed_ones_their_permissions() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    let mut files = files();
    write_all(dir, &files).unwrap();
    let old = UNIX_EPOCH + Duration::from_secs(1_000_000);
    for file in &files {
        let there = fs::File::open(dir.join(&file.path)).unwrap();
        there.set_modified(old).unwrap();
    }
    let changed = dir.join("k8s/base/a.yaml");
    fs::set_permissions(&changed, fs::Permissions::from_mode(0o640)).unwrap();
    files[0].text.push_str("c: 3\n");
    let written = write_all(dir, &files).unwrap();
    assert_eq!(written.changed, ["k8s/base/a.yaml"]);
    assert_eq!(written.unchanged.len(), 2);
    let modified = |path: &str| fs::metadata(dir.join(path)).unwrap().modified().unwrap();
    assert_eq!(modified("k8s/overlays/b.yaml"), old);
    assert_ne!(modified("k8s/base/a.yaml"), old);
    let mode = fs::metadata(&changed).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn files_that_are_not_ours_are_all_named_and_none_is_touched() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    fs::create_dir_all(dir.join("k8s/base")).unwrap();
    fs::write(dir.join("k8s/base/a.yaml"), "mine: 1\n").unwrap();
    fs::write(dir.join(".env.example"), [0xff, 0xfe]).unwrap();
    refused(
        dir,
        &files(),
        &[
            "k8s/base/a.yaml: is there already and carries no mark",
            ".env.example: is there already and carries no mark",
            "nothing was written to",
        ],
    );
    assert_holds(
        &check(dir, &files()).unwrap(),
        &["would not be overwritten"],
    );
}

#[test]
fn folders_and_files_in_each_others_place_are_refused() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    fs::create_dir(dir.join("k8s")).unwrap();
    fs::write(dir.join("k8s/base"), "a file\n").unwrap();
    fs::create_dir(dir.join(".env.example")).unwrap();
    refused(
        dir,
        &files(),
        &[
            "k8s/base/a.yaml: k8s/base is a file where a folder belongs",
            ".env.example: is a folder where a file belongs",
        ],
    );
    assert_eq!(
        check(dir, &files())
            .unwrap()
            .iter()
            .filter(|one| one.kind == ChangeKind::Blocked)
            .count(),
        2
    );
}

#[test]
fn links_out_of_the_directory_are_refused_and_links_within_are_followed() {
    let temp = TempDir::new().unwrap();
    let outside = temp.path().join("outside");
    let dir = temp.path().join("dir");
    fs::create_dir_all(outside.join("base")).unwrap();
    fs::create_dir_all(&dir).unwrap();
    fs::write(
        outside.join("env"),
        "# Generated by `aura generate dotenv`\n",
    )
    .unwrap();
    symlink("../outside", dir.join("k8s")).unwrap();
    symlink(outside.join("env"), dir.join(".env.example")).unwrap();
    let before = contents(&outside);
    refused(
        &dir,
        &files(),
        &[
            "k8s/base/a.yaml: the link k8s leads out of the directory",
            ".env.example: the link .env.example leads out of the directory",
        ],
    );
    assert_eq!(contents(&outside), before);

    for link in ["k8s", ".env.example"] {
        fs::remove_file(dir.join(link)).unwrap();
    }
    fs::create_dir(dir.join("real")).unwrap();
    symlink("real", dir.join("k8s")).unwrap();
    write_all(&dir, &files()).unwrap();
    assert!(dir.join("real/base/a.yaml").is_file());
    assert!(fs::symlink_metadata(dir.join("k8s")).unwrap().is_symlink());
    assert!(check(&dir, &files()).unwrap().is_empty());
    assert!(write_all(&dir, &files()).unwrap().orphans.is_empty());
}

#[test]
fn links_to_nothing_and_pipes_are_refused() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    symlink("nowhere", dir.join(".env.example")).unwrap();
    fs::create_dir(dir.join("k8s")).unwrap();
    symlink("../loop", dir.join("k8s/base")).unwrap();
    symlink("loop", dir.join("loop")).unwrap();
    fs::create_dir(dir.join("k8s/overlays")).unwrap();
    let socket = dir.join("k8s/overlays/b.yaml");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_holds(
        &write_all(dir, &files()).unwrap_err(),
        &[
            ".env.example: the link .env.example leads nowhere",
            "k8s/base/a.yaml: the link k8s/base leads nowhere",
            "k8s/overlays/b.yaml: is neither a file nor a folder",
        ],
    );
}

#[test]
fn paths_that_lead_out_and_doubles_are_refused() {
    let temp = TempDir::new().unwrap();
    let files = [
        yaml("k8s", "../x", ""),
        yaml("k8s", "/x", ""),
        yaml("k8s", "k8s/a", ""),
        yaml("k8s", "k8s/a", "b"),
        yaml("k8s", "k8s/a/b", ""),
    ];
    refused(
        temp.path(),
        &files,
        &[
            "\"../x\": is not a path",
            "\"/x\": is not a path",
            "k8s/a: is rendered twice",
            "k8s/a/b: is rendered twice",
        ],
    );
    // Only the messages quote a path.
    let drift = check(temp.path(), &files[..2]).unwrap();
    let paths: Vec<_> = drift.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["../x", "/x"]);
}

#[test]
fn a_failure_in_the_middle_leaves_everything_as_it_was() {
    let temp = TempDir::new().unwrap();
    write_all(temp.path(), &files()[..1]).unwrap();
    for dir in [temp.path().to_path_buf(), temp.path().join("new")] {
        let before = contents(temp.path());
        let changed = [
            yaml("k8s", "k8s/base/a.yaml", "changed: 1\n"),
            yaml("k8s", &format!("k8s/z/{}", "n".repeat(300)), ""),
        ];
        let error = write_all(&dir, &changed).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write ") && error.ends_with("nothing was changed"),
            "{error}"
        );
        assert_eq!(contents(temp.path()), before);
    }
}

#[test]
fn leftovers_of_a_dead_process_are_removed() {
    let temp = TempDir::new().unwrap();
    let left = hidden(&temp.path().join(".env.example"), "new");
    fs::write(&left, "half").unwrap();
    write_all(temp.path(), &files()).unwrap();
    assert!(!left.exists());
    assert!(check(temp.path(), &files()).unwrap().is_empty());
}

#[test]
fn orphans_are_told_listed_and_pruned_and_nothing_else_is() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    let mut all = files();
    all.push(yaml("k8s", "k8s/components/old/c.yaml", "c: 1\n"));
    all.push(yaml("dotenv", "k8s/other", ""));
    all.push(yaml("schema", "docs/schema", ""));
    write_all(dir, &all).unwrap();
    fs::write(dir.join("k8s/mine.yaml"), "mine: 1\n").unwrap();
    // A copy of the example, filled in.
    fs::copy(dir.join(".env.example"), dir.join(".env")).unwrap();
    let files = files();

    let drift = check(dir, &files).unwrap();
    let paths: Vec<_> = drift.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["k8s/components/old/c.yaml"]);
    assert!(
        drift
            .to_string()
            .contains("--- a/k8s/components/old/c.yaml\n+++ /dev/null\n")
    );
    assert!(drift.to_string().contains("\n-c: 1\n"));

    let written = write_all(dir, &files).unwrap();
    assert_eq!(written.orphans, ["k8s/components/old/c.yaml"]);
    assert!(dir.join("k8s/components/old/c.yaml").exists());

    let written = write(dir, &files, true).unwrap();
    assert_eq!(written.pruned, ["k8s/components/old/c.yaml"]);
    assert!(!dir.join("k8s/components").exists());
    for kept in ["k8s/mine.yaml", ".env", "k8s/other", "docs/schema"] {
        assert!(dir.join(kept).exists(), "{kept}");
    }
    assert!(check(dir, &files).unwrap().is_empty());
}

#[test]
fn a_diff_goes_from_what_is_there_to_what_is_rendered() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    write_all(dir, &files()).unwrap();
    let path = dir.join("k8s/base/a.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("a: 1", "a: 7")).unwrap();
    fs::remove_file(dir.join(".env.example")).unwrap();
    let before = contents(dir);
    assert_holds(
        &check(dir, &files()).unwrap(),
        &[
            "--- a/k8s/base/a.yaml\n+++ b/k8s/base/a.yaml\n@@ -1,3 +1,3 @@\n",
            "\n-a: 7\n+a: 1\n",
            "--- /dev/null\n+++ b/.env.example\n@@ -0,0 +1,2 @@\n",
        ],
    );
    assert_eq!(contents(dir), before);
}

#[test]
fn no_secret_of_the_operator_is_in_a_diff() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path();
    let secret = format!("kind: Secret\nstringData:\n  A_KEY: \"{SET_ME}\"\n");
    let files = [yaml("k8s", "k8s/secret.yaml", &secret)];
    write_all(dir, &files).unwrap();
    for path in ["k8s/secret.yaml", "k8s/copy.yaml"] {
        let text = &files[0].text;
        fs::write(dir.join(path), text.replace(SET_ME, "canary-77")).unwrap();
    }
    let drift = check(dir, &files).unwrap();
    assert_eq!(drift.len(), 2);
    let json = serde_json::to_string(&drift).unwrap();
    assert!(!json.contains("canary-77") && !drift.to_string().contains("canary-77"));
    assert!(drift.to_string().contains("-  A_KEY: "));
}
