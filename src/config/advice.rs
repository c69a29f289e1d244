//! Advice: settings that work and should be changed. One table of rules, for the warnings of a load
//! and for the list that administrators see.

use Wording::{Found, When};

use super::{Cidr, Config, Engine, FailMode, Host, HostPort, Registration, Tier};
use crate::schema::{Entry, Fault, FaultKind, Loaded, Resolution};

/// The bcrypt cost below which a stolen database is cheap to search.
const USUAL_COST: i64 = 12;

/// A configuration, and where its values come from.
struct Facts<'a> {
    config: &'a Config,
    entries: &'a [Entry],
}

/// One piece of advice.
struct Rule {
    setting: &'static str,
    /// The first environment in which a load warns; none where only administrators are told.
    warns_from: Option<Tier>,
    problem: Wording,
    remedy: &'static str,
}

/// The words of a rule.
enum Wording {
    /// The same words wherever it applies.
    When(fn(&Facts) -> bool, &'static str),
    /// Words that name what was found.
    Found(fn(&Facts) -> Option<String>),
}

/// Adds the warnings of a load.
pub(super) fn warn(resolution: &mut Resolution<Config>) {
    let Some(config) = resolution.value.clone() else {
        return;
    };
    let entries = resolution.entries.clone();
    let is_due = |rule: &&Rule| {
        rule.warns_from
            .is_some_and(|tier| config.environment >= tier)
    };
    for fault in judge(&config, &entries, is_due) {
        resolution.advise(fault);
    }
}

impl Config {
    /// Changes to make before real users come, whatever the environment is now. The warnings of the
    /// load are among them.
    #[must_use]
    pub fn advice(loaded: &Loaded<Self>) -> Vec<Fault> {
        judge(&loaded.value, &loaded.entries, |_| true)
    }
}

fn judge(config: &Config, entries: &[Entry], asks: impl Fn(&&Rule) -> bool) -> Vec<Fault> {
    let facts = Facts { config, entries };
    let rules = RULES.iter().filter(asks);
    let faults = rules.filter_map(|rule| {
        let problem = match rule.problem {
            When(applies, words) => applies(&facts).then(|| words.to_owned()),
            Found(find) => find(&facts),
        }?;
        Some(Fault::new(
            FaultKind::Advice,
            rule.setting,
            problem,
            rule.remedy,
        ))
    });
    faults.collect()
}

impl Facts<'_> {
    /// Checks for a value that is not the operator's.
    fn at_default(&self, name: &str) -> bool {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        entry.is_none_or(|entry| entry.origin.is_default())
    }

    /// Checks for a server that others than its developer reach.
    fn is_exposed(&self) -> bool {
        self.config.environment > Tier::Development
    }
}

