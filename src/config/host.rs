//! Hosts as they stand in addresses and in the header `Host`: the one parser of them, for settings
//! and requests alike.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use percent_encoding::percent_decode_str;

/// Lets a URL that may carry a password be wiped, be described by a JSON Schema, and be shown by
/// what `$shown` tells of it alone.
macro_rules! secret_url {
    ($type:ident, $shown:ident, |$url:ident| $wipe:expr) => {
        impl crate::schema::Zeroize for $type {
            fn zeroize(&mut self) {
                let $url = self;
                $wipe;
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($type), "({:?})"), self.$shown())
            }
        }

        crate::schema::inline_schema!($type, { "type": "string", "format": "uri" });
    };
}

pub(super) use secret_url;

/// Longest host name in bytes, the dot of the root aside (RFC 1035 section 2.3.4). Its labels, none
/// of them empty, are 127 at most.
pub const MAX_HOST_BYTES: usize = 253;

/// Longest label of a host name in bytes (RFC 1035 section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// A host and an optional port (RFC 3986 section 3.2.2): a name of letters, digits, `-` and `_`, an
/// IPv4 address, or an IPv6 address in brackets. The other signs that the RFC permits in a name
/// (`%`, `;`, `,` and so on) are refused: DNS has no such hosts, and text that is built from a host
/// would have to escape them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    name: &'a str,
    port: Option<u16>,
}

impl<'a> HostPort<'a> {
    /// Parses `text`; `None` where it is not a host, is longer than [`MAX_HOST_BYTES`], or has a port
    /// outside 1 to 65535.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        // An IPv6 address without a port ends in its bracket; its last colon is its own.
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !text.ends_with(']') => (name, Some(port_number(port)?)),
            _ => (text, None),
        };
        let bracketed = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let good = match bracketed {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => is_name(name),
        };
        good.then_some(Self { name, port })
    }

    /// The host without its port, as it was written; an IPv6 address has its brackets.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The port, where one is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Checks whether both are one host and port, where a port that is not written is `usual`, that
    /// of the scheme.
    #[must_use]
    pub fn is_same(&self, other: &HostPort<'_>, usual: u16) -> bool {
        let parts = |host: &HostPort<'_>| {
            let name = host.without_port().to_string();
            (name, host.port.unwrap_or(usual))
        };
        parts(self) == parts(other)
    }

    /// The same host without a port.
    #[must_use]
    pub const fn without_port(self) -> Self {
        Self { port: None, ..self }
    }

    /// The address, where the host is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let bare = self.name.trim_start_matches('[').trim_end_matches(']');
        bare.parse().ok()
    }

    /// Checks whether the host is this machine: `localhost`, or a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.address();
        self.name.eq_ignore_ascii_case("localhost")
            || address.is_some_and(|address| address.is_loopback())
    }
}

/// The host in lower case and without the dot of the root, and the port.
impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.strip_suffix('.').unwrap_or(self.name);
        f.write_str(&name.to_ascii_lowercase())?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// Checks for an `@` that ends no user information: of a URL without its scheme, the authority may
/// have one, and what follows it none (RFC 3986 section 3.2.1). Any other is one of a password, of
/// which a part would be taken for a host.
pub(super) fn has_stray_at(url: &str) -> bool {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, tail) = url.split_at(end);
    authority.matches('@').count() > 1 || tail.contains('@')
}

/// The fault of a URL that [`has_stray_at`].
pub(super) const STRAY_AT: &str = "has an @ where none can be; percent-encode any of / ? # @ : in \
                                   user and password: @ is %40";

/// Checks for a control character in `url`, percent-encoded or not. No file, name or password of a
/// backend has one, and a NUL ends the text for those who speak C.
pub(super) fn has_control(url: &str) -> bool {
    percent_decode_str(url)
        .decode_utf8_lossy()
        .chars()
        .any(char::is_control)
}

/// The fault of a URL that [`has_control`].
pub(super) const CONTROL: &str = "has a control character in it, perhaps percent-encoded (%00 to \
                                  %1F, %7F); remove it";

fn port_number(digits: &str) -> Option<u16> {
    // `parse` would take a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| plain && digits.len() <= 5);
    port.filter(|port| *port != 0)
}

fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= MAX_HOST_BYTES
        && (!is_number(name) || name.parse::<Ipv4Addr>().is_ok())
        && name
            .split('.')
            .all(|label| (1..=MAX_LABEL_BYTES).contains(&label.len()) && label.bytes().all(letter))
}

/// Checks for a name that parsers of URLs and resolvers take for an IPv4 address, whatever its form:
/// `2852039166`, `0xa9fea9fe`, `169.254.43518` (URL Standard, section 3.5).
fn is_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
