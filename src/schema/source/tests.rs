//! Unit tests of `source`.

use std::io::Write;
use std::os::fd::AsRawFd;

use proptest::prelude::*;
use rustix::fs::{CWD, FileType, mknodat};

use super::*;

fn read_bytes(bytes: &[u8]) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    read("KEY_FILE", file.path()).map_err(|fault| fault.problem)
}

#[test]
fn unreadable_empty_oversized_and_binary_files_are_told_apart() {
    let empty = read_bytes(b"\r\n").unwrap_err();
    assert!(empty.ends_with("is empty"), "{empty}");
    let large = vec![b'a'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
    let oversized = read_bytes(&large).unwrap_err();
    assert!(
        oversized.ends_with("is larger than 65536 bytes"),
        "{oversized}"
    );
    assert!(read_bytes(&large[1..]).is_ok());
    assert_eq!(read_bytes(b"\xef\xbb\xbfkey\r\n").as_deref(), Ok("key"));
    assert!(read_bytes(b"\xef\xbb\xbf\n").is_err());
    let binary = read_bytes(&[0xff, 0xfe]).unwrap_err();
    assert!(binary.ends_with("is not UTF-8"), "{binary}");
    let missing = read("KEY_FILE", Path::new("/nowhere/at/all")).unwrap_err();
    assert!(missing.problem.contains("no such file"), "{missing}");
    let directory = read("KEY_FILE", Path::new("/")).unwrap_err();
    assert!(
        directory.problem.contains("cannot be read: is a directory"),
        "{directory}"
    );
}

#[test]
fn a_secret_given_as_a_path_is_not_repeated() {
    let fault = read_named("KEY_FILE", "canary-value-of-a-secret").unwrap_err();
    assert!(!fault.to_string().contains("canary"), "{fault}");
}

#[test]
fn hidden_files_and_directories_are_not_variables() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("..data")).unwrap();
    std::fs::create_dir(dir.path().join("NESTED")).unwrap();
    std::fs::write(dir.path().join("KEY"), "x").unwrap();
    let opened = SecretsDir::open("DIR", dir.path()).unwrap();
    assert_eq!(opened.file("..data"), None);
    // One in the place of a setting is read in vain, so that it is told.
    let folder = opened.file("NESTED").unwrap();
    let fault = read("NESTED", &folder).unwrap_err();
    assert!(fault.problem.ends_with("is a directory"), "{fault}");
    assert!(fault.remedy.contains("a mount without a source"), "{fault}");
    assert_eq!(opened.files.into_iter().collect::<Vec<_>>(), ["KEY"]);
    assert!(SecretsDir::open("DIR", &dir.path().join("missing")).is_err());
}

#[test]
fn a_named_pipe_and_a_device_are_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&pipe, &link).unwrap();
    for path in [&pipe, &link, Path::new("/dev/zero")] {
        let error = open_regular(path).unwrap_err();
        assert_eq!(error.to_string(), "it is not a regular file");
    }
    std::fs::write(folder.path().join("file"), "x").unwrap();
    assert!(open_regular(&folder.path().join("file")).is_ok());
    let missing = open_regular(&folder.path().join("none")).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_stream_of_the_process_is_read_to_its_end() {
    let (reader, mut writer) = io::pipe().unwrap();
    let writing = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        writer.write_all(b"text").unwrap();
    });
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let mut text = String::new();
    let mut file = open_regular(Path::new(&path)).unwrap();
    file.read_to_string(&mut text).unwrap();
    writing.join().unwrap();
    assert_eq!(text, "text");
}

proptest! {
    #[test]
    fn exactly_one_line_end_is_cut(text in "[ -~]{1,20}", end in "(\n|\r\n)?", more in "(\n|\r\n){0,2}") {
        let kept = format!("{text}{more}");
        let whole = format!("{kept}{end}");
        let expected = if end.is_empty() { without_line_end(&whole).to_owned() } else { kept };
        prop_assert_eq!(without_line_end(&whole), expected);
    }
}
