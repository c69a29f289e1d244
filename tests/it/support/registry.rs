//! A registry of images on this machine, as Debian ships it.

use std::process::Command;

use tempfile::TempDir;

use super::{Client, PATIENCE, Port, Process, eventually, installed};

/// A running registry.
#[derive(Debug)]
pub(crate) struct Registry {
    port: Port,
    _process: Process,
    _folder: TempDir,
}

impl Registry {
    /// Starts it, empty and open to everybody; `None`, said aloud, where it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let program = installed(&["docker-registry"], &[])?;
        let (port, folder) = (Port::reserve(), TempDir::new().expect("a folder"));
        let address = port.address();
        let storage = folder.path().join("images");
        let text = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            storage.display()
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, text).expect("a file");
        let mut command = Command::new(program);
        command.arg("serve").arg(&file);
        let process = Process::spawn(&mut command, &folder.path().join("log"));
        let client = Client::new(&format!("http://{address}"));
        eventually(PATIENCE, "a registry that answers", async || {
            let get = client.send(reqwest::Method::GET, "/v2/", |request| request);
            get.await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        Some(Self {
            port,
            _process: process,
            _folder: folder,
        })
    }

    /// Its name in the name of an image: host and port.
    pub(crate) fn name(&self) -> String {
        format!("localhost:{}", self.port.number())
    }
}
