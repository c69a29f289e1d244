//! Rules about pods as a whole: who they run as, and what of the node and of the API they see.

use serde_json::Value;

use super::look::Look::{All, One};
use super::look::Part::{Kind, Pod};
use super::objects::{Objects, PROBES, containers, is_empty, items, pod};
use super::rule::{Rule, checked, waivable};

const TOKEN: &str = "mounts a token of the API";
const RESTART: &str = "does not say when it is restarted";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "Not root",
        asks: "`runAsNonRoot: true` of every pod, and no user or group below 10000; no container \
               says otherwise",
        scanners: "kube-linter `run-as-non-root`; PSS restricted; Polaris `runAsRootAllowed`; \
                   kubesec `RunAsNonRoot`; checkov `CKV_K8S_23`; Kubescape `C-0013`",
        met: checked(One(Pod, "may run as root", non_root)),
    },
    Rule {
        name: "User and group",
        asks: "`runAsUser` and `runAsGroup` of 10000 or more, of every pod",
        scanners: "kube-score `container-security-context-user-group-id`; kubesec `RunAsUser`, \
                   `RunAsGroup`; checkov `CKV_K8S_40`",
        met: waivable(
            One(Pod, "does not say as whom it runs", |pod, _| {
                let context = &pod["securityContext"];
                high(&context["runAsUser"]) && high(&context["runAsGroup"])
            }),
            &["CKV_K8S_40", "container-security-context-user-group-id"],
        ),
    },
    Rule {
        name: "Seccomp",
        asks: "`seccompProfile.type: RuntimeDefault` of every pod",
        scanners: "kube-score `container-seccomp-profile` (optional); PSS restricted; Polaris \
                   `linuxHardening`; kubesec `SeccompAny`, `SeccompUnconfined`; checkov \
                   `CKV_K8S_31`; Kubescape `C-0055`",
        met: checked(One(Pod, "has no seccomp profile of the runtime", seccomp)),
    },
    Rule {
        name: "Security contexts",
        asks: "`securityContext` of every pod and of every container",
        scanners: "checkov `CKV_K8S_29`, `CKV_K8S_30`; Kubescape `C-0211`",
        met: checked(One(Pod, "has no security context", |pod, _| {
            let has_context = |value: &Value| !is_empty(&value["securityContext"]);
            has_context(pod) && containers(pod).all(has_context)
        })),
    },
    Rule {
        name: "Host namespaces",
        asks: "no `hostNetwork`, `hostPID` or `hostIPC`",
        scanners: "kube-linter `host-ipc`, `host-network`, `host-pid`; PSS baseline; Polaris \
                   `hostIPCSet`, `hostNetworkSet`, `hostPIDSet`; kubesec `HostIPC`, \
                   `HostNetwork`, `HostPID`; checkov `CKV_K8S_17`, `CKV_K8S_18`, `CKV_K8S_19`; \
                   Kubescape `C-0038`, `C-0041`",
        met: checked(One(Pod, "shares a namespace of the host", |pod, _| {
            let mut keys = ["hostNetwork", "hostPID", "hostIPC"].iter();
            keys.all(|key| pod[*key].is_null() || pod[*key] == false)
        })),
    },
    Rule {
        name: "Host mounts",
        asks: "volumes of `configMap`, `secret`, `emptyDir` and `projected` only; no `procMount`, \
               no `hostAliases`",
        scanners: "kube-linter `docker-sock`, `sensitive-host-mounts`, `writable-host-mount`, \
                   `unsafe-proc-mount`; PSS baseline and restricted; Polaris `hostPathSet`, \
                   `procMount`; kubesec `DockerSock`, `ProcMount`, `HostAliases`; checkov \
                   `CKV_K8S_27`; Kubescape `C-0045`, `C-0048`, `C-0074`",
        met: checked(One(Pod, "mounts what is not its own", host_mounts)),
    },
    Rule {
        name: "Kernel and host settings",
        asks: "no `sysctls`, `windowsOptions` or `seLinuxOptions`; no `host` in a probe or a hook",
        scanners: "kube-linter `unsafe-sysctls`; PSS baseline; Polaris `hostProcess`",
        met: checked(One(Pod, "sets what is the host's", kernel)),
    },
    Rule {
        name: "Service account",
        asks: "a ServiceAccount of its own, named by `serviceAccountName`",
        scanners: "kube-linter `default-service-account`, `non-existent-service-account`, \
                   `deprecated-service-account-field`; kubesec `ServiceAccountName`; checkov \
                   `CKV_K8S_41`, `CKV_K8S_42`; Kubescape `C-0294`, `C-0307`",
        met: checked(One(
            Pod,
            "has no ServiceAccount of its own",
            |pod, objects| {
                let name = &pod["serviceAccountName"];
                *name != "default"
                    && objects.has("ServiceAccount", name)
                    && pod["serviceAccount"].is_null()
            },
        )),
    },
    Rule {
        name: "No API token",
        asks: "`automountServiceAccountToken: false` of the ServiceAccount and of every pod",
        scanners: "Polaris `automountServiceAccountToken`; kubesec \
                   `AutomountServiceAccountToken`; checkov `CKV_K8S_38`; Kubescape `C-0034`",
        met: checked(All(&[
            One(Kind("ServiceAccount"), TOKEN, |account, _| {
                account["automountServiceAccountToken"] == false
            }),
            One(Pod, TOKEN, |pod, _| {
                pod["automountServiceAccountToken"] == false
            }),
        ])),
    },
    Rule {
        name: "No service links",
        asks: "`enableServiceLinks: false` of every pod: the addresses of other Services do \
               not become variables, where they could be taken for settings",
        scanners: "none",
        met: checked(One(Pod, "has variables of other Services", |pod, _| {
            pod["enableServiceLinks"] == false
        })),
    },
    Rule {
        name: "DNS",
        asks: "`dnsConfig` with the option `ndots` at `2`",
        scanners: "kube-linter `dnsconfig-options` (optional)",
        met: checked(One(Pod, "asks for every name many times", |pod, _| {
            // By default a name with fewer than five dots is first asked for in every search domain.
            let mut options = items(&pod["dnsConfig"]["options"]);
            options.any(|option| option["name"] == "ndots" && option["value"] == "2")
        })),
    },
    Rule {
        name: "Restart policy",
        asks: "`restartPolicy` in words: `Always`, of the Job `OnFailure`",
        scanners: "kube-linter `restart-policy` (optional)",
        met: checked(All(&[
            One(Kind("Deployment"), RESTART, |owner, _| {
                pod(owner)["restartPolicy"] == "Always"
            }),
            One(Kind("Job"), RESTART, |owner, _| {
                pod(owner)["restartPolicy"] == "OnFailure"
            }),
        ])),
    },
    Rule {
        name: "Node affinity",
        asks: "a required affinity to `kubernetes.io/os` in `linux`",
        scanners: "kube-linter `no-node-affinity` (optional)",
        met: checked(One(
            Pod,
            "may land on a node of another system",
            node_affinity,
        )),
    },
    Rule {
        name: "Priority",
        asks: "a `priorityClassName`",
        scanners: "Polaris `priorityClassNotSet`; kube-linter `priority-class-name` (optional) \
                   asks for the contrary",
        met: waivable(
            One(Pod, "has no priority class", |pod, _| {
                pod["priorityClassName"].is_string()
            }),
            &["priorityClassNotSet"],
        ),
    },
];

