//! Rules between settings.

use super::*;

/// Faults and advice on `variables`: each by its variable, with `true` for mere advice.
fn said(variables: &[(&str, &str)]) -> Vec<(String, bool)> {
    let loader = Config::loader(variables.iter().copied().collect()).unwrap();
    let faults = match Config::load(&loader) {
        Ok(config) => config.warnings,
        Err(faults) => faults.iter().cloned().collect(),
    };
    let faults = faults.into_iter();
    faults
        .map(|fault| (fault.name, fault.kind == FaultKind::Advice))
        .collect()
}

#[test]
fn hosts_domain_and_address_of_browser_sessions_fit_one_another() {
    let hosts = ("AUTH_FORWARD_HOSTS", "app.example.com");
    let domain = |domain| ("AUTH_COOKIE_DOMAIN", domain);
    let url = |url| ("AUTH_PUBLIC_URL", url);
    let own = url("https://auth.example.com");
    assert_eq!(said(&[hosts, domain("example.com"), own]), []);
    assert_eq!(said(&[hosts, url("https://app.example.com:8443")]), []);
    let fault = |name: &str| vec![(name.to_owned(), false)];
    for wrong in ["localhost", "10.0.0.1", "example.com:8443"] {
        assert_eq!(said(&[domain(wrong)]), fault("AUTH_COOKIE_DOMAIN"));
    }
    let other = domain("example.org");
    assert_eq!(said(&[hosts, other]), fault("AUTH_FORWARD_HOSTS"));
    assert_eq!(said(&[other, own]), fault("AUTH_PUBLIC_URL"));
    assert_eq!(said(&[url("ftp://example.com")]), fault("AUTH_PUBLIC_URL"));
    for wrong in [
        "https://h1,h2/v1",
        "https://h:99999/v1",
        "https:///v1",
        "ftp://h",
    ] {
        let upstream = ("LLM_UPSTREAM_URL", wrong);
        assert_eq!(said(&[upstream]), fault("LLM_UPSTREAM_URL"), "{wrong}");
    }
    let advice = vec![("AUTH_FORWARD_HOSTS".to_owned(), true)];
    assert_eq!(said(&[hosts, own]), advice);
}
