//! Rules about what a container is given: resources, and an image that does not change.

use serde_json::Value;

use super::look::Look::One;
use super::look::Part::Container;
use super::rule::{Rule, checked, unless, waivable};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Requests",
        asks: "`resources.requests` of CPU and memory",
        scanners: "kube-linter `unset-cpu-requirements`; kube-score `container-resources`; \
                   Polaris `cpuRequestsMissing`, `memoryRequestsMissing`; kubesec `RequestsCPU`, \
                   `RequestsMemory`; checkov `CKV_K8S_10`, `CKV_K8S_12`; Kubescape `C-0268`, \
                   `C-0269`",
        met: checked(One(
            Container,
            "asks for no CPU or no memory",
            |container, _| has(container, "requests", &["cpu", "memory"]),
        )),
    },
    Rule {
        name: "Limits",
        asks: "`resources.limits` of CPU and memory",
        scanners: "kube-linter `unset-memory-requirements`; kube-score `container-resources`; \
                   Polaris `cpuLimitsMissing`, `memoryLimitsMissing`; kubesec `LimitsCPU`, \
                   `LimitsMemory`; checkov `CKV_K8S_11`, `CKV_K8S_13`; Kubescape `C-0270`, \
                   `C-0271`",
        met: checked(One(
            Container,
            "has no limit of CPU or memory",
            |container, _| has(container, "limits", &["cpu", "memory"]),
        )),
    },
    Rule {
        name: "Requests are limits",
        asks: "a pod gets what it asks for: requests equal limits in production",
        scanners: "kube-score `container-cpu-requests-equal-limits`, \
                   `container-memory-requests-equal-limits`, \
                   `container-resource-requests-equal-limits`, \
                   `container-ephemeral-storage-request-equals-limit` (all optional)",
        met: unless(
            One(
                Container,
                "may take more than it asks for",
                |container, _| {
                    let resources = &container["resources"];
                    resources["limits"].is_object() && resources["requests"] == resources["limits"]
                },
            ),
            &[],
            "`deploy.toml` or its defaults let pods take more here than they ask for",
        ),
    },
    Rule {
        name: "Ephemeral storage",
        asks: "`ephemeral-storage` in requests and in limits",
        scanners: "kube-score `container-ephemeral-storage-request-and-limit`",
        met: checked(One(
            Container,
            "may fill the disk of the node",
            |container, _| {
                let mut sides = ["requests", "limits"].iter();
                sides.all(|side| has(container, side, &["ephemeral-storage"]))
            },
        )),
    },
    Rule {
        name: "Fixed tag",
        asks: "an image with a tag other than `latest`, or with a digest",
        scanners: "kube-linter `latest-tag`; kube-score `container-image-tag`; Polaris \
                   `tagNotSpecified`; checkov `CKV_K8S_14`; Kubescape `C-0075`",
        met: checked(One(
            Container,
            "has an image that changes",
            |container, _| match image(container) {
                (_, Some(_)) => true,
                (tag, None) => tag.is_some_and(|tag| !tag.is_empty() && tag != "latest"),
            },
        )),
    },
    Rule {
        name: "Digest",
        asks: "an image with a digest",
        scanners: "checkov `CKV_K8S_43`; Kubescape `C-0306`",
        met: waivable(
            One(
                Container,
                "has an image without a digest",
                |container, _| {
                    image(container)
                        .1
                        .is_some_and(|digest| digest.starts_with("sha256:"))
                },
            ),
            &["CKV_K8S_43"],
        ),
    },
    Rule {
        name: "Pull policy",
        asks: "`imagePullPolicy: Always`, so that a node's copy does not bypass the registry's \
               credentials",
        scanners: "kube-score `container-image-pull-policy`; Polaris `pullPolicyNotAlways`; \
                   checkov `CKV_K8S_15` (not where there is a digest)",
        met: waivable(
            One(
                Container,
                "takes the node's copy of its image",
                |container, _| container["imagePullPolicy"] == "Always",
            ),
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
