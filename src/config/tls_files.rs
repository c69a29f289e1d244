//! The certificates that the URL of a database or of a Redis names: `sslrootcert`, `sslcert` and
//! `sslkey`, as PostgreSQL calls them (libpq, section 34.1.2).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Maximum size of a file in bytes. The authorities of an operating system are a quarter of it.
const MAX_BYTES: u64 = 1 << 20;

/// The files that a URL names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authorities that the server's certificate may come from.
    pub authority: Option<PathBuf>,
    /// Certificate chain and private key of this client.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// The contents of [`TlsFiles`], in PEM (RFC 7468).
#[derive(Default)]
pub struct TlsMaterial {
    /// Certificates of authorities.
    pub authority: Option<Vec<u8>>,
    /// Certificate chain and private key of this client.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{parameter} names {path}, which {reason}", path = path.display())]
pub struct TlsFault {
    parameter: &'static str,
    path: PathBuf,
    reason: String,
}

/// The parameters of a query, decoded; each once, by whatever name: of two a driver takes the last,
/// and a reader the first.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, &'static str> {
    let given: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| "has parameters that cannot be read")?;
    let mut known = BTreeSet::new();
    let twice = given.iter().any(|(key, _)| {
        let key = key.replace('-', "");
        !known.insert(if key == "sslca" {
            "sslrootcert".to_owned()
        } else {
            key
        })
    });
    if twice {
        return Err("has a parameter twice, of which the last would hold; keep one");
    }
    Ok(given)
}

impl TlsFiles {
    /// Those that the parameters name.
    pub(super) fn of(parameters: &[(String, String)]) -> Result<Self, &'static str> {
        // A key must not be taken for the name of a file, which errors quote.
        if parameters
            .iter()
            .any(|(_, value)| value.contains("-----BEGIN"))
        {
            return Err("holds a certificate or a key; write it into a file, and name that");
        }
        let path = |names: &[&str]| {
            let mut parameters = parameters.iter();
            let found = parameters.rfind(|(key, _)| names.contains(&key.as_str()));
            found.map(|(_, path)| PathBuf::from(path))
        };
        let certificate = path(&["sslcert", "ssl-cert"]);
        let client = match (certificate, path(&["sslkey", "ssl-key"])) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err("has one of sslcert and sslkey; give both or neither"),
        };
        Ok(Self {
            authority: path(&["sslrootcert", "ssl-root-cert", "ssl-ca"]),
            client,
        })
    }

    /// Reads the files, each up to a limit, and checks that they hold what they should.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn read(&self) -> Result<TlsMaterial, TlsFault> {
        let authority = self.authority.as_deref();
        let authority = authority.map(|path| certificates("sslrootcert", path));
        let client = self.client.as_ref().map(|(certificate, key)| {
            Ok((certificates("sslcert", certificate)?, private_key(key)?))
        });
        Ok(TlsMaterial {
            authority: authority.transpose()?,
            client: client.transpose()?,
        })
    }
}

fn certificates(parameter: &'static str, path: &Path) -> Result<Vec<u8>, TlsFault> {
    let text = read(parameter, path)?;
    let count =
        CertificateDer::pem_slice_iter(&text).try_fold(0, |count, one| one.map(|_| count + 1));
    if matches!(count, Ok(1..)) {
        return Ok(text);
    }
    Err(fault(parameter, path, "holds no certificate in PEM"))
}

fn private_key(path: &Path) -> Result<Vec<u8>, TlsFault> {
    let text = read("sslkey", path)?;
    if PrivateKeyDer::from_pem_slice(&text).is_ok() {
        return Ok(text);
    }
    Err(fault(
        "sslkey",
        path,
        "holds no private key in PEM without a password",
    ))
}

fn read(parameter: &'static str, path: &Path) -> Result<Vec<u8>, TlsFault> {
    let mut text = Vec::new();
    let read = std::fs::metadata(path).and_then(|file| {
        // Opening a pipe would wait for its writer.
        if !file.is_file() {
            return Err(std::io::Error::other("not a file"));
        }
        // One byte more than is allowed shows a longer file.
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut text)
    });
    match read {
        Ok(bytes) if bytes as u64 > MAX_BYTES => {
            Err(fault(parameter, path, "is larger than 1 MiB"))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(fault(parameter, path, format!("cannot be read: {error}"))),
    }
}

fn fault(parameter: &'static str, path: &Path, reason: impl Into<String>) -> TlsFault {
    TlsFault {
        parameter,
        path: path.to_owned(),
        reason: reason.into(),
    }
}
