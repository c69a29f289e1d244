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
mod tests;
