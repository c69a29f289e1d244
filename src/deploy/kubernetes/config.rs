//! The ConfigMap: every setting that is no secret.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::values::Values;
use super::{names, waiver};
use crate::deploy::emit::{self, EmitError};
use crate::deploy::facts::REVISION_DIGITS;
use crate::deploy::plan::{Environment, GitOps, Tier};
use crate::deploy::service::Service;

/// Its file.
pub(super) const FILE: &str = "configmap.yaml";

/// The ConfigMap of the base, with what each variable means above it.
pub(super) fn base(service: &Service) -> Result<String, EmitError> {
    let values = Values::base(service);
    let mut metadata = names::meta(service, &names::config_map(service));
    metadata.annotations = waiver::annotations(&waiver::config_map(service));
    let data = values.iter();
    let data: BTreeMap<_, _> = data.map(|(a, b)| (a.clone(), b.clone())).collect();
    let object = ConfigMap {
        metadata,
        data: (!data.is_empty()).then_some(data),
        ..ConfigMap::default()
    };
    Ok(explained(service, &emit::yaml(&object)?))
}

/// What an overlay changes in it; none where nothing.
pub(super) fn patch(service: &Service, environment: &Environment) -> Option<ConfigMap> {
    let data = Values::of(service, environment).beyond(&Values::base(service));
    let kept = environment.gitops.map(kept);
    let mut metadata = names::patch_meta(service, &names::config_map(service));
    metadata.annotations = kept.filter(|_| revision(service, environment).is_some());
    (!data.is_empty() || metadata.annotations.is_some()).then(|| ConfigMap {
        metadata,
        data: (!data.is_empty()).then_some(data),
        ..ConfigMap::default()
    })
}

/// Its name in `environment`: outside development one for each set of values, so that a revision of
/// the Deployment keeps those that it was made with. None where it is that of the base.
pub(super) fn revision(service: &Service, environment: &Environment) -> Option<String> {
    let digest = Values::of(service, environment).checksum();
    let name = format!(
        "{}-{}",
        names::config_map(service),
        &digest[..REVISION_DIGITS]
    );
    (environment.tier != Tier::Development).then_some(name)
}

/// What keeps `gitops` from deleting it once it is rendered no more: older pods and a rollback read
/// it still.
fn kept(gitops: GitOps) -> BTreeMap<String, String> {
    let annotations: &[(&str, &str)] = match gitops {
        GitOps::ArgoCd => &[
            ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
            ("argocd.argoproj.io/sync-options", "Prune=false"),
        ],
        GitOps::Flux => &[("kustomize.toolkit.fluxcd.io/prune", "disabled")],
    };
    let text = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    annotations.iter().map(text).collect()
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
