//! Unit tests of `changes`.

use super::*;
use std::fs::File;
use std::time::Duration;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn write(file: &Path, seconds: u64) {
    File::create(file)
        .unwrap()
        .set_modified(at(seconds))
        .unwrap();
}

#[test]
fn a_change_is_told_once_and_only_when_it_rests() {
    let folder = tempfile::TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    write(&a, 10);
    write(&b, 10);
    let mut changes = Changes::since(at(20), vec![a.clone(), b.clone()], at(30));
    assert_eq!(changes.settled(), None);
    write(&b, 31);
    assert_eq!(changes.settled(), None, "it may not be done");
    write(&b, 32);
    assert_eq!(changes.settled(), None, "it was not");
    assert_eq!(changes.settled(), Some(b.as_path()));
    assert!(!changes.more());
    assert_eq!(changes.settled(), None, "told");
    // An older file put back is a change, too; so are a file that goes and one that comes.
    for change in [
        |file: &Path| write(file, 5),
        |file: &Path| {
            fs::remove_file(file).unwrap();
        },
    ] {
        change(&a);
        assert!(changes.more());
        assert_eq!(changes.settled(), None);
        assert_eq!(changes.settled(), Some(a.as_path()));
    }
    // Gone for a moment, as editors do that write a new file and rename it.
    fs::remove_file(&b).unwrap();
    assert_eq!(changes.settled(), None);
    write(&b, 32);
    assert_eq!(changes.settled(), None);
    assert_eq!(changes.settled(), None, "it is as it was");
}

#[test]
fn what_was_saved_after_the_build_is_a_change_and_a_wrong_clock_is_none() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("a");
    let never = folder.path().join("never");
    for (written, told) in [
        (19, false),
        (20, false),
        (21, true),
        (30, true),
        (31, false),
    ] {
        write(&file, written);
        let files = vec![never.clone(), file.clone()];
        let mut changes = Changes::since(at(20), files, at(30));
        assert_eq!(changes.settled().is_some(), told, "{written}");
        assert_eq!(changes.settled(), None, "{written}");
    }
}
