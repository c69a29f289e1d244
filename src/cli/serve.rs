//! `aura serve`.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::allocator::give_memory_back;
use super::dev::{DOTENV, FOLDER};
use super::dev_server;
use super::output;
use super::setup::{Source, place_of, runtime};
use crate::clock::Clock;
use crate::config::Config;
use crate::schema::{Loaded, Origin};
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
        give_memory_back();
        let ((config, files), dev) = (self.source.load_to_follow()?, self.source.dev);
        let dotenv = from_dotenv(&config);
        let database = place_of(config.value.database.url.expose().as_str());
        let runtime = runtime()?;
        let outcome = runtime.block_on(async {
            let mut app = App::new(config, Clock::system())?.following(files);
            if dev {
                app = app.for_dev();
            }
            if dev && io::stderr().is_terminal() {
                app = app.ending_with_terminal();
            }
            let code = app.setup_code().await;
            let listening = |address| {
                if dev {
                    dev_server::remember(&database);
                    let start = Start {
                        address,
                        code,
                        dotenv,
                        database,
                    };
                    output::error(&banner(&start));
                }
            };
            anyhow::Ok(serve(app, !self.no_migrate, listening).await?)
        });
        // The drain has had its time: what still runs is cut off.
        runtime.shutdown_timeout(Duration::from_millis(100));
        outcome.map(|()| ExitCode::SUCCESS)
    }
}

/// Contents of the banner.
struct Start {
    address: SocketAddr,
    /// The code that makes the first administrator, where there is none.
    code: Option<String>,
    /// The settings that come from `.env`.
    dotenv: Vec<String>,
    /// Place of the accounts, without credentials.
    database: String,
}

fn from_dotenv(config: &Loaded<Config>) -> Vec<String> {
    let entries = config.entries.iter();
    let entries = entries.filter(|entry| entry.origin == Origin::Dotenv);
    entries.map(|entry| entry.name.clone()).collect()
}

/// Addresses to visit first, and the link that makes the first administrator. The code travels in the
/// query, which aura leaves out of its log, and no page of aura tells its address to another site.
fn banner(start: &Start) -> String {
    // Not every browser opens the unspecified address.
    let host = match start.address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED)
        | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let base = format!("http://{host}:{}", start.address.port());
    let first = start.code.as_ref().map_or_else(String::new, |code| {
        format!("    First administrator\n               {base}/setup?code={code}\n")
    });
    let dotenv = match start.dotenv.as_slice() {
        [] => String::new(),
        names => format!("    Settings   {DOTENV} gives {}\n", names.join(", ")),
    };
    let folder = std::env::current_dir().unwrap_or_default().join(FOLDER);
    let data = if Path::new(&start.database).starts_with(FOLDER) {
        format!(
            "{} (SQLite and a signing key; delete it to start over)",
            folder.display()
        )
    } else {
        format!(
            "{} (and a signing key in {})",
            start.database,
            folder.display()
        )
    };
    format!(
        "\n  aura is ready\n\n    Dashboard  {base}\n{first}    API        {base}/docs\n    \
         Health     {base}/health\n    Data       {data}\n{dotenv}\n  \
         For trying things out, on this machine only. Stop with Ctrl-C.\n"
    )
}
