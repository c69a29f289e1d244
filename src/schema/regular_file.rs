//! Opening of files that people name.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags, fcntl_setfl, open};

/// Streams that a process was started with, such as those of a shell's `<(COMMAND)`.
const INHERITED: [&str; 3] = ["/dev/fd/", "/dev/stdin", "/proc/self/fd/"];

/// Opens `path` to be read, links followed, without ever waiting. A directory opens, and its read
/// fails.
///
/// # Errors
/// Whatever the system says; and what is neither a regular file nor a stream of this process, such
/// as a named pipe, which would wait for its writer, or a device, which has no end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Without NONBLOCK opening a named pipe waits for its writer. What the path leads to is looked
    // at after opening, so that nothing can take its place in between.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    let kind = file.metadata()?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(file);
    }
    let shown = path.to_string_lossy();
    if INHERITED.iter().any(|stream| shown.starts_with(stream)) {
        fcntl_setfl(&file, OFlags::empty())?;
        return Ok(file);
    }
    Err(io::Error::other("it is not a regular file"))
}

#[cfg(test)]
mod tests {
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
}
