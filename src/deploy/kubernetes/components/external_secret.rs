//! An `ExternalSecret`: the operator of that name fetches the Secret from a vault.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::deploy::Service;
use crate::deploy::emit::EmitError;
use crate::deploy::kubernetes::folder::{Deletion, Folder};
use crate::deploy::kubernetes::{names, secret};
use crate::deploy::plan::Environment;
use crate::schema::Setting;

/// <https://external-secrets.io/latest/api/externalsecret/>, as far as it is used here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::deploy::kubernetes) struct ExternalSecret {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    refresh_interval: &'static str,
    secret_store_ref: Store,
    target: Target,
    data: Vec<Entry>,
}

/// The store of the namespace: one environment cannot read the secrets of another.
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
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    secret_key: String,
    remote_ref: Remote,
}

/// One property of one entry of the store.
#[derive(Debug, Serialize)]
struct Remote {
    key: String,
    property: String,
}

pub(super) fn fill(folder: &mut Folder, service: &Service) -> Result<(), EmitError> {
    let metadata = names::meta(service, &names::secret(service));
    let external = external_secret(service, metadata, secret::needed(service));
    folder.resource("externalsecret.yaml", &external)?;
    folder.patch(secret::FILE, &Deletion::of_secret(service))
}

/// The secrets of `environment`, where they are not those of the base.
pub(in crate::deploy::kubernetes) fn overlay(
    service: &Service,
    environment: &Environment,
) -> Option<ExternalSecret> {
    let needed = secret::others_in(service, environment)?;
    let metadata = names::patch_meta(service, &names::secret(service));
    Some(external_secret(service, metadata, needed))
}

fn external_secret<'a>(
    service: &Service,
    metadata: ObjectMeta,
    needed: impl Iterator<Item = &'a Setting>,
) -> ExternalSecret {
    ExternalSecret {
        api_version: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata,
        spec: Spec {
            refresh_interval: "1h0m0s",
            secret_store_ref: Store {
                kind: "SecretStore",
                name: service.name.clone(),
            },
            target: Target {
                name: names::secret(service),
                creation_policy: "Owner",
            },
            data: needed
                .map(|setting| Entry {
                    secret_key: setting.name.clone(),
                    remote_ref: Remote {
                        key: service.name.clone(),
                        property: setting.name.clone(),
                    },
                })
                .collect(),
        },
    }
}
