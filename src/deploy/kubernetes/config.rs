//! The ConfigMap: every setting that is not a secret.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::folder::Folder;
use super::values::Values;
use super::{names, waiver};
use crate::deploy::facts::REVISION_DIGITS;
use crate::deploy::plan::{Environment, GitOps, Tier};
use crate::deploy::service::Service;

/// Its file.
pub(super) const FILE: &str = "configmap.yaml";

/// Adds the ConfigMap of the base, with the meaning of each variable above it.
pub(super) fn add(service: &Service, folder: &mut Folder) {
    let data = Values::base(service).beyond(&Values::default());
    let mut metadata = names::meta(service, &names::config_map(service));
    metadata.annotations = waiver::annotations(&waiver::config_map(service));
    let settings = service.plain_settings();
    let comments: Vec<_> = settings
        .filter(|setting| data.contains_key(&setting.name))
        .map(|setting| (setting.name.as_str(), setting.summary()))
        .collect();
    let object = ConfigMap {
        metadata,
        data: (!data.is_empty()).then_some(data),
        ..ConfigMap::default()
    };
    folder.resource_with_comments(FILE, &object, &comments);
}

/// The patch of an overlay; none where nothing differs.
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

/// Annotations that keep `gitops` from deleting it once it is no longer rendered: older pods and a
/// rollback read it still.
fn kept(gitops: GitOps) -> BTreeMap<String, String> {
    let annotations: &[(&str, &str)] = match gitops {
        // Without the first, an application would be out of sync for as long as an older one is kept.
        GitOps::ArgoCd => &[
            ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
            ("argocd.argoproj.io/sync-options", "Prune=false"),
        ],
        GitOps::Flux => &[("kustomize.toolkit.fluxcd.io/prune", "disabled")],
    };
    let text = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    annotations.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::deploy::kubernetes::example;

    fn base(service: &Service) -> String {
        let mut folder = Folder::kustomization("base");
        add(service, &mut folder);
        folder.text(FILE).to_owned()
    }

    proptest! {
        #[test]
        fn any_default_is_read_back_as_it_was(text in "\\PC{0,120}", docs in "\\PC{0,80}") {
            let schema = json!({ "properties": {
                "a": { "type": "string", "default": text, "description": docs },
                "b": { "type": "string", "default": "x", "description": docs },
            } });
            let service = Service::new("demo", "1.0.0", schema).unwrap();
            let object: Value = serde_saphyr::from_str(&base(&service)).unwrap();
            prop_assert_eq!(&object["data"], &json!({ "A": text, "B": "x" }));
        }
    }

    #[test]
    fn every_plain_setting_is_there_quoted_and_explained() {
        let text = base(&example::project().service);
        assert!(
            text.contains("  # The port that serves.\n  SERVER_PORT: \"8000\"\n"),
            "{text}"
        );
        assert!(text.contains("  LLM_UPSTREAM_URL: \"\"\n"), "{text}");
        assert!(!text.contains("JWT_SECRET_KEY"), "{text}");
    }
}
