//! The allocator of this program, and how soon it gives memory back.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::schema::Environment;

/// Serves several threads at once, which musl's does ten times slower, and can give memory back after
/// a burst, which glibc's does not.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The allocator's option: milliseconds for which it keeps memory that was freed. An idle process frees
/// nothing more, so with its default of a second it would keep the memory of a burst for good.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// The allocator's name.
pub(super) const fn name() -> &'static str {
    if cfg!(target_os = "linux") {
        "mimalloc"
    } else {
        "the libc's"
    }
}

/// Starts this program anew under the same process id, with memory given back as soon as it is free.
/// The allocator reads the option from its environment before `main` and takes it in no other safe way.
/// Returns where the option is set already, or the program cannot be found.
pub(super) fn give_memory_back() {
    if cfg!(not(target_os = "linux")) || Environment::of_process().text(PURGE_DELAY).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Some(name), Ok(program)) = (arguments.next(), std::env::current_exe()) else {
        return;
    };
    // Without it the server works as well, and keeps more memory.
    let _ = Command::new(program)
        .arg0(name)
        .args(arguments)
        .env(PURGE_DELAY, "0")
        .exec();
}
