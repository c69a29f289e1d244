//! Comparison of two lists of settings; the caller has the older one.

use super::note::{Added, Changed, Difference, Note, Renamed};
use super::renames;
use crate::deploy::{facts, prose};
use crate::schema::{Condition, Setting, Settings};

/// Compares the settings of an older version with those of this one.
///
/// A removed and an added setting are one that was renamed where both have the same docs and kind,
/// or where they are of one section and kind and their names are alike.
#[must_use]
pub fn upgrade_note(old: &Settings, new: &Settings) -> Note {
    let gone: Vec<_> = old
        .iter()
        .filter(|one| new.get(&one.name).is_none())
        .collect();
    let came: Vec<_> = new
        .iter()
        .filter(|one| old.get(&one.name).is_none())
        .collect();
    let renamed = renames::find(&gone, &came);
    let is_old = |name: &str| renamed.iter().any(|(from, _)| from.name == name);
    let previous = |setting: &Setting| {
        let renamed = renamed.iter().find(|(_, to)| to.name == setting.name);
        renamed.map_or_else(|| old.get(&setting.name), |(from, _)| Some(*from))
    };
    let mut note = Note {
        removed: gone
            .iter()
            .filter(|one| !is_old(&one.name))
            .map(|one| one.name.clone())
            .collect(),
        ..Note::default()
    };
    for setting in new {
        match previous(setting) {
            None => note.added.push(added(setting)),
            Some(before) => {
                if before.name != setting.name {
                    note.renamed.push(Renamed {
                        from: before.name.clone(),
                        to: setting.name.clone(),
                    });
                }
                differences(before, setting, &mut note.changed);
            }
        }
    }
    note
}

fn added(setting: &Setting) -> Added {
    Added {
        name: setting.name.clone(),
        summary: setting.summary(),
        default: setting.default_text().filter(|_| !setting.secret),
        required: facts::required(setting),
        secret: setting.secret,
    }
}

/// Adds what is different between `old` and `new`.
fn differences(old: &Setting, new: &Setting, changed: &mut Vec<Changed>) {
    let mut differ = |what, from: String, to: String| {
        changed.push(Changed {
            name: new.name.clone(),
            what,
            from,
            to,
        });
    };
    let is_new_place = |place: &String| !old.required_in.contains(place);
    let is_new_condition = |condition: &Condition| !old.required_when.contains(condition);
    let stricter = new.required
        || new.required_in.iter().any(is_new_place)
        || new.required_when.iter().any(is_new_condition);
    if !old.required && stricter {
        differ(
            Difference::Required,
            facts::required(old),
            facts::required(new),
        );
    }
    if old.secret != new.secret {
        let word = |setting: &Setting| if setting.secret { "secret" } else { "plain" };
        differ(
            Difference::Secrecy,
            word(old).to_owned(),
            word(new).to_owned(),
        );
    }
    if old.kind != new.kind {
        differ(Difference::Kind, facts::kind(old), facts::kind(new));
    }
    let allowed = |setting: &Setting| setting.allowed().unwrap_or_else(|| "any".to_owned());
    if allowed(old) != allowed(new) {
        differ(Difference::Allowed, allowed(old), allowed(new));
    }
    if old.default != new.default || old.default_in != new.default_in {
        differ(Difference::Default, default(old), default(new));
    }
    if new.deprecated && !old.deprecated {
        differ(Difference::Deprecated, "no".to_owned(), "yes".to_owned());
    }
}

/// The default in words; not that of a secret, for an older schema may be anybody's.
fn default(setting: &Setting) -> String {
    let shown = |value: Option<String>| match value {
        None => "none".to_owned(),
        Some(_) if setting.secret => "another".to_owned(),
        Some(value) if value.is_empty() => "empty".to_owned(),
        Some(value) => prose::one_line(&value),
    };
    let mut text = shown(setting.default_text());
    for environment in setting.default_in.keys() {
        let own = shown(setting.default_text_in(environment));
        text = format!("{text} (in {environment}: {own})");
    }
    text
}

#[cfg(test)]
mod tests;
