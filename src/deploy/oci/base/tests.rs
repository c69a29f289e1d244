//! Unit tests of `base`.

use super::*;
use crate::deploy::oci::entry::Kind;
use crate::deploy::oci::sample::ca_bundle;
use crate::deploy::sample;

#[test]
fn the_base_layer_holds_exactly_this() {
    let entries = entries(&sample::service(), &ca_bundle()).unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|e| format!("{:04o} {} {} {}", e.mode, e.uid, e.gid, e.path))
        .collect();
    assert_eq!(
        shown,
        [
            "0755 0 0 etc",
            "0755 0 0 etc/ssl",
            "0755 0 0 etc/ssl/certs",
            "1777 0 0 tmp",
            "0755 0 0 var",
            "0755 0 0 var/lib",
            "0777 65532 65532 var/lib/shop",
            "0644 0 0 etc/group",
            "0644 0 0 etc/nsswitch.conf",
            "0644 0 0 etc/os-release",
            "0644 0 0 etc/passwd",
            "0644 0 0 etc/ssl/certs/ca-certificates.crt",
        ]
    );
    let text = |path: &str| {
        let entry = entries.iter().find(|e| e.path == path).unwrap();
        String::from_utf8(entry.content.clone()).unwrap()
    };
    assert_eq!(text("etc/nsswitch.conf"), "hosts: files dns\n");
    assert!(text("etc/passwd").contains("nonroot:x:65532:65532:nonroot:/var/lib/shop:"));
    assert!(text("etc/group").contains("nonroot:x:65532:\n"));
    assert_eq!(text(CA_PATH).as_bytes(), ca_bundle().bytes());
    assert_eq!(
        text("etc/os-release"),
        "ID=shop\nNAME=\"shop\"\nPRETTY_NAME=\"shop\"\n\
             HOME_URL=\"https://example.org/shop\"\n"
    );
}

#[test]
fn nothing_in_it_can_be_run() {
    let entries = entries(&sample::service(), &ca_bundle()).unwrap();
    assert!(!entries.iter().any(Entry::is_executable));
    assert!(
        entries
            .iter()
            .all(|e| matches!(e.kind, Kind::File | Kind::Directory))
    );
}

#[test]
fn a_release_changes_nothing_of_it() {
    let mut service = sample::service();
    let before = entries(&service, &ca_bundle()).unwrap();
    service.version = "2.0.0".to_owned();
    assert_eq!(entries(&service, &ca_bundle()).unwrap(), before);
}

#[test]
fn what_os_release_quotes_is_read_back_by_a_shell() {
    assert_eq!(quoted("a\"b$c`d\\e\nf"), "\"a\\\"b\\$c\\`d\\\\ef\"");
}
