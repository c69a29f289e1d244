//! Advice to administrators as sentences. The rules are in `config/advice.rs`.

use poem_openapi::Object;

use crate::config::Config;
use crate::schema::Loaded;

/// A change to make before production.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "ConfigurationAdvice")]
pub struct Advice {
    /// The variable.
    pub setting: String,
    /// The problem and its remedy, with code in backticks.
    pub text: String,
}

/// Changes to make to `loaded` before real users come: the warnings of its loader first, then the
/// advice that no load gives.
pub(super) fn advice(loaded: &Loaded<Config>) -> Vec<Advice> {
    let mut faults = loaded.warnings.clone();
    let more = Config::advice(loaded).into_iter();
    faults.extend(more.filter(|one| !loaded.warnings.contains(one)));
    let advice = faults.into_iter().map(|fault| Advice {
        text: sentence(&fault.name, &fault.problem, &fault.remedy),
        setting: fault.name,
    });
    advice.collect()
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
