//! Unit tests of `head`.

use super::*;

fn checked(version: Version, target: &str, hosts: &[&str]) -> bool {
    let uri = target.parse().unwrap();
    let mut request = Request::builder().version(version).uri(uri).finish();
    for host in hosts {
        let headers = request.headers_mut();
        headers.append(header::HOST, host.parse().unwrap());
    }
    check(&request).is_ok()
}

#[test]
fn a_request_names_one_host() {
    let checked = |target, hosts: &[&str]| checked(Version::HTTP_11, target, hosts);
    for host in ["a.example", "A.example:8000", "[::1]:8000", "10.0.0.1"] {
        assert!(checked("/x", &[host]), "{host}");
    }
    for hosts in [
        vec![],
        vec!["a.example", "b.example"],
        vec!["a.example", "a.example"],
        vec![""],
        vec!["a.example, b.example"],
        vec!["a.example/x"],
        vec!["u@a.example"],
    ] {
        assert!(!checked("/x", &hosts), "{hosts:?}");
    }
    let long = ["a"; 128].join(".");
    assert!(!checked("/x", &[&long]));
}

#[test]
fn a_target_is_of_the_host() {
    let checked = |target| checked(Version::HTTP_11, target, &["a.example:8000"]);
    assert!(checked("http://a.example:8000/x") && checked("http://A.Example:8000/x"));
    for other in [
        "http://a.example/x",
        "http://b.example:8000/x",
        "http://u@a.example:8000/x",
    ] {
        assert!(!checked(other), "{other}");
    }
}

#[test]
fn the_old_version_may_leave_the_host_out() {
    assert!(checked(Version::HTTP_10, "/x", &[]));
    assert!(!checked(Version::HTTP_10, "/x", &["a", "b"]));
}
