//! Errors of the database drivers in words.

use sqlx::Error;
use sqlx::error::DatabaseError;

use super::{Outage, io, tls, words};
use crate::config::Engine;
use crate::storage::address::NO_WRITES;

/// Says why the database at `address` failed a call.
pub(in crate::storage) fn outage(address: &str, engine: Engine, error: &Error) -> Outage {
    let (cause, advice) = match error {
        Error::Io(error) => io(error),
        Error::Tls(error) => tls(&error.to_string()),
        Error::Database(error) => database(engine, &**error),
        Error::PoolTimedOut => io(&std::io::ErrorKind::TimedOut.into()),
        Error::Protocol(said) if said == NO_WRITES => (said.clone(), postgres("25006")),
        Error::Protocol(said) => (words(said), None),
        other => (words(&other.to_string()), None),
    };
    let refusal = match error {
        Error::Database(error) => !is_about_the_connection(error.code().as_deref()),
        // It may answer reads.
        Error::Protocol(said) => said == NO_WRITES,
        _ => false,
    };
    Outage {
        address: words(address),
        cause,
        advice,
        refusal,
    }
}

/// Says that the database at `address` is there, and that a call through a pool of `size`
/// connections took too long all the same.
pub(in crate::storage) fn saturated(address: &str, size: u32) -> Outage {
    Outage {
        address: words(address),
        cause: format!(
            "it accepts connections, but a call took too long: all {size} of the pool were busy, or \
             a statement was slow"
        ),
        advice: Some("look for slow statements and locks, or raise DATABASE_MAX_CONNECTIONS"),
        refusal: true,
    }
}

/// The message and code of the server, without the driver's preface and line numbers.
fn database(engine: Engine, error: &dyn DatabaseError) -> (String, Option<&'static str>) {
    let code = error.code().unwrap_or_default();
    let said = words(error.message());
    match engine {
        Engine::Postgres => (format!("{said} ({code})"), postgres(&code)),
        Engine::Sqlite => (said, sqlite(&code)),
    }
}

/// Advice on an error code of PostgreSQL.
fn postgres(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" => "check the user and password of DATABASE_URL",
        "28000" => "check the user of DATABASE_URL, and pg_hba.conf of the server",
        "3D000" => "create the database, or name another in DATABASE_URL",
        "42501" => "grant its user the right to do this",
        "53100" => "make room on the disk of the server",
        "53300" => "raise max_connections of the server, or lower DATABASE_MAX_CONNECTIONS",
        "57P03" => "it starts or stops; wait",
        "25006" => "it takes no writes: name the primary in DATABASE_URL",
        "57014" | "55P03" => "look for slow statements and locks that are held",
        _ => return None,
    })
}

/// Advice on an error code of SQLite, whose lowest byte is the primary one.
fn sqlite(code: &str) -> Option<&'static str> {
    Some(match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => "another process holds a lock on the file",
        8 => "make the file and its folder writable for this user",
        13 => "make room on the disk",
        14 => "check that the folder exists and that this user may write there",
        _ => return None,
    })
}

/// True for codes with which all calls fail, rather than one kind of statement.
fn is_about_the_connection(code: Option<&str>) -> bool {
    const CLASSES: [&str; 5] = ["08", "28", "3D", "53300", "57P"];
    code.is_none_or(|code| code.len() == 5 && CLASSES.iter().any(|class| code.starts_with(class)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: &Error) -> String {
        outage("db:5432", Engine::Postgres, error).to_string()
    }

    #[test]
    fn certificates_are_told_apart() {
        let tls = |said: &str| shown(&Error::Tls(said.to_owned().into()));
        let unknown = tls("invalid peer certificate: UnknownIssuer");
        assert!(
            unknown.contains("unknown authority; name it by sslrootcert"),
            "{unknown}"
        );
        let other = tls("invalid peer certificate: certificate not valid for name \"db\"");
        assert!(other.ends_with("use a host name that its certificate holds"));
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert!(shown(&missing.into()).contains("check the paths"));
    }
}
