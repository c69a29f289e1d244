//! `aura healthcheck`: for images that have no shell and no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use poem::http::Uri;

use super::output;
use super::setup::runtime;
use crate::config::Config;
use crate::schema::Environment;

/// Time that the server has to answer: it promises one second.
const LIMIT: Duration = Duration::from_secs(3);

/// Ask a running server whether it is healthy.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  aura healthcheck\n  \
    aura healthcheck --url http://localhost:8000/health/ready\n\n\
    Exit codes: 0 healthy, 1 not.")]
pub(super) struct Healthcheck {
    /// Address to ask, instead of /health at the port of `SERVER_PORT` on this machine.
    #[arg(long)]
    url: Option<Uri>,
    /// Read this directory, which holds one file a variable, instead of `SETTINGS_DIR`.
    #[arg(long, value_name = "DIR")]
    secrets_dir: Option<PathBuf>,
}

impl Healthcheck {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let url = match self.url {
            Some(url) => url,
            None => own_server(self.secrets_dir.as_deref())?,
        };
        let status = runtime()?.block_on(async {
            let asked = tokio::time::timeout(LIMIT, ask(&url)).await;
            asked.with_context(|| format!("{url} did not answer in time"))?
        })?;
        if !status.is_success() {
            bail!("{url} answered {status}");
        }
        output::print("healthy\n")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The server that the same settings would start.
fn own_server(secrets_dir: Option<&Path>) -> anyhow::Result<Uri> {
    // The probe of a container may lack the secrets of its server, and needs none.
    let loader = Config::loader(Environment::of_process())?
        .secrets_elsewhere(true)
        .secrets_dir(secrets_dir.map(Path::to_owned));
    let mut found = loader.resolve::<Config>();
    // A secret that was replaced by a bad one does not stop the server, which keeps the old one.
    found
        .faults
        .retain(|fault| fault.name.starts_with("SERVER_"));
    let server = found.finish()?.value.server;
    // Only some systems take a connection to the unspecified address as one to themselves.
    let host = match server.host {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, server.port.as_u16());
    Ok(format!("http://{address}/health").parse()?)
}

async fn ask(url: &Uri) -> anyhow::Result<hyper::StatusCode> {
    if url.scheme_str() != Some("http") {
        bail!("{url} does not start with http://: ask the server itself, not a proxy before it");
    }
    let host = url.host().context("the address has no host")?;
    let address = (host.trim_matches(['[', ']']), url.port_u16().unwrap_or(80));
    let stream = tokio::net::TcpStream::connect(address);
    let stream = stream
        .await
        .with_context(|| format!("nothing listens at {url}"))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = hyper::Request::get(path)
        .header(
            "host",
            url.authority().map_or(host, |authority| authority.as_str()),
        )
        .body(Empty::<Bytes>::new())?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        // Read to the end: an answer that stops in the middle is a failure.
        response.into_body().collect().await?;
        anyhow::Ok(status)
    };
    tokio::select! {
        answer = answer => answer,
        ended = connection => bail!("the connection ended before the answer: {ended:?}"),
    }
}
