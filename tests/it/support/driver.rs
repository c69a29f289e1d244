//! The driver of browsers: one process, which starts them and ends them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fantoccini::ClientBuilder;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Browser, Look, Port, Process, eventually, installed};

/// A browser is slower to start than anything else here.
const LONG: Duration = Duration::from_mins(1);

/// What Chromium is called by those who package it.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A driver, and the browsers that it started; they end with it.
#[derive(Debug)]
pub(crate) struct Driver {
    port: Port,
    folder: TempDir,
    browsers: AtomicUsize,
    _process: Process,
}

impl Driver {
    /// Starts a driver; `None`, said aloud, where there is no browser.
    pub(crate) async fn start() -> Option<Self> {
        let program = installed(&["chromedriver"], &[])?;
        installed(&CHROMIUM, &[])?;
        let (port, folder) = (Port::reserve(), TempDir::new().expect("a folder"));
        let mut command = Command::new(program);
        command.arg(format!("--port={}", port.number()));
        let process = Process::spawn(&mut command, &folder.path().join("driver.log"));
        let driver = Self {
            port,
            folder,
            browsers: AtomicUsize::new(0),
            _process: process.farewell(Signal::TERM),
        };
        let status = format!("http://{}/status", driver.port.address());
        eventually(LONG, "a driver that is ready", async || {
            let status: Value = reqwest::get(&status).await.ok()?.json().await.ok()?;
            (status["value"]["ready"] == true).then_some(())
        })
        .await;
        Some(driver)
    }

    /// Starts a browser that has never been anywhere.
    pub(crate) async fn browser(&self, look: &Look) -> Browser {
        let number = self.browsers.fetch_add(1, Ordering::Relaxed);
        let profile = self.folder.path().join(format!("profile-{number}"));
        let program = installed(&CHROMIUM, &[]).expect("it was there a moment ago");
        let mut builder = ClientBuilder::rustls().expect("TLS");
        let capabilities = capabilities(look, &program, &profile);
        let capabilities = capabilities.as_object().expect("an object").clone();
        let builder = builder.capabilities(capabilities);
        let url = format!("http://{}", self.port.address());
        let client = builder.connect(&url).await.expect("a browser");
        Browser::attach(client, &url, look).await
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver ends its browsers when it is asked to, not when it is killed.
        shut_down(self.port.address()).ok();
    }
}

fn shut_down(driver: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&driver, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = format!("GET /shutdown HTTP/1.1\r\nHost: {driver}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn capabilities(look: &Look, program: &Path, profile: &Path) -> Value {
    let (width, height) = look.size;
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-sync".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--lang=en-GB".to_owned(),
        format!("--window-size={width},{height}"),
        format!("--user-data-dir={}", profile.display()),
    ];
    if !look.hosts.is_empty() {
        arguments.push(format!("--host-resolver-rules={}", look.hosts));
    }
    json!({
        "acceptInsecureCerts": true,
        "goog:chromeOptions": {
            "binary": program,
            "args": arguments,
            "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
        },
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    })
}
