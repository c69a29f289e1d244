//! `aura sleep`: for clusters whose `preStop` cannot wait by itself, in an image without a shell.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

/// Wait, and do nothing else.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aura sleep 5")]
pub(super) struct Sleep {
    /// Seconds to wait, 3600 at most.
    #[arg(value_parser = clap::value_parser!(u64).range(..=3600))]
    seconds: u64,
}

impl Sleep {
    pub(super) fn run(&self) -> ExitCode {
        std::thread::sleep(Duration::from_secs(self.seconds));
        ExitCode::SUCCESS
    }
}
