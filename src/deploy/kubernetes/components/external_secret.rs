//! An `ExternalSecret`: the operator of that name fetches the Secret from a vault.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::deploy::kubernetes::folder::{Custom, Deletion, Folder};
use crate::deploy::kubernetes::{names, secret};
use crate::deploy::plan::{self, Environment};
use crate::deploy::service::Service;
use crate::schema::Setting;

/// <https://external-secrets.io/latest/api/externalsecret/>, as far as it is used here.
pub(in crate::deploy::kubernetes) type ExternalSecret = Custom<Spec>;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::deploy::kubernetes) struct Spec {
    refresh_interval: String,
    secret_store_ref: Store,
    target: Target,
    data: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Store {
    kind: &'static str,
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    name: String,
    creation_policy: &'static str,
    deletion_policy: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    secret_key: String,
    remote_ref: Remote,
}

/// A value in the store. Releases of the operator before 2.4 fill in the three policies, so they
/// are written: the object in the cluster is then the one that was applied.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Remote {
    key: String,
    property: Option<String>,
    conversion_strategy: &'static str,
    decoding_strategy: &'static str,
    metadata_policy: &'static str,
}

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metadata = names::meta(service, &names::secret(service));
    let external = external_secret(
        service,
        metadata,
        &plan::ExternalSecret::of(service),
        secret::needed(service),
    );
    folder.resource("externalsecret.yaml", &external);
    folder.patch(secret::FILE, &Deletion::of_secret(service));
}

/// The secrets of `environment` and where they are, where that is not as in the base. What the plan
/// says of a secret that a service can do without is fetched as well.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> Option<ExternalSecret> {
    let from = &environment.external_secret;
    let same = *from == plan::ExternalSecret::of(service);
    if same && secret::others_in(service, environment).is_none() {
        return None;
    }
    let needed: Vec<_> = secret::needed_in(service, environment).collect();
    let fetched = service
        .secret_settings()
        .filter(|setting| needed.contains(setting) || from.keys.contains_key(&setting.name));
    let metadata = names::patch_meta(service, &names::secret(service));
    Some(external_secret(service, metadata, from, fetched))
}

fn external_secret<'a>(
    service: &Service,
    metadata: ObjectMeta,
    from: &plan::ExternalSecret,
    needed: impl Iterator<Item = &'a Setting>,
) -> ExternalSecret {
    Custom {
        api_version: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata,
        spec: Spec {
            refresh_interval: from.refresh_interval.clone(),
            secret_store_ref: Store {
                kind: from.store_kind.as_str(),
                name: from.store.clone(),
            },
            target: Target {
                name: names::secret(service),
                creation_policy: "Owner",
                // A store that is away for a while must not take the Secret from running pods.
                deletion_policy: "Retain",
            },
            data: needed
                .map(|setting| Entry {
                    secret_key: setting.name.clone(),
                    remote_ref: remote(from.remote(&setting.name)),
                })
                .collect(),
        },
    }
}

fn remote(remote: plan::Remote) -> Remote {
    Remote {
        key: remote.path,
        property: remote.property,
        conversion_strategy: "Default",
        decoding_strategy: "None",
        metadata_policy: "None",
    }
}
