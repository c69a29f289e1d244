//! A `SealedSecret`: the controller of that name opens it and makes the Secret.
//!
//! Only its cluster can open one, so none can be sealed here: the object has every key and the
//! placeholder for a value, which the controller refuses. What `kubeseal` writes is a patch of it,
//! and a key that the patch forgets is still to be set.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::deploy::kubernetes::folder::{Folder, custom, without_secret};
use crate::deploy::kubernetes::{names, secret};
use crate::deploy::plan::Environment;
use crate::deploy::service::Service;
use crate::schema::{SET_ME, Setting};

pub(super) fn fill(folder: &mut Folder, service: &Service) {
    let metadata = names::meta(service, &names::secret(service));
    let sealed = sealed_secret(&metadata, &keys(secret::needed(service)));
    folder.resource("sealedsecret.yaml", &sealed);
    folder.patch(secret::FILE, &without_secret(service));
}

/// The secrets of `environment`, where they are not those of the base.
pub(crate) fn overlay(service: &Service, environment: &Environment) -> Option<Value> {
    let mut data = keys(secret::others_in(service, environment)?);
    // A merge would keep the other keys.
    data.insert("$patch".to_owned(), "replace".to_owned());
    let metadata = names::patch_meta(service, &names::secret(service));
    Some(sealed_secret(&metadata, &data))
}

fn keys<'a>(needed: impl Iterator<Item = &'a Setting>) -> BTreeMap<String, String> {
    needed
        .map(|setting| (setting.name.clone(), SET_ME.to_owned()))
        .collect()
}

/// <https://github.com/bitnami-labs/sealed-secrets>
fn sealed_secret(metadata: &ObjectMeta, data: &BTreeMap<String, String>) -> Value {
    let spec = json!({ "encryptedData": data });
    custom("bitnami.com/v1alpha1", "SealedSecret", metadata, &spec)
}
