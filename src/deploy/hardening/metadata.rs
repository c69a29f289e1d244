//! Rules about all objects alike: which there are, what they are called and labelled.

use serde_json::Value;

use super::look::Look::{All, One};
use super::look::Part::{Kind, Object};
use super::objects::Objects;
use super::rule::{Rule, checked, waivable};
use crate::deploy::facts::sounds_secret;

/// The labels that Kubernetes recommends, behind `app.kubernetes.io/`.
const RECOMMENDED: [&str; 6] = [
    "name",
    "instance",
    "version",
    "component",
    "part-of",
    "managed-by",
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "No rights in the cluster",
        asks: "no Role, no ClusterRole, and no binding of one",
        scanners: "kube-linter `access-to-secrets`, `access-to-create-pods`, \
                   `cluster-admin-role-binding`, `wildcard-in-rules` (all optional); Polaris, its \
                   eight checks of roles; kubesec `BindingsToSystemAnonymous`; checkov \
                   `CKV_K8S_49`, `CKV_K8S_155` to `158`, `CKV2_K8S_1` to `5`; Kubescape `C-0002`, \
                   `C-0035`",
        met: checked(One(Object, "gives rights", |object, _| {
            let mut kinds = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].iter();
            kinds.all(|kind| object["kind"] != *kind)
        })),
    },
    Rule {
        name: "ConfigMap content",
        asks: "no key of a ConfigMap that sounds like a secret",
        scanners: "Polaris `sensitiveConfigmapContent`; Kubescape `C-0012`",
        met: waivable(
            One(
                Kind("ConfigMap"),
                "has a key that sounds like a secret",
                |map, _| {
                    let mut keys = map["data"]
                        .as_object()
                        .into_iter()
                        .flat_map(|data| data.keys());
                    !keys.any(|key| sounds_secret(key))
                },
            ),
            &["sensitiveConfigmapContent"],
        ),
    },
    Rule {
        name: "Namespace",
        asks: "a namespace of its own, named by every object",
        scanners: "kube-linter `use-namespace` (optional); checkov `CKV_K8S_21`; Kubescape \
                   `C-0061`",
        met: checked(One(Object, "names no namespace of the tree", namespace)),
    },
    Rule {
        name: "Labels",
        asks: "the six labels that Kubernetes recommends; the instance is the Deployment's name",
        scanners: "kube-score `label-values`; Polaris `metadataAndInstanceMismatched`; Kubescape \
                   `C-0076`, `C-0077`",
        met: checked(All(&[
            One(Object, "lacks a recommended label", |object, _| {
                RECOMMENDED.iter().all(|key| label(object, key).is_string())
            }),
            One(
                Kind("Deployment"),
                "is of an instance of another name",
                |deployment, objects| {
                    // A copy that is alone in its namespace may keep the label.
                    let instance = label(deployment, "instance");
                    let kept = objects.is_copy() && instance == label(deployment, "name");
                    kept || instance == &deployment["metadata"]["name"]
                },
            ),
        ])),
    },
    Rule {
        name: "API versions",
        asks: "stable versions only",
        scanners: "kube-linter `no-extensions-v1beta`, `schema-validation` (optional); kube-score \
                   `stable-version`; kubeconform",
        met: checked(One(Object, "is of a version that may change", versions)),
    },
];

fn namespace(object: &Value, objects: &Objects) -> bool {
    // A second copy in the same namespace must not bring the Namespace again.
    let others = objects.is_copy() && objects.kind("Namespace").next().is_none();
    let namespace = &object["metadata"]["namespace"];
    object["kind"] == "Namespace"
        || others && namespace.is_string()
        || objects.has("Namespace", namespace)
}

fn label<'a>(object: &'a Value, key: &str) -> &'a Value {
    &object["metadata"]["labels"][format!("app.kubernetes.io/{key}")]
}

fn versions(object: &Value, _: &Objects) -> bool {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let last = version.rsplit('/').next().unwrap_or_default();
    let number = last.strip_prefix('v').unwrap_or_default();
    // SealedSecret has had no other version since 2019.
    version == "bitnami.com/v1alpha1" || number.parse::<u8>().is_ok()
}
