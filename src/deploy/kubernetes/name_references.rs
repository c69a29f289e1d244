//! Fields of custom kinds, told to kustomize so that `namePrefix`, `nameSuffix` and labels of a
//! kustomization above the overlays reach all of an object.
//!
//! Kustomize knows the fields of Kubernetes' own kinds. Its configuration is handed up with the
//! objects, so the base carries it for everything that is built upon it.
//! <https://github.com/kubernetes-sigs/kustomize/tree/master/examples/transformerconfigs>

use serde_json::{Value, json};

use super::folder::Folder;

/// Its file.
const FILE: &str = "kustomizeconfig.yaml";

/// A group of kinds; Kubernetes' own have none here.
type Group = Option<&'static str>;

const GATEWAY: Group = Some("gateway.networking.k8s.io");
const EXTERNAL_SECRETS: Group = Some("external-secrets.io");
const SEALED_SECRETS: Group = Some("bitnami.com");

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

/// Adds the configuration to `folder`.
pub(super) fn fill(folder: &mut Folder) {
    let route = |path| field("HTTPRoute", GATEWAY, path);
    let external = |path| field("ExternalSecret", EXTERNAL_SECRETS, path);
    let sealed = field(
        "SealedSecret",
        SEALED_SECRETS,
        "spec/template/metadata/name",
    );
    // An object, and the fields that hold its name.
    let reference = |kind: &str, group: Group, fields: &[Value]| json!({ "kind": kind, "group": group, "fieldSpecs": fields });
    let store = |kind| {
        reference(
            kind,
            EXTERNAL_SECRETS,
            &[external("spec/secretStoreRef/name")],
        )
    };
    // The Secret itself is made in the cluster, and is called like what it is made from.
    let recipe = |kind, group, own: Value| {
        let fields: Vec<_> = std::iter::once(own).chain(of_secret()).collect();
        reference(kind, group, &fields)
    };
    let mut monitor = field(
        "ServiceMonitor",
        Some("monitoring.coreos.com"),
        "spec/selector/matchLabels",
    );
    monitor["create"] = true.into();
    let configuration = json!({
        "nameReference": [
            reference("Service", None, &[route("spec/rules/backendRefs/name")]),
            reference("Gateway", GATEWAY, &[route("spec/parentRefs/name")]),
            store("SecretStore"),
            store("ClusterSecretStore"),
            recipe("ExternalSecret", EXTERNAL_SECRETS, external("spec/target/name")),
            recipe("SealedSecret", SEALED_SECRETS, sealed),
        ],
        "commonLabels": [monitor],
    });
    folder.configuration(FILE, &configuration);
}

fn field(kind: &str, group: Group, path: &str) -> Value {
    json!({ "kind": kind, "group": group, "path": path })
}

/// The fields of the tree's own kinds that name a Secret.
fn of_secret() -> impl Iterator<Item = Value> {
    let owners = ["Deployment", "Job"].into_iter();
    let owners = owners.flat_map(|kind| SECRET_FIELDS.map(|path| field(kind, None, path)));
    owners.chain([
        field("Ingress", None, "spec/tls/secretName"),
        field("ServiceAccount", None, "imagePullSecrets/name"),
    ])
}
