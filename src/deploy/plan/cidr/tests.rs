//! Unit tests of `cidr`.

use super::*;
use crate::deploy::plan::example::texts;

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
    texts::<Cidr>(
        "",
        r#"
        "" ! not a network
        10.0.0.0/33 010.0.0.0/8 gateway u:canary@db ! not a network
        10.0.12.5/28 ! write it like 10.0.12.0/28
        ::ffff:10.0.0.1 ! write it like 10.0.0.1
        "#,
    );
}

#[test]
fn a_network_of_many_owners_is_too_wide() {
    let is_too_wide = |text: &str| Cidr::try_from(text).unwrap().is_too_wide();
    let wide = "0.0.0.0/0 128.0.0.0/1 10.0.0.0/7 ::/0 2000::/3 2000::/15 f800::/5";
    for wide in wide.split(' ') {
        assert!(is_too_wide(wide), "{wide}");
    }
    for narrow in ["10.0.0.0/8", "fc00::/7", "fd00::/8", "2001::/16", "::1"] {
        assert!(!is_too_wide(narrow), "{narrow}");
    }
}

#[test]
fn a_network_is_not_wider_than_itself() {
    let [whole, half, one] =
        ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.1/32"].map(|text| Cidr::try_from(text).unwrap());
    assert!(whole.is_everything() && !half.is_everything());
    assert!(whole.is_wider_than(&half) && half.is_wider_than(&one));
    assert!(!half.is_wider_than(&half) && !one.is_wider_than(&half));
}
