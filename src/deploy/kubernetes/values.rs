//! Values of the variables in one place: in the base, or in an environment.
//!
//! Defaults come from the settings, those of the environment before the general ones; the plan
//! comes last, and wins. A program with a reader of its own takes its defaults itself.
//! The ConfigMap of them is in `config.rs`.

use std::collections::BTreeMap;

use base16ct::HexDisplay;
use sha2::{Digest, Sha256};

use crate::deploy::plan::Environment;
use crate::deploy::service::Service;
use crate::schema::{Kind, Reader, SET_ME, Setting};

/// Seconds between the order to stop and SIGTERM, in which the pod leaves its Services.
pub(crate) const PRE_STOP_SECONDS: i64 = 5;
/// Seconds between the end of the drain and SIGKILL.
const SPARE_SECONDS: i64 = 5;

/// Every variable that is not a secret, with its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    /// The defaults.
    pub(super) fn base(service: &Service) -> Self {
        let texts = service.plain_settings();
        Self(
            texts
                .filter_map(|setting| Some((setting.name.clone(), initial(setting)?)))
                .collect(),
        )
    }

    /// The values in `environment`.
    pub(super) fn of(service: &Service, environment: &Environment) -> Self {
        let Self(mut values) = Self::base(service);
        for setting in service.plain_settings() {
            let text = setting.written_default_in(&environment.name);
            values.extend(text.map(|text| (setting.name.clone(), text)));
        }
        let secret = |name: &str| service.settings.get(name).is_some_and(|s| s.secret);
        let given = environment.settings.iter();
        values.extend(
            given
                .filter(|(name, _)| !secret(name))
                .map(|(name, text)| (name.clone(), text.clone())),
        );
        Self(values)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// Values that `base` lacks or has otherwise.
    pub(super) fn beyond(&self, base: &Self) -> BTreeMap<String, String> {
        let changed = self
            .iter()
            .filter(|(name, text)| base.0.get(*name) != Some(text));
        changed
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect()
    }

    /// The checksum that the pods carry; see [`checksum`].
    pub(super) fn checksum(&self) -> String {
        checksum(&self.0)
    }

    /// The port that serves.
    pub(super) fn port(&self, service: &Service) -> u16 {
        let text = self.0.get(&service.port);
        text.and_then(|text| text.parse().ok())
            .unwrap_or_else(|| service.port_number())
    }

    /// The port of the metrics; none where they are off.
    pub(super) fn metrics_port(&self, service: &Service) -> Option<u16> {
        let text = self.0.get(service.metrics_port.as_ref()?);
        let port = text.map_or_else(|| service.metrics_port_number(), |text| text.parse().ok());
        // Port 0 turns them off.
        port.filter(|port| *port != 0)
    }

    /// True where the setting `name` has a text.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|text| !text.is_empty())
    }

    /// The whole number that `fact` says: that of the setting of that name, or itself.
    pub(super) fn number(&self, service: &Service, fact: &str) -> Option<u64> {
        let text = self.0.get(fact);
        text.map_or_else(|| service.number(fact), |text| text.parse().ok())
    }

    /// Seconds from the order to stop to SIGKILL.
    pub(super) fn grace_seconds(&self, service: &Service) -> i64 {
        let setting = service.shutdown_timeout.as_ref();
        let text = setting.map(|fact| self.0.get(fact).unwrap_or(fact));
        PRE_STOP_SECONDS + drain_seconds(service, text.map(String::as_str)) + SPARE_SECONDS
    }
}

/// SHA-256 over a ConfigMap's data, in hex. A pod that carries it is replaced when a variable
/// changes.
pub(crate) fn checksum(values: &BTreeMap<String, String>) -> String {
    let text = values.iter().fold(String::new(), |text, (name, value)| {
        // Quoted: a line break in a value must not look like another variable.
        text + name + "=" + &format!("{value:?}") + "\n"
    });
    format!("{:x}", HexDisplay(&Sha256::digest(text)))
}

/// Seconds that requests in flight get after SIGTERM, where the setting says `text`.
pub(crate) fn drain_seconds(service: &Service, text: Option<&str>) -> i64 {
    let seconds = text.and_then(|text| text.parse::<u32>().ok());
    let usual = || i64::try_from(service.drain_seconds()).unwrap_or(i64::MAX);
    seconds.map_or_else(usual, i64::from)
}

/// The text of `setting` in a ConfigMap by default. An empty variable counts as
/// unset; none where unset means no text at all.
pub(crate) fn initial(setting: &Setting) -> Option<String> {
    if setting.reader != Reader::Loader {
        // To any other program an empty text is a value, and its defaults are its own: see
        // `Setting::written_default_in`.
        return None;
    }
    let empty = setting.optional || matches!(setting.kind, Kind::List(_));
    setting
        .default_text()
        .or_else(|| setting.required.then(|| SET_ME.to_owned()))
        .or_else(|| empty.then(String::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::kubernetes::example;

    #[test]
    fn an_environment_has_its_own_defaults_and_the_plan_wins() {
        let mut project = example::project();
        let base = Values::base(&project.service);
        let production = Values::of(&project.service, &project.plan.environments[2]);
        let changed = production.beyond(&base);
        assert_eq!(changed["LOG_FORMAT"], "json");
        assert_eq!(changed["ENVIRONMENT"], "production");
        assert!(!changed.contains_key("SERVER_PORT"));
        let settings = &mut project.plan.environments[2].settings;
        settings.insert("LOG_FORMAT".to_owned(), "text".to_owned());
        settings.insert("SERVER_PORT".to_owned(), "8080".to_owned());
        let given = Values::of(&project.service, &project.plan.environments[2]);
        assert_eq!(given.port(&project.service), 8080);
        assert!(!given.beyond(&base).contains_key("LOG_FORMAT"));
        assert_ne!(given.checksum(), production.checksum());
    }

    #[test]
    fn the_grace_period_follows_the_drain() {
        let mut project = example::project();
        let base = Values::base(&project.service);
        assert_eq!(base.grace_seconds(&project.service), 35);
        project.service.shutdown_timeout = None;
        assert_eq!(base.grace_seconds(&project.service), 30);
    }

    #[test]
    fn an_unset_optional_setting_is_empty() {
        let base = Values::base(&example::project().service);
        let upstream = base.iter().find(|(name, _)| *name == "LLM_UPSTREAM_URL");
        assert_eq!(upstream.unwrap().1, "");
    }
}
