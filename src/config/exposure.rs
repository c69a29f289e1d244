//! Advice on who can reach a server that is not for development, as whom, and who reads along.

use super::{Cidr, Config, FailMode, HostPort, Registration, Tier};
use crate::schema::{Fault, FaultKind};

/// The bcrypt cost below which a stolen database is cheap to search.
const USUAL_COST: i64 = 12;

/// Advice on every setting that exposes a server to more than it must; for development too, where
/// nobody has to hear it.
pub(super) fn all(config: &Config) -> Vec<Fault> {
    let limits = &config.rate_limit;
    let unlimited = (!limits.enabled).then_some((
        "RATE_LIMIT_ENABLED",
        "is false, so passwords can be guessed as fast as this server answers",
        "set it to true",
    ));
    let open = limits.enabled && limits.fail_mode == FailMode::Open;
    let open = open.then_some((
        "RATE_LIMIT_FAIL_MODE",
        "is open: while Redis is away, passwords can be guessed as fast as this server answers",
        "set it to local, which limits on in each process",
    ));
    let cheap = (config.password.bcrypt_cost.get() < USUAL_COST).then_some((
        "PASSWORD_BCRYPT_COST",
        "is below the default, so whoever gets hold of the database guesses passwords faster",
        "set it to 12 or more",
    ));
    let url = config.auth.public_url.as_ref();
    let plain = url.is_some_and(|url| is_plain(url.as_str())).then_some((
        "AUTH_PUBLIC_URL",
        "begins with http://, so passwords and session cookies can be read on their way",
        "serve it by https://, from a proxy before this server",
    ));
    let mut origins = config.server.cors_allowed_origins.iter();
    let origin = origins.any(|origin| is_plain(origin.as_str())).then_some((
        "SERVER_CORS_ALLOWED_ORIGINS",
        "names an http:// origin, whose pages whoever is on their way can change",
        "name origins with https:// alone",
    ));
    let (llm, roles) = (&config.llm, &config.llm.allowed_roles);
    let anyone = llm.upstream_url.is_some() && roles.iter().any(|role| role == "*");
    let anyone = anyone.then_some((
        "LLM_ALLOWED_ROLES",
        "is *, so every account may spend what the language model costs",
        "name the roles that may, or limit each user by LLM_TOKENS_PER_DAY",
    ));
    let anyone = anyone.filter(|_| llm.tokens_per_day.get() == 0);
    let upstream = llm.upstream_url.as_deref().is_some_and(is_plain);
    let upstream = upstream.then_some((
        "LLM_UPSTREAM_URL",
        "begins with http:// and does not lead to a name inside this network, so questions, \
         answers and the key can be read on their way",
        "use https://, or, for a Service of the cluster, http://NAME.NAMESPACE.svc",
    ));
    [unlimited, open, cheap, plain, origin, anyone, upstream]
        .into_iter()
        .flatten()
        .map(|(name, problem, remedy)| Fault::new(FaultKind::Advice, name, problem, remedy))
        .collect()
}

/// Checks for a URL without TLS that leads out of this machine, this network and this cluster.
fn is_plain(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some(host) = HostPort::parse(authority) else {
        return false;
    };
    match host.address() {
        Some(std::net::IpAddr::V4(ip)) => !(ip.is_loopback() || ip.is_private()),
        Some(std::net::IpAddr::V6(ip)) => !(ip.is_loopback() || ip.is_unique_local()),
        None => {
            let name = host.without_port().to_string();
            let inside = [
                ".svc",
                ".cluster.local",
                ".local",
                ".internal",
                ".localhost",
            ];
            name.contains('.') && !inside.iter().any(|end| name.ends_with(end))
        }
    }
}

/// Open registration. Said also where the variable is set: a rendered file sets every variable, so
/// that being set proves no intent.
pub(super) fn open_registration(config: &Config) -> Option<Fault> {
    let open = config.auth.registration == Registration::Open;
    (open && config.environment != Tier::Development).then(|| {
        Fault::new(
            FaultKind::Advice,
            "AUTH_REGISTRATION",
            format!(
                "is open in {}: anybody who reaches this server can make an account",
                config.environment.as_str()
            ),
            "set it to closed, and make accounts with `aura user create`",
        )
    })
}

/// No trusted proxy. aura speaks plain HTTP, so where real users sign in, something stands before
/// it.
pub(super) fn no_proxy(config: &Config) -> Option<Fault> {
    let none = config.server.trusted_proxies.is_empty();
    (none && config.environment != Tier::Development).then(|| {
        Fault::new(
            FaultKind::Advice,
            "SERVER_TRUSTED_PROXIES",
            "is empty, so all clients behind a gateway or an ingress have its address, and share \
             one rate limit",
            "name the addresses of the proxies before this server",
        )
    })
}

/// Trusted networks that hold more than proxies.
pub(super) fn wide_proxies(config: &Config) -> Option<Fault> {
    if config.environment == Tier::Development {
        return None;
    }
    let mut networks = config.server.trusted_proxies.iter().copied();
    let wide = String::from(networks.find(Cidr::is_wide)?);
    Some(Fault::new(
        FaultKind::Advice,
        "SERVER_TRUSTED_PROXIES",
        format!("trusts {wide}: whoever has an address in it can pose as any client"),
        "name the addresses of the proxies alone, not the network that they share with others",
    ))
}

#[cfg(test)]
mod tests;
