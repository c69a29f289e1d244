//! Causes of outages: each one line without secrets, logged once.
//!
//! Knows no driver: `sql.rs` and `redis.rs` beside this file read the errors of theirs.

pub(super) mod redis;
pub(super) mod sql;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most characters of a server's own words.
const MAX_WORDS: usize = 300;

/// Shortest time between two lines about one outage, when its cause changes.
const ANOTHER_CAUSE: Duration = Duration::from_secs(30);

/// Shortest time between two looks for the cause of one outage.
const ANOTHER_LOOK: Duration = Duration::from_secs(5);

/// Shortest time between two lines about one refusal. Some commands are refused while others are
/// answered, so it begins and ends with the kind of command.
const SAME_REFUSAL: Duration = Duration::from_mins(1);

/// Cause of an outage: the address of the server, its own words, and advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    pub(super) address: String,
    pub(super) cause: String,
    pub(super) advice: Option<&'static str>,
    /// The server is there, and refuses some commands; it may answer others.
    pub(super) refusal: bool,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.cause)?;
        match self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

/// `text` of a server as part of one line: control characters are escaped, and it is no longer than
/// [`MAX_WORDS`].
fn words(text: &str) -> String {
    let mut line = String::new();
    for (count, letter) in text.trim().chars().enumerate() {
        if count == MAX_WORDS {
            line.push('…');
            break;
        }
        // Marks of direction make a terminal show one text for another.
        if letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            line.extend(letter.escape_unicode());
        } else {
            line.push(letter);
        }
    }
    line
}

/// An error of the system, a time-out, or TLS, in words, and what to do about it.
fn io(error: &std::io::Error) -> (String, Option<&'static str>) {
    let said = error.to_string();
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => (
            "connection refused".to_owned(),
            Some("check that it runs and listens at this address"),
        ),
        std::io::ErrorKind::TimedOut => (
            "no answer in time".to_owned(),
            Some("check that it is not overloaded, and that the network lets packets through"),
        ),
        _ if said.contains("failed to lookup address") => {
            (words(&said), Some("check the name of the host"))
        }
        std::io::ErrorKind::NotFound => (
            words(&said),
            Some("check the paths that its URL names (socket, certificates)"),
        ),
        _ => tls(&said),
    }
}

/// The words of a TLS library, and what to do.
fn tls(said: &str) -> (String, Option<&'static str>) {
    let at = said.find("invalid peer certificate").unwrap_or(0);
    let said = words(&said[at..]);
    if let Some(rest) = said.strip_suffix("UnknownIssuer") {
        let advice = "name it by sslrootcert in the URL, or by SSL_CERT_FILE";
        return (format!("{rest}unknown authority"), Some(advice));
    }
    let name = said.contains("not valid for name");
    let advice = name.then_some("use a host name that its certificate holds");
    (said, advice)
}

/// State of a server, and the part of it that the log has.
#[derive(Debug)]
pub(super) struct Availability {
    available: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    refusing: bool,
    /// The log says that it is away.
    told: bool,
    last: Option<(String, Instant)>,
    looked: Option<Instant>,
}

impl Availability {
    /// Of a server that was not asked yet.
    pub(super) fn new() -> Self {
        Self {
            available: AtomicBool::new(true),
            state: Mutex::default(),
        }
    }

    /// Returns true if the last call was answered; after a refused write, if a probe has been since.
    pub(super) fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }

    /// Notes that a call failed. [`Self::explained`] follows as soon as the cause is known.
    pub(super) fn lost(&self) {
        self.available.store(false, Ordering::Relaxed);
    }

    /// Returns true when it is time to look for a cause that the failed call did not name.
    pub(super) fn needs_a_look(&self) -> bool {
        let mut state = self.state();
        let recent = |at: Instant| at.elapsed() < ANOTHER_LOOK;
        if state.told || state.looked.is_some_and(recent) {
            return false;
        }
        state.looked = Some(Instant::now());
        true
    }

    /// Notes why calls fail; true where the log is to say so.
    pub(super) fn explained(&self, outage: &Outage) -> bool {
        let mut state = self.state();
        if self.is_available() {
            // It came back while the cause was looked for.
            return false;
        }
        state.refusing = outage.refusal;
        let tell = match &state.last {
            None => true,
            Some((cause, at)) if state.told => {
                *cause != outage.cause && at.elapsed() >= ANOTHER_CAUSE
            }
            Some((cause, at)) => {
                !outage.refusal || *cause != outage.cause || at.elapsed() >= SAME_REFUSAL
            }
        };
        if tell {
            state.told = true;
            state.last = Some((outage.cause.clone(), Instant::now()));
        }
        tell
    }

    /// Notes that a call was answered; true where the log is to say that the server is back. While
    /// commands are refused only a write, which a probe makes, proves that.
    pub(super) fn answered(&self, wrote: bool) -> bool {
        if self.is_available() {
            return false;
        }
        let mut state = self.state();
        if state.refusing && !wrote {
            return false;
        }
        state.refusing = false;
        self.available.store(true, Ordering::Relaxed);
        std::mem::take(&mut state.told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
