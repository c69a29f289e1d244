//! The loader: settings and an environment to a typed configuration, all faults at once.
//!
//! Texts become JSON by what the schema says of each setting, defaults and requirements of an
//! environment included; serde then builds the value (`refusal.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::digest::FileDigests;
use super::env::Environment;
use super::fault::{Fault, FaultKind, Faults};
use super::refusal::{self, Refusal};
use super::resolution::{Entry, Loaded, Origin, Resolution, Shown};
use super::secret::VOUCHED;
use super::setting::{Kind, Setting, Settings};
use super::source::{self, SecretsDir};
use super::{node, stray, value};

/// Reads settings from an environment.
#[derive(Debug)]
#[must_use]
pub struct Loader {
    settings: Settings,
    environment: Environment,
    secrets_dir: Option<PathBuf>,
    secrets_variable: Option<String>,
    defaults: BTreeMap<String, String>,
    environment_setting: Option<String>,
    secrets_elsewhere: bool,
    strict_names: bool,
}

impl Loader {
    /// Reads `settings` from `environment`.
    pub fn new(settings: Settings, environment: Environment) -> Self {
        Self {
            settings,
            environment,
            secrets_dir: None,
            secrets_variable: None,
            defaults: BTreeMap::new(),
            environment_setting: None,
            secrets_elsewhere: false,
            strict_names: false,
        }
    }

    /// Also reads a directory that holds one file a variable.
    pub fn secrets_dir(mut self, dir: Option<PathBuf>) -> Self {
        self.secrets_dir = dir;
        self
    }

    /// Also reads the directory that the variable `name` names, where [`Loader::secrets_dir`] names
    /// none: what holds for a process then holds for every command that is run beside it.
    pub fn secrets_variable(mut self, name: &str) -> Self {
        self.secrets_variable = Some(name.to_owned());
        self
    }

    /// Defaults by variable that are weaker than whatever is given, and stronger than built-in.
    pub fn defaults(mut self, overlay: &[(&str, String)]) -> Self {
        let overlay = overlay.iter().cloned();
        self.defaults
            .extend(overlay.map(|(name, text)| (name.to_owned(), text)));
        self
    }

    /// Names the setting that holds the name of the environment, by which `x-default-in` and
    /// `x-required-in` go.
    pub fn environment_setting(mut self, name: &str) -> Self {
        self.environment_setting = Some(name.to_owned());
        self
    }

    /// Takes required secrets that are not here for present: they are set where the service runs.
    pub fn secrets_elsewhere(mut self, elsewhere: bool) -> Self {
        self.secrets_elsewhere = elsewhere;
        self
    }

    /// Makes a name that is nearly a setting's a fault rather than a warning.
    pub fn strict_names(mut self, strict: bool) -> Self {
        self.strict_names = strict;
        self
    }

    /// Digests of the settings that come from files, as these are at this moment.
    #[must_use]
    pub fn file_digests(&self) -> FileDigests {
        FileDigests::of(&self.settings, &self.environment, self.secrets())
    }

    /// Tells whether required secrets count as present.
    #[must_use]
    pub fn expects_secrets_elsewhere(&self) -> bool {
        self.secrets_elsewhere
    }

    /// The configuration, or everything that is wrong with it.
    pub fn load<T: DeserializeOwned>(&self) -> Result<Loaded<T>, Faults> {
        self.resolve().finish()
    }

    /// The configuration so far, for a caller who has checks to add.
    #[must_use]
    pub fn resolve<T: DeserializeOwned>(&self) -> Resolution<T> {
        let mut tree = Value::Object(Map::new());
        let mut state = State::default();
        let dir = self.secrets().unwrap_or_else(|fault| {
            state.faults.push(fault);
            SecretsDir::default()
        });
        for setting in &self.settings {
            self.read(setting, &dir, &mut tree, &mut state);
        }
        let unknown = |name: &&String| self.settings.get(name).is_none();
        for name in self.defaults.keys().filter(unknown) {
            let problem = "is not a setting";
            let fault = Fault::new(FaultKind::Invalid, name, problem, "give it no default");
            state.faults.push(fault);
        }
        let strays = stray::placeholders(&self.settings, &self.environment);
        state.faults.extend(strays);
        // Before serde builds the value, which has to hold the defaults of the environment.
        let environment = self.environment_of(&state.entries);
        self.settle_defaults(&environment, &mut tree, &mut state.entries);
        let value = refusal::build(&mut tree, |tree, refusal| {
            self.take_out(tree, &refusal, &mut state)
        });
        let variable = self.secrets_variable.as_deref();
        let mut warnings = stray::warnings(&self.settings, &self.environment, &dir, variable);
        warnings.extend(state.entries.iter().filter_map(source::exposed));
        let mut resolution = Resolution {
            value,
            entries: state.entries,
            faults: state.faults,
            warnings,
            failed: state.failed,
        };
        if self.strict_names {
            resolution.refuse_near_misses();
        }
        // Where the value could not be built, the missing settings are among its faults already.
        if resolution.value.is_some() {
            self.require(&mut resolution, &environment);
        }
        resolution
    }