fn high(id: &Value) -> bool {
    // A lower number may be a user of the node, whose files an escaped process could then read.
    id.as_i64().is_some_and(|id| id >= 10_000)
}

fn non_root(pod: &Value, _: &Objects) -> bool {
    let unsaid_or = |value: &Value, holds: bool| value.is_null() || holds;
    let safe = |owner: &Value| {
        let context = &owner["securityContext"];
        unsaid_or(&context["runAsNonRoot"], context["runAsNonRoot"] == true)
            && unsaid_or(&context["runAsUser"], high(&context["runAsUser"]))
            && unsaid_or(&context["runAsGroup"], high(&context["runAsGroup"]))
    };
    let required = pod["securityContext"]["runAsNonRoot"] == true;
    required && safe(pod) && containers(pod).all(safe)
}

fn seccomp(pod: &Value, _: &Objects) -> bool {
    let kind = |owner: &Value| owner["securityContext"]["seccompProfile"]["type"].clone();
    kind(pod) == "RuntimeDefault"
        && containers(pod)
            .map(kind)
            .all(|own| own.is_null() || own == "RuntimeDefault")
}

fn host_mounts(pod: &Value, _: &Objects) -> bool {
    let own = |volume: &Value| {
        let mut kinds = ["configMap", "secret", "emptyDir", "projected"].iter();
        kinds.any(|kind| !volume[*kind].is_null())
    };
    items(&pod["volumes"]).all(own)
        && is_empty(&pod["hostAliases"])
        && containers(pod).all(|container| container["securityContext"]["procMount"].is_null())
}

fn kernel(pod: &Value, _: &Objects) -> bool {
    let plain = |owner: &Value| {
        let mut keys = ["sysctls", "windowsOptions", "seLinuxOptions"].iter();
        keys.all(|key| is_empty(&owner["securityContext"][*key]))
    };
    // The kubelet asks from the node's network, and could be made to ask anything there.
    let no_host = |handler: &Value| {
        let mut ways = ["httpGet", "tcpSocket"].iter();
        ways.all(|how| handler[*how]["host"].is_null())
    };
    plain(pod)
        && containers(pod).all(|container| {
            let hooks = &container["lifecycle"];
            plain(container)
                && PROBES.iter().all(|probe| no_host(&container[*probe]))
                && no_host(&hooks["preStop"])
                && no_host(&hooks["postStart"])
        })
}

fn node_affinity(pod: &Value, _: &Objects) -> bool {
    let required =
        &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    // The scheduler takes a node that meets any one of the terms, so all of them have to ask.
    let mut terms = items(&required["nodeSelectorTerms"]).peekable();
    terms.peek().is_some()
        && terms.all(|term| {
            items(&term["matchExpressions"]).any(|one| {
                one["key"] == "kubernetes.io/os"
                    && one["operator"] == "In"
                    && one["values"] == serde_json::json!(["linux"])
            })
        })
}
