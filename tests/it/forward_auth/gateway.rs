//! nginx and Caddy with the configurations of the page, cut out of it: their addresses and
//! certificates are replaced, and nothing else but what a test adds.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::ingress;
use crate::support::{PATIENCE, Port, Process, eventually, installed, said};

/// Where the configurations are.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/forward-auth.md");

/// A program of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
    /// nginx with what ingress-nginx renders.
    IngressNginx,
}

/// A running gateway, over TLS, for `*.example.com`.
#[derive(Debug)]
pub(crate) struct Gateway {
    port: Port,
    _process: Process,
    _folder: TempDir,
}

impl Gateway {
    /// Starts it before aura and an application, with a configuration that `edit` has changed;
    /// `None`, said aloud, where it is not installed.
    pub(crate) async fn edited(
        kind: Kind,
        aura: SocketAddr,
        app: SocketAddr,
        edit: fn(&str) -> String,
    ) -> Option<Self> {
        let sbin = [PathBuf::from("/usr/sbin")];
        let program = match kind {
            Kind::Nginx => installed(&["nginx"], &sbin)?,
            Kind::IngressNginx => {
                ingress::modules()?;
                installed(&["nginx"], &sbin)?
            }
            Kind::Caddy => installed(&["caddy"], &[])?,
        };
        let openssl = installed(&["openssl"], &[])?;
        let (port, folder) = (Port::reserve(), TempDir::new().expect("a folder"));
        certify(&openssl, folder.path());
        let block = match kind {
            Kind::Nginx => block("nginx"),
            Kind::Caddy => block("caddyfile"),
            Kind::IngressNginx => ingress::rendered(&block("yaml ingress-nginx")),
        };
        let block = edit(&block);
        let block = replaced(&block, "127.0.0.1:8000", &aura.to_string());
        let block = replaced(&block, "127.0.0.1:3000", &app.to_string());
        let mut command = Command::new(program);
        let file = folder.path().join("configuration");
        let text = match kind {
            Kind::Nginx | Kind::IngressNginx => {
                command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
                let modules = match kind {
                    Kind::IngressNginx => ingress::modules()?,
                    _ => String::new(),
                };
                modules + &nginx(&block, &port, folder.path())
            }
            Kind::Caddy => {
                command
                    .args(["run", "--adapter", "caddyfile", "--config"])
                    .arg(&file);
                command.env("XDG_DATA_HOME", folder.path());
                command.env("XDG_CONFIG_HOME", folder.path());
                caddy(&block, &port, folder.path())
            }
        };
        std::fs::write(&file, text).expect("a file");
        let process = Process::spawn(&mut command, &folder.path().join("log"));
        let gateway = Self {
            port,
            _process: process.farewell(Signal::TERM),
            _folder: folder,
        };
        eventually(PATIENCE, "a gateway that listens", async || {
            TcpStream::connect(gateway.address()).await.ok()
        })
        .await;
        Some(gateway)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }
}

/// The only block of the page with the mark `language`.
pub(super) fn block(language: &str) -> String {
    let page = std::fs::read_to_string(PAGE).expect("the page");
    let fence = format!("\n```{language}\n");
    let mut blocks = page.split(&fence).skip(1);
    let block = blocks.next().expect("a block");
    assert!(blocks.next().is_none(), "a second block of {language}");
    block.split("\n```\n").next().expect("its end").to_owned()
}

/// `text` with every `from` made `to`, of which there must be one.
pub(super) fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{PAGE} lacks {from}: {text}");
    text.replace(from, to)
}

fn nginx(block: &str, port: &Port, folder: &Path) -> String {
    let folder = folder.display();
    let listen = format!("listen {} ssl;", port.address());
    let block = replaced(block, "listen 443 ssl;", &listen);
    let certificate = format!("{folder}/certificate.pem");
    let block = replaced(&block, "/etc/ssl/example.com.pem", &certificate);
    let block = replaced(
        &block,
        "/etc/ssl/example.com.key",
        &format!("{folder}/key.pem"),
    );
    let mut text = format!("daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n");
    if rustix::process::geteuid().is_root() {
        text.push_str("user root;\n");
    }
    text.push_str("http {\naccess_log off;\n");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "{kind}_temp_path {folder}/{kind};").expect("a string");
    }
    text + &block + "\n}\n"
}

fn caddy(block: &str, port: &Port, folder: &Path) -> String {
    let (folder, number) = (folder.display(), port.number());
    let mut block = block.to_owned();
    for host in ["auth.example.com", "app.example.com"] {
        let here = format!(
            "\n{host}:{number} {{\n\tbind 127.0.0.1\n\
             \ttls {folder}/certificate.pem {folder}/key.pem\n"
        );
        block = replaced(&block, &format!("\n{host} {{\n"), &here);
    }
    format!("{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{block}\n")
}

/// A certificate of our own making, with its key.
fn certify(openssl: &Path, folder: &Path) {
    let mut command = Command::new(openssl);
    command.args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split(' '));
    command
        .args("-days 2 -subj /CN=example.com -addext subjectAltName=DNS:*.example.com".split(' '));
    command.arg("-keyout").arg(folder.join("key.pem"));
    command.arg("-out").arg(folder.join("certificate.pem"));
    let output = command.output().expect("openssl runs");
    assert!(output.status.success(), "{}", said(&output));
}
