//! Errors of the Redis driver in words.

use std::error::Error;
use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::{Outage, io, words};

/// Parts of an answer behind which Redis repeats what it was sent, or names its own source.
const REPEATS: [&str; 3] = [
    ", with args beginning with",
    " with args beginning with",
    " script: ",
];

/// Advice where a server that is asked for TLS says nothing.
const NO_TLS: &str = "check that it speaks TLS at this port (without: redis://), that it is not \
                      overloaded, and that the network lets packets through";

/// Says why the Redis at `address` failed a call, over TLS or not. Where the server repeats
/// `password`, it is masked.
pub(in crate::storage) fn outage(
    address: &str,
    is_tls: bool,
    password: Option<&str>,
    error: &RedisError,
) -> Outage {
    let (cause, advice) = match io_error(error) {
        // A server without TLS waits for the rest of a command that never ends in a line.
        Some(error) if is_tls && error.kind() == std::io::ErrorKind::TimedOut => {
            (io(error).0, Some(NO_TLS))
        }
        Some(error) => io(error),
        None => (said(error, password), advice(error)),
    };
    Outage {
        address: words(address),
        cause,
        advice,
        refusal: matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension),
    }
}

fn io_error(error: &RedisError) -> Option<&std::io::Error> {
    let source = error.source()?;
    // The driver shares its sources, and an `Arc` of an error is an error itself.
    match source.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        Some(shared) => shared.downcast_ref(),
        None => source.downcast_ref(),
    }
}

/// The server's own code and words, or the driver's where the server was not heard.
fn said(error: &RedisError, password: Option<&str>) -> String {
    let said = match (error.kind(), error.detail()) {
        (ErrorKind::AuthenticationFailed, _) => return "wrong user or password".to_owned(),
        // The driver's account of a SELECT that was refused as the connection was made.
        (ErrorKind::Server(ServerErrorKind::ResponseError), Some(detail)) => detail.to_owned(),
        (_, detail) => match (error.code(), detail) {
            (Some(code), Some(detail)) => format!("{code} {detail}"),
            _ => error.to_string(),
        },
    };
    let end = REPEATS.iter().filter_map(|mark| said.find(mark)).min();
    let said = &said[..end.unwrap_or(said.len())];
    match password.filter(|password| !password.is_empty()) {
        Some(password) => words(&said.replace(password, "***")),
        None => words(said),
    }
}

fn advice(error: &RedisError) -> Option<&'static str> {
    let detail = error.detail().unwrap_or_default();
    Some(match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) => "check the user and password of its URL",
        (_, Some("OOM")) => "its memory is full: raise its maxmemory",
        (_, Some("MISCONF")) => "it cannot save to disk: look at its log, and make room",
        (_, Some("NOPERM")) => "allow this command to its user (ACL SETUSER)",
        (_, Some("LOADING")) => "it reads its data from disk; wait",
        (_, Some("READONLY" | "MASTERDOWN")) => "it is a replica: name the primary in its URL",
        (_, Some("NOREPLICAS")) => "it has too few replicas (min-replicas-to-write)",
        _ if detail.contains("can't run this command") => {
            "allow the commands of its scripts to its user (ACL SETUSER)"
        }
        _ if detail.contains("Authentication required") => "add the password to its URL",
        _ if detail.contains("DB index is out of range") => {
            "choose another database number, or raise `databases` of the server"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
