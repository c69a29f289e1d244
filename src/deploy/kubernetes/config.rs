//! The ConfigMap: every setting that is no secret.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::values::Values;
use super::{names, waiver};
use crate::deploy::Service;
use crate::deploy::emit::{self, EmitError};

/// Its file.
pub(super) const FILE: &str = "configmap.yaml";

/// The ConfigMap of the base, with what each variable means above it.
pub(super) fn base(service: &Service) -> Result<String, EmitError> {
    let values = Values::base(service);
    let mut metadata = names::meta(service, &names::config_map(service));
    metadata.annotations = waiver::annotations(&waiver::config_map(service));
    let data = values.iter();
    let object = ConfigMap {
        metadata,
        data: Some(data.map(|(a, b)| (a.clone(), b.clone())).collect()),
        ..ConfigMap::default()
    };
    Ok(explained(service, &emit::yaml(&object)?))
}

/// What an overlay changes in it.
pub(super) fn patch(service: &Service, data: BTreeMap<String, String>) -> ConfigMap {
    ConfigMap {
        metadata: names::patch_meta(service, &names::config_map(service)),
        data: Some(data),
        ..ConfigMap::default()
    }
}

/// `text` with a comment above each line of its data: every value is one line, and quoted.
fn explained(service: &Service, text: &str) -> String {
    let Some((head, data)) = text.split_once("\ndata:\n") else {
        return text.to_owned();
    };
    let lines = data.lines().map(|line| {
        let name = line.trim_start().split(':').next().unwrap_or_default();
        let summary = service
            .settings
            .get(name)
            .map(crate::schema::Setting::summary);
        match summary.filter(|summary| !summary.is_empty()) {
            Some(summary) => format!("  # {summary}\n{line}\n"),
            None => format!("{line}\n"),
        }
    });
    format!("{head}\ndata:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::deploy::kubernetes::example;

    proptest! {
        #[test]
        fn any_default_is_read_back_as_it_was(text in "\\PC{0,120}", docs in "\\PC{0,80}") {
            let schema = json!({ "properties": {
                "a": { "type": "string", "default": text, "description": docs },
                "b": { "type": "string", "default": "x", "description": docs },
            } });
            let service = Service::new("demo", "1.0.0", schema).unwrap();
            let object: Value = serde_saphyr::from_str(&base(&service).unwrap()).unwrap();
            prop_assert_eq!(&object["data"], &json!({ "A": text, "B": "x" }));
        }
    }

    #[test]
    fn every_plain_setting_is_there_quoted_and_explained() {
        let text = base(&example::project().service).unwrap();
        assert!(
            text.contains("  # The port that serves.\n  SERVER_PORT: \"8000\"\n"),
            "{text}"
        );
        assert!(text.contains("  LLM_UPSTREAM_URL: \"\"\n"), "{text}");
        assert!(!text.contains("JWT_SECRET_KEY"), "{text}");
    }
}
