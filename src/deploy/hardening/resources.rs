//! Rules about what a container is given: resources, and an image that does not change.

use serde_json::Value;

use super::objects::Objects;
use super::rule::{Rule, checked, unless, waivable};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Requests",
        asks: "`resources.requests` of CPU and memory",
        scanners: "kube-linter `unset-cpu-requirements`; kube-score `container-resources`; \
                   Polaris `cpuRequestsMissing`, `memoryRequestsMissing`; kubesec `RequestsCPU`, \
                   `RequestsMemory`; checkov `CKV_K8S_10`, `CKV_K8S_12`; Kubescape `C-0268`, \
                   `C-0269`",
        met: checked(requests),
    },
    Rule {
        name: "Limits",
        asks: "`resources.limits` of CPU and memory",
        scanners: "kube-linter `unset-memory-requirements`; kube-score `container-resources`; \
                   Polaris `cpuLimitsMissing`, `memoryLimitsMissing`; kubesec `LimitsCPU`, \
                   `LimitsMemory`; checkov `CKV_K8S_11`, `CKV_K8S_13`; Kubescape `C-0270`, \
                   `C-0271`",
        met: checked(limits),
    },
    Rule {
        name: "Requests are limits",
        asks: "a pod gets what it asks for: requests equal limits in production",
        scanners: "kube-score `container-cpu-requests-equal-limits`, \
                   `container-memory-requests-equal-limits`, \
                   `container-resource-requests-equal-limits`, \
                   `container-ephemeral-storage-request-equals-limit` (all optional)",
        met: unless(
            equal,
            &[],
            "`deploy.toml` or its defaults let pods take more here than they ask for",
        ),
    },
    Rule {
        name: "Ephemeral storage",
        asks: "`ephemeral-storage` in requests and in limits",
        scanners: "kube-score `container-ephemeral-storage-request-and-limit`",
        met: checked(ephemeral),
    },
    Rule {
        name: "Fixed tag",
        asks: "an image with a tag other than `latest`, or with a digest",
        scanners: "kube-linter `latest-tag`; kube-score `container-image-tag`; Polaris \
                   `tagNotSpecified`; checkov `CKV_K8S_14`; Kubescape `C-0075`",
        met: checked(tag),
    },
    Rule {
        name: "Digest",
        asks: "an image with a digest",
        scanners: "checkov `CKV_K8S_43`; Kubescape `C-0306`",
        met: waivable(digest, &["CKV_K8S_43"]),
    },
    Rule {
        name: "Pull policy",
        asks: "`imagePullPolicy: Always`, so that a node's copy does not bypass the registry's \
               credentials",
        scanners: "kube-score `container-image-pull-policy`; Polaris `pullPolicyNotAlways`; \
                   checkov `CKV_K8S_15` (not where there is a digest)",
        met: waivable(
            pull,
            &[
                "CKV_K8S_15",
                "container-image-pull-policy",
                "pullPolicyNotAlways",
            ],
        ),
    },
];

/// Checks whether `side` of the resources names all of `names`.
fn has(container: &Value, side: &str, names: &[&str]) -> bool {
    names
        .iter()
        .all(|name| !container["resources"][side][*name].is_null())
}

fn requests(objects: &Objects) -> Vec<String> {
    objects.every_container("asks for no CPU or no memory", |container| {
        has(container, "requests", &["cpu", "memory"])
    })
}

fn limits(objects: &Objects) -> Vec<String> {
    objects.every_container("has no limit of CPU or memory", |container| {
        has(container, "limits", &["cpu", "memory"])
    })
}

fn equal(objects: &Objects) -> Vec<String> {
    objects.every_container("may take more than it asks for", |container| {
        let resources = &container["resources"];
        resources["limits"].is_object() && resources["requests"] == resources["limits"]
    })
}

fn ephemeral(objects: &Objects) -> Vec<String> {
    objects.every_container("may fill the disk of the node", |container| {
        ["requests", "limits"]
            .iter()
            .all(|side| has(container, side, &["ephemeral-storage"]))
    })
}

/// The tag and the digest of the image.
fn image(container: &Value) -> (Option<&str>, Option<&str>) {
    let text = container["image"].as_str().unwrap_or_default();
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    // A colon before a slash is that of a port.
    let last = name.rsplit('/').next().unwrap_or_default();
    (last.split_once(':').map(|(_, tag)| tag), digest)
}

fn tag(objects: &Objects) -> Vec<String> {
    objects.every_container("has an image that changes", |container| {
        match image(container) {
            (_, Some(_)) => true,
            (tag, None) => tag.is_some_and(|tag| !tag.is_empty() && tag != "latest"),
        }
    })
}

fn digest(objects: &Objects) -> Vec<String> {
    objects.every_container("has an image without a digest", |container| {
        let (_, digest) = image(container);
        digest.is_some_and(|digest| digest.starts_with("sha256:"))
    })
}

fn pull(objects: &Objects) -> Vec<String> {
    objects.every_container("takes the node's copy of its image", |container| {
        container["imagePullPolicy"] == "Always"
    })
}
