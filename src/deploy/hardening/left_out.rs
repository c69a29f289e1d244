//! Rules that no environment follows, and why; and those about what is never generated.

use super::rule::{Met, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "AppArmor",
        asks: "a profile in words",
        scanners: "kubesec `ApparmorAny`; PSS baseline asks only that it is not `Unconfined`",
        met: Met::LeftOut(
            "a kubelet refuses pods with a profile on nodes that have no AppArmor; where nodes \
             have it, the runtime's own profile holds without a word",
        ),
    },
    Rule {
        name: "User namespace",
        asks: "`hostUsers: false`",
        scanners: "kubesec `HostUsers`; checkov `CKV_K8S_40`, which a high user passes as well",
        met: Met::LeftOut(
            "not every cluster and runtime has user namespaces; the process has a high user and \
             no capabilities either way",
        ),
    },
    Rule {
        name: "Owner",
        asks: "a label `owner` and an annotation `email`",
        scanners: "kube-linter `required-label-owner`, `required-annotation-email` (both optional)",
        met: Met::LeftOut(
            "whom to ask is not in `deploy.toml`; a kustomization on top of an overlay can add it",
        ),
    },
    Rule {
        name: "Key order",
        asks: "keys in the order of the alphabet",
        scanners: "kube-linter `sorted-keys` (optional)",
        met: Met::LeftOut("keys stand in the order in which people read them"),
    },
    Rule {
        name: "Secrets and ConfigMaps in use",
        asks: "no pod that uses a Secret or a ConfigMap",
        scanners: "Kubescape `C-0255`, `C-0258`, `C-0259` (not in its framework of the NSA)",
        met: Met::LeftOut(
            "a service has settings; Kubescape reads no annotations and needs a file of exceptions",
        ),
    },
    Rule {
        name: "Readiness without backends",
        asks: "a readiness probe that asks no backend",
        scanners: "kube-score, in its notes on probes",
        met: Met::NotApplicable("what the endpoint looks at is the service's business"),
    },
    Rule {
        name: "Other kinds",
        asks: "rules about CronJobs, StatefulSets, claims of volumes, Tiller, pod security \
               policies and OpenShift's constraints",
        scanners: "kube-score `cronjob-*`, `statefulset-*`; kubesec `VolumeClaim*`; checkov \
                   `CKV_K8S_1` to `7`, `24`, `32`, `33`, `34`, `36`, `44`, `45`, `159`; \
                   kube-linter `scc-*`",
        met: Met::NotApplicable("none of them is generated"),
    },
    Rule {
        name: "Control plane",
        asks: "rules about the API server, etcd, the kubelet and the nodes",
        scanners: "checkov `CKV_K8S_68` to `151`; Kubescape `C-0005`, `C-0066` to `C-0070`",
        met: Met::NotApplicable("they are of the cluster, not of what runs in it"),
    },
];
