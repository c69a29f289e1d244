//! One setting, and the list of all of them: what every renderer and the loader work from.
//!
//! They are found in a schema by `walk.rs`.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::node::{strings, text};
use super::spelling::Reader;
use super::suggest;

/// Kind of value that the text of a setting is read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text as it stands.
    String,
    /// A whole number.
    Integer,
    /// A number with or without a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of [`Setting::variants`].
    Enum,
    /// Values of one kind, separated by commas or as JSON, by [`Setting::reader`].
    List(Box<Kind>),
    /// Any value as JSON: a map, or a list of lists. [`Reader::Loader`] reads none.
    Json,
}

/// One value that an enum setting takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The value as it is written.
    pub value: String,
    /// Its meaning; may be empty.
    pub docs: String,
}

/// A condition on another setting under which a setting must be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The variable of the other setting.
    pub setting: String,
    /// Its values that make the condition true; any value does where none are listed.
    pub values: Vec<String>,
}

impl Condition {
    /// An object of variables: to the list of the values that count, or to `true` for any value.
    pub(super) fn all(object: Option<&Value>) -> Vec<Self> {
        let members = object.and_then(Value::as_object).into_iter().flatten();
        members
            .map(|(setting, values)| Self {
                setting: setting.clone(),
                values: strings(Some(values)),
            })
            .collect()
    }

    /// The condition as the end of a sentence, where `value` makes it true.
    fn met(&self, value: Option<&str>) -> Option<String> {
        let value = value.filter(|value| !value.is_empty())?;
        if self.values.is_empty() {
            return Some(format!("with {}", self.setting));
        }
        let listed = self.values.iter().any(|one| one == value);
        listed.then(|| format!("for {}={value}", self.setting))
    }
}

/// One variable: everything its field says about it.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a keyword of JSON Schema by itself"
)]
pub struct Setting {
    /// The variable, by the [`Spelling`](super::Spelling) of the service.
    pub name: String,
    /// Reader of its text.
    pub reader: Reader,
    /// The path of its field: `["jwt", "secret_key"]`.
    pub path: Vec<String>,
    /// The doc comment of the field, whole.
    pub docs: String,
    /// The kind of its value.
    pub kind: Kind,
    /// Set where its value must never be shown.
    pub secret: bool,
    /// Set where a value must be given.
    pub required: bool,
    /// Environments in which it must be given although it has a default elsewhere
    /// (`x-required-in`).
    pub required_in: Vec<String>,
    /// Other settings that require it (`x-required-when`): any of them is enough.
    pub required_when: Vec<Condition>,
    /// Set where it may be unset; an empty variable then counts as unset.
    pub optional: bool,
    /// The real default; none where there is none, or where it may not be shown.
    pub default: Option<Value>,
    /// True if the default is that of the section as a whole, and differs from that of the field:
    /// the program takes it only where no variable of the section is set. Never so for
    /// [`Reader::Loader`].
    pub of_section: bool,
    /// Defaults that hold in certain environments only, by the environment's name
    /// (`x-default-in`).
    pub default_in: BTreeMap<String, Value>,
    /// A value as it might be given.
    pub example: Option<Value>,
    /// Set where it is on its way out.
    pub deprecated: bool,
    /// The smallest number allowed.
    pub minimum: Option<Number>,
    /// The largest number allowed.
    pub maximum: Option<Number>,
    /// A number that it must be above; of whole numbers, [`Self::minimum`] says it.
    pub exclusive_minimum: Option<Number>,
    /// A number that it must be below; of whole numbers, [`Self::maximum`] says it.
    pub exclusive_maximum: Option<Number>,
    /// The values allowed, for an enum or a list of enums.
    pub variants: Vec<Variant>,
    /// Its schema without references, by which [`Self::parse`] judges a value beyond kind and range;
    /// `null` for [`Reader::Loader`], whose types do.
    pub rules: Value,
    /// The `format` of the schema: `pem`, `uri`, `ip`, ...
    pub format: Option<String>,
}

impl Setting {
    /// The first paragraph of the docs, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.docs.split("\n\n").next().unwrap_or_default();
        first.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The reason for which a value must be given in `environment`, where `value` tells the values of the other
    /// settings: `is required`, `is required in production`, `is required for
    /// JWT_ALGORITHM=ES256`; `None` where it may be left out.
    #[must_use]
    pub fn need(
        &self,
        environment: &str,
        value: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        if self.required {
            return Some("is required".to_owned());
        }
        let here = self.required_in.iter().any(|name| name == environment);
        let met = |one: &Condition| one.met(value(&one.setting).as_deref());
        let why = if here {
            Some(format!("in {environment}"))
        } else {
            self.required_when.iter().find_map(met)
        };
        why.map(|why| format!("is required {why}"))
    }

