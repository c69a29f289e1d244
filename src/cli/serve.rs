//! `aura serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::output;
use super::setup::{Source, runtime};
use crate::clock::Clock;
use crate::server::{App, serve};

/// Run the server.
///
/// Migrates the database first, under a lock, so that any number of replicas may start together.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  aura serve --dev\n  \
    ENVIRONMENT=production DATABASE_URL=postgres://db/aura aura serve --secrets-dir /run/secrets")]
pub(super) struct Serve {
    #[command(flatten)]
    source: Source,
    /// Leave the database as it is, and be ready only once `aura migrate` has run.
    #[arg(long)]
    no_migrate: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.source.load()?;
        let runtime = runtime()?;
        let outcome = runtime.block_on(async {
            let app = App::new(config, Clock::system())?;
            let dev = self.source.dev;
            serve(app, !self.no_migrate, |address| {
                if dev {
                    output::error(&banner(address));
                }
            })
            .await?;
            anyhow::Ok(ExitCode::SUCCESS)
        });
        // Whatever still runs was given its time.
        runtime.shutdown_timeout(Duration::from_millis(100));
        outcome
    }
}

/// Where to look first.
fn banner(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let base = format!("http://{host}:{}", address.port());
    format!(
        "\n  aura is ready\n\n    API      {base}/docs\n    Health   {base}/health\n    \
         Data     .aura/ (SQLite and a signing key; delete it to start over)\n\n  \
         For trying things out, on this machine only. Stop with Ctrl-C.\n"
    )
}
