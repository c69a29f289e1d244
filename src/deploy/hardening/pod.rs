//! Rules about pods as a whole: who they run as, and what of the node and of the API they see.

use serde_json::Value;

use super::objects::{Objects, containers, is_empty, items};
use super::rule::{Rule, checked, waivable};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Not root",
        asks: "`runAsNonRoot: true` of every pod, and no user or group below 10000; no container \
               says otherwise",
        scanners: "kube-linter `run-as-non-root`; PSS restricted; Polaris `runAsRootAllowed`; \
                   kubesec `RunAsNonRoot`; checkov `CKV_K8S_23`; Kubescape `C-0013`",
        met: checked(non_root),
    },
    Rule {
        name: "User and group",
        asks: "`runAsUser` and `runAsGroup` of 10000 or more, of every pod",
        scanners: "kube-score `container-security-context-user-group-id`; kubesec `RunAsUser`, \
                   `RunAsGroup`; checkov `CKV_K8S_40`",
        met: waivable(
            ids,
            &["CKV_K8S_40", "container-security-context-user-group-id"],
        ),
    },
    Rule {
        name: "Seccomp",
        asks: "`seccompProfile.type: RuntimeDefault` of every pod",
        scanners: "kube-score `container-seccomp-profile` (optional); PSS restricted; Polaris \
                   `linuxHardening`; kubesec `SeccompAny`, `SeccompUnconfined`; checkov \
                   `CKV_K8S_31`; Kubescape `C-0055`",
        met: checked(seccomp),
    },
    Rule {
        name: "Security contexts",
        asks: "`securityContext` of every pod and of every container",
        scanners: "checkov `CKV_K8S_29`, `CKV_K8S_30`; Kubescape `C-0211`",
        met: checked(contexts),
    },
    Rule {
        name: "Host namespaces",
        asks: "no `hostNetwork`, `hostPID` or `hostIPC`",
        scanners: "kube-linter `host-ipc`, `host-network`, `host-pid`; PSS baseline; Polaris \
                   `hostIPCSet`, `hostNetworkSet`, `hostPIDSet`; kubesec `HostIPC`, \
                   `HostNetwork`, `HostPID`; checkov `CKV_K8S_17`, `CKV_K8S_18`, `CKV_K8S_19`; \
                   Kubescape `C-0038`, `C-0041`",
        met: checked(host_namespaces),
    },
    Rule {
        name: "Host mounts",
        asks: "volumes of `configMap`, `secret`, `emptyDir` and `projected` only; no `procMount`, \
               no `hostAliases`",
        scanners: "kube-linter `docker-sock`, `sensitive-host-mounts`, `writable-host-mount`, \
                   `unsafe-proc-mount`; PSS baseline and restricted; Polaris `hostPathSet`, \
                   `procMount`; kubesec `DockerSock`, `ProcMount`, `HostAliases`; checkov \
                   `CKV_K8S_27`; Kubescape `C-0045`, `C-0048`, `C-0074`",
        met: checked(host_mounts),
    },
    Rule {
        name: "Kernel and host settings",
        asks: "no `sysctls`, `windowsOptions` or `seLinuxOptions`; no `host` in a probe or a hook",
        scanners: "kube-linter `unsafe-sysctls`; PSS baseline; Polaris `hostProcess`",
        met: checked(kernel),
    },
    Rule {
        name: "Service account",
        asks: "a ServiceAccount of its own, named by `serviceAccountName`",
        scanners: "kube-linter `default-service-account`, `non-existent-service-account`, \
                   `deprecated-service-account-field`; kubesec `ServiceAccountName`; checkov \
                   `CKV_K8S_41`, `CKV_K8S_42`; Kubescape `C-0294`, `C-0307`",
        met: checked(service_account),
    },
    Rule {
        name: "No API token",
        asks: "`automountServiceAccountToken: false` of the ServiceAccount and of every pod",
        scanners: "Polaris `automountServiceAccountToken`; kubesec \
                   `AutomountServiceAccountToken`; checkov `CKV_K8S_38`; Kubescape `C-0034`",
        met: checked(no_token),
    },
    Rule {
        name: "No service links",
        asks: "`enableServiceLinks: false` of every pod: the addresses of other Services do \
               not become variables, where they could be taken for settings",
        scanners: "none",
        met: checked(no_links),
    },
    Rule {
        name: "DNS",
        asks: "`dnsConfig` with the option `ndots` at `2`",
        scanners: "kube-linter `dnsconfig-options` (optional)",
        met: checked(dns),
    },
    Rule {
        name: "Restart policy",
        asks: "`restartPolicy` in words: `Always`, of the Job `OnFailure`",
        scanners: "kube-linter `restart-policy` (optional)",
        met: checked(restart),
    },
    Rule {
        name: "Node affinity",
        asks: "a required affinity to `kubernetes.io/os` in `linux`",
        scanners: "kube-linter `no-node-affinity` (optional)",
        met: checked(node_affinity),
    },
    Rule {
        name: "Priority",
        asks: "a `priorityClassName`",
        scanners: "Polaris `priorityClassNotSet`; kube-linter `priority-class-name` (optional) \
                   asks for the contrary",
        met: waivable(priority, &["priorityClassNotSet"]),
    },
];

fn high(id: &Value) -> bool {
    id.as_i64().is_some_and(|id| id >= 10_000)
}

