//! The variables of one environment: the written ones, those that follow from the backends, and the
//! checks of the service itself.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::endpoint::Backend;
use super::setting_file::SettingFile;
use super::{limits, secret_signs};
use crate::deploy::facts;
use crate::schema::{Fault, FaultKind, Kind, Reader, Setting};

/// The settings of `[environments.NAME.settings]`, as texts of variables.
pub(super) fn written(draft: &mut Draft<'_>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (name, value) in &draft.file.settings {
        // Looking for the nearest name takes time: not for faults that are not told.
        if draft.report.is_full() {
            break;
        }
        match read(draft, name, value) {
            Ok(text) => {
                out.insert(name.clone(), text);
            }
            Err(fault) => {
                draft.refuse(fault.kind, &["settings", name], fault.problem, fault.remedy);
            }
        }
    }
    out
}

fn read(draft: &Draft<'_>, name: &str, value: &SettingFile) -> Result<String, Fault> {
    let refused =
        |problem: &str, remedy: String| Err(Fault::new(FaultKind::Invalid, name, problem, remedy));
    let settings = &draft.service.settings;
    let into_secret = format!(
        "take it out, and put the value into the Secret {}",
        facts::secret(draft.service)
    );
    let Some(setting) = settings.get(name) else {
        let of_secret =
            |setting: &Setting| setting.file_variable().is_some_and(|file| file == name);
        if settings.iter().any(of_secret) {
            let remedy = "take it out; the component secret-files mounts secrets as files";
            return refused("names the file of a secret", remedy.to_owned());
        }
        let remedy = match settings.nearest(name) {
            Some(near) => format!("did you mean {}?", near.name),
            None => "take it out".to_owned(),
        };
        return refused("is not a setting", remedy);
    };
    if setting.secret {
        return refused("is a secret, which must not be in this file", into_secret);
    }
    if value.is_list() && !matches!(setting.kind, Kind::List(_) | Kind::Json) {
        return refused("is a list, and the setting takes one value", String::new());
    }
    let text = match value.text(setting) {
        Ok(text) => text,
        Err(problem) => {
            let (problem, remedy) = problem.split_once("; ").unwrap_or((problem, ""));
            return refused(problem, remedy.to_owned());
        }
    };
    if let Some(sign) = secret_signs::of(&text)
        && !draft.service.plain.contains(name)
    {
        let remedy = if setting.reader == Reader::Loader {
            "take it out: a secret has a setting of its own"
        } else {
            "take it out, or list the variable in settings.secrets or settings.plain of the service"
        };
        let problem = format!("has {sign} in it, which must not be in this file");
        return refused(&problem, remedy.to_owned());
    }
    if setting.multiline() && text.contains(char::is_control) {
        return refused("has a control character", "remove it".to_owned());
    }
    setting.parse(&text)?;
    if name == draft.service.environment && text != draft.name {
        return refused(
            "names another environment than the one it stands in",
            "take it out: it follows from the environment".to_owned(),
        );
    }
    Ok(text)
}

/// Adds what follows from the environment's name and from `backends` to `settings`, and refuses
/// what contradicts it.
pub(super) fn add_implied(
    draft: &mut Draft<'_>,
    backends: &BTreeMap<String, Backend>,
    settings: &mut BTreeMap<String, String>,
) {
    let service = draft.service;
    if service.settings.get(&service.environment).is_some() {
        settings.insert(service.environment.clone(), draft.name.to_owned());
    }
    let given = settings.clone();
    for kind in &service.backends {
        let Some(embedded) = &kind.embedded else {
            continue;
        };
        // `0` and `false` are one value, written in two ways.
        let same = |name: &str, text: &str| {
            let value = |text: &str| service.settings.get(name)?.parse(text).ok()?;
            let given = given.get(name)?;
            Some(given == text || (value(given).is_some() && value(given) == value(text)))
        };
        match backends.get(&kind.name) {
            Some(Backend::Embedded) => {
                for (name, text) in &embedded.settings {
                    if same(name, text) == Some(false) {
                        draft.conflict(
                            &["settings", name],
                            format!("contradicts {} = {:?}", kind.name, embedded.word),
                            format!("take it out, or name a {} on the network", kind.name),
                        );
                        continue;
                    }
                    // A secret stays where secrets are; its default has to do.
                    let secret = service.settings.get(name).is_none_or(|known| known.secret);
                    if !secret {
                        settings.insert(name.clone(), text.clone());
                    }
                }
            }
            Some(Backend::Remote(endpoint)) => {
                let chosen = &embedded.settings;
                let all = chosen
                    .iter()
                    .all(|(name, text)| same(name, text) == Some(true));
                if let Some((name, _)) = chosen.first().filter(|_| all) {
                    draft.conflict(
                        &["settings", name],
                        format!("contradicts {} = \"{endpoint}\"", kind.name),
                        format!("take it out, or write {} = {:?}", kind.name, embedded.word),
                    );
                }
            }
            None => {}
        }
    }
}

