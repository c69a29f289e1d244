//! Rules about containers: what the process may do, and which variables it is given.

use std::collections::BTreeSet;

use serde_json::Value;

use super::look::Look::{All, One};
use super::look::Part::{Container, Pod, Server};
use super::objects::{Objects, is_empty, items};
use super::rule::{Rule, checked, waivable};
use crate::deploy::facts::sounds_secret;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "No escalation",
        asks: "`allowPrivilegeEscalation: false` of every container",
        scanners: "kube-linter `privilege-escalation-container`; PSS restricted; Polaris \
                   `privilegeEscalationAllowed`; kubesec `AllowPrivilegeEscalation`; checkov \
                   `CKV_K8S_20`; Kubescape `C-0016`",
        met: checked(One(Container, "may gain privileges", |container, _| {
            container["securityContext"]["allowPrivilegeEscalation"] == false
        })),
    },
    Rule {
        name: "Not privileged",
        asks: "`privileged: false` of every container",
        scanners: "kube-linter `privileged-container`; kube-score \
                   `container-security-context-privileged`; PSS baseline; Polaris \
                   `runAsPrivileged`; kubesec `Privileged`; checkov `CKV_K8S_16`; Kubescape \
                   `C-0057`",
        met: checked(One(Container, "may be privileged", |container, _| {
            container["securityContext"]["privileged"] == false
        })),
    },
    Rule {
        name: "Capabilities",
        asks: "`capabilities.drop: [ALL]` of every container, and none added",
        scanners: "kube-linter `drop-net-raw-capability`; PSS restricted; Polaris \
                   `dangerousCapabilities`, `insecureCapabilities`; kubesec `CapDropAny`, \
                   `CapDropAll`, `CapSysAdmin`; checkov `CKV_K8S_25`, `CKV_K8S_28`, \
                   `CKV_K8S_37`, `CKV_K8S_39`; Kubescape `C-0046`",
        met: checked(One(Container, "has capabilities", |container, _| {
            let set = &container["securityContext"]["capabilities"];
            items(&set["drop"]).any(|one| one == "ALL") && is_empty(&set["add"])
        })),
    },
    Rule {
        name: "Read-only root",
        asks: "`readOnlyRootFilesystem: true` of every container; an `emptyDir` has a `sizeLimit`",
        scanners: "kube-linter `no-read-only-root-fs`; kube-score \
                   `container-security-context-readonlyrootfilesystem`; Polaris \
                   `notReadOnlyRootFilesystem`; kubesec `ReadOnlyRootFilesystem`; checkov \
                   `CKV_K8S_22`; Kubescape `C-0017`",
        met: checked(All(&[
            One(Container, "may write to its root", |container, _| {
                container["securityContext"]["readOnlyRootFilesystem"] == true
            }),
            One(Pod, "has a folder without a limit", |pod, _| {
                let mut folders = items(&pod["volumes"]).map(|volume| &volume["emptyDir"]);
                folders.all(|folder| folder.is_null() || folder["sizeLimit"].is_string())
            }),
        ])),
    },
    Rule {
        name: "Ports",
        asks: "ports with names, above 1023; what serves has `http`; no `hostPort`",
        scanners: "kube-linter `privileged-ports`, `ssh-port`, `invalid-target-ports`; kube-score \
                   `container-ports-check` (optional); PSS baseline; Polaris `hostPortSet`; \
                   checkov `CKV_K8S_26`; Kubescape `C-0044`",
        met: checked(All(&[
            One(
                Container,
                "has a port of the host or without a name",
                |container, _| {
                    items(&container["ports"]).all(|port| {
                        port["name"].is_string()
                            && port["containerPort"]
                                .as_u64()
                                .is_some_and(|number| number > 1023)
                            && port["hostPort"].is_null()
                    })
                },
            ),
            One(Server, "has no port http", |container, _| {
                items(&container["ports"]).any(|port| port["name"] == "http")
            }),
        ])),
    },
    Rule {
        name: "Secrets as files",
        asks: "no Secret in a variable; mounted ones have mode 0440",
        scanners: "kube-linter `read-secret-from-env-var` (optional); kubesec \
                   `SecretsAsEnvironmentVariables`; checkov `CKV_K8S_35`",
        met: waivable(
            All(&[
                One(Container, "has secrets in variables", |container, _| {
                    items(&container["env"]).all(|one| one["valueFrom"]["secretKeyRef"].is_null())
                        && items(&container["envFrom"]).all(|source| source["secretRef"].is_null())
                }),
                One(Pod, "mounts secrets that others may read", |pod, _| {
                    // Files of a Secret are root's; the process reads them by its `fsGroup`.
                    let mut secrets = items(&pod["volumes"]).map(|volume| &volume["secret"]);
                    secrets.all(|secret| secret.is_null() || secret["defaultMode"] == 0o440)
                }),
            ]),
            &["CKV_K8S_35"],
        ),
    },
    Rule {
        name: "No literal secret",
        asks: "no variable with a literal value whose name sounds like a secret",
        scanners: "kube-linter `env-var-secret`; Polaris `sensitiveContainerEnvVar`; Kubescape \
                   `C-0012`",
        met: checked(One(
            Container,
            "has a literal that may be a secret",
            |container, _| {
                items(&container["env"]).all(|one| {
                    one["value"].is_null() || !one["name"].as_str().is_some_and(sounds_secret)
                })
            },
        )),
    },
    Rule {
        name: "Variables",
        asks: "every variable once, and none from an object that is not generated",
        scanners: "kube-linter `duplicate-env-var`, `env-value-from` (optional); kube-score \
                   `environment-variable-key-duplication`; Kubescape `C-0295`",
        met: checked(One(
            Container,
            "has a variable twice or from elsewhere",
            variables,
        )),
    },
];

fn variables(container: &Value, objects: &Objects) -> bool {
    let mut seen = BTreeSet::new();
    let once = items(&container["env"]).all(|one| seen.insert(one["name"].as_str()));
    let of_the_pod = |one: &Value| {
        let from = &one["valueFrom"];
        from["configMapKeyRef"].is_null() && from["secretKeyRef"].is_null()
    };
    let known = |source: &Value| {
        let name = &source["configMapRef"]["name"];
        name.is_null() || objects.has("ConfigMap", name)
    };
    once && items(&container["env"]).all(of_the_pod) && items(&container["envFrom"]).all(known)
}
