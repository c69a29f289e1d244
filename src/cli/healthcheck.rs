//! `aura healthcheck`: for images that have no shell and no curl.

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

/// How long the server may take to answer: it promises one second.
const LIMIT: Duration = Duration::from_secs(3);

/// Ask a running server whether it is healthy.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  aura healthcheck\n  \
    aura healthcheck --url http://localhost:8000/health/ready\n\n\
    Exit codes: 0 healthy, 1 not.")]
pub(super) struct Healthcheck {
    /// Where to ask.
    #[arg(long, default_value = "http://127.0.0.1:8000/health")]
    url: Uri,
}

impl Healthcheck {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let status = runtime()?.block_on(async {
            let asked = tokio::time::timeout(LIMIT, ask(&self.url)).await;
            asked.with_context(|| format!("{} did not answer in time", self.url))?
        })?;
        if !status.is_success() {
            bail!("{} answered {status}", self.url);
        }
        output::print("healthy\n")?;
        Ok(ExitCode::SUCCESS)
    }
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
        response.into_body().collect().await?;
        anyhow::Ok(status)
    };
    tokio::select! {
        answer = answer => answer,
        ended = connection => bail!("the connection ended before the answer: {ended:?}"),
    }
}
