//! Printing to standard output and standard error; a closed pipe is not a failure.

use std::io::{self, Write};

/// Prints to standard output.
///
/// # Errors
/// Error of the system, broken pipes included; [`is_broken_pipe`] recognises those.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    // At the end of the process a failure would go unnoticed, and the exit code would say success.
    out.flush()
}

/// Prints a line to standard error; where that is closed there is nobody to tell.
pub(super) fn error(text: &str) {
    // Unlike eprintln!, which panics there.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Checks whether standard output was closed by its reader.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