    /// The name of the environment; empty where no setting holds it.
    fn environment_of(&self, entries: &[Entry]) -> String {
        let name = self.environment_setting.as_ref();
        let entry = name.and_then(|name| entries.iter().find(|entry| entry.name == *name));
        entry
            .and_then(|entry| entry.shown.text())
            .unwrap_or_default()
    }

    /// Puts the defaults of `environment` (`x-default-in`) into `tree` for what is not given.
    fn settle_defaults(&self, environment: &str, tree: &mut Value, entries: &mut [Entry]) {
        for (setting, entry) in self.settings.iter().zip(entries) {
            let own = setting.default_in.get(environment);
            if let Some(value) = own.filter(|_| entry.origin == Origin::Default) {
                insert(tree, &setting.path, value.clone());
                entry.shown = Shown::Value(value.clone());
            }
        }
    }

    /// Refuses what must be given in `environment` with the settings of `resolution`
    /// (`x-required-in`, `x-required-when`) and is not; secrets only where they are not set
    /// elsewhere.
    fn require<T>(&self, resolution: &mut Resolution<T>, environment: &str) {
        let value = |name: &str| {
            let entry = resolution.entries.iter().find(|entry| entry.name == name);
            entry.and_then(|entry| entry.shown.text())
        };
        let here = |setting: &&Setting| !(setting.secret && self.secrets_elsewhere);
        let unset = |setting: &&Setting| value(&setting.name).is_none();
        let settings = self.settings.iter().filter(here).filter(unset);
        let missing: Vec<Fault> = settings
            .filter_map(|setting| Some(missing(setting, &setting.need(environment, &value)?)))
            .collect();
        for fault in missing {
            resolution.refuse(fault);
        }
    }

    /// The mounted directory; an empty one where none is named.
    fn secrets(&self) -> Result<SecretsDir, Fault> {
        match (&self.secrets_dir, &self.secrets_variable) {
            (Some(path), _) => SecretsDir::open("--secrets-dir", path),
            (None, Some(name)) => SecretsDir::named_by(name, &self.environment),
            (None, None) => Ok(SecretsDir::default()),
        }
    }

    /// Puts the value of `setting` into the tree, or a fault beside it.
    fn read(&self, setting: &Setting, dir: &SecretsDir, tree: &mut Value, state: &mut State) {
        let read = source::find(setting, &self.environment, dir).and_then(|found| {
            let overlay = self.defaults.get(&setting.name).cloned();
            let found = found.or(overlay.map(|text| (text, Origin::DevDefault)));
            let Some((text, origin)) = found else {
                return Ok(None);
            };
            let value = setting.parse(&text)?;
            Ok(value.map(|value| (value, origin)))
        });
        let mut origin = Origin::Default;
        match read {
            Ok(Some((value, from))) => {
                origin = from;
                insert(tree, &setting.path, value);
            }
            Ok(None) if setting.required && setting.secret && self.secrets_elsewhere => {
                origin = Origin::Elsewhere;
                state.stand_in(tree, setting);
            }
            Ok(None) if setting.required => {
                state.refuse(setting, missing(setting, "is required"));
                state.stand_in(tree, setting);
            }
            Ok(None) => {}
            Err(fault) => {
                state.refuse(setting, fault);
                if setting.required {
                    state.stand_in(tree, setting);
                }
            }
        }
        let given = get(tree, &setting.path).or(setting.default.as_ref());
        let shown = match given {
            None => Shown::NotSet,
            Some(_) if setting.secret && origin != Origin::Default => Shown::Redacted,
            Some(value) => Shown::Value(value.clone()),
        };
        state.entries.push(Entry {
            name: setting.name.clone(),
            origin,
            shown,
        });
    }

