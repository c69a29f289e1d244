//! `aura config explain`: what a setting does, what it takes, what it is here, and where it stands
//! in the manifests.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::config_from::inputs;
use super::generate::project::aura;
use super::{USAGE, config_text};
use crate::config::Config;
use crate::deploy::env_docs::{describe, explain};
use crate::deploy::service::Service;
use crate::inspect::input::Inputs;
use crate::inspect::occurrence::occurrences;
use crate::schema::{Loader, Setting};

/// Explains the setting `name` with its value as `loader` finds it, or all of them without; given
/// `from`, with every line there that names it. Gives the exit code.
pub(super) fn run(
    name: Option<&str>,
    from: Option<&Path>,
    json: bool,
    loader: &Loader,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<u8> {
    let service = aura()?;
    let settings: Vec<&Setting> = if let Some(name) = name {
        let Some(setting) = service.settings.get(&name.to_ascii_uppercase()) else {
            writeln!(err, "{}", unknown(&service, name))?;
            return Ok(USAGE);
        };
        vec![setting]
    } else {
        service.settings.iter().collect()
    };
    let here = match settings.as_slice() {
        [one] if name.is_some() => Some(here(one, loader)),
        _ => None,
    };
    let inputs = from.map(inputs);
    let explained = settings.into_iter().map(|setting| Explained {
        service: &service,
        setting,
        here: here.as_ref(),
        found: inputs.as_ref().map(|inputs| found(setting, inputs)),
    });
    let explained: Vec<Explained> = explained.collect();
    if let Some(first) = explained.first() {
        // Unreadable manifests are the same for all settings: report them once.
        for problem in first.found.iter().flat_map(|found| &found.unread) {
            writeln!(err, "warning: {problem}")?;
        }
    }
    if !json {
        let texts: Vec<String> = explained.iter().map(Explained::text).collect();
        out.write_all(texts.join("\n").as_bytes())?;
    } else if let (Some(_), [one]) = (name, explained.as_slice()) {
        writeln!(out, "{:#}", one.json())?;
    } else {
        let all: Value = explained.iter().map(Explained::json).collect();
        writeln!(out, "{all:#}")?;
    }
    Ok(0)
}

/// The answer to a name that no setting has.
fn unknown(service: &Service, name: &str) -> String {
    let near = service.settings.nearest(name);
    let near = near.map_or_else(String::new, |near| format!("did you mean {}? ", near.name));
    format!("error: no setting is named {name:?}; {near}`aura config explain` lists all of them")
}

/// A setting, what it is here, and where it was found.
struct Explained<'a> {
    service: &'a Service,
    setting: &'a Setting,
    here: Option<&'a Here>,
    found: Option<Found>,
}

/// The value of a setting in the environment of this process, in words and as a member.
struct Here {
    text: String,
    json: Value,
}

/// The value of `setting` as `loader` finds it, or the fault of it there. Whatever else is wrong is
/// the business of `config check`.
fn here(setting: &Setting, loader: &Loader) -> Here {
    let (entries, faults) = match Config::load(loader) {
        Ok(config) => (config.entries, Vec::new()),
        Err(faults) => {
            let entries = loader.resolve::<Value>().entries;
            (entries, faults.iter().cloned().collect())
        }
    };
    if let Some(fault) = faults.iter().find(|fault| fault.name == setting.name) {
        return Here {
            text: fault.problem.clone(),
            json: json!({ "fault": fault }),
        };
    }
    let entry = entries.iter().find(|entry| entry.name == setting.name);
    Here {
        text: entry.map_or_else(String::new, config_text::value),
        json: entry.map_or(Value::Null, config_text::entry_json),
    }
}

/// The lines that name a setting, and what could not be read.
struct Found {
    lines: Vec<String>,
    json: Value,
    unread: Vec<String>,
}

fn found(setting: &Setting, inputs: &Inputs) -> Found {
    let (occurrences, findings) = occurrences(setting, inputs);
    Found {
        lines: occurrences.iter().map(ToString::to_string).collect(),
        json: json!(occurrences),
        unread: findings.iter().map(ToString::to_string).collect(),
    }
}

impl Explained<'_> {
    fn text(&self) -> String {
        let here = self
            .here
            .map(|here| ("Value here", vec![here.text.clone()]));
        let found = self.found.as_ref().map(|found| match &found.lines[..] {
            [] => ("Written in", vec!["no file there".to_owned()]),
            lines => ("Written in", lines.to_vec()),
        });
        let more: Vec<_> = here.into_iter().chain(found).collect();
        explain(self.service, self.setting, &more)
    }

    fn json(&self) -> Value {
        let mut object = describe(self.service, self.setting);
        if let Some(here) = self.here {
            object["here"] = here.json.clone();
        }
        if let Some(found) = &self.found {
            object["written_in"] = found.json.clone();
        }
        object
    }
}
