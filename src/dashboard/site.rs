//! State that all requests to the dashboard share.

use std::sync::Arc;

use poem::http::HeaderValue;

use super::setup_code::SetupCode;
use crate::activity::Activity;
use crate::admin::configuration::Configuration;
use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::{Config, HostPort, Registration};
use crate::health::Health;
use crate::http::cookies::CookieRules;
use crate::http::next::NextHosts;
use crate::llm::Llm;

/// Services that the pages show and call.
pub struct Parts {
    /// Accounts and sessions.
    pub auth: Auth,
    /// Health checks.
    pub health: Health,
    /// Counters of the last hour.
    pub activity: Activity,
    /// The language model, for the tokens used today.
    pub llm: Llm,
    /// Every setting.
    pub configuration: Arc<Configuration>,
    /// The time.
    pub clock: Clock,
    /// The code of `/setup`, on a server started with `aura serve --dev`.
    pub setup: Option<Arc<SetupCode>>,
}

/// An entry of the header's navigation.
#[derive(Clone, Copy, Debug)]
pub(super) struct MenuItem {
    pub(super) path: &'static str,
    pub(super) label: &'static str,
    pub(super) for_administrators: bool,
}

/// The services, and the settings that pages depend on.
pub(super) struct Site {
    pub(super) auth: Auth,
    pub(super) health: Health,
    pub(super) activity: Activity,
    pub(super) llm: Llm,
    pub(super) configuration: Arc<Configuration>,
    pub(super) clock: Clock,
    pub(super) setup: Option<Arc<SetupCode>>,
    pub(super) cookies: CookieRules,
    pub(super) next: NextHosts,
    pub(super) policy: HeaderValue,
    pub(super) public_url: Option<String>,
    pub(super) registration_open: bool,
    pub(super) min_password: usize,
    pub(super) menu: Vec<MenuItem>,
}

impl Site {
    pub(super) fn new(parts: Parts, config: &Config, menu: Vec<MenuItem>) -> Self {
        let hosts = config.auth.forward_hosts.iter();
        let hosts: Vec<String> = hosts.map(|host| host.as_str().to_owned()).collect();
        let public_url = config.auth.public_url.as_ref();
        Self {
            auth: parts.auth,
            health: parts.health,
            activity: parts.activity,
            llm: parts.llm,
            configuration: parts.configuration,
            clock: parts.clock,
            setup: parts.setup,
            cookies: CookieRules::of(config),
            policy: policy(&hosts),
            next: NextHosts::new(hosts),
            public_url: public_url.map(|url| url.as_str().to_owned()),
            registration_open: config.auth.registration == Registration::Open,
            min_password: config.password.min_length.as_usize(),
            menu,
        }
    }
}

/// The content security policy: everything comes from this server, nothing is inline, and no page
/// may frame ours. Browsers apply `form-action` to the redirect after a form, too, so the `hosts`
/// that a sign-in may lead to are in it.
fn policy(hosts: &[String]) -> HeaderValue {
    let mut text = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        .to_owned();
    for host in hosts {
        let is_local = HostPort::parse(host).is_some_and(|host| host.is_loopback());
        let scheme = if is_local { "http" } else { "https" };
        text.extend([" ", scheme, "://", host]);
    }
    // Fails closed: without a valid policy a page may load nothing at all.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_lets_forms_lead_to_listed_hosts_and_loads_nothing_from_elsewhere() {
        let policy = policy(&["app.example.com".to_owned(), "localhost:8080".to_owned()]);
        let text = policy.to_str().unwrap();
        assert!(text.ends_with("form-action 'self' https://app.example.com http://localhost:8080"));
        assert!(text.starts_with("default-src 'none';") && !text.contains("unsafe"));
    }
}
