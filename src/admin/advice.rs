//! What a server that real users sign in to should not be left at, each with a reason in plain
//! words. The rules are one table; what the loader has warned of comes before them.

use poem_openapi::Object;

use super::configuration::is_default;
use crate::config::{Config, Engine, Registration, Tier};
use crate::schema::{Fault, Loaded};

/// Something that production should change.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "ConfigurationAdvice")]
pub struct Advice {
    /// The variable.
    pub setting: String,
    /// What is wrong with it and what to do, with code in backticks.
    pub text: String,
}

/// A rule: about which setting, when it speaks, and what it says.
struct Rule {
    setting: &'static str,
    speaks: fn(&Loaded<Config>) -> bool,
    text: &'static str,
}

fn is_development(loaded: &Loaded<Config>) -> bool {
    loaded.value.environment == Tier::Development
}

fn at_default(loaded: &Loaded<Config>, name: &str) -> bool {
    loaded.origin(name).is_none_or(is_default)
}

const RULES: &[Rule] = &[
    Rule {
        setting: "ENVIRONMENT",
        speaks: is_development,
        text: "This server runs as `development`: a missing signing key is made up, and a variable \
               with a slip in its name is passed over. Where real users sign in, set \
               `ENVIRONMENT=production`.",
    },
    Rule {
        setting: "JWT_SECRET_KEY",
        speaks: |loaded| loaded.value.jwt.secret_key.is_none(),
        text: "Tokens are signed with a key that this process made up: a restart signs everybody \
               out, and no other replica takes its tokens. Make one with `aura key generate`.",
    },
    Rule {
        setting: "JWT_SECRET_KEY",
        speaks: |loaded| {
            loaded.value.jwt.secret_key.is_some() && at_default(loaded, "JWT_SECRET_KEY")
        },
        text: "The signing key is the one that `aura serve --dev` made and keeps in `.aura/`. Make \
               one for production with `aura key generate`, and keep it in a Secret.",
    },
    Rule {
        setting: "DATABASE_URL",
        speaks: |loaded| loaded.value.database.url.expose().engine() == Engine::Sqlite,
        text: "Accounts are in an SQLite file, which one replica alone can use, and which is lost \
               with its disk. Use `postgres://`, or keep the file on a volume that is backed up.",
    },
    Rule {
        setting: "REDIS_ENABLED",
        speaks: |loaded| !loaded.value.redis.enabled,
        text: "Sessions and limits are in the memory of this process: a restart signs everybody \
               out, and there can be one replica only. Set `REDIS_URL` and `REDIS_ENABLED=true`.",
    },
    Rule {
        setting: "REDIS_URL",
        speaks: |loaded| loaded.value.redis.enabled && at_default(loaded, "REDIS_URL"),
        text: "Redis is looked for at `localhost`, without a password. In a container that is the \
               container itself: set `REDIS_URL` to where Redis is.",
    },
    Rule {
        setting: "AUTH_REGISTRATION",
        speaks: |loaded| {
            loaded.value.auth.registration == Registration::Open
                && at_default(loaded, "AUTH_REGISTRATION")
        },
        text: "Anybody who reaches this server can make an account. In staging and production the \
               default is `closed`.",
    },
];

/// What `loaded` should change before real users come, and what its loader warned of.
pub(super) fn advice(loaded: &Loaded<Config>) -> Vec<Advice> {
    let is_told = |one: &Fault| loaded.warnings.contains(one);
    let mut exposures = loaded.value.exposures();
    exposures.retain(|one| !is_told(one));
    let warned = loaded
        .warnings
        .iter()
        .chain(&exposures)
        .map(|warning| Advice {
            setting: warning.name.clone(),
            text: sentence(&warning.name, &warning.problem, &warning.remedy),
        });
    let mut advice: Vec<Advice> = warned.collect();
    let said = advice.len();
    for rule in RULES {
        let known = advice
            .iter()
            .take(said)
            .any(|one| one.setting == rule.setting);
        if !known && (rule.speaks)(loaded) {
            advice.push(Advice {
                setting: rule.setting.to_owned(),
                text: rule.text.to_owned(),
            });
        }
    }
    advice
}

/// A warning as a sentence: its problem is one without its subject, or begins with the value.
fn sentence(name: &str, problem: &str, remedy: &str) -> String {
    let colon = if problem.starts_with('"') { ":" } else { "" };
    let parts = [problem, remedy].map(str::trim);
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let said = said.join("; ");
    let end = if said.ends_with(['.', '?']) { "" } else { "." };
    format!("`{name}`{colon} {said}{end}")
}

#[cfg(test)]
mod tests;
