//! Backends and their addresses: scheme, host and port, and nothing that could be a password.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::dns;
use crate::deploy::toml_file::written_as_text;

/// A backend of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// Inside the process.
    Embedded,
    /// Somewhere on the network.
    Remote(Endpoint),
}

/// Scheme, host and port; never a user or a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `postgres`, `rediss`, `https`.
    pub scheme: String,
    /// A DNS name or an IP address (IPv6 without brackets).
    pub host: String,
    /// The port, the scheme's usual one where none was written.
    pub port: u16,
}

/// `scheme://host[:port]` as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// In lower case.
    pub scheme: String,
    /// A DNS name or an IP address (IPv6 without brackets).
    pub host: String,
    /// The port, where one was written.
    pub port: Option<u16>,
}

impl TryFrom<&str> for Address {
    /// The problem, never the text: it could hold a password.
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let (address, tail) = Self::split(text)?;
        match tail.chars().next() {
            None => Ok(address),
            Some('/') => Err("has a path or a slash at its end; write scheme, host and port only"),
            Some('?') => Err("has a query; write scheme, host and port only"),
            Some(_) => Err("has a fragment; write scheme, host and port only"),
        }
    }
}

impl Address {
    /// The address in front of the URL `text`, whose path, query and fragment are left aside.
    ///
    /// # Errors
    /// The problem, without the text.
    pub(super) fn of_url(text: &str) -> Result<Self, &'static str> {
        Self::split(text).map(|(address, _)| address)
    }

    /// The endpoint, at `port` where no other was written.
    #[must_use]
    pub(super) fn at(&self, port: u16) -> Endpoint {
        Endpoint {
            scheme: self.scheme.clone(),
            host: self.host.clone(),
            port: self.port.unwrap_or(port),
        }
    }

    /// Address and tail of a URL (RFC 3986, section 3).
    fn split(text: &str) -> Result<(Self, &str), &'static str> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err("has no scheme; write it like postgres://db:5432");
        };
        let scheme_like = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.chars().all(scheme_like)
        {
            return Err("has no scheme; write it like postgres://db:5432");
        }
        // A password may hold any of / ? # unescaped, so an @ anywhere is taken for its end.
        if rest.contains('@') {
            return Err(
                "has user information, and a password must not be in this file; \
                 write scheme, host and port here, and the whole URL into the Secret",
            );
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.contains(',') {
            return Err(
                "names several hosts; write one of them here, for its port and the network policy, \
                 and all of them into the Secret",
            );
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = port.map(port_number).transpose()?;
        let address = Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host_name(host)?,
            port,
        };
        Ok((address, tail))
    }
}

fn port_number(text: &str) -> Result<u16, &'static str> {
    let number = text.parse().ok().filter(|port| *port > 0);
    number
        .filter(|_| text.bytes().all(|c| c.is_ascii_digit()))
        .ok_or("has no valid port after its host; give one from 1 to 65535, or leave it out")
}

fn host_name(text: &str) -> Result<String, &'static str> {
    if let Some(address) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        let address: Ipv6Addr = address
            .parse()
            .map_err(|_| "has no IPv6 address between its brackets; write it like [fd00::1]")?;
        // A packet to an IPv4-mapped address is one of IPv4, by which policies judge it (RFC 4291,
        // section 2.5.5.2).
        return Ok(address.to_canonical().to_string());
    }
    let name = text.to_ascii_lowercase();
    let hexadecimal = |part: &str| {
        let digits = part.strip_prefix("0x");
        digits.is_some_and(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))
    };
    let numeric = |part: &str| part.bytes().all(|c| c.is_ascii_digit()) || hexadecimal(part);
    // RFC 3696, section 2: no top-level name is all digits, so this was meant as an address. Parsers
    // of URLs make one of any such number, of 0xa9fea9fe as well (URL Standard, section 3.5).
    if name
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .is_some_and(numeric)
        && !name.is_empty()
        && name.parse::<Ipv4Addr>().is_err()
    {
        return Err(
            "has neither a DNS name nor an IP address as its host; write it like postgres://db:5432",
        );
    }
    match dns::name_problem(&name) {
        None => Ok(name),
        Some(_) if name.contains(':') => {
            Err("has an IPv6 address without brackets; write it like [fd00::1]")
        }
        Some(_) => Err(
            "has neither a DNS name nor an IP address as its host; write it like postgres://db:5432",
        ),
    }
}

/// `postgres://db:5432`, or `sqlite`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BackendFile {
    /// A word; which words there are is known to the service only.
    Word(String),
    /// Somewhere on the network.
    Remote(Address),
}

written_as_text!(
    BackendFile,
    r"^([a-z][a-z0-9-]*|[A-Za-z][A-Za-z0-9+.-]*://[^@/?#]+)$",
    "postgres://db:5432"
);

impl TryFrom<&str> for BackendFile {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(word) {
            return Ok(Self::Word(text.to_owned()));
        }
        Address::try_from(text).map(Self::Remote)
    }
}

/// The place of an endpoint, as far as the form of its host says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// This address.
    Address(IpAddr),
    /// A Service of the same namespace: a name without dots.
    Beside,
    /// A Service of this namespace: `NAME.NAMESPACE.svc`, a pod's name perhaps before it and the
    /// domain of the cluster behind it.
    Namespace(String),
    /// Outside the cluster.
    Outside,
    /// A name of two labels: a Service and its namespace, or a host of a private domain.
    Either {
        /// The first label.
        service: String,
        /// The second label.
        namespace: String,
    },
}

impl Endpoint {
    /// The place of the host.
    #[must_use]
    pub fn location(&self) -> Location {
        if let Ok(address) = self.host.parse() {
            return Location::Address(address);
        }
        let labels: Vec<_> = self.host.split('.').collect();
        match labels[..] {
            [_] => Location::Beside,
            [_, namespace, "svc", ..] | [_, _, namespace, "svc", ..] => {
                Location::Namespace(namespace.to_owned())
            }
            [service, namespace] => Location::Either {
                service: service.to_owned(),
                namespace: namespace.to_owned(),
            },
            _ => Location::Outside,
        }
    }
}

/// As a URL, the port always written.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests;
