//! An `ExternalSecret`: the operator of that name fetches the Secret from a vault.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::deploy::kubernetes::folder::{Folder, custom, without_secret};
use crate::deploy::kubernetes::{names, secret};
use crate::deploy::plan::{self, Environment};
use crate::deploy::service::Service;
use crate::schema::Setting;

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metadata = names::meta(service, &names::secret(service));
    let from = plan::ExternalSecret::of(service);
    let external = external_secret(service, &metadata, &from, secret::needed(service));
    folder.resource("externalsecret.yaml", &external);
    folder.patch(secret::FILE, &without_secret(service));
}

/// The secrets of `environment` and where they are, where that is not as in the base. What the plan
/// says of a secret that a service can do without is fetched as well.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> Option<Value> {
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
    Some(external_secret(service, &metadata, from, fetched))
}

/// <https://external-secrets.io/latest/api/externalsecret/>
fn external_secret<'a>(
    service: &Service,
    metadata: &ObjectMeta,
    from: &plan::ExternalSecret,
    needed: impl Iterator<Item = &'a Setting>,
) -> Value {
    let spec = json!({
        "refreshInterval": from.refresh_interval,
        "secretStoreRef": { "kind": from.store_kind.as_str(), "name": from.store },
        "target": {
            "name": names::secret(service),
            "creationPolicy": "Owner",
            // A store that is away for a while must not take the Secret from running pods.
            "deletionPolicy": "Retain",
        },
        "data": needed.map(|setting| entry(from, setting)).collect::<Vec<_>>(),
    });
    custom("external-secrets.io/v1", "ExternalSecret", metadata, &spec)
}

fn entry(from: &plan::ExternalSecret, setting: &Setting) -> Value {
    let plan::Remote { path, property } = from.remote(&setting.name);
    // Releases of the operator before 2.4 fill in the three policies, so they are written: the object
    // in the cluster is then the one that was applied.
    let remote = json!({
        "key": path,
        "property": property,
        "conversionStrategy": "Default",
        "decodingStrategy": "None",
        "metadataPolicy": "None",
    });
    json!({ "secretKey": setting.name, "remoteRef": remote })
}
