//! Faults between settings, each of which is valid by itself.

use super::{Config, Host, PreviousKey, Tier, advice, guessable, upstream};
use crate::schema::{Fault, FaultKind, Loader, Resolution, Secret};

/// Audiences that a token may name.
const MAX_AUDIENCES: usize = 16;

/// Adds what is wrong between the settings of `resolution`.
pub(super) fn run(resolution: &mut Resolution<Config>, loader: &Loader) {
    let Some(config) = resolution.value.clone() else {
        return;
    };
    if config.environment == Tier::Production {
        resolution.refuse_near_misses();
    }
    let faults = [
        private_key(&config),
        reused_key(&config),
        guessable::key(&config),
        guessable::client_secret(&config),
        long_grace(&config),
        previous_secret(&config),
        audience(&config),
        client_name(&config),
        one_port(&config),
        upstream::url(&config),
        upstream::key(&config),
        cookie_domain(&config),
        public_url(&config),
        // The check of rendered files runs where the certificates are not.
        if loader.expects_secrets_elsewhere() {
            None
        } else {
            certificates(&config)
        },
    ];
    for fault in faults.into_iter().flatten() {
        resolution.refuse(fault);
    }
    advice::warn(resolution);
}

/// One port for two listeners; with 0 each takes a free one.
fn one_port(config: &Config) -> Option<Fault> {
    let port = config.server.port;
    (port == config.server.metrics_port && port.get() != 0).then(|| {
        Fault::new(
            FaultKind::Conflict,
            "SERVER_METRICS_PORT",
            "is the port of SERVER_PORT as well, and each needs one of its own",
            "choose another",
        )
    })
}

/// A key of the older form is one for RSA.
fn private_key(config: &Config) -> Option<Fault> {
    let algorithm = config.jwt.algorithm;
    let name = algorithm.as_str();
    let key = config.jwt.private_key.as_ref()?.expose();
    let signs = algorithm.is_symmetric() || algorithm == super::Algorithm::Rs256;
    (key.is_pkcs1() && !signs).then(|| {
        Fault::new(
            FaultKind::Conflict,
            "JWT_PRIVATE_KEY",
            format!("is an RSA key, which cannot sign {name}"),
            format!("make one with `aura key generate --algorithm {name}`"),
        )
    })
}

/// A signing key that is another secret as well. The holder of that secret could sign tokens.
fn reused_key(config: &Config) -> Option<Fault> {
    let key = config.jwt.secret_key.as_ref()?.expose();
    let same = |other: Option<&String>| other.is_some_and(|other| other == key.as_str());
    let client_secret = config.oauth.client_secret.as_ref();
    let previous_secret = config.oauth.previous_client_secret.as_ref();
    let upstream_key = config.llm.upstream_api_key.as_ref();
    let mut previous = config.jwt.previous_keys.iter().flat_map(Secret::expose);
    let (other, why) = if same(client_secret.map(Secret::expose)) {
        (
            "OAUTH_CLIENT_SECRET",
            "would let other services sign tokens",
        )
    } else if same(previous_secret.map(Secret::expose)) {
        (
            "OAUTH_PREVIOUS_CLIENT_SECRET",
            "would let other services sign tokens",
        )
    } else if same(upstream_key.map(Secret::expose)) {
        (
            "LLM_UPSTREAM_API_KEY",
            "would let the language model's host sign tokens",
        )
    } else if config.jwt.algorithm.is_symmetric()
        && previous.any(|old| matches!(old, PreviousKey::Secret { key: old, .. } if old == key))
    {
        ("JWT_PREVIOUS_KEYS", "replaces nothing")
    } else {
        return None;
    };
    Some(Fault::new(
        FaultKind::Conflict,
        "JWT_SECRET_KEY",
        format!("is the same as {other}, which {why}"),
        "make another one with `aura key generate`",
    ))
}

/// A grace so long that a repeated refresh could return an expired access token.
fn long_grace(config: &Config) -> Option<Fault> {
    // In seconds: half of the minutes.
    let half_life = config.jwt.access_token_expire_minutes.get() * 30;
    (config.jwt.refresh_grace_seconds.get() > half_life).then(|| {
        Fault::new(
            FaultKind::Conflict,
            "JWT_REFRESH_GRACE_SECONDS",
            "is more than half of JWT_ACCESS_TOKEN_EXPIRE_MINUTES",
            format!("set it to {half_life} or less, or let access tokens live longer"),
        )
    })
}

