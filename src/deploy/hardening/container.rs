//! Rules about containers: what the process may do, and which variables it is given.

use std::collections::BTreeSet;

use serde_json::Value;

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
        met: checked(no_escalation),
    },
    Rule {
        name: "Not privileged",
        asks: "`privileged: false` of every container",
        scanners: "kube-linter `privileged-container`; kube-score \
                   `container-security-context-privileged`; PSS baseline; Polaris \
                   `runAsPrivileged`; kubesec `Privileged`; checkov `CKV_K8S_16`; Kubescape \
                   `C-0057`",
        met: checked(not_privileged),
    },
    Rule {
        name: "Capabilities",
        asks: "`capabilities.drop: [ALL]` of every container, and none added",
        scanners: "kube-linter `drop-net-raw-capability`; PSS restricted; Polaris \
                   `dangerousCapabilities`, `insecureCapabilities`; kubesec `CapDropAny`, \
                   `CapDropAll`, `CapSysAdmin`; checkov `CKV_K8S_25`, `CKV_K8S_28`, \
                   `CKV_K8S_37`, `CKV_K8S_39`; Kubescape `C-0046`",
        met: checked(capabilities),
    },
    Rule {
        name: "Read-only root",
        asks: "`readOnlyRootFilesystem: true` of every container; an `emptyDir` has a `sizeLimit`",
        scanners: "kube-linter `no-read-only-root-fs`; kube-score \
                   `container-security-context-readonlyrootfilesystem`; Polaris \
                   `notReadOnlyRootFilesystem`; kubesec `ReadOnlyRootFilesystem`; checkov \
                   `CKV_K8S_22`; Kubescape `C-0017`",
        met: checked(read_only),
    },
    Rule {
        name: "Ports",
        asks: "ports with names, above 1023; what serves has `http`; no `hostPort`",
        scanners: "kube-linter `privileged-ports`, `ssh-port`, `invalid-target-ports`; kube-score \
                   `container-ports-check` (optional); PSS baseline; Polaris `hostPortSet`; \
                   checkov `CKV_K8S_26`; Kubescape `C-0044`",
        met: checked(ports),
    },
    Rule {
        name: "Secrets as files",
        asks: "no Secret in a variable; mounted ones have mode 0440",
        scanners: "kube-linter `read-secret-from-env-var` (optional); kubesec \
                   `SecretsAsEnvironmentVariables`; checkov `CKV_K8S_35`",
        met: waivable(secret_files, &["CKV_K8S_35"]),
    },
    Rule {
        name: "No literal secret",
        asks: "no variable with a literal value whose name sounds like a secret",
        scanners: "kube-linter `env-var-secret`; Polaris `sensitiveContainerEnvVar`; Kubescape \
                   `C-0012`",
        met: checked(no_literal),
    },
    Rule {
        name: "Variables",
        asks: "every variable once, and none from an object that is not generated",
        scanners: "kube-linter `duplicate-env-var`, `env-value-from` (optional); kube-score \
                   `environment-variable-key-duplication`; Kubescape `C-0295`",
        met: checked(variables),
    },
];

fn no_escalation(objects: &Objects) -> Vec<String> {
    objects.every_container("may gain privileges", |container| {
        container["securityContext"]["allowPrivilegeEscalation"] == false
    })
}

fn not_privileged(objects: &Objects) -> Vec<String> {
    objects.every_container("may be privileged", |container| {
        container["securityContext"]["privileged"] == false
    })
}

fn capabilities(objects: &Objects) -> Vec<String> {
    objects.every_container("has capabilities", |container| {
        let set = &container["securityContext"]["capabilities"];
        items(&set["drop"]).any(|one| one == "ALL") && is_empty(&set["add"])
    })
}

fn read_only(objects: &Objects) -> Vec<String> {
    let mut faults = objects.every_container("may write to its root", |container| {
        container["securityContext"]["readOnlyRootFilesystem"] == true
    });
    faults.extend(objects.every_pod("has a folder without a limit", |pod| {
        items(&pod["volumes"]).all(|volume| {
            let folder = &volume["emptyDir"];
            folder.is_null() || folder["sizeLimit"].is_string()
        })
    }));
    faults
}

fn ports(objects: &Objects) -> Vec<String> {
    let plain = |port: &Value| {
        let number = port["containerPort"].as_u64();
        port["name"].is_string()
            && number.is_some_and(|number| number > 1023)
            && port["hostPort"].is_null()
    };
    let mut faults = objects.every_container("has a port of the host or without a name", |one| {
        items(&one["ports"]).all(plain)
    });
    faults.extend(objects.every_server("has no port http", |container| {
        items(&container["ports"]).any(|port| port["name"] == "http")
    }));
    faults
}

fn secret_files(objects: &Objects) -> Vec<String> {
    let mut faults = objects.every_container("has secrets in variables", |container| {
        items(&container["env"]).all(|one| one["valueFrom"]["secretKeyRef"].is_null())
            && items(&container["envFrom"]).all(|source| source["secretRef"].is_null())
    });
    faults.extend(
        objects.every_pod("mounts secrets that others may read", |pod| {
            items(&pod["volumes"]).all(|volume| {
                let secret = &volume["secret"];
                secret.is_null() || secret["defaultMode"] == 0o440
            })
        }),
    );
    faults
}

fn no_literal(objects: &Objects) -> Vec<String> {
    objects.every_container("has a literal that may be a secret", |container| {
        items(&container["env"])
            .all(|one| one["value"].is_null() || !one["name"].as_str().is_some_and(sounds_secret))
    })
}

fn variables(objects: &Objects) -> Vec<String> {
    objects.every_container("has a variable twice or from elsewhere", |container| {
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
    })
}
