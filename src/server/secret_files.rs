//! Secrets that come from files are followed while the server runs: every few seconds, and at
//! SIGHUP, the files are read, and what has changed is taken over whole or not at all.
//!
//! Content decides, not times or inodes: Kubernetes turns a link at a folder of new files, others
//! rewrite a file in place.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::bad_config::BadConfig;
use crate::auth::keyring::Keyring;
use crate::config::{Config, Log};
use crate::llm::Llm;
use crate::schema::{Faults, FileDigests, Loaded, Loader};
use crate::storage::Storage;

/// Pause between two looks at the files.
const LOOK: Duration = Duration::from_secs(10);

/// Time for which files must stand still before they are believed: one that is rewritten in place
/// is short of something for a moment.
const SETTLE: Duration = Duration::from_secs(1);

/// The settings' source, and what its files held when the server read them.
#[derive(Debug)]
pub struct SecretFiles {
    loader: Arc<Loader>,
    /// Of the values that hold.
    applied: FileDigests,
    /// Of the last look: what was refused once is not refused again.
    seen: FileDigests,
}

impl SecretFiles {
    /// Notes what the files hold now; so it must be made before the settings are loaded.
    #[must_use]
    pub fn new(loader: Loader) -> Self {
        let applied = loader.file_digests();
        Self {
            loader: Arc::new(loader),
            seen: applied.clone(),
            applied,
        }
    }

    /// Loads the settings.
    ///
    /// # Errors
    /// [`Faults`].
    pub fn load(&self) -> Result<Loaded<Config>, Faults> {
        Config::load(&self.loader)
    }

    /// The settings of the log, whatever is wrong with the others.
    #[must_use]
    pub fn log(&self) -> Log {
        Config::log(&self.loader)
    }

    /// Loads the settings on a thread of its own; `None` when the process ends.
    async fn load_aside(&self) -> Option<Result<Loaded<Config>, Faults>> {
        let loader = Arc::clone(&self.loader);
        let load = tokio::task::spawn_blocking(move || Config::load(&loader));
        load.await.ok()
    }

    /// Digests of the files at this moment; `None` when the process ends.
    async fn look(&self) -> Option<FileDigests> {
        let loader = Arc::clone(&self.loader);
        let look = tokio::task::spawn_blocking(move || loader.file_digests());
        look.await.ok()
    }
}

/// Follows the files until the server stops.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) files: Option<SecretFiles>,
    /// The configuration that holds.
    pub(super) config: Config,
    pub(super) keyring: Arc<Keyring>,
    pub(super) llm: Llm,
    pub(super) storage: Storage,
}

impl Follower {
    pub(super) async fn run(mut self, mut hangup: Option<Signal>, stop: CancellationToken) {
        loop {
            let asked = tokio::select! {
                () = stop.cancelled() => return,
                () = hung_up(&mut hangup) => true,
                () = sleep(LOOK) => false,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = self.look(asked) => {}
            }
        }
    }

    /// Takes over what has changed; `None` where nothing is to be done, or not yet. `asked`: an
    /// operator waits for a line in the log.
    async fn look(&mut self, asked: bool) -> Option<()> {
        let Some(files) = &mut self.files else {
            return None;
        };
        let mut now = files.look().await?;
        // An operator asks by SIGHUP: what was refused before may be good now, such as a missing certificate.
        let settled = now.is_empty() || now == files.applied;
        if now == files.seen && (!asked || settled) {
            if asked {
                let word = if now.is_empty() {
                    "SIGHUP: no setting comes from a file, so there is nothing to reload"
                } else {
                    "SIGHUP: no file of a setting has changed"
                };
                tracing::info!("{word}");
            }
            return None;
        }
        loop {
            sleep(SETTLE).await;
            let before = std::mem::replace(&mut now, files.look().await?);
            if before == now {
                break;
            }
        }
        if now == files.seen && !asked {
            return None;
        }
        let loaded = files.load_aside().await?;
        // They changed while they were read: what was loaded may be half of each.
        if files.look().await? != now {
            return None;
        }
        files.seen = now.clone();
        let changed = now.changed_since(&files.applied);
        if changed.is_empty() {
            tracing::info!("the files of the settings are again as they were");
            return None;
        }
        let settings = changed.join(", ");
        match self.take_over(loaded, &changed) {
            Ok(()) => {
                self.files.as_mut()?.applied = now;
                tracing::info!(settings, "changed secrets were taken over from their files");
            }
            Err(why) => tracing::error!(
                settings,
                why,
                "changed secrets were not taken over: the old values hold"
            ),
        }
        Some(())
    }

    /// Replaces every secret by that of `loaded`, or none: the error says why, in one line.
    fn take_over(
        &mut self,
        loaded: Result<Loaded<Config>, Faults>,
        changed: &[String],
    ) -> Result<(), String> {
        let loaded = loaded.map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            faults.join("; ")
        })?;
        let stuck = self.config.needs_restart(&loaded.value, changed);
        if !stuck.is_empty() {
            return Err(format!(
                "{} is gone, or changes more than a password or a key; restart the server",
                stuck.join(", ")
            ));
        }
        self.apply(&loaded.value)
            .map_err(|error| error.to_string())?;
        self.config = loaded.value;
        for warning in &loaded.warnings {
            if changed.contains(&warning.name) {
                tracing::warn!("{warning}");
            }
        }
        Ok(())
    }

    fn apply(&self, new: &Config) -> Result<(), BadConfig> {
        let auth = self.keyring.prepare(new)?;
        let llm = self.llm.prepare_key(&new.llm)?;
        // The last that may fail, and if it does, it has changed nothing.
        self.storage.log_in_as(&self.config, new)?;
        self.keyring.replace(auth);
        self.llm.use_key(llm);
        Ok(())
    }
}

async fn hung_up(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
