//! `aura serve`.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::allocator::give_memory_back;
use super::dev::{DOTENV, FOLDER};
use super::dev_server;
use super::output;
use super::reload::{Reload, take_over};
use super::setup::{Source, place_of, runtime};
use crate::clock::Clock;
use crate::config::Config;
use crate::schema::{Loaded, Origin};
use crate::server::{App, Stop, serve};

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
        let dev = self.source.dev;
        if cfg!(debug_assertions)
            && dev
            && io::stderr().is_terminal()
            && let Some(reload) = Reload::of_this_program(Clock::system().now())
        {
            return self.run_and_reload(reload);
        }
        self.until_stopped(CancellationToken::new(), |start| {
            if dev {
                output::error(&banner(&start, ""));
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same, until there is a new build of this program, which then takes over.
    fn run_and_reload(self, reload: Reload) -> anyhow::Result<ExitCode> {
        let program = reload.program().to_owned();
        let (rebuilt, mut watch) = (CancellationToken::new(), None);
        let stop = self.until_stopped(rebuilt.clone(), |start| {
            output::error(&banner(&start, RELOAD));
            watch = reload.watch(rebuilt);
        });
        // No build outlives the server.
        drop(watch);
        match stop? {
            Stop::Signal => Ok(ExitCode::SUCCESS),
            Stop::Asked => Err(take_over(&program)),
        }
    }

    fn until_stopped(
        self,
        asked: CancellationToken,
        listening: impl FnOnce(Start),
    ) -> anyhow::Result<Stop> {
        let ((config, files), dev) = (self.source.load_to_follow()?, self.source.dev);
        let dotenv = from_dotenv(&config);
        let database = place_of(config.value.database.url.expose().as_str());
        let runtime = runtime()?;
        let outcome = runtime.block_on(async {
            let mut app = App::new(config, Clock::system())?.following(files);
            if dev {
                app = app.for_trying_out();
            }
            if dev && io::stderr().is_terminal() {
                app = app.ending_with_terminal();
            }
            let code = app.setup_code().await;
            let listening = |address| {
                if dev {
                    dev_server::remember(&database);
                }
                listening(Start {
                    address,
                    code,
                    dotenv,
                    database,
                });
            };
            anyhow::Ok(serve(app, !self.no_migrate, asked, listening).await?)
        });
        // Whatever still runs was given its time.
        runtime.shutdown_timeout(Duration::from_millis(100));
        outcome
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

/// What a build that reloads says of it, beside the rest.
const RELOAD: &str = "    Reload     save a file of the source: it is built, and takes over\n";

/// Addresses to visit first, and the link that makes the first administrator. The code travels in the
/// query, which aura leaves out of its log, and no page of aura tells its address to another site.
fn banner(start: &Start, reload: &str) -> String {
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
         Health     {base}/health\n    Data       {data}\n{dotenv}{reload}\n  \
         For trying things out, on this machine only. Stop with Ctrl-C.\n"
    )
}
