//! Every setting: what it does, what it is here, where that came from, where it stands in the
//! manifests, and what production should change.
//!
//! All of it is read off the schema and off what the loader has kept; no secret is in either.

use poem_openapi::Object;

use super::advice::{Advice, advice};
use crate::config::Config;
use crate::deploy::facts::groups;
use crate::deploy::kubernetes::ObjectRef;
use crate::deploy::service::Service;
use crate::schema::{Loaded, Origin, Setting};

/// The settings of a running server.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Configuration {
    /// The environment that it runs in: `development`, `staging`, `production`.
    pub environment: String,
    /// Changes to make before production.
    pub advice: Vec<Advice>,
    /// The settings, in the order of the reference.
    pub sections: Vec<ConfigurationSection>,
}

/// The settings of one part.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct ConfigurationSection {
    /// The beginning of their names, such as `RATE_LIMIT`; of those that stand alone, `General`.
    pub title: String,
    /// Their subject, with code in backticks; may be empty.
    pub docs: String,
    /// Each of them.
    pub settings: Vec<SettingReport>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "ConfigurationSetting", skip_serializing_if_is_none)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something by itself, as in the schema"
)]
pub struct SettingReport {
    /// Its variable.
    pub name: String,
    /// Its purpose: paragraphs, with code in backticks.
    pub docs: String,
    /// Its value, as it would be written into the variable; `[redacted]` for a secret, and left out
    /// where there is none.
    pub value: Option<String>,
    /// Origin of the value: `default`, `development default`, `variable`, `file PATH`,
    /// `secrets directory PATH`.
    pub origin: String,
    /// True where nothing sets it.
    pub at_default: bool,
    /// Its default in this environment.
    pub default: Option<String>,
    /// Values that may be given.
    pub allowed: Option<String>,
    /// True for a setting whose value is never shown.
    pub secret: bool,
    /// True where a value must be given, in this environment.
    pub required: bool,
    /// True for a setting that will be removed.
    pub deprecated: bool,
    /// The object that carries it in Kubernetes.
    pub object: ManifestObject,
    /// Changes to make before production.
    pub advice: Vec<String>,
}

/// An object of the manifests that `aura generate k8s` renders.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct ManifestObject {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its file, relative to the folder of the manifests.
    pub file: String,
}

impl Configuration {
    /// The settings of `service`, as they were loaded.
    #[must_use]
    pub fn new(service: &Service, loaded: &Loaded<Config>) -> Self {
        let environment = loaded.value.environment.as_str();
        let advice = advice(loaded);
        let entry = |name: &str| loaded.entries.iter().find(|entry| entry.name == name);
        let value = |name: &str| entry(name)?.shown.text();
        let report = |setting: &Setting| {
            let entry = entry(&setting.name);
            let object = ObjectRef::of(service, setting);
            let about = advice
                .iter()
                .filter(|advice| advice.setting == setting.name);
            SettingReport {
                name: setting.name.clone(),
                docs: setting.docs.clone(),
                value: value(&setting.name),
                origin: entry
                    .map_or(&Origin::Default, |entry| &entry.origin)
                    .to_string(),
                at_default: entry.is_none_or(|entry| entry.origin.is_default()),
                default: setting.default_text_in(environment),
                allowed: setting.allowed(),
                secret: setting.secret,
                required: setting.need(environment, &value).is_some(),
                deprecated: setting.deprecated,
                object: ManifestObject {
                    kind: object.kind.to_owned(),
                    name: object.name,
                    file: object.file,
                },
                advice: about.map(|advice| advice.text.clone()).collect(),
            }
        };
        let sections = groups(service)
            .into_iter()
            .map(|group| ConfigurationSection {
                title: group.title,
                docs: group.docs.to_owned(),
                settings: group.settings.into_iter().map(report).collect(),
            });
        Self {
            environment: environment.to_owned(),
            sections: sections.collect(),
            advice,
        }
    }
}
