//! Where a sign-in may lead to: a page of this server, or one on a host of `AUTH_FORWARD_HOSTS`. No
//! text that a stranger puts into an address leads anywhere else.

use crate::config::HostPort;

/// Longest target that is followed.
const MAX_LENGTH: usize = 2048;

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
        // Browsers take a backslash for a slash, and leave tabs and line ends out.
        let plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
        if next.len() > MAX_LENGTH || !next.bytes().all(plain) {
            return None;
        }
        if next.starts_with('/') {
            return (!next.starts_with("//")).then_some(next);
        }
        let (scheme, rest) = next.split_once("://")?;
        let host = HostPort::parse(rest.split(['/', '?', '#']).next()?)?;
        let scheme_fits = match scheme {
            "https" => true,
            "http" => host.is_loopback(),
            _ => false,
        };
        (scheme_fits && self.0.contains(&host.to_string())).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hosts() -> NextHosts {
        NextHosts::new(vec![
            "app.example.com".to_owned(),
            "wiki.example.com:8443".to_owned(),
            "localhost:8080".to_owned(),
        ])
    }

    #[test]
    fn paths_of_ours_and_listed_hosts_are_followed() {
        for good in [
            "/",
            "/users?q=a%20b#x",
            "/a//b",
            "https://app.example.com",
            "https://App.Example.com/x?y=https://evil.org",
            "https://wiki.example.com:8443/",
            "http://localhost:8080/x",
        ] {
            assert_eq!(hosts().allowed(good), Some(good));
        }
    }

    #[test]
    fn nothing_else_is() {
        for bad in [
            "",
            "//evil.org",
            "/\\evil.org",
            "\\/evil.org",
            "/\t/evil.org",
            "/\n/evil.org",
            " /",
            "users",
            "https:evil.org",
            "https:///evil.org",
            "https://evil.org",
            "https://evil.org/app.example.com",
            "https://app.example.com.evil.org",
            "https://app.example.com@evil.org",
            "https://evil.org@app.example.com",
            "https://app.example.com:444",
            "https://evil.org\\@app.example.com",
            "https://evil.org#@app.example.com",
            "http://app.example.com",
            "javascript:alert(1)",
            "javascript://app.example.com/%0aalert(1)",
            "data:text/html,x",
            "/ü",
        ] {
            assert_eq!(hosts().allowed(bad), None, "{bad:?}");
        }
        assert_eq!(
            hosts().allowed(&format!("/{}", "x".repeat(MAX_LENGTH))),
            None
        );
    }

    proptest! {
        #[test]
        fn what_is_followed_starts_with_one_slash_or_a_listed_host(next in "[/\\\\htps:.@a-z0-9#?\t -]{0,40}") {
            if let Some(followed) = hosts().allowed(&next) {
                prop_assert!(followed.starts_with('/') && !followed.starts_with("//"));
                prop_assert!(!followed.contains('\\'));
            }
        }
    }
}
