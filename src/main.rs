//! Parse, run, exit code; nothing else.

use std::process::ExitCode;

/// The same allocator wherever the binary is built; musl's own would halve its speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    aura::cli::main()
}
