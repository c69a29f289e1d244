//! Unit tests of `network_policy`.

use super::*;

fn cidr(text: &str) -> Cidr {
    Cidr::try_from(text).unwrap()
}

fn to(scheme: &str, host: &str) -> Vec<NetworkPolicyPeer> {
    peers(&Endpoint {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port: 1,
    })
}

#[test]
fn a_host_is_open_where_it_may_be() {
    let everywhere: Vec<_> = everywhere().collect();
    assert_eq!(to("postgres", "db"), [pods()]);
    assert_eq!(to("postgres", "db.data.svc"), [namespace("data")]);
    assert_eq!(to("redis", "10.0.0.7"), [block(cidr("10.0.0.7/32"))]);
    assert_eq!(to("redis", "fd00::7"), [block(cidr("fd00::7/128"))]);
    assert_eq!(to("https", "api.example.com"), everywhere);
    for (scheme, host) in [("postgres", "db.corp"), ("https", "example.corp")] {
        let both = to(scheme, host);
        assert_eq!(both[0], namespace("corp"), "{host}");
        assert_eq!(both[1..], everywhere, "{host}");
    }
}

#[test]
fn open_policies_exclude_the_metadata_of_clouds() {
    let rendered: Vec<_> = everywhere().collect();
    for (peer, (network, except)) in rendered.iter().zip(EVERYWHERE) {
        let block = peer.ip_block.clone().unwrap();
        assert_eq!(block.cidr, network);
        assert_eq!(block.except.unwrap(), except);
    }
    assert_eq!(rendered.len(), EVERYWHERE.len());
    let except = |text: &str| block(cidr(text)).ip_block.unwrap().except;
    assert_eq!(except("100.64.0.0/10").unwrap(), ["100.100.100.200/32"]);
    assert_eq!(except("64:ff9b::/96").unwrap().len(), 4);
    for disguised in ["64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "2002:a9fe:a9fe::/48"] {
        let disguised = cidr(disguised);
        let is_left_out = |text: &&str| cidr(text).is_wider_than(&disguised);
        assert!(EVERYWHERE[1].1.iter().any(is_left_out), "{disguised}");
    }
    // One that is named itself is meant, and Kubernetes takes only a part for an exception.
    for meant in ["169.254.169.254/32", "169.254.0.0/16", "10.0.0.0/8"] {
        assert_eq!(except(meant), None, "{meant}");
    }
}

#[test]
fn embedded_backends_need_no_rule() {
    let backends = [("database".to_owned(), Backend::Embedded)].into();
    assert_eq!(egress(&backends, &Network::default()), [dns(&[])]);
}
