//! What one input may cost: memory of the process, CPU time, and waiting.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// KiB of memory that a process under test may have, as the production manifest grants them.
const MEMORY_KIB: u64 = 512 * 1024;

/// An input that takes so long is a hang, whatever it waits for.
const HANG: Duration = Duration::from_secs(40);

/// A command that runs `program` under the memory limit: a process that asks for more is refused it, and
/// ends. The limit holds from the start, because the allocator takes address space in advance.
pub(super) fn bounded(program: &Path) -> Command {
    let mut shell = Command::new("/bin/sh");
    let script = format!("ulimit -d {MEMORY_KIB} && exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(program);
    shell
}

/// CPU time that the threads of `process` have used so far; nothing where the kernel does not say.
pub(super) fn cpu(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let nanos = threads.into_iter().flatten().flatten().map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let first = text
            .split(' ')
            .next()
            .and_then(|word| word.parse::<u64>().ok());
        first.unwrap_or_default()
    });
    Duration::from_nanos(nanos.sum())
}

/// A thread that ends the process when one input hangs, and leaves the input in its file.
#[derive(Debug, Clone)]
pub(super) struct Watchdog {
    since: Arc<Mutex<Option<Instant>>>,
    running: PathBuf,
}

impl Watchdog {
    /// Starts the thread; `running` is the file that holds the input in hand.
    pub(super) fn start(running: PathBuf) -> Self {
        let since = Arc::new(Mutex::new(None::<Instant>));
        let watched = Arc::clone(&since);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(200));
                let since = *watched.lock().expect("a lock");
                if since.is_some_and(|since| since.elapsed() > HANG) {
                    eprintln!("an input takes more than {HANG:?}");
                    std::process::exit(1);
                }
            }
        });
        Self { since, running }
    }

    /// Runs `work` with `input` in the file and the clock running.
    pub(super) fn over<T>(&self, input: &[u8], work: impl FnOnce() -> T) -> T {
        std::fs::write(&self.running, input).expect("a file of ours");
        *self.since.lock().expect("a lock") = Some(Instant::now());
        let done = work();
        *self.since.lock().expect("a lock") = None;
        done
    }

    /// Takes the file away: nothing is in hand.
    pub(super) fn rest(&self) {
        std::fs::remove_file(&self.running).ok();
    }
}
