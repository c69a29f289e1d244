//! Variables and files that are not read, and the settings they were probably meant as.

use super::env::Environment;
use super::fault::{Fault, FaultKind};
use super::setting::{Setting, Settings};
use super::source::SecretsDir;
use super::{suggest, value};

/// Faults of variables that are not settings and hold the placeholder of a generated file: they
/// came from a file of ours, so they are meant.
pub(super) fn placeholders(settings: &Settings, environment: &Environment) -> Vec<Fault> {
    let strays = environment
        .iter()
        .filter(|(name, _)| !is_read(settings, name));
    strays
        .filter_map(|(name, text)| value::refuse_placeholder(name, text.unwrap_or_default()).err())
        .collect()
}

/// Warnings of variables that are right and still look unintended.
pub(super) fn warnings(
    settings: &Settings,
    environment: &Environment,
    dir: &SecretsDir,
    secrets_variable: Option<&str>,
) -> Vec<Fault> {
    let variables = environment.iter().filter_map(|(name, text)| {
        if let Some(setting) = settings.get(name) {
            return setting.deprecated.then(|| deprecated(setting));
        }
        let text = text.unwrap_or_default();
        if is_read(settings, name) || secrets_variable == Some(name) {
            None
        } else {
            stranger(settings, name, text, secrets_variable)
        }
    });
    let names = || settings.iter().map(|setting| setting.name.as_str());
    let files = dir.files.iter().filter(|name| settings.get(name).is_none());
    let files = files.filter_map(|name| {
        let near = suggest::near_miss(name, names())?;
        Some(near_miss(
            name,
            near,
            "is a file in the secrets directory, and not a setting",
        ))
    });
    variables.chain(files).collect()
}

impl Settings {
    /// Checks whether `name` is not a setting, but so nearly one that the loader warns of it.
    #[must_use]
    pub fn is_near_miss(&self, name: &str) -> bool {
        let fault = (!is_read(self, name)).then(|| stranger(self, name, "", None));
        fault
            .flatten()
            .is_some_and(|fault| fault.kind == FaultKind::NearMiss)
    }
}

/// Checks whether `name` is a setting, or names the file of a secret.
fn is_read(settings: &Settings, name: &str) -> bool {
    let of_file = || settings.get(name.strip_suffix("_FILE")?);
    settings.get(name).is_some() || of_file().is_some_and(|setting| setting.secret)
}

/// The setting that an unknown variable may have been meant as.
fn stranger(
    settings: &Settings,
    name: &str,
    text: &str,
    secrets_variable: Option<&str>,
) -> Option<Fault> {
    if value::is_service_link(text) {
        let sections = settings.sections().iter();
        let mut prefixes = sections.map(|section| section.path.join("_").to_uppercase() + "_");
        // One Service makes seven variables; `<SERVICE>_PORT` alone speaks for all of them.
        let ours = name.ends_with("_PORT") && prefixes.any(|prefix| name.starts_with(&prefix));
        return ours.then(|| {
            Fault::new(
                FaultKind::ServiceLink,
                name,
                format!("{text:?} is a Kubernetes service link, not a setting"),
                value::UNLINK,
            )
        });
    }
    // The other six.
    if name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.contains("_TCP") {
        return None;
    }
    let base = name
        .strip_suffix("_FILE")
        .and_then(|base| settings.get(base));
    if let Some(setting) = base {
        return Some(Fault::new(
            FaultKind::Advice,
            name,
            format!(
                "is not read: {} is not a secret, and only secrets have files",
                setting.name
            ),
            format!("set {} instead", setting.name),
        ));
    }
    let known: Vec<String> = settings
        .iter()
        .flat_map(|setting| [Some(setting.name.clone()), setting.file_variable()])
        .flatten()
        .chain(secrets_variable.map(str::to_owned))
        .collect();
    let near = suggest::near_miss(name, known.iter().map(String::as_str))?;
    Some(near_miss(name, near, "is not a setting"))
}

fn near_miss(name: &str, near: &str, what: &str) -> Fault {
    Fault::new(
        FaultKind::NearMiss,
        name,
        what,
        format!("did you mean {near}?"),
    )
}

fn deprecated(setting: &Setting) -> Fault {
    Fault::new(
        FaultKind::Advice,
        &setting.name,
        "is deprecated",
        setting.summary(),
    )
}