const RULES: &[Rule] = &[
    Rule {
        setting: "ENVIRONMENT",
        warns_from: None,
        problem: When(
            |facts| !facts.is_exposed(),
            "is development, so a missing signing key is made up, and a misspelled variable is \
                 ignored",
        ),
        remedy: "set ENVIRONMENT=production where real users sign in",
    },
    Rule {
        setting: "JWT_SECRET_KEY",
        warns_from: None,
        problem: When(
            |facts| facts.config.jwt.secret_key.is_none(),
            "is not set, so tokens are signed with a key that this process made up: a restart \
                 signs everybody out, and no other replica accepts its tokens",
        ),
        remedy: "make one with `aura key generate`",
    },
    Rule {
        setting: "JWT_SECRET_KEY",
        warns_from: None,
        problem: When(
            |facts| facts.config.jwt.secret_key.is_some() && facts.at_default("JWT_SECRET_KEY"),
            "is the key that `aura serve --dev` made and keeps in `.aura/`",
        ),
        remedy: "make one for production with `aura key generate`, and keep it in a Secret",
    },
    Rule {
        setting: "REDIS_RATE_LIMIT_DB",
        warns_from: Some(Tier::Development),
        problem: Found(|facts| {
            let redis = &facts.config.redis;
            let same = redis.enabled && redis.rate_limit_db == redis.auth_db;
            same.then(|| same_number(redis.auth_db, "REDIS_AUTH_DB"))
        }),
        remedy: APART,
    },
    Rule {
        setting: "REDIS_CACHE_DB",
        warns_from: Some(Tier::Development),
        problem: Found(|facts| {
            let redis = &facts.config.redis;
            // Numbers on a separate server cannot collide.
            let is_shared = redis.enabled && redis.cache().1 == redis.url.expose();
            let others = [
                ("REDIS_AUTH_DB", redis.auth_db),
                ("REDIS_RATE_LIMIT_DB", redis.rate_limit_db),
            ];
            let mut others = others.into_iter().filter(|_| is_shared);
            let (name, number) = others.find(|(_, number)| *number == redis.cache_db)?;
            Some(same_number(number, name))
        }),
        remedy: APART,
    },
    Rule {
        setting: "REDIS_ENABLED",
        warns_from: Some(Tier::Production),
        problem: When(
            |facts| !facts.config.redis.enabled,
            "is false, so sessions and limits live in this process and end with it",
        ),
        remedy: "run one replica only, or set REDIS_URL and REDIS_ENABLED=true",
    },
    Rule {
        setting: "DATABASE_URL",
        warns_from: Some(Tier::Production),
        problem: When(
            |facts| facts.config.database.url.expose().engine() == Engine::Sqlite,
            "is an SQLite file, which only one replica can use, and which is lost with its disk",
        ),
        remedy: "keep the file on a volume that is backed up, or use postgres://",
    },
    Rule {
        setting: "REDIS_URL",
        warns_from: None,
        problem: When(
            |facts| facts.config.redis.enabled && facts.at_default("REDIS_URL"),
            "is not set, so Redis is expected at `localhost`, without a password; in a container \
                 that is the container itself",
        ),
        remedy: "set it to the address of Redis",
    },
    Rule {
        setting: "AUTH_FORWARD_HOSTS",
        warns_from: Some(Tier::Development),
        problem: Found(|facts| {
            let host = host_without_cookie(facts.config)?;
            Some(format!("names {host}, which never gets the session cookie"))
        }),
        remedy: "set AUTH_COOKIE_DOMAIN to the domain that both are in, or browsers are sent to sign \
                 in again and again",
    },
    // Even where the variable is set: rendered files set every variable, so a set variable is no proof
    // of intent.
    Rule {
        setting: "AUTH_REGISTRATION",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| facts.config.auth.registration == Registration::Open,
            "is open, so anyone who reaches this server can create an account",
        ),
        remedy: "set it to closed, and create accounts with `aura user create`",
    },
    // aura speaks plain HTTP only, so a deployment for real users has a proxy in front of it.
    Rule {
        setting: "SERVER_TRUSTED_PROXIES",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| facts.is_exposed() && facts.config.server.trusted_proxies.is_empty(),
            "is empty, so all clients behind a gateway or an ingress have its address, and share \
                 one rate limit",
        ),
        remedy: "name the addresses of the proxies before this server",
    },
    Rule {
        setting: "SERVER_TRUSTED_PROXIES",
        warns_from: Some(Tier::Staging),
        problem: Found(|facts| {
            let proxies = &facts.config.server.trusted_proxies;
            let mut networks = proxies.iter().copied().filter(|_| facts.is_exposed());
            let wide = String::from(networks.find(Cidr::is_wide)?);
            Some(format!(
                "trusts {wide}: any host with an address in it can pose as any client"
            ))
        }),
        remedy: "name only the addresses of the proxies, not the network that they share with others",
    },
    Rule {
        setting: "LLM_UPSTREAM_PROXY",
        warns_from: Some(Tier::Development),
        problem: When(
            |facts| {
                let llm = &facts.config.llm;
                llm.upstream_proxy.is_some() && llm.upstream_url.is_none()
            },
            "is set, and LLM_UPSTREAM_URL is not, so the proxy leads nowhere",
        ),
        remedy: "set LLM_UPSTREAM_URL too, or neither",
    },
    Rule {
        setting: "RATE_LIMIT_ENABLED",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| !facts.config.rate_limit.enabled,
            "is false, so passwords can be guessed as fast as this server answers",
        ),
        remedy: "set it to true",
    },
    Rule {
        setting: "RATE_LIMIT_FAIL_MODE",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| {
                let limits = &facts.config.rate_limit;
                limits.enabled && limits.fail_mode == FailMode::Open
            },
            "is open, so passwords can be guessed as fast as this server answers while Redis is \
                 unavailable",
        ),
        remedy: "set it to local, which counts in each process meanwhile",
    },
    Rule {
        setting: "PASSWORD_BCRYPT_COST",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| facts.config.password.bcrypt_cost.get() < USUAL_COST,
            "is below the default, so passwords of a stolen database are guessed faster",
        ),
        remedy: "set it to 12 or more",
    },
    Rule {
        setting: "AUTH_PUBLIC_URL",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| {
                let url = facts.config.auth.public_url.as_ref();
                url.is_some_and(|url| is_plain(url.as_str()))
            },
            "begins with http://, so passwords and session cookies can be read on their way",
        ),
        remedy: "serve it by https://, from a proxy before this server",
    },
    Rule {
        setting: "SERVER_CORS_ALLOWED_ORIGINS",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| {
                let mut origins = facts.config.server.cors_allowed_origins.iter();
                origins.any(|origin| is_plain(origin.as_str()))
            },
            "names an http:// origin, whose pages can be changed on their way",
        ),
        remedy: "name only origins with https://",
    },
    Rule {
        setting: "LLM_ALLOWED_ROLES",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| {
                let llm = &facts.config.llm;
                let everyone = llm.allowed_roles.iter().any(|role| role == "*");
                llm.upstream_url.is_some() && everyone && llm.tokens_per_day.get() == 0
            },
            "is *, so every account may spend what the language model costs",
        ),
        remedy: "name the roles that may, or limit each user by LLM_TOKENS_PER_DAY",
    },
    Rule {
        setting: "LLM_UPSTREAM_URL",
        warns_from: Some(Tier::Staging),
        problem: When(
            |facts| {
                facts
                    .config
                    .llm
                    .upstream_url
                    .as_deref()
                    .is_some_and(is_plain)
            },
            "begins with http:// and does not lead to a name inside this network, so questions, \
                 answers and the key can be read on their way",
        ),
        remedy: "use https://, or, for a Service of the cluster, http://NAME.NAMESPACE.svc",
    },
];

/// Remedy for two uses of one Redis database.
const APART: &str =
    "give each its own number: what is evicted or flushed in one is lost in the other";

fn same_number<T: std::fmt::Display>(number: T, other: &str) -> String {
    format!("is {number}, and so is {other}")
}

/// The host of `AUTH_FORWARD_HOSTS` that a cookie of `AUTH_PUBLIC_URL` never reaches: without a
/// cookie domain it is for one host, whatever the port.
fn host_without_cookie(config: &Config) -> Option<&str> {
    let auth = &config.auth;
    if auth.cookie_domain.is_some() {
        return None;
    }
    let (_, own) = auth.public_url.as_ref()?.as_str().split_once("://")?;
    let own = Host::try_from(own.to_owned()).ok()?;
    let mut hosts = auth.forward_hosts.iter();
    hosts
        .find(|host| host.name() != own.name())
        .map(Host::as_str)
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

#[cfg(test)]
mod tests;
