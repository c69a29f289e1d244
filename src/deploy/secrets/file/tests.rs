//! Unit tests of `file`.

use super::*;

#[cfg(unix)]
#[test]
fn the_owner_alone_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.env");
    write(&path, "A=b\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "A=b\n");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn existing_files_are_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.env");
    fs::write(&path, "old").unwrap();
    let error = write(&path, "canary-41").unwrap_err();
    assert!(matches!(error, WriteError::Exists(_)));
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_in_the_way_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secrets.env");
    let target = dir.path().join("elsewhere");
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert!(matches!(write(&path, "x"), Err(WriteError::Exists(_))));
    assert!(!target.exists());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none/secrets.env");
    let error = write(&path, "x").unwrap_err().to_string();
    assert!(
        error.contains("none/secrets.env cannot be written"),
        "{error}"
    );
    assert!(matches!(
        write(Path::new("/"), "x"),
        Err(WriteError::NoName(_))
    ));
}
