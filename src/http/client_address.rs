//! The client's address, seen through trusted proxies; forwarded headers of other peers are ignored.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderName};

/// Most hops that are followed; a chain of proxies is shorter.
const MAX_HOPS: usize = 32;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address, as its peer and headers give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The rightmost hop that is not a trusted proxy.
    pub address: IpAddr,
    /// Forwarded headers came from a peer that is not trusted, and were not believed.
    pub ignored_header: bool,
}

/// Finds the client: the peer itself, unless it is in `trusted`; then the rightmost address of
/// `X-Forwarded-For` that is not. What stands further left was written by the client and proves
/// nothing. An entry that is not an address ends the search at the hop before it, as does a chain of
/// more than 32 hops.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return ClientAddress {
            address: peer,
            ignored_header: headers.contains_key(FORWARDED_FOR),
        };
    }
    let mut client = peer;
    let lines: Vec<&[u8]> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(poem::http::HeaderValue::as_bytes)
        .collect();
    // From the end: lines of one name are one list in their order (RFC 9110 section 5.3), and each proxy
    // appends the address that it sees.
    for entry in lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','))
        .take(MAX_HOPS)
    {
        let Some(address) = std::str::from_utf8(entry).ok().and_then(parse_hop) else {
            break;
        };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    ClientAddress {
        address: client,
        ignored_header: false,
    }
}

/// An address as proxies write it: bare, with a port, or an IPv6 address in brackets.
fn parse_hop(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
        .unwrap_or(entry);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| {
            entry
                .parse::<std::net::SocketAddr>()
                .ok()
                .map(|socket| socket.ip())
        })
        .map(|address| address.to_canonical())
}

/// The address as limits count it: one IPv4 address, or one IPv6 network of 64 bits, because that
/// is what a single customer is given.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests;