/// A previous client secret that is still the current one.
fn previous_secret(config: &Config) -> Option<Fault> {
    let previous = config.oauth.previous_client_secret.as_ref()?.expose();
    let secret = config.oauth.client_secret.as_ref()?.expose();
    let name = "OAUTH_PREVIOUS_CLIENT_SECRET";
    let problem = "is the same as OAUTH_CLIENT_SECRET";
    let remedy = "set the new secret as OAUTH_CLIENT_SECRET, and here the one that it replaces";
    (secret == previous).then(|| Fault::new(FaultKind::Conflict, name, problem, remedy))
}

/// No audience, or too many: each is in every token.
fn audience(config: &Config) -> Option<Fault> {
    let count = config.jwt.audience.len();
    let problem = match count {
        0 => "names no audience".to_owned(),
        1..=MAX_AUDIENCES => return None,
        _ => {
            format!("names {count} audiences; allowed: {MAX_AUDIENCES}, as each is in every token")
        }
    };
    let remedy = "name the services that verify the tokens, separated by commas";
    Some(Fault::new(
        FaultKind::Invalid,
        "JWT_AUDIENCE",
        problem,
        remedy,
    ))
}

/// A client id with a colon: HTTP Basic ends the user name at the first one (RFC 7617, 2).
fn client_name(config: &Config) -> Option<Fault> {
    let id = config.oauth.client_id.as_ref()?;
    id.contains(':').then(|| {
        Fault::new(
            FaultKind::Invalid,
            "OAUTH_CLIENT_ID",
            format!("is {id:?}, and a user name of HTTP Basic has no colon"),
            "use letters, digits and dashes",
        )
    })
}

/// A cookie domain that browsers refuse, or hosts outside of it, which would ask for a sign-in again
/// and again.
fn cookie_domain(config: &Config) -> Option<Fault> {
    let auth = &config.auth;
    let domain = auth.cookie_domain.as_ref()?;
    let name = domain.name();
    if domain.as_str() != name || domain.lacks_domain() {
        return Some(Fault::new(
            FaultKind::Invalid,
            "AUTH_COOKIE_DOMAIN",
            format!(
                "is {:?}, for which browsers keep no cookie",
                domain.as_str()
            ),
            "name a domain such as example.com, without a port",
        ));
    }
    let outside = auth
        .forward_hosts
        .iter()
        .find(|host| !host.is_within(name))?;
    Some(Fault::new(
        FaultKind::Conflict,
        "AUTH_FORWARD_HOSTS",
        format!(
            "names {}, which is not in AUTH_COOKIE_DOMAIN",
            outside.as_str()
        ),
        format!("name hosts below {name}, or another domain"),
    ))
}

/// An address that browsers cannot open, or that is outside of the cookie's domain.
fn public_url(config: &Config) -> Option<Fault> {
    let url = config.auth.public_url.as_ref()?.as_str();
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let host = host.and_then(|host| Host::try_from(host.to_owned()).ok());
    let Some(host) = host else {
        return Some(Fault::new(
            FaultKind::Invalid,
            "AUTH_PUBLIC_URL",
            format!("is {url:?}, which no browser opens"),
            "write it like https://auth.example.com",
        ));
    };
    let domain = config.auth.cookie_domain.as_ref()?;
    (!host.is_within(domain.name())).then(|| {
        Fault::new(
            FaultKind::Conflict,
            "AUTH_PUBLIC_URL",
            format!(
                "names {}, which is not in AUTH_COOKIE_DOMAIN",
                host.as_str()
            ),
            "serve both below one domain",
        )
    })
}

/// Files that the URLs name, which are read again whenever a connection is made.
fn certificates(config: &Config) -> Option<Fault> {
    let redis = &config.redis;
    // Now, because a file that is missing would otherwise show only when a connection is made.
    let caches = redis.cache_url.as_ref();
    let mut files = vec![("DATABASE_URL", config.database.url.expose().tls_files())];
    if redis.enabled {
        files.push(("REDIS_URL", redis.url.expose().tls_files()));
        files.extend(caches.map(|url| ("REDIS_CACHE_URL", url.expose().tls_files())));
    }
    let mut read = files.into_iter().map(|(name, files)| (name, files.read()));
    let (name, fault) = read.find_map(|(name, read)| Some((name, read.err()?)))?;
    Some(Fault::new(
        FaultKind::File,
        name,
        format!("cannot be used, because {fault}"),
        "mount the file where the server runs, readable for its user, or correct the path",
    ))
}

#[cfg(test)]
mod tests;
