//! Reload for those who change aura: a debug build that `serve --dev` runs on a terminal watches
//! the files that it was made of, builds itself again, and makes room for what came of it. Release
//! builds have nothing of this: nobody calls it there.
//!
//! The files are looked at, not listened for: a look at all of them takes a millisecond, and what
//! would tell of changes by itself would be a dependency of every release.

mod changes;
mod dep_info;

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio_util::sync::CancellationToken;

use self::changes::{Changes, written};
use self::dep_info::DepInfo;
use super::output;
use crate::clock::Timestamp;

/// How long between two looks at the files.
const PAUSE: Duration = Duration::from_millis(400);

/// How long between two looks at a build that runs.
const MOMENT: Duration = Duration::from_millis(50);

/// This program, what it was made of, and how to make it again.
#[derive(Debug)]
pub(super) struct Reload {
    program: PathBuf,
    made: SystemTime,
    package: PathBuf,
    changes: Changes,
    build: Command,
}

impl Reload {
    /// `None` where Cargo has not built this program, or its source is not here.
    pub(super) fn of_this_program(now: Timestamp) -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let made = written(&program)?;
        let dep_info = DepInfo::beside(&program)?;
        let mut build = dep_info.build(&program)?;
        // A group of its own can be ended whole: Cargo, the compilers and the linker. The terminal
        // sends its Ctrl-C to this process alone.
        build.process_group(0);
        build.stdin(Stdio::null()).stdout(Stdio::null());
        let DepInfo { package, files } = dep_info;
        let changes = Changes::since(made, files, now.to_utc().into());
        Some(Self {
            program,
            made,
            package,
            changes,
            build,
        })
    }

    /// Where the program is: this one, and the one that follows it.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Watches and builds, on a thread of its own, until there is a new program; then cancels
    /// `rebuilt` and has nothing more to do.
    pub(super) fn watch(self, rebuilt: CancellationToken) -> Option<Watch> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("reload".to_owned());
        let thread = thread.spawn(move || {
            if self.until_rebuilt(&stopped) {
                rebuilt.cancel();
            }
        });
        Some(Watch {
            stop: Some(stop),
            thread: Some(thread.ok()?),
        })
    }

    /// False when it was stopped before.
    fn until_rebuilt(mut self, stopped: &Receiver<()>) -> bool {
        while !is_stopped(stopped, PAUSE) {
            let Some(changed) = self.changes.settled() else {
                continue;
            };
            let changed = changed.strip_prefix(&self.package).unwrap_or(changed);
            say(&format!("{} has changed, building", changed.display()));
            match run(&mut self.build, stopped) {
                Ok(None) => return false,
                Err(error) => say(&format!("cargo cannot be started: {error}")),
                Ok(Some(status)) if !status.success() => {
                    say("the build has failed; this one goes on, and the next change is tried");
                }
                // Cargo may have read a file before it changed: once more, then.
                Ok(Some(_)) if self.changes.more() => {}
                Ok(Some(_)) if written(&self.program).is_none_or(|made| made == self.made) => {
                    say("nothing new has come of it");
                }
                Ok(Some(_)) => {
                    say("the new build takes over; sessions end, unless they are in Redis");
                    return true;
                }
            }
        }
        false
    }
}

/// The thread that watches. Dropped, it has ended, and a build that still ran has ended with it.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been printed; what is open is closed all the same.
            let _ = thread.join();
        }
    }
}

/// Puts `program` into the place of this process, arguments, process id, terminal and all. Returns
/// only when that fails.
pub(super) fn take_over(program: &Path) -> anyhow::Error {
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .exec();
    anyhow::Error::new(error).context(format!("{} cannot be started", program.display()))
}

/// Runs a build to its end. `None` when it was stopped: then nothing of it is left.
fn run(build: &mut Command, stopped: &Receiver<()>) -> io::Result<Option<ExitStatus>> {
    let mut child = build.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if is_stopped(stopped, MOMENT) {
            let group = Pid::from_child(&child);
            // Whoever was paused hears of its end only when it goes on.
            for signal in [Signal::TERM, Signal::CONT] {
                let _ = kill_process_group(group, signal);
            }
            child.wait()?;
            return Ok(None);
        }
    }
}

/// Whether the other end is gone; waits for that as long as `pause`.
fn is_stopped(stopped: &Receiver<()>, pause: Duration) -> bool {
    stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout)
}

fn say(text: &str) {
    output::error(&format!("aura: {text}"));
}
