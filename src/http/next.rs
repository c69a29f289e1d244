//! Targets of a sign-in: a page of this server, or one on a host of `AUTH_FORWARD_HOSTS`. No text that
//! an attacker puts into an address leads anywhere else.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::config::HostPort;

/// Longest target that is followed, in bytes.
pub const MAX_NEXT_BYTES: usize = 8 * 1024;

/// Bytes to escape in the value of a query (WHATWG URL, section 5.1). Others stay, so that a long
/// address does not grow threefold.
const IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Longest target as a value in a query, in bytes: it comes back as a part of the head of a request,
/// beside the headers of a browser, and stands in a page.
const MAX_IN_QUERY_BYTES: usize = 14 * 1024;

/// Writes `address` as a value in a query.
#[must_use]
pub fn in_query(address: &str) -> String {
    utf8_percent_encode(address, IN_QUERY).to_string()
}

/// The hosts beside our own that a sign-in may lead to.
#[derive(Clone, Debug, Default)]
pub struct NextHosts(Vec<String>);

impl NextHosts {
    /// Each in lower case, with its port where it is not the usual one.
    #[must_use]
    pub const fn new(hosts: Vec<String>) -> Self {
        Self(hosts)
    }

    /// The hosts.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.0
    }

    /// `next`, if it may be followed: a path of ours, or an address on one of the hosts, by https,
    /// or by http where the host is this machine.
    #[must_use]
    pub fn allowed<'a>(&self, next: &'a str) -> Option<&'a str> {
        // Two slashes begin the address of another host (RFC 3986 section 4.2).
        let is_ours = next.starts_with('/') && !next.starts_with("//") && is_plain(next);
        let leads = is_ours || self.has(next);
        let fits = || {
            let parts = utf8_percent_encode(next, IN_QUERY);
            parts.map(str::len).sum::<usize>() <= MAX_IN_QUERY_BYTES
        };
        (leads && next.len() <= MAX_NEXT_BYTES && fits()).then_some(next)
    }

    /// Checks whether `address`, of any length, is one on the hosts.
    #[must_use]
    pub fn has(&self, address: &str) -> bool {
        let Some((scheme, rest)) = address.split_once("://").filter(|_| is_plain(address)) else {
            return false;
        };
        let host = rest.split(['/', '?', '#']).next();
        let Some(host) = host.and_then(HostPort::parse) else {
            return false;
        };
        let usual = match scheme {
            "https" => 443,
            "http" if host.is_loopback() => 80,
            _ => return false,
        };
        let mut listed = self.0.iter().filter_map(|listed| HostPort::parse(listed));
        listed.any(|listed| listed.is_same(&host, usual))
    }
}

/// Browsers take a backslash for a slash, and leave tabs and line ends out.
fn is_plain(address: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
    address.bytes().all(plain)
}

#[cfg(test)]
mod tests;
