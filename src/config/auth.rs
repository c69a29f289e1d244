//! Settings of registration and of browser sessions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CorsOrigin, HostPort};
use crate::schema::inline_schema;

/// Registration, and the reach of a sign-in in a browser.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Registration at `POST /auth/register` and on the dashboard. In staging and production
    /// the default is `closed`.
    #[schemars(extend("x-default-in" = { "production": "closed", "staging": "closed" }))]
    pub registration: Registration,
    /// Address of this server as browsers reach it: scheme, host, and port where it is not the
    /// scheme's own. Forward-auth sends browsers there to sign in. Unset: to the sign-in page of
    /// the host that they asked for.
    #[schemars(example = &"https://auth.example.com")]
    pub public_url: Option<CorsOrigin>,
    /// Hosts beside this server's own that a sign-in may lead back to, separated by commas, each
    /// with its port where that is not the usual one: the applications behind forward-auth.
    #[schemars(example = &"app.example.com,wiki.example.com")]
    pub forward_hosts: Vec<Host>,
    /// Domain whose hosts all get the session cookie, so that one sign-in holds for every
    /// application behind forward-auth. Unset: this server's own host alone gets it, and no other
    /// host can set it.
    #[schemars(example = &"example.com")]
    pub cookie_domain: Option<Host>,
}

/// Registration of new accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// No one can register: administrators create accounts, or `aura user create` does.
    Closed,
}

/// A host as it stands in an address: a name or an IP address in lower case, and its port where it
/// is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

impl Host {
    /// The host as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.0.rsplit_once(':') {
            Some((name, _)) if !self.0.ends_with(']') => name,
            _ => &self.0,
        }
    }

    /// Checks whether the host is `domain` or below it, whatever its port.
    #[must_use]
    pub fn is_within(&self, domain: &str) -> bool {
        let name = self.name();
        let below = name.strip_suffix(domain);
        below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Checks for an IP address, or a name without a dot.
    #[must_use]
    pub fn lacks_domain(&self) -> bool {
        let address = HostPort::parse(&self.0).and_then(|host| host.address());
        !self.name().contains('.') || address.is_some()
    }
}

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let like = "write it like app.example.com or app.example.com:8443";
        if text.contains('*') {
            return Err(format!("{text:?} has a star; list the hosts one by one"));
        }
        let host = HostPort::parse(&text).map(|host| Self(host.to_string()));
        host.ok_or_else(|| format!("{text:?} is not a host; {like}"))
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

inline_schema!(Host, { "type": "string" });

#[cfg(test)]
mod tests;