/// Adds the defaults of sections of which a variable is given: the program takes such a default as a
/// whole, where no variable of the section is set.
pub(super) fn add_of_sections(draft: &mut Draft<'_>, settings: &mut BTreeMap<String, String>) {
    let service = draft.service;
    if !service.settings.iter().any(|setting| setting.of_section) {
        return;
    }
    let written = over(draft, settings, Setting::written_default_in);
    let fetched = draft.file.external_secret.keys.keys();
    let urls = service.backends.iter().map(|kind| &kind.setting);
    let held = fetched.chain(urls).cloned().collect();
    let plain = |name: &str| written.get(name).cloned();
    let held = service.secrets_needed(draft.name, &plain, held);
    let is_given = |setting: &&Setting| {
        written.contains_key(&setting.name) || setting.secret && held.contains(&setting.name)
    };
    let given = service.settings.iter().filter(is_given);
    let given: BTreeSet<&String> = given.filter_map(|setting| setting.path.first()).collect();
    for setting in service.plain_settings().filter(|one| one.of_section) {
        let apart = setting.path.first().is_none_or(|top| !given.contains(top));
        if apart || written.contains_key(&setting.name) || draft.report.is_full() {
            continue;
        }
        let text = setting.default_text().unwrap_or_default();
        if let Err(fault) = setting.parse(&text) {
            let problem = format!("has a default of its section that {}", fault.problem);
            let remedy = "write it here: the program takes it from no variable";
            draft.refuse(fault.kind, &["settings", &setting.name], problem, remedy);
        }
        settings.insert(setting.name.clone(), text);
    }
}

/// Every setting that is not a secret, as the service will find it.
pub(super) fn merged(
    draft: &Draft<'_>,
    settings: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    over(draft, settings, Setting::default_text_in)
}

/// `settings`, and for what they do not say the defaults that `default` tells.
fn over(
    draft: &Draft<'_>,
    settings: &BTreeMap<String, String>,
    default: fn(&Setting, &str) -> Option<String>,
) -> BTreeMap<String, String> {
    let mut merged: BTreeMap<String, String> = draft
        .service
        .plain_settings()
        .filter_map(|setting| Some((setting.name.clone(), default(setting, draft.name)?)))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    merged.extend(settings.clone());
    merged
}

/// Refuses what must be given because of other settings and is not, and advises of what this
/// environment needs: without a file of its own it is rendered all the same. A secret has its place
/// elsewhere, and what is required everywhere has a placeholder.
fn needed(draft: &mut Draft<'_>, merged: &BTreeMap<String, String>) {
    let service = draft.service;
    let fetched = draft.file.external_secret.keys.keys().cloned();
    let plain = |name: &str| merged.get(name).cloned();
    let held = service.secrets_needed(draft.name, &plain, fetched.collect());
    let value = |name: &str| held.get(name).cloned().or_else(|| plain(name));
    // Secrets that the environment asks for whatever the file says.
    let own = service.secrets_needed(draft.name, &|_| None, BTreeSet::new());
    let always = |name: &str| own.get(name).cloned();
    let unset = |one: &&Setting| merged.get(&one.name).is_none_or(String::is_empty);
    let settings = service.plain_settings().filter(|one| !one.required);
    for setting in settings.filter(unset) {
        if let Some(need) = setting.need(draft.name, &value) {
            let problem = format!("{need}, and nothing gives it");
            let path = ["settings", setting.name.as_str()];
            if setting.need(draft.name, &always).is_some() {
                draft.advise(&path, problem, "add it here");
            } else {
                draft.refuse(FaultKind::Missing, &path, problem, "add it here");
            }
        }
    }
}

/// Adds what the service would refuse at its start, and what it would warn of.
pub(super) fn check(draft: &mut Draft<'_>, settings: &BTreeMap<String, String>) {
    let merged = merged(draft, settings);
    needed(draft, &merged);
    limits::listens(draft, &merged);
    let written = over(draft, settings, Setting::written_default_in);
    limits::check(draft, &written);
    let Some(check) = draft.service.check else {
        return;
    };
    // One variable is refused once.
    let failed: BTreeSet<String> = draft
        .file
        .settings
        .keys()
        .filter(|name| draft.failed(&["settings", name]))
        .cloned()
        .collect();
    for fault in check(&merged) {
        if failed.contains(&fault.name) {
            continue;
        }
        let path = ["settings", fault.name.as_str()];
        if fault.kind != FaultKind::Advice {
            draft.refuse(fault.kind, &path, fault.problem, fault.remedy);
            continue;
        }
        // Whether proxies are missing depends on the way in, which the service does not know.
        let is_proxies = draft.service.trusted_proxies.as_ref() == Some(&fault.name);
        let named = merged.get(&fault.name).is_some_and(|text| !text.is_empty());
        if named || !is_proxies {
            draft.advise(&path, fault.problem, fault.remedy);
        }
    }
}

#[cfg(test)]
mod tests;
