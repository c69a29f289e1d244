//! Hosts as they stand in addresses and in the header `Host`: the one parser of them, for settings
//! and requests alike.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use percent_encoding::percent_decode_str;

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
    /// Parses `text`; `None` where it is no host, is longer than [`MAX_HOST_BYTES`], or has a port
    /// outside 1 to 65535.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_addresses_are_hosts() {
        for (text, name, port) in [
            ("auth.example.com", "auth.example.com", None),
            ("auth.example.com.", "auth.example.com.", None),
            ("a_b-c:8443", "a_b-c", Some(8443)),
            ("127.0.0.1:80", "127.0.0.1", Some(80)),
            ("1.0xg", "1.0xg", None),
            ("[::1]:8000", "[::1]", Some(8000)),
            ("[2001:db8::1]", "[2001:db8::1]", None),
        ] {
            let host = HostPort::parse(text).unwrap();
            assert_eq!((host.name(), host.port()), (name, port));
        }
        let upper = HostPort::parse("Auth.Example.COM.:8443").unwrap();
        assert_eq!(upper.to_string(), "auth.example.com:8443");
    }

    #[test]
    fn other_text_is_no_host() {
        for text in [
            "",
            ".",
            "..",
            ".a",
            "a..b",
            "a:",
            "a:0",
            "a:+1",
            "a:65536",
            "a:000001",
            ":80",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[::1%1]",
            "[v1.x]",
            "[127.0.0.1]",
            "a b",
            "a,b",
            "a;b",
            "a=b",
            "a%41",
            "a/b",
            "a\\b",
            "a@b",
            "u:p@a",
            "a?b",
            "a#b",
            "*.a",
            "2852039166",
            "0xa9fea9fe",
            "0XA9FEA9FE:80",
            "169.254.43518",
            "0251.254.169.254",
            "10.0.0.256",
            "10.0.0.",
            "ü",
            "a\tb",
        ] {
            assert_eq!(HostPort::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_host_has_at_most_253_bytes_and_127_labels() {
        let longest = ["a"; 127].join(".");
        assert_eq!(longest.len(), MAX_HOST_BYTES);
        assert!(HostPort::parse(&longest).is_some());
        assert!(HostPort::parse(&format!("{longest}.:65535")).is_some());
        for longer in [
            format!("{longest}.a"),
            "a".repeat(64),
            vec!["a"; 7_900].join("."),
        ] {
            assert_eq!(HostPort::parse(&longer), None);
        }
    }

    #[test]
    fn a_port_that_is_not_written_is_the_usual_one() {
        let same = |a: &str, b: &str| {
            let (a, b) = (HostPort::parse(a).unwrap(), HostPort::parse(b).unwrap());
            a.is_same(&b, 443) && b.is_same(&a, 443)
        };
        assert!(same("app.example.com", "App.Example.com.:443"));
        assert!(same("[::1]:443", "[::1]") && same("a:8443", "a:8443"));
        assert!(!same("a", "a:80") && !same("a:8443", "a") && !same("a", "b"));
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        let is_loopback = |text: &str| HostPort::parse(text).unwrap().is_loopback();
        for text in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]:8000",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "localhost.evil.org",
            "127.0.0.1.evil.org",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_host_is_short_and_needs_no_escape(text in "[a-zA-Z0-9.:\\[\\]_%;,@ -]{0,300}") {
            if let Some(host) = HostPort::parse(&text) {
                prop_assert!(host.name().len() <= MAX_HOST_BYTES + 1);
                let again = host.to_string();
                prop_assert_eq!(HostPort::parse(&again).unwrap().to_string(), again);
                let clean = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
                prop_assert!(text.chars().all(clean));
            }
        }
    }
}
