//! Unit tests of `backend`.

use super::*;
use crate::deploy::sample;

#[test]
fn only_official_images_on_this_network_are_run() {
    let project = sample::project();
    let mut kind = project.service.backends[0].clone();
    for (scheme, port) in [("redis", 6379), ("rediss", 6379), ("https", 443)] {
        kind.schemes.push((scheme.to_owned(), port));
    }
    let development = &project.plan.environments[0];
    let mut at = |default: Option<&str>| {
        kind.default = default.map(str::to_owned);
        endpoint(&kind, development).map(|found| found.map(|found| (found.host, found.port)))
    };
    let here = |name: &str, port| Some((name.to_owned(), port));
    assert_eq!(at(Some("postgres://db")).unwrap(), here("db", 5432));
    assert_eq!(at(Some("redis://r:6400")).unwrap(), here("r", 6400));
    for elsewhere in [
        "https://api:443",
        "rediss://redis:6379",
        "postgres://db.example.org:5432",
    ] {
        assert_eq!(at(Some(elsewhere)).unwrap(), None, "{elsewhere}");
    }
    assert_eq!(at(None).unwrap(), None);
    assert!(at(Some("postgres")).is_err());
    assert!(at(Some("postgres://db:x")).is_err());
}

#[test]
fn a_server_that_is_elsewhere_is_not_run() {
    let project = sample::project();
    let production = &project.plan.environments[1];
    let servers = servers(&project.service, production).unwrap();
    let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["redis"]);
}

#[test]
fn the_account_is_that_of_the_url() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        account("{scheme}://shop:{password}@{host}:{port}/db"),
        (some("shop"), some("db"))
    );
    assert_eq!(
        account("{scheme}://:{password}@{host}:{port}"),
        (None, None)
    );
}
