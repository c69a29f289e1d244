//! One child process: its output in a file, a limit on every wait, an end by process id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A running program. Dropped, it is killed; while a test fails, its output is printed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    farewell: Option<Signal>,
}

impl Process {
    /// Starts `command`, both outputs going to the end of the file `log`.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log);
        let out = out.expect("a log file");
        let err = out.try_clone().expect("the same file twice");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let program = command.get_program().to_owned();
        Self {
            child: child.unwrap_or_else(|error| panic!("{} starts: {error}", program.display())),
            log: log.to_owned(),
            farewell: None,
        }
    }

    /// The signal to try for a few seconds before killing, for programs that leave things behind.
    pub(crate) fn farewell(mut self, signal: Signal) -> Self {
        self.farewell = Some(signal);
        self
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal; a process that has already ended is none of our business.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).ok();
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }

    /// Waits for the end, at most `limit`.
    pub(crate) async fn wait(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("the end of process {}", self.child.id());
        super::eventually(limit, &what, async || self.ended()).await
    }

    /// What it has written so far.
    pub(crate) fn output(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn ends_within(&mut self, limit: Duration) -> bool {
        let start = Instant::now();
        while self.ended().is_none() {
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let ended = self.farewell.is_some_and(|signal| {
                self.signal(signal);
                self.ends_within(Duration::from_secs(5))
            });
            if !ended {
                self.child.kill().ok();
                self.child.wait().ok();
            }
        }
        if std::thread::panicking() {
            eprintln!("--- {}\n{}---", self.log.display(), self.output());
        }
    }
}
