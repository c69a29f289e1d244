//! Unit tests of `regular_file`.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;

use rustix::fs::{CWD, FileType, mknodat};

use super::*;

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
