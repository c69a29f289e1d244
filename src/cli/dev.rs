//! What `--dev` stands on: a folder `.aura` that holds a database and a signing key, and is kept
//! out of version control by its own `.gitignore`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::random_bytes;

const FOLDER: &str = ".aura";
const KEY_FILE: &str = ".aura/jwt-secret-key";

/// The prepared folder.
pub(super) struct Dev {
    key: String,
}

impl Dev {
    /// Makes the folder and the key where they are missing; keeps what is there.
    pub(super) fn prepare() -> anyhow::Result<Self> {
        let here = "the folder .aura cannot be made here; go where you may write";
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(FOLDER)
            .context(here)?;
        write_new(Path::new(".aura/.gitignore"), "*\n")?;
        write_new(
            Path::new(KEY_FILE),
            &URL_SAFE_NO_PAD.encode(random_bytes::<48>()),
        )?;
        let key =
            fs::read_to_string(KEY_FILE).with_context(|| format!("cannot read {KEY_FILE}"))?;
        if key.trim_end().is_empty() {
            bail!("{KEY_FILE} is empty: delete it, and the next start makes a new key");
        }
        Ok(Self {
            key: key.trim_end().to_owned(),
        })
    }

    /// Defaults that differ from those of a server for others.
    pub(super) fn defaults(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", format!("sqlite://{FOLDER}/aura.db")),
            ("JWT_SECRET_KEY", self.key.clone()),
            ("REDIS_ENABLED", "false".to_owned()),
            ("SERVER_HOST", "127.0.0.1".to_owned()),
            ("SERVER_METRICS_PORT", "0".to_owned()),
        ]
    }
}

/// Writes a file that only its owner can read, unless there is one. It appears whole or not at all,
/// also when two do so at once.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let failed = || format!("cannot make {}", path.display());
    let draft = path.with_extension(std::process::id().to_string());
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft);
    let linked = file
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| match fs::hard_link(&draft, path) {
            // Somebody else was first.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        });
    let removed = fs::remove_file(&draft);
    linked.and(removed).with_context(failed)
}
