//! Errors of the command line: an option that nobody knows may be a setting.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::config::Config;

/// Adds a tip to the refusal of an unknown option that is called like a setting: `--port` names
/// `SERVER_PORT`.
pub(super) fn explain(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg)
        && let Some(name) = setting(option)
    {
        let tip = format!(
            "settings are environment variables: write {name}=VALUE before the command; \
             `aura config explain {name}` says more"
        );
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

/// The setting that `option` is called like: its whole name, the name without its section where
/// one setting alone ends so, and otherwise that of the section of the server.
fn setting(option: &str) -> Option<String> {
    let name = option.strip_prefix("--")?.split('=').next()?;
    let name = name.to_ascii_uppercase().replace('-', "_");
    let settings = Config::settings().ok()?;
    for whole in [name.clone(), format!("SERVER_{name}")] {
        if settings.get(&whole).is_some() {
            return Some(whole);
        }
    }
    let end = format!("_{name}");
    let mut ending = settings.iter().filter(|one| one.name.ends_with(&end));
    let one = ending.next()?;
    ending.next().is_none().then(|| one.name.clone())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn an_unknown_option_names_the_setting_that_it_is_called_like() {
        for (line, name) in [
            ("aura serve --port 8001", "SERVER_PORT"),
            ("aura serve --port=8001", "SERVER_PORT"),
            ("aura serve --dev --host 0.0.0.0", "SERVER_HOST"),
            ("aura serve --database-url sqlite://x", "DATABASE_URL"),
            ("aura serve --log-level debug", "LOG_LEVEL"),
            ("aura user --bcrypt-cost 11 list", "PASSWORD_BCRYPT_COST"),
        ] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            let error = explain(error);
            let text = error.to_string();
            assert!(text.contains(&format!("write {name}=VALUE")), "{text}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        // A suffix that many settings share, such as _URL, points to none of them.
        for line in ["aura serve --url x", "aura serve --nonsense", "aura srve"] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert!(!explain(error).to_string().contains("VALUE"), "{line}");
        }
    }
}
