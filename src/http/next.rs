//! Where a sign-in may lead to: a page of this server, or one on a host of `AUTH_FORWARD_HOSTS`. No
//! text that a stranger puts into an address leads anywhere else.

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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hosts() -> NextHosts {
        NextHosts::new(vec![
            "app.example.com".to_owned(),
            "wiki.example.com:8443".to_owned(),
            "localhost:8080".to_owned(),
            "plain.example.com:443".to_owned(),
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
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
            "https://app.example.com:443/x",
            "https://app.example.com.:443/x#y",
            "https://plain.example.com/",
            "https://plain.example.com:443/",
            "http://localhost/",
            "http://127.0.0.1:80/",
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
            "https://app.example.com:80",
            "https://app.example.com:443:443",
            "https://app.example.com:",
            "https://app.example.com:443@evil.org",
            "https://evil.org:443@app.example.com",
            "https://wiki.example.com",
            "https://wiki.example.com:443",
            "https://plain.example.com:80",
            "http://app.example.com:443",
            "http://localhost:443",
            "HTTPS://app.example.com",
            "https:/app.example.com",
            "https:\\\\app.example.com",
            "https://app\u{3002}example.com",
            "https://\u{ff41}pp.example.com",
            "https://app.example.com\u{2215}evil.org",
            "https://app.example.com%2fevil.org",
            "https://app.example.com;@evil.org",
            "https://app.example.com\t.evil.org",
            "https://app.example.com\r\n",
            "\u{feff}https://app.example.com",
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
            hosts().allowed(&format!("/{}", "x".repeat(MAX_NEXT_BYTES))),
            None
        );
    }

    #[test]
    fn an_address_of_eight_kibibytes_is_followed_and_a_longer_one_is_known() {
        let address = |length: usize| {
            let start = "https://app.example.com/";
            format!("{start}{}", "x".repeat(length - start.len()))
        };
        let (longest, longer) = (address(MAX_NEXT_BYTES), address(MAX_NEXT_BYTES + 1));
        assert_eq!(hosts().allowed(&longest), Some(longest.as_str()));
        assert_eq!(hosts().allowed(&longer), None);
        assert!(
            hosts()
                .allowed(&format!("/{}", "%2F".repeat(2_700)))
                .is_some()
        );
        assert_eq!(hosts().allowed(&format!("/{}", "&".repeat(8_000))), None);
        assert!(hosts().has(&longer) && !hosts().has("/x"));
    }

    proptest! {
        #[test]
        fn a_value_in_a_query_comes_back(address in ".{0,60}") {
            let query = format!("a=b&next={}&c=d", in_query(&address));
            let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&query).unwrap();
            prop_assert_eq!(pairs.len(), 3);
            prop_assert_eq!(&pairs[1].1, &address);
            prop_assert!(query.is_ascii() && !query.contains(['#', ' ', '\\']));
        }


        #[test]
        fn what_is_followed_starts_with_one_slash_or_a_listed_host(next in "[/\\\\htps:.@a-z0-9#?\t -]{0,40}") {
            if let Some(followed) = hosts().allowed(&next) {
                prop_assert!(followed.starts_with('/') && !followed.starts_with("//"));
                prop_assert!(!followed.contains('\\'));
            }
        }
    }
}
