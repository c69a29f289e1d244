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
mod tests {
    use super::*;

    /// The variables that are warned of in `environment`.
    fn advised(environment: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let given = [
            ("ENVIRONMENT", environment),
            ("JWT_SECRET_KEY", "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h"),
            ("DATABASE_URL", "postgres://db/aura"),
        ];
        let given = given.iter().chain(variables).copied();
        let loader = Config::loader(given.collect()).unwrap();
        let warnings = Config::load(&loader).unwrap().warnings.into_iter();
        warnings.map(|warning| warning.name).collect()
    }

    #[test]
    fn open_registration_is_advised_against_also_where_it_was_set() {
        let proxies = ("SERVER_TRUSTED_PROXIES", "10.0.12.4");
        let open = ("AUTH_REGISTRATION", "open");
        for environment in ["staging", "production"] {
            assert_eq!(advised(environment, &[proxies]), [""; 0]);
            assert_eq!(
                advised(environment, &[proxies, open]),
                ["AUTH_REGISTRATION"]
            );
        }
        assert_eq!(advised("development", &[open]), [""; 0]);
    }

    #[test]
    fn what_exposes_real_users_is_told_in_production_alone() {
        let proxies = ("SERVER_TRUSTED_PROXIES", "10.0.12.4");
        let upstream = ("LLM_UPSTREAM_URL", "https://api.example.com/v1");
        let all = ("LLM_ALLOWED_ROLES", "*");
        for (settings, told) in [
            (vec![("RATE_LIMIT_ENABLED", "false")], true),
            (vec![("RATE_LIMIT_FAIL_MODE", "open")], true),
            (vec![("PASSWORD_BCRYPT_COST", "10")], true),
            (vec![("AUTH_PUBLIC_URL", "http://auth.example.com")], true),
            (vec![("AUTH_PUBLIC_URL", "http://10.1.2.3:8000")], false),
            (vec![("AUTH_PUBLIC_URL", "https://auth.example.com")], false),
            (
                vec![("SERVER_CORS_ALLOWED_ORIGINS", "https://a.com,http://b.com")],
                true,
            ),
            (
                vec![("SERVER_CORS_ALLOWED_ORIGINS", "http://localhost:5173")],
                false,
            ),
            (
                vec![("LLM_UPSTREAM_URL", "http://api.example.com/v1")],
                true,
            ),
            (
                vec![(
                    "LLM_UPSTREAM_URL",
                    "http://vllm.llm.svc.cluster.local:8000/v1",
                )],
                false,
            ),
            (vec![all, upstream], true),
            (vec![all, upstream, ("LLM_TOKENS_PER_DAY", "1000")], false),
            (vec![all], false),
        ] {
            let told: &[_] = if told { &[settings[0].0] } else { &[] };
            let settings: Vec<_> = settings.into_iter().chain([proxies]).collect();
            assert_eq!(advised("production", &settings), told, "{settings:?}");
            assert_eq!(advised("development", &settings), [""; 0]);
        }
    }

    #[test]
    fn proxies_are_named_and_nobody_else_is() {
        let named = |networks| advised("production", &[("SERVER_TRUSTED_PROXIES", networks)]);
        for networks in ["10.0.12.4", "10.0.12.0/28,fd00:12::/64", "127.0.0.0/8,::1"] {
            assert_eq!(named(networks), [""; 0], "{networks}");
        }
        for networks in [
            "",
            "10.0.0.0/8",
            "10.0.12.4,10.244.0.0/16",
            "fd00::/8",
            "::/0",
        ] {
            assert_eq!(named(networks), ["SERVER_TRUSTED_PROXIES"], "{networks}");
        }
        let wide = [("SERVER_TRUSTED_PROXIES", "10.0.0.0/8")];
        assert_eq!(advised("development", &wide), [""; 0]);
    }
}