    /// The sentence of the docs that tells how to make a value: `Make one with ...`.
    #[must_use]
    pub fn recipe(&self) -> Option<String> {
        let docs = self.docs.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentence = &docs[docs.find("Make one with ")?..];
        let end = sentence.find(". ").map_or(sentence.len(), |end| end + 1);
        Some(sentence[..end].to_owned())
    }

    /// The variable that names a file holding the value; secrets of [`Reader::Loader`] only.
    #[must_use]
    pub fn file_variable(&self) -> Option<String> {
        let has_one = self.secret && self.reader == Reader::Loader;
        has_one.then(|| format!("{}_FILE", self.name))
    }

    /// Checks whether the value may span lines.
    #[must_use]
    pub fn multiline(&self) -> bool {
        self.format.as_deref() == Some("pem")
    }

    /// The allowed values, in words: `1 to 1440`, `open, closed`; none where any text is.
    #[must_use]
    pub fn allowed(&self) -> Option<String> {
        let kind = match &self.kind {
            Kind::List(items) => items,
            kind => kind,
        };
        match kind {
            Kind::Enum => {
                let values: Vec<_> = self.variants.iter().map(|v| v.value.as_str()).collect();
                Some(values.join(", "))
            }
            Kind::Boolean => Some("true, false, 1, 0".to_owned()),
            Kind::Integer | Kind::Number => self.range(),
            Kind::String | Kind::List(_) | Kind::Json => None,
        }
    }

    fn range(&self) -> Option<String> {
        let parts = match (&self.minimum, &self.maximum) {
            (Some(minimum), Some(maximum)) => vec![format!("{minimum} to {maximum}")],
            (Some(minimum), None) => vec![format!("{minimum} or more")],
            (None, Some(maximum)) => vec![format!("{maximum} or less")],
            (None, None) => Vec::new(),
        };
        let above = self.exclusive_minimum.as_ref();
        let below = self.exclusive_maximum.as_ref();
        let bounds = [
            above.map(|bound| format!("more than {bound}")),
            below.map(|bound| format!("less than {bound}")),
        ];
        let parts: Vec<_> = parts
            .into_iter()
            .chain(bounds.into_iter().flatten())
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// `value` as it is written into the variable.
    #[must_use]
    pub fn text_of(&self, value: &Value) -> String {
        let json = match value {
            Value::Array(_) => self.reader == Reader::Json || self.kind == Kind::Json,
            Value::Object(_) => true,
            _ => false,
        };
        if json { value.to_string() } else { text(value) }
    }

    /// The default as it would be written into a variable.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        self.default.as_ref().map(|value| self.text_of(value))
    }

    /// The default in `environment`, as it would be written into a variable.
    #[must_use]
    pub fn default_text_in(&self, environment: &str) -> Option<String> {
        let own = self.default_in.get(environment).or(self.default.as_ref());
        own.map(|value| self.text_of(value))
    }

    /// The default in `environment` that has to be written into the variable for the program to
    /// take it. Any other than [`Reader::Loader`] has its defaults itself, and may take one that it
    /// refuses from a variable: pydantic checks no default of a nested model.
    #[must_use]
    pub fn written_default_in(&self, environment: &str) -> Option<String> {
        if self.reader == Reader::Loader {
            return self.default_text_in(environment);
        }
        let own = self.default_in.get(environment);
        own.map(|value| self.text_of(value))
    }

    /// The example as it would be written into a variable.
    #[must_use]
    pub fn example_text(&self) -> Option<String> {
        self.example.as_ref().map(|value| self.text_of(value))
    }
}

/// A group of settings: a struct inside the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its path: `["jwt"]`.
    pub path: Vec<String>,
    /// The subject of its settings.
    pub docs: String,
}

/// Every setting of a service, in the order of its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(super) settings: Vec<Setting>,
    pub(super) sections: Vec<Section>,
}

impl Settings {
    /// The settings, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.settings.iter()
    }

    /// The sections, in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The setting of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The setting of that name and no other; empty where there is none.
    #[must_use]
    pub fn only(&self, name: &str) -> Self {
        let settings = self.get(name).cloned().into_iter().collect();
        Self {
            settings,
            sections: self.sections.clone(),
        }
    }

    /// The setting whose name looks most like `name`, if any does.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&Setting> {
        let names = self.settings.iter().map(|setting| setting.name.as_str());
        suggest::nearest(name, names).and_then(|near| self.get(near))
    }
}

impl<'a> IntoIterator for &'a Settings {
    type Item = &'a Setting;
    type IntoIter = std::slice::Iter<'a, Setting>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
