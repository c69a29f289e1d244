//! Passwords of accounts, typed on the terminal or read from standard input.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::{Context, bail};
use clap::Args;
use rpassword::ConfigBuilder;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use crate::auth::Password as Secret;

/// Longest text that is read from standard input, in bytes.
const MAX_BYTES: u64 = 4096;

/// ETX: a Ctrl-C that the terminal hands on as a byte.
const CTRL_C: u8 = 3;

#[derive(Args, Debug)]
pub(super) struct Password {
    /// Read the password from standard input (one trailing newline is cut) instead of asking.
    #[arg(long)]
    password_stdin: bool,
}

impl Password {
    /// Reads the password; asks twice for it on a terminal, which shows nothing of it.
    ///
    /// # Errors
    /// Text that is not UTF-8, no terminal to ask on, two passwords that differ, Ctrl-C.
    pub(super) fn read(&self) -> anyhow::Result<Secret> {
        if self.password_stdin {
            let mut text = String::new();
            let limit = io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text);
            limit.context("the password on standard input is not UTF-8")?;
            let cut = text.strip_suffix('\n').unwrap_or(&text);
            return Ok(cut.strip_suffix('\r').unwrap_or(cut).into());
        }
        if !io::stdin().is_terminal() {
            bail!("there is no terminal to ask for the password: use --password-stdin");
        }
        let _hidden = HiddenTerminal::new()?;
        let [first, again] = [ask("Password: ")?, ask("Once more: ")?];
        if !first.is_same(&again) {
            bail!("the two passwords differ; nothing was changed");
        }
        Ok(first)
    }
}

fn ask(prompt: &str) -> anyhow::Result<Secret> {
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    let typed = ConfigBuilder::new().input_reader(Keyboard).output_discard();
    let password = rpassword::read_password_with_config(typed.build());
    writeln!(terminal)?;
    Ok(Secret::from(
        password.context("no password was read; nothing was changed")?,
    ))
}

/// The terminal's input; Ctrl-C is an error.
struct Keyboard;

impl Read for Keyboard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = io::stdin().read(buffer)?;
        if buffer[..count].contains(&CTRL_C) {
            return Err(io::Error::other("interrupted"));
        }
        Ok(count)
    }
}

/// Keeps the terminal from showing what is typed, until it is dropped.
///
/// `rpassword` alone does not: it writes the prompt before it turns the echo off, so a pasted
/// password is displayed, and its SIGINT for Ctrl-C ends the process with the echo still off.
struct HiddenTerminal(Termios);

impl HiddenTerminal {
    fn new() -> io::Result<Self> {
        let shown = tcgetattr(io::stdin())?;
        let mut hidden = shown.clone();
        hidden.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self(shown))
    }
}

impl Drop for HiddenTerminal {
    fn drop(&mut self) {
        // The terminal may be gone already, and then there is nothing to restore.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.0).ok();
    }
}
