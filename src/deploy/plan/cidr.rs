//! Networks, as Kubernetes takes them.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::deploy::toml_file::{shown, written_as_text};

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
                "not a network".to_owned(),
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
    /// IPv6. Two halves of everything are everything. Unique local addresses (RFC 4193) belong
    /// to one organisation, however many they are.
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
mod tests;