    /// Takes the setting that serde refuses out of `tree`, and notes why.
    fn take_out(&self, tree: &mut Value, refusal: &Refusal, state: &mut State) -> Option<()> {
        let path = &refusal.path;
        let setting = self.settings.iter().find(|one| path.starts_with(&one.path));
        let given = setting.and_then(|one| refusal::remove(tree, &one.path));
        let (Some(setting), Some(given)) = (setting, given) else {
            if state.faults.is_empty() {
                let (at, problem) = (path.join("."), &refusal.message);
                state
                    .faults
                    .push(Fault::new(FaultKind::Invalid, at, problem, ""));
            }
            return None;
        };
        if state.stand_ins.remove(&setting.name) {
            // Nothing stands in for a required value that the type is particular about.
            if setting.required && !state.failed.contains(&setting.name) {
                state.refuse(setting, missing(setting, "is required"));
            }
            return None;
        }
        state.refuse(setting, refused(setting, &given, &refusal.message));
        if setting.required {
            state.stand_in(tree, setting);
        }
        Some(())
    }
}

/// The results of a load so far.
#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    faults: Vec<Fault>,
    failed: BTreeSet<String>,
    stand_ins: BTreeSet<String>,
}

impl State {
    fn refuse(&mut self, setting: &Setting, fault: Fault) {
        self.failed.insert(setting.name.clone());
        self.faults.push(fault);
    }

    /// Fills the place of a required value that is not there, so that serde gets to the others.
    fn stand_in(&mut self, tree: &mut Value, setting: &Setting) {
        let filler = setting
            .example
            .clone()
            .unwrap_or_else(|| match setting.kind {
                Kind::String => Value::from("x".repeat(64)),
                Kind::Integer | Kind::Number => {
                    setting.minimum.clone().unwrap_or_else(|| 0.into()).into()
                }
                Kind::Boolean => Value::Bool(false),
                Kind::Enum => {
                    Value::from(setting.variants.first().map(|first| first.value.clone()))
                }
                Kind::List(_) => Value::Array(Vec::new()),
                Kind::Json => Value::Null,
            });
        insert(tree, &setting.path, filler);
        self.stand_ins.insert(setting.name.clone());
    }
}

/// A setting that is not given, and why it must be.
fn missing(setting: &Setting, need: &str) -> Fault {
    let remedy = match (setting.file_variable(), setting.recipe()) {
        (Some(file), Some(recipe)) => {
            let recipe = recipe.trim_start_matches('M').trim_end_matches('.');
            let recipe = filled_in(recipe, need);
            format!("m{recipe}, and set it or name its file in {file}")
        }
        (Some(file), None) => format!("set it, or name a file that holds it in {file}"),
        (None, _) => "set it".to_owned(),
    };
    let problem = format!("{need} and not set");
    Fault::new(FaultKind::Missing, &setting.name, problem, remedy)
}

/// `recipe` with the value that `need` names in place of the placeholder for it, which is called
/// like the end of its setting: ALGORITHM where `need` is `is required for JWT_ALGORITHM=ES256`.
fn filled_in(recipe: &str, need: &str) -> String {
    let condition = need
        .rsplit(' ')
        .next()
        .and_then(|last| last.split_once('='));
    let Some((name, value)) = condition else {
        return recipe.to_owned();
    };
    let placeholder = name.rsplit('_').next().unwrap_or(name);
    recipe.replace(&format!(" {placeholder}"), &format!(" {value}"))
}

/// A refusal of serde. Its messages quote values, so those of secrets are shown only where the type
/// vouches for them.
fn refused(setting: &Setting, given: &Value, message: &str) -> Fault {
    let given = node::text(given);
    let problem = match message.strip_prefix(VOUCHED) {
        Some(vouched) => vouched.to_owned(),
        None if setting.secret => "is not a valid value".to_owned(),
        None if value::has_login(&given) => {
            "is not a valid value, and may hold a password; leave out what stands before the @"
                .to_owned()
        }
        None => format!("is {}: {message}", value::quoted(&given)),
    };
    if let Some((problem, remedy)) = problem.split_once("; ") {
        return Fault::new(FaultKind::Invalid, &setting.name, problem, remedy);
    }
    let like = setting.example_text().or_else(|| setting.default_text());
    let like = like.filter(|text| !text.is_empty());
    let remedy = like.map_or_else(String::new, |like| format!("write it like {like}"));
    Fault::new(FaultKind::Invalid, &setting.name, problem, remedy)
}

fn get<'a>(tree: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(tree, |node, key| node.get(key))
}

fn insert(tree: &mut Value, path: &[String], value: Value) {
    let mut node = tree;
    for key in path {
        if !node.is_object() {
            *node = Value::Object(Map::new());
        }
        node = &mut node[key.as_str()];
    }
    *node = value;
}
