//! Unit tests of `endpoint`.

use proptest::prelude::*;

use super::*;
use crate::deploy::plan::example::texts;

#[test]
fn scheme_host_and_port_are_read() {
    for (text, read) in [
        ("postgres://db", "postgres://db:5432"),
        ("Postgres://DB:6000", "postgres://db:6000"),
        ("rediss://[fd00::1]:6380", "rediss://[fd00::1]:6380"),
        ("https://[fd00::1]", "https://[fd00::1]:5432"),
        ("postgres://10.0.0.1", "postgres://10.0.0.1:5432"),
        ("postgres://[::ffff:10.0.0.1]", "postgres://10.0.0.1:5432"),
    ] {
        assert_eq!(Address::try_from(text).unwrap().at(5432).to_string(), read);
    }
    let address = Address::of_url("https://api.example.com/v1?x#y").unwrap();
    assert_eq!(address.at(443).to_string(), "https://api.example.com:443");
    assert!(Address::of_url("https://u:p@api.example.com/v1").is_err());
}

#[test]
fn other_addresses_are_refused_and_never_shown() {
    texts::<Address>(
        "",
        "
        db:5432 canary ://db ! no scheme
        postgres://u:canary@db postgres://u:ca/nary@db postgres://canary@db/x ! user information
        postgres://db/canary ! path
        postgres://db/ ! slash at its end
        postgres://db?password=canary ! query
        postgres://db#canary ! fragment
        postgres://canary,db:5432 ! several hosts
        postgres://db:0 postgres://db:canary postgres://db:+80 postgres://db: ! port
        postgres:// postgres://:5432 postgres://10.0.0.256 postgres://10.0.0 ! host
        postgres://2852039166 postgres://0xa9fea9fe postgres://169.254.0xA9FE ! host
        postgres://0251.254.169.254 postgres://0x. postgres://canary_x ! host
        postgres://fd00::1 ! brackets
        postgres://[canary] ! IPv6
        ",
    );
}

#[test]
fn a_host_is_where_its_form_says() {
    let location = |host: &str| {
        let (scheme, host, port) = ("https".to_owned(), host.to_owned(), 443);
        Endpoint { scheme, host, port }.location()
    };
    assert_eq!(location("db"), Location::Beside);
    for long in [
        "db.data.svc",
        "db.data.svc.cluster.local",
        "db.data.svc.example.com",
        "db-0.db.data.svc.cluster.local",
    ] {
        let expected = Location::Namespace("data".to_owned());
        assert_eq!(location(long), expected, "{long}");
    }
    for address in ["10.0.0.7", "fd00::7"] {
        let expected = Location::Address(address.parse().unwrap());
        assert_eq!(location(address), expected);
    }
    for (service, namespace) in [("db", "corp"), ("nas", "local"), ("example", "com")] {
        let (service, namespace) = (service.to_owned(), namespace.to_owned());
        let host = format!("{service}.{namespace}");
        assert_eq!(location(&host), Location::Either { service, namespace });
    }
    for public in ["api.example.com", "db.eu.example.com", "svc.example.com"] {
        assert_eq!(location(public), Location::Outside, "{public}");
    }
}

proptest! {
    #[test]
    fn a_printed_endpoint_is_read_again(
        scheme in "[a-z][a-z0-9+.-]{0,6}",
        host in "[a-z0-9]{1,6}(-[a-z0-9]{1,3})?(\\.[a-z]{1,5}){0,3}",
        v6: u128,
        use_v6: bool,
        port in 1_u16..,
    ) {
        prop_assume!(use_v6 || !host.bytes().all(|c| c.is_ascii_digit()));
        prop_assume!(!host.rsplit('.').next().unwrap().starts_with("0x"));
        let v6 = Ipv6Addr::from(v6).to_canonical().to_string();
        let host = if use_v6 { v6 } else { host };
        let endpoint = Endpoint { scheme, host, port };
        let read = Address::try_from(endpoint.to_string().as_str()).unwrap();
        prop_assert_eq!(read.at(1), endpoint);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9:/@?#.\\[\\] -]{0,24}") {
        let _ = Address::try_from(text.as_str());
    }
}
