//! The note as data, and as Markdown: what has to be done first.

use std::fmt;

use serde::Serialize;

use crate::deploy::markdown::{code, line, text};

/// Changes between two versions of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Settings that are new.
    pub added: Vec<Added>,
    /// Settings that are gone, and were not renamed as far as can be seen.
    pub removed: Vec<String>,
    /// Settings that look the same under another name.
    pub renamed: Vec<Renamed>,
    /// Differences of the settings that stayed, renamed ones under their new names.
    pub changed: Vec<Changed>,
}

/// A new setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Added {
    /// The variable.
    pub name: String,
    /// Its docs in short.
    pub summary: String,
    /// Its default; none where there is none, and for a secret.
    pub default: Option<String>,
    /// `yes` if a value must be given, `no`, or `in` and the environments.
    pub required: String,
    /// True if it is a secret.
    pub secret: bool,
}

/// A setting under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// The old variable.
    pub from: String,
    /// The new one.
    pub to: String,
}

/// One difference of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The variable.
    pub name: String,
    /// The property that differs.
    pub what: Difference,
    /// As it was, in words.
    pub from: String,
    /// As it is, in words.
    pub to: String,
}

/// Property of a setting that can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// A value must be given where none was needed.
    Required,
    /// It became a secret, or is none any more.
    Secrecy,
    /// It is read as something else.
    Kind,
    /// Other values or another range are allowed.
    Allowed,
    /// The value that holds where none is given.
    Default,
    /// It is on its way out.
    Deprecated,
}

impl Note {
    /// Checks whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tasks of an operator before the update.
    fn tasks(&self) -> Vec<String> {
        let mut tasks = Vec::new();
        for one in self.added.iter().filter(|one| one.required != "no") {
            let place = one.required.strip_prefix("in ");
            let place = place.map_or(String::new(), |place| format!(" in {}", text(place)));
            tasks.push(format!("Set {}{place}.", code(&one.name)));
        }
        for one in &self.renamed {
            tasks.push(format!("Rename {} to {}.", code(&one.from), code(&one.to)));
        }
        for name in &self.removed {
            tasks.push(format!("Remove {}; it is no longer read.", code(name)));
        }
        for one in &self.changed {
            let name = code(&one.name);
            match one.what {
                Difference::Required => {
                    let place = one.to.strip_prefix("in ");
                    let place = place.map_or(String::new(), |place| format!(" in {}", text(place)));
                    tasks.push(format!("Set {name}{place}."));
                }
                Difference::Secrecy if one.to == "secret" => {
                    tasks.push(format!("Move {name} from the ConfigMap into the Secret."));
                }
                Difference::Secrecy => {
                    tasks.push(format!("Move {name} from the Secret into the ConfigMap."));
                }
                Difference::Kind | Difference::Allowed => {
                    tasks.push(format!("Look at your value of {name}, if you set one."));
                }
                Difference::Default | Difference::Deprecated => {}
            }
        }
        tasks
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("No setting has changed.\n");
        }
        f.write_str("# What changed of the settings\n")?;
        let added = self.added.iter().map(|one| {
            let summary = line(&one.summary);
            let gap = if summary.is_empty() { "" } else { ": " };
            let default = one.default.as_ref().map_or(String::new(), |default| {
                format!(" (default {})", code(default))
            });
            let secret = if one.secret { " (secret)" } else { "" };
            format!("{}{gap}{summary}{default}{secret}", code(&one.name))
        });
        let removed = self.removed.iter().map(|name| code(name));
        let renamed = self.renamed.iter();
        let renamed = renamed.map(|one| format!("{} is {}", code(&one.from), code(&one.to)));
        list(f, "To do", &self.tasks())?;
        list(f, "Added", &added.collect::<Vec<_>>())?;
        list(f, "Removed", &removed.collect::<Vec<_>>())?;
        list(f, "Renamed", &renamed.collect::<Vec<_>>())?;
        let changed = self.changed.iter().map(change);
        list(f, "Changed", &changed.collect::<Vec<_>>())
    }
}

fn change(one: &Changed) -> String {
    let name = code(&one.name);
    let (from, to) = (text(&one.from), text(&one.to));
    match one.what {
        Difference::Required => format!("{name}: required: {to} (was: {from})"),
        Difference::Secrecy => format!("{name}: is {to} (was: {from})"),
        Difference::Kind => format!("{name}: is read as {to} (was: {from})"),
        Difference::Allowed => format!("{name}: allowed is {to} (was: {from})"),
        Difference::Default => format!("{name}: the default is {to} (was: {from})"),
        Difference::Deprecated => format!("{name}: is deprecated, and will go"),
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, items: &[String]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(f, "\n## {title}\n\n")?;
    items.iter().try_for_each(|item| writeln!(f, "- {item}"))
}
