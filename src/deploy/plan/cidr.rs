//! Networks, as Kubernetes takes them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::text::{shown, written_as_text};

/// A network such as `10.0.12.0/28`; a lone address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr(IpNet);

written_as_text!(Cidr, "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$", "10.0.12.0/28");

impl TryFrom<&str> for Cidr {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        // Not IpNet's own reader: it takes 010 for 10, which others take for 8.
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().ok();
        let network = address.and_then(|address| match prefix {
            Some(prefix) if prefix.starts_with('+') => None,
            Some(prefix) => IpNet::new(address, prefix.parse().ok()?).ok(),
            None => Some(address.into()),
        });
        let (problem, like) = match network {
            None => (
                "no network".to_owned(),
                "10.0.12.0/28 or fd00:12::/64".to_owned(),
            ),
            // Kubernetes has begun to warn of these, because readers disagree on what they mean.
            Some(net) if net.addr() != net.network() => (
                "an address inside a network".to_owned(),
                net.trunc().to_string(),
            ),
            Some(net) if net.addr().to_canonical() != net.addr() => (
                "an IPv4 network in the form of IPv6".to_owned(),
                net.addr().to_canonical().to_string(),
            ),
            Some(net) => return Ok(Self(net)),
        };
        let text = shown(text);
        Err(format!(
            "is {text}, which is {problem}; write it like {like}"
        ))
    }
}

impl Cidr {
    /// Checks whether every address of one family is in it.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.prefix_len() == 0
    }

    /// Checks whether it is wider than a network that one organisation has: /8 of IPv4, /16 of
    /// IPv6. Two halves of everything are everything. Unique local addresses (RFC 4193) are nobody
    /// else's, however many they are.
    #[must_use]
    pub fn is_too_wide(&self) -> bool {
        match self.0 {
            IpNet::V4(net) => net.prefix_len() < 8,
            IpNet::V6(net) => {
                let is_local = net.prefix_len() >= 7 && net.addr().is_unique_local();
                net.prefix_len() < 16 && !is_local
            }
        }
    }

    /// Checks whether `other` is a part of it, and not all of it.
    #[must_use]
    pub fn is_wider_than(&self, other: &Self) -> bool {
        self.0.contains(&other.0) && self != other
    }
}

impl From<IpAddr> for Cidr {
    fn from(address: IpAddr) -> Self {
        Self(address.into())
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_read_as_kubernetes_takes_it() {
        for (text, kept) in [
            ("10.0.12.0/28", "10.0.12.0/28"),
            ("169.254.20.10", "169.254.20.10/32"),
            ("fd00:12::4", "fd00:12::4/128"),
            ("FD00::/8", "fd00::/8"),
        ] {
            assert_eq!(Cidr::try_from(text).unwrap().to_string(), kept);
        }
        for (wrong, why) in [
            ("", "no network"),
            ("10.0.0.0/33", "no network"),
            ("010.0.0.0/8", "no network"),
            ("gateway", "no network"),
            ("10.0.12.5/28", "write it like 10.0.12.0/28"),
            ("::ffff:10.0.0.1", "write it like 10.0.0.1"),
        ] {
            let error = Cidr::try_from(wrong).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(
            !Cidr::try_from("u:canary@db")
                .unwrap_err()
                .contains("canary")
        );
    }

    #[test]
    fn a_network_of_many_owners_is_too_wide() {
        let is_too_wide = |text: &str| Cidr::try_from(text).unwrap().is_too_wide();
        for wide in [
            "0.0.0.0/0",
            "128.0.0.0/1",
            "10.0.0.0/7",
            "::/0",
            "2000::/3",
            "2000::/15",
        ] {
            assert!(is_too_wide(wide), "{wide}");
        }
        for narrow in ["10.0.0.0/8", "fc00::/7", "fd00::/8", "2001::/16", "::1"] {
            assert!(!is_too_wide(narrow), "{narrow}");
        }
        assert!(is_too_wide("f800::/5"));
    }

    #[test]
    fn a_network_is_not_wider_than_itself() {
        let [whole, half, one] =
            ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.1/32"].map(|text| Cidr::try_from(text).unwrap());
        assert!(whole.is_everything() && !half.is_everything());
        assert!(whole.is_wider_than(&half) && half.is_wider_than(&one));
        assert!(!half.is_wider_than(&half) && !one.is_wider_than(&half));
    }
}
