//! Unit tests of `client_address`.

use super::*;

fn find(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append(FORWARDED_FOR, line.as_bytes().try_into().unwrap());
    }
    let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
    client_address(peer.parse().unwrap(), &headers, &trusted)
        .address
        .to_string()
}

#[test]
fn an_untrusted_peer_cannot_speak_for_others() {
    assert_eq!(find("203.0.113.9", &["10.0.0.1"], &[]), "203.0.113.9");
    assert_eq!(
        find("203.0.113.9", &["10.0.0.1"], &["10.0.0.0/8"]),
        "203.0.113.9"
    );
}

#[test]
fn the_rightmost_untrusted_hop_is_the_client() {
    let trusted = &["10.0.0.0/8"];
    assert_eq!(
        find("10.0.0.2", &["1.1.1.1, 198.51.100.7, 10.9.9.9"], trusted),
        "198.51.100.7"
    );
    assert_eq!(
        find("10.0.0.2", &["1.1.1.1", "198.51.100.7"], trusted),
        "198.51.100.7"
    );
    assert_eq!(find("10.0.0.2", &[], trusted), "10.0.0.2");
    assert_eq!(
        find("10.0.0.2", &["198.51.100.7, junk"], trusted),
        "10.0.0.2"
    );
    assert_eq!(
        find("::ffff:10.0.0.2", &["[2001:db8::1]:443"], trusted),
        "2001:db8::1"
    );
    assert_eq!(
        find("10.0.0.2", &["198.51.100.7:5555"], trusted),
        "198.51.100.7"
    );
}

#[test]
fn ipv6_counts_by_its_network() {
    let network = network("2001:db8:1:2:3:4:5:6".parse().unwrap());
    assert_eq!(network.to_string(), "2001:db8:1:2::");
}
