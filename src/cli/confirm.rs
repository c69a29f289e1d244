//! The question before an act that cannot be undone.

use std::io::{BufRead, IsTerminal, Read, Write};

use clap::Args;

/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64;

/// Remedy for a command that asks where there is nobody to answer.
pub(super) const ASKS: &str = "asks for confirmation, and a Job has no terminal; add --yes";

/// The option that answers the question beforehand.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Confirm {
    /// Do not ask for confirmation. Required where standard input is not a terminal.
    #[arg(short, long)]
    yes: bool,
}

/// An act that was not confirmed. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconfirmed {
    /// There is no terminal to ask on, and `--yes` is missing: a fault of usage.
    #[error("{0}; there is no terminal to ask for confirmation, so add --yes. Nothing was changed")]
    NoTerminal(String),
    /// The answer was not yes.
    #[error("nothing was changed")]
    Refused,
}

impl Confirm {
    /// Tells whether the question is answered beforehand.
    pub(super) const fn is_given(self) -> bool {
        self.yes
    }

    /// Asks whether to go on with `act`: a sentence that says what it does, without a full stop.
    ///
    /// # Errors
    /// [`Unconfirmed`], for any answer but `y` and `yes`.
    pub(super) fn ask(self, act: &str) -> Result<(), Unconfirmed> {
        if self.yes {
            return Ok(());
        }
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return Err(Unconfirmed::NoTerminal(act.to_owned()));
        }
        // Standard output is the command's result; a closed standard error asks nothing.
        let mut terminal = std::io::stderr().lock();
        let asked = write!(terminal, "{act}. Continue? [y/N] ").and_then(|()| terminal.flush());
        let mut answer = String::new();
        let read = stdin.lock().take(MAX_ANSWER).read_line(&mut answer);
        let answer = answer.trim().to_ascii_lowercase();
        if asked.is_ok() && read.is_ok() && matches!(answer.as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Unconfirmed::Refused)
        }
    }
}
