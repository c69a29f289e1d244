//! What tests run on: both stores of tokens and limits, and an accounts' file that outlives servers.

use tempfile::TempDir;

use super::{Redis, Settings};

/// Runs a test on the in-process twin, and then on a Redis of its own. Where Redis is not
/// installed the second half is skipped, said aloud.
pub(crate) async fn on_both_stores(test: impl AsyncFn(Settings)) {
    test(Settings::new()).await;
    if let Some(redis) = Redis::start().await {
        test(Settings::new().redis(&redis)).await;
    }
}

/// A folder for one `SQLite` database, shared by servers and commands.
#[derive(Debug)]
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// What `DATABASE_URL` is set to.
    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.0.path().join("aura.db").display())
    }
}
