//! The HTTP server: addresses, limits, time-outs, and whom to believe about client addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HostPort;
use crate::schema::{Bounded, inline_schema};

/// The HTTP server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address to listen on. `0.0.0.0` is every IPv4 address of the machine, `::` every address,
    /// IPv6 and IPv4 (dual stack, unless the system sets `net.ipv6.bindv6only`), `127.0.0.1` this
    /// machine only.
    pub host: IpAddr,
    /// Port to listen on. 0 lets the system choose one, which the log then names.
    pub port: Bounded<0, 65_535>,
    /// Port of `/metrics`, on the same address; metrics answer there and nowhere else. 0 turns
    /// them off.
    pub metrics_port: Bounded<0, 65_535>,
    /// Addresses of the proxies before this server, whose `X-Forwarded-For` header is believed, as
    /// CIDR ranges separated by commas. The client is the rightmost hop outside them. Name the
    /// proxies alone: any other host with such an address can pose as any client. Empty: no header is
    /// believed, and the client is the host that connects.
    #[schemars(example = &"10.0.12.0/28,fd00:12::4")]
    pub trusted_proxies: Vec<Cidr>,
    /// Origins whose pages may call the API from a browser, separated by commas, each written as
    /// the browser sends it: scheme, host and port. They may send any header. Empty: only pages of
    /// this server.
    #[schemars(example = &"https://app.example.com,http://localhost:5173")]
    pub cors_allowed_origins: Vec<Origin>,
    /// Seconds that requests in flight may take after a stop signal before they are cut off. After
    /// SIGTERM, idle connections are closed when nine tenths of it have passed. Keep it below the
    /// grace period of whatever stops the process.
    pub shutdown_timeout_seconds: Bounded<0, 3_600>,
    /// Bytes of a request body above which it is refused with 413. Bodies under `/v1` have a limit of
    /// their own.
    pub max_body_bytes: Bounded<1_024, 10_485_760>,
    /// Bytes of memory for all request bodies that are being read or answered, those under `/v1`
    /// apart. One client address (IPv6: one /64) may hold a quarter. A body that finds no room is
    /// answered with 503.
    pub body_memory_bytes: Bounded<1_048_576, 1_073_741_824>,
    /// Bytes of the head of a request, which are its address and its headers, above which it is
    /// refused with 431. Behind forward-auth a head carries the cookies of the applications too,
    /// where the gateway does not leave them out. Each byte above the default may cost two bytes of
    /// memory for each connection.
    pub max_header_bytes: Bounded<8_192, 65_536>,
    /// Seconds a client may take to send the head of a request before it is cut off.
    pub header_timeout_seconds: Bounded<1, 120>,
    /// Seconds for which a client may be silent within the body of a request until it is answered with
    /// 408. The whole may take as long, and a second more for each kibibyte of it, at most 30 in
    /// advance.
    pub body_timeout_seconds: Bounded<1, 120>,
    /// Seconds a connection is kept open without a request.
    pub idle_timeout_seconds: Bounded<1, 3_600>,
    /// Connections open at once. When they are used up, idle ones make room for new ones, then those
    /// that withhold the end of a body or do not read, of the address with the most of them first; while the server
    /// is at work for all, further ones are answered with 503 and closed.
    pub max_connections: Bounded<1, 1_000_000>,
    /// Connections that one client address may have open at once (IPv6: one network of 64 bits).
    /// At the limit its idle ones make room for its new ones. Does not hold for the proxies of
    /// `SERVER_TRUSTED_PROXIES`; a proxy that is missing there shares it among all of its clients.
    pub max_connections_per_address: Bounded<1, 1_000_000>,
    /// Callers that are told the version of the server and the figures of health checks (latencies, counts
    /// of the LLM cache) under `/health`. Everybody is told the states, which probes need.
    pub health_details: HealthDetails,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: Bounded::of::<8_000>(),
            metrics_port: Bounded::of::<9_000>(),
            trusted_proxies: Vec::new(),
            cors_allowed_origins: Vec::new(),
            shutdown_timeout_seconds: Bounded::of::<25>(),
            max_body_bytes: Bounded::of::<8_192>(),
            body_memory_bytes: Bounded::of::<33_554_432>(),
            max_header_bytes: Bounded::of::<16_384>(),
            header_timeout_seconds: Bounded::of::<10>(),
            body_timeout_seconds: Bounded::of::<10>(),
            idle_timeout_seconds: Bounded::of::<75>(),
            max_connections: Bounded::of::<4_000>(),
            max_connections_per_address: Bounded::of::<512>(),
            health_details: HealthDetails::default(),
        }
    }
}

