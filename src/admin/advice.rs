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
mod tests {
    use super::*;
    use crate::schema::Environment;

    const KEY: &str = "canary-Zk3v0yT1mE8qWn5aRb7uXc2dLf9h";

    fn loaded(variables: &[(&str, &str)]) -> Loaded<Config> {
        let environment: Environment = variables.iter().copied().collect();
        let loader = Config::loader(environment).unwrap();
        Config::load(&loader).unwrap()
    }

    fn names(loaded: &Loaded<Config>) -> Vec<String> {
        let advice = advice(loaded).into_iter();
        advice.map(|advice| advice.setting).collect()
    }

    const PRODUCTION: &[(&str, &str)] = &[
        ("ENVIRONMENT", "production"),
        ("JWT_SECRET_KEY", KEY),
        ("DATABASE_URL", "postgres://aura:canary@postgres/aura"),
        ("REDIS_URL", "redis://:canary@redis"),
        ("SERVER_TRUSTED_PROXIES", "10.0.12.0/28"),
    ];

    #[test]
    fn every_rule_is_about_a_setting_and_speaks_in_sentences() {
        let settings = Config::settings().unwrap();
        for rule in RULES {
            assert!(settings.get(rule.setting).is_some(), "{}", rule.setting);
            assert!(rule.text.ends_with('.'), "{}", rule.text);
        }
    }

    #[test]
    fn nothing_is_said_of_a_good_production() {
        assert_eq!(names(&loaded(PRODUCTION)), [""; 0]);
    }

    #[test]
    fn a_server_that_nobody_has_set_up_hears_it_all() {
        let names = names(&loaded(&[]));
        let expected = [
            "ENVIRONMENT",
            "JWT_SECRET_KEY",
            "DATABASE_URL",
            "REDIS_URL",
            "AUTH_REGISTRATION",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn each_rule_speaks_of_what_it_is_about() {
        for (name, value) in [
            ("DATABASE_URL", "sqlite:///var/lib/aura/aura.db"),
            ("REDIS_ENABLED", "false"),
            ("PASSWORD_BCRYPT_COST", "11"),
            ("AUTH_REGISTRATION", "open"),
            ("SERVER_TRUSTED_PROXIES", ""),
            ("SERVER_TRUSTED_PROXIES", "10.0.0.0/8"),
            ("RATE_LIMIT_ENABLED", "false"),
            ("RATE_LIMIT_FAIL_MODE", "open"),
            ("REDIS_RATE_LIMIT_DB", "2"),
        ] {
            let mut variables: Vec<_> = PRODUCTION.to_vec();
            variables.retain(|(known, _)| *known != name);
            variables.push((name, value));
            let advice = advice(&loaded(&variables));
            let [one] = advice.as_slice() else {
                panic!("{name}: {advice:#?}");
            };
            assert!(
                one.text.contains(' ') && !one.text.contains("canary"),
                "{one:?}"
            );
        }
    }

    #[test]
    fn warnings_become_sentences() {
        for (problem, remedy, text) in [
            ("is odd", "", "`X` is odd."),
            ("is odd", "mend it", "`X` is odd; mend it."),
            (
                "is not a setting",
                "did you mean Y?",
                "`X` is not a setting; did you mean Y?",
            ),
            (
                "\"tcp://a\" is a link",
                "cut it",
                "`X`: \"tcp://a\" is a link; cut it.",
            ),
        ] {
            assert_eq!(sentence("X", problem, remedy), text);
        }
    }

    #[test]
    fn what_the_loader_warned_of_is_said_once() {
        let variables: Vec<_> = PRODUCTION
            .iter()
            .copied()
            .filter(|(name, _)| *name != "DATABASE_URL")
            .collect();
        let advice = advice(&loaded(&variables));
        assert_eq!(advice.len(), 1, "{advice:#?}");
        assert!(
            advice[0]
                .text
                .starts_with("`DATABASE_URL` is an SQLite file")
        );
    }
}
