//! Rules about all objects alike: which there are, what they are called and labelled.

use serde_json::Value;

use super::objects::{Objects, failing};
use super::rule::{Rule, checked, waivable};
use crate::deploy::facts::sounds_secret;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "No rights in the cluster",
        asks: "no Role, no ClusterRole, and no binding of one",
        scanners: "kube-linter `access-to-secrets`, `access-to-create-pods`, \
                   `cluster-admin-role-binding`, `wildcard-in-rules` (all optional); Polaris, its \
                   eight checks of roles; kubesec `BindingsToSystemAnonymous`; checkov \
                   `CKV_K8S_49`, `CKV_K8S_155` to `158`, `CKV2_K8S_1` to `5`; Kubescape `C-0002`, \
                   `C-0035`",
        met: checked(no_rights),
    },
    Rule {
        name: "ConfigMap content",
        asks: "no key of a ConfigMap that sounds like a secret",
        scanners: "Polaris `sensitiveConfigmapContent`; Kubescape `C-0012`",
        met: waivable(config_map, &["sensitiveConfigmapContent"]),
    },
    Rule {
        name: "Namespace",
        asks: "a namespace of its own, named by every object",
        scanners: "kube-linter `use-namespace` (optional); checkov `CKV_K8S_21`; Kubescape \
                   `C-0061`",
        met: checked(namespace),
    },
    Rule {
        name: "Labels",
        asks: "the six labels that Kubernetes recommends; the instance is the Deployment's name",
        scanners: "kube-score `label-values`; Polaris `metadataAndInstanceMismatched`; Kubescape \
                   `C-0076`, `C-0077`",
        met: checked(labels),
    },
    Rule {
        name: "API versions",
        asks: "stable versions only",
        scanners: "kube-linter `no-extensions-v1beta`, `schema-validation` (optional); kube-score \
                   `stable-version`; kubeconform",
        met: checked(versions),
    },
];

fn no_rights(objects: &Objects) -> Vec<String> {
    failing(objects.all(), "gives rights", |object| {
        ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
            .iter()
            .all(|kind| object["kind"] != *kind)
    })
}

fn config_map(objects: &Objects) -> Vec<String> {
    objects.every("ConfigMap", "has a key that sounds like a secret", |map| {
        let keys = map["data"].as_object().into_iter().flatten();
        !keys.map(|(key, _)| key).any(|key| sounds_secret(key))
    })
}

fn namespace(objects: &Objects) -> Vec<String> {
    // A second copy in the same namespace must not bring the Namespace again.
    let others = objects.is_copy() && objects.kind("Namespace").next().is_none();
    failing(objects.all(), "names no namespace of the tree", |object| {
        let namespace = &object["metadata"]["namespace"];
        object["kind"] == "Namespace"
            || others && namespace.is_string()
            || objects.has("Namespace", namespace)
    })
}

fn labels(objects: &Objects) -> Vec<String> {
    const RECOMMENDED: [&str; 6] = [
        "name",
        "instance",
        "version",
        "component",
        "part-of",
        "managed-by",
    ];
    let label = |object: &Value, key: &str| {
        object["metadata"]["labels"][format!("app.kubernetes.io/{key}")].clone()
    };
    let mut faults = failing(objects.all(), "lacks a recommended label", |object| {
        RECOMMENDED.iter().all(|key| label(object, key).is_string())
    });
    let problem = "is of an instance of another name";
    faults.extend(objects.every("Deployment", problem, |deployment| {
        // A copy that is alone in its namespace may keep the label.
        let instance = label(deployment, "instance");
        let kept = objects.is_copy() && instance == label(deployment, "name");
        kept || instance == deployment["metadata"]["name"]
    }));
    faults
}

fn versions(objects: &Objects) -> Vec<String> {
    failing(objects.all(), "is of a version that may change", |object| {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        // The only version there is, since 2019.
        if version == "bitnami.com/v1alpha1" {
            return true;
        }
        let last = version
            .rsplit('/')
            .next()
            .and_then(|text| text.strip_prefix('v'));
        last.is_some_and(|number| number.parse::<u8>().is_ok())
    })
}