impl Server {
    /// Time that requests in flight have after a stop signal.
    #[must_use]
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout_seconds.as_u64())
    }

    /// Time that the head of a request may take.
    #[must_use]
    pub fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds.as_u64())
    }

    /// Longest silence of a client within the body of a request.
    #[must_use]
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds.as_u64())
    }

    /// Time that a connection may be idle.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds.as_u64())
    }
}

/// Callers that `/health` tells more than states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthDetails {
    /// Everybody.
    #[default]
    Everyone,
    /// Callers with an access token.
    Authenticated,
}

/// A network such as `10.0.12.0/28`; a lone address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr(IpNet);

impl Cidr {
    /// Checks whether `address` is in the network.
    #[must_use]
    pub fn contains(&self, address: &IpAddr) -> bool {
        self.0.contains(address)
    }

    /// The network itself.
    #[must_use]
    pub const fn net(&self) -> IpNet {
        self.0
    }

    /// Checks whether the network is wide enough for a whole cluster: 16 bits of prefix or fewer, for
    /// IPv6 fewer than 64. This machine's own addresses are not.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        match self.0 {
            IpNet::V4(net) => net.prefix_len() <= 16 && !net.addr().is_loopback(),
            IpNet::V6(net) => net.prefix_len() < 64,
        }
    }
}

impl TryFrom<String> for Cidr {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network = text.parse::<IpNet>().ok();
        let network = network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        // An address inside a network stands for the whole: 10.0.12.7/28 is 10.0.12.0/28.
        network.map(|network| Self(network.trunc())).ok_or_else(|| {
            format!("{text:?} is not a network; write it like 10.0.12.0/28 or fd00:12::4")
        })
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.0.to_string()
    }
}

inline_schema!(Cidr, { "type": "string", "format": "cidr" });

/// The origin of a web page: scheme, host, and the port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// The origin as a browser sends it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "*" {
            return Err(
                "\"*\" would let every web site act for the people signed in here; \
                 list the origins one by one"
                    .to_owned(),
            );
        }
        let wrong = |what: &str| {
            Err(format!(
                "{text:?} {what}; write it like https://app.example.com or http://localhost:5173"
            ))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("has no scheme");
        };
        // Case means nothing in scheme and host (RFC 3986 section 6.2.2.1), and browsers send lower
        // case.
        let scheme = scheme.to_ascii_lowercase();
        let scheme_like = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.chars().all(scheme_like)
        {
            return wrong("has no scheme");
        }
        if rest.contains(['/', '?', '#']) {
            return wrong("has a path or a slash at its end, which an origin never has");
        }
        if rest.contains('@') {
            return wrong("has a user name");
        }
        let Some(host) = HostPort::parse(rest) else {
            return wrong("has no host and port that a browser would send");
        };
        // Browsers leave the scheme's own port out.
        let own = matches!(
            (host.port(), scheme.as_str()),
            (Some(443), "https") | (Some(80), "http")
        );
        let host = if own { host.without_port() } else { host };
        Ok(Self(format!("{scheme}://{host}")))
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

inline_schema!(Origin, { "type": "string", "format": "uri" });

#[cfg(test)]
mod tests;