fn non_root(objects: &Objects) -> Vec<String> {
    let unsaid_or = |value: &Value, holds: bool| value.is_null() || holds;
    objects.every_pod("may run as root", |pod| {
        let safe = |owner: &Value| {
            let context = &owner["securityContext"];
            unsaid_or(&context["runAsNonRoot"], context["runAsNonRoot"] == true)
                && unsaid_or(&context["runAsUser"], high(&context["runAsUser"]))
                && unsaid_or(&context["runAsGroup"], high(&context["runAsGroup"]))
        };
        let required = pod["securityContext"]["runAsNonRoot"] == true;
        required && safe(pod) && containers(pod).all(safe)
    })
}

fn ids(objects: &Objects) -> Vec<String> {
    objects.every_pod("does not say as whom it runs", |pod| {
        let context = &pod["securityContext"];
        high(&context["runAsUser"]) && high(&context["runAsGroup"])
    })
}

fn seccomp(objects: &Objects) -> Vec<String> {
    objects.every_pod("has no seccomp profile of the runtime", |pod| {
        let kind = |context: &Value| context["seccompProfile"]["type"].clone();
        kind(&pod["securityContext"]) == "RuntimeDefault"
            && containers(pod).all(|container| {
                let own = kind(&container["securityContext"]);
                own.is_null() || own == "RuntimeDefault"
            })
    })
}

fn contexts(objects: &Objects) -> Vec<String> {
    let has_context = |value: &Value| !is_empty(&value["securityContext"]);
    objects.every_pod("has no security context", |pod| {
        has_context(pod) && containers(pod).all(has_context)
    })
}

fn host_namespaces(objects: &Objects) -> Vec<String> {
    objects.every_pod("shares a namespace of the host", |pod| {
        ["hostNetwork", "hostPID", "hostIPC"]
            .iter()
            .all(|key| pod[*key].is_null() || pod[*key] == false)
    })
}

fn host_mounts(objects: &Objects) -> Vec<String> {
    let own = |volume: &Value| {
        ["configMap", "secret", "emptyDir", "projected"]
            .iter()
            .any(|kind| !volume[*kind].is_null())
    };
    objects.every_pod("mounts what is not its own", |pod| {
        items(&pod["volumes"]).all(own)
            && is_empty(&pod["hostAliases"])
            && containers(pod).all(|container| container["securityContext"]["procMount"].is_null())
    })
}

fn kernel(objects: &Objects) -> Vec<String> {
    let plain = |context: &Value| {
        ["sysctls", "windowsOptions", "seLinuxOptions"]
            .iter()
            .all(|key| is_empty(&context[*key]))
    };
    let no_host = |handler: &Value| {
        ["httpGet", "tcpSocket"]
            .iter()
            .all(|how| handler[*how]["host"].is_null())
    };
    objects.every_pod("sets what is the host's", |pod| {
        plain(&pod["securityContext"])
            && containers(pod).all(|container| {
                let hooks = &container["lifecycle"];
                plain(&container["securityContext"])
                    && ["livenessProbe", "readinessProbe", "startupProbe"]
                        .iter()
                        .all(|probe| no_host(&container[*probe]))
                    && no_host(&hooks["preStop"])
                    && no_host(&hooks["postStart"])
            })
    })
}

fn service_account(objects: &Objects) -> Vec<String> {
    objects.every_pod("has no ServiceAccount of its own", |pod| {
        let name = &pod["serviceAccountName"];
        *name != "default" && objects.has("ServiceAccount", name) && pod["serviceAccount"].is_null()
    })
}

fn no_token(objects: &Objects) -> Vec<String> {
    let key = "automountServiceAccountToken";
    let problem = "mounts a token of the API";
    let mut faults = objects.every("ServiceAccount", problem, |account| account[key] == false);
    faults.extend(objects.every_pod(problem, |pod| pod[key] == false));
    faults
}

fn no_links(objects: &Objects) -> Vec<String> {
    objects.every_pod("has variables of other Services", |pod| {
        pod["enableServiceLinks"] == false
    })
}

fn dns(objects: &Objects) -> Vec<String> {
    objects.every_pod("asks for every name many times", |pod| {
        items(&pod["dnsConfig"]["options"])
            .any(|option| option["name"] == "ndots" && option["value"] == "2")
    })
}

fn restart(objects: &Objects) -> Vec<String> {
    let problem = "does not say when it is restarted";
    let is = |policy: &'static str| {
        move |owner: &Value| super::objects::pod(owner)["restartPolicy"] == policy
    };
    let mut faults = objects.every("Deployment", problem, is("Always"));
    faults.extend(objects.every("Job", problem, is("OnFailure")));
    faults
}

fn node_affinity(objects: &Objects) -> Vec<String> {
    objects.every_pod("may land on a node of another system", |pod| {
        let required =
            &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        let mut terms = items(&required["nodeSelectorTerms"]).peekable();
        terms.peek().is_some()
            && terms.all(|term| {
                items(&term["matchExpressions"]).any(|one| {
                    one["key"] == "kubernetes.io/os"
                        && one["operator"] == "In"
                        && one["values"] == serde_json::json!(["linux"])
                })
            })
    })
}

fn priority(objects: &Objects) -> Vec<String> {
    objects.every_pod("has no priority class", |pod| {
        pod["priorityClassName"].is_string()
    })
}
