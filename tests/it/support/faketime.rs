//! A wall clock that a test sets: libfaketime, preloaded into the processes that are to go by it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// One clock; every process that has its variables goes by it.
#[derive(Debug)]
pub(crate) struct FakeTime {
    library: PathBuf,
    folder: TempDir,
}

impl FakeTime {
    /// A clock that shows the real time until [`FakeTime::shift`]; `None` where libfaketime is not
    /// installed.
    pub(crate) fn new() -> Option<Self> {
        let folders = std::fs::read_dir("/usr/lib")
            .into_iter()
            .flatten()
            .flatten();
        let mut folders: Vec<_> = folders.map(|entry| entry.path().join("faketime")).collect();
        folders.extend(["/usr/lib/faketime", "/usr/local/lib/faketime"].map(PathBuf::from));
        let library = super::installed(&["libfaketime.so.1"], &folders)?;
        let folder = TempDir::new().expect("a temporary folder");
        let clock = Self { library, folder };
        clock.shift(0);
        Some(clock)
    }

    /// Sets the clock to `seconds` from the real time, at once and for all its processes.
    pub(crate) fn shift(&self, seconds: i64) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{seconds:+}")).expect("a file of ours");
        std::fs::rename(new, self.file()).expect("a file of ours");
    }

    /// The variables of a process that is to go by this clock. Timers go on in real time.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        let text = |path: &Path| path.display().to_string();
        [
            ("LD_PRELOAD", text(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.file())),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }
}
