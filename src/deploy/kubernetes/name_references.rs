//! Fields of custom kinds, told to kustomize so that `namePrefix`, `nameSuffix` and labels of a
//! kustomization above the overlays reach all of an object.
//!
//! Kustomize knows the fields of Kubernetes' own kinds. Its configuration is handed up with the
//! objects, so the base carries it for everything that is built upon it.
//! <https://github.com/kubernetes-sigs/kustomize/tree/master/examples/transformerconfigs>

use serde::Serialize;

use super::folder::Folder;

/// Its file.
const FILE: &str = "kustomizeconfig.yaml";

const GATEWAY: &str = "gateway.networking.k8s.io";
const EXTERNAL_SECRETS: &str = "external-secrets.io";
const SEALED_SECRETS: &str = "bitnami.com";

/// Fields in which a workload names a Secret.
const SECRET_FIELDS: [&str; 7] = [
    "spec/template/spec/volumes/secret/secretName",
    "spec/template/spec/volumes/projected/sources/secret/name",
    "spec/template/spec/containers/envFrom/secretRef/name",
    "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
    "spec/template/spec/initContainers/envFrom/secretRef/name",
    "spec/template/spec/initContainers/env/valueFrom/secretKeyRef/name",
    "spec/template/spec/imagePullSecrets/name",
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    name_reference: Vec<Reference>,
    common_labels: Vec<Field>,
}

/// An object, and the fields that hold its name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    kind: &'static str,
    group: Option<&'static str>,
    field_specs: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Field {
    kind: &'static str,
    group: Option<&'static str>,
    path: &'static str,
    create: Option<bool>,
}

/// Adds the configuration to `folder`.
pub(super) fn fill(folder: &mut Folder) {
    let route = |path| field("HTTPRoute", Some(GATEWAY), path);
    let external = |path| field("ExternalSecret", Some(EXTERNAL_SECRETS), path);
    let sealed = field(
        "SealedSecret",
        Some(SEALED_SECRETS),
        "spec/template/metadata/name",
    );
    let store = |kind| Reference {
        kind,
        group: Some(EXTERNAL_SECRETS),
        field_specs: vec![external("spec/secretStoreRef/name")],
    };
    // The Secret itself is made in the cluster, and is called like what it is made from.
    let recipe = |kind, group, own: Field| Reference {
        kind,
        group: Some(group),
        field_specs: std::iter::once(own).chain(of_secret()).collect(),
    };
    let configuration = Configuration {
        name_reference: vec![
            Reference {
                kind: "Service",
                group: None,
                field_specs: vec![route("spec/rules/backendRefs/name")],
            },
            Reference {
                kind: "Gateway",
                group: Some(GATEWAY),
                field_specs: vec![route("spec/parentRefs/name")],
            },
            store("SecretStore"),
            store("ClusterSecretStore"),
            recipe(
                "ExternalSecret",
                EXTERNAL_SECRETS,
                external("spec/target/name"),
            ),
            recipe("SealedSecret", SEALED_SECRETS, sealed),
        ],
        common_labels: vec![Field {
            create: Some(true),
            ..field(
                "ServiceMonitor",
                Some("monitoring.coreos.com"),
                "spec/selector/matchLabels",
            )
        }],
    };
    folder.configuration(FILE, &configuration);
}

fn field(kind: &'static str, group: Option<&'static str>, path: &'static str) -> Field {
    Field {
        kind,
        group,
        path,
        create: None,
    }
}

/// The fields of the tree's own kinds that name a Secret.
fn of_secret() -> impl Iterator<Item = Field> {
    let owners = ["Deployment", "Job"].into_iter();
    let owners = owners.flat_map(|kind| SECRET_FIELDS.map(|path| field(kind, None, path)));
    owners.chain([
        field("Ingress", None, "spec/tls/secretName"),
        field("ServiceAccount", None, "imagePullSecrets/name"),
    ])
}
