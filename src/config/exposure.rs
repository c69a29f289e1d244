//! Advice on who can reach a server that is not for development, and as whom.

use super::{Cidr, Config, Registration, Tier};
use crate::schema::{Fault, FaultKind};

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
