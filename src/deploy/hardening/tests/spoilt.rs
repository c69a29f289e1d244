//! Broken objects are noticed: one change of one kind of object a line, and the rule that it
//! breaks.

use serde_json::Value;

use super::*;

/// Rule, kind, place (in the object, the `pod` or its first `container`) and what comes there.
const SPOILT: &str = r#"
Not root | Deployment | pod/securityContext/runAsNonRoot | false
Not root | Job | container/securityContext/runAsUser | 0
Not root | Deployment | pod/securityContext/runAsGroup | 0
User and group | Deployment | pod/securityContext/runAsUser | null
User and group | Job | pod/securityContext/runAsGroup | 1000
Seccomp | Job | pod/securityContext/seccompProfile | null
Seccomp | Deployment | container/securityContext/seccompProfile | {"type": "Unconfined"}
Security contexts | Job | container/securityContext | null
Host namespaces | Deployment | pod/hostNetwork | true
Host mounts | Deployment | pod/volumes/- | {"name": "d", "hostPath": {"path": "/var/run/docker.sock"}}
Kernel and host settings | Deployment | container/livenessProbe/httpGet/host | "10.0.0.1"
Service account | Job | pod/serviceAccountName | "default"
No API token | Deployment | pod/automountServiceAccountToken | true
No API token | ServiceAccount | /automountServiceAccountToken | null
No service links | Job | pod/enableServiceLinks | null
DNS | Deployment | pod/dnsConfig | null
Restart policy | Job | pod/restartPolicy | null
Node affinity | Job | pod/affinity | null
No escalation | Job | container/securityContext/allowPrivilegeEscalation | true
No escalation | Deployment | pod/initContainers | [{"name": "first"}]
Not privileged | Deployment | container/securityContext/privileged | true
Capabilities | Deployment | container/securityContext/capabilities/add | ["NET_RAW"]
Read-only root | Job | container/securityContext/readOnlyRootFilesystem | false
Read-only root | Job | pod/volumes/- | {"name": "x", "emptyDir": {}}
Ports | Deployment | container/ports/0/hostPort | 8000
Secrets as files | Deployment | container/envFrom/- | {"secretRef": {"name": "shop-secrets"}}
No literal secret | Deployment | container/env/- | {"name": "API_TOKEN", "value": "x"}
Variables | Job | container/env/- | {"name": "TOKIO_WORKER_THREADS", "value": "1"}
Requests | Deployment | container/resources/requests/cpu | null
Limits | Job | container/resources/limits | null
Requests are limits | Deployment | container/resources/limits/cpu | "7"
Ephemeral storage | Job | container/resources/limits/ephemeral-storage | null
Fixed tag | Deployment | container/image | "localhost:5000/shop"
Fixed tag | Job | container/image | "shop:latest"
Digest | Deployment | container/image | "shop:1.2.3"
Pull policy | Deployment | container/imagePullPolicy | null
Probes | Deployment | container/startupProbe | null
Probe ports | Deployment | container/readinessProbe/httpGet/port | "web"
Probes differ | Deployment | container/livenessProbe/httpGet/path | "/health/ready"
Autoscaler | HorizontalPodAutoscaler | /spec/minReplicas | 1
Autoscaler | Deployment | /spec/replicas | 3
Replicas | HorizontalPodAutoscaler | /spec/scaleTargetRef/name | "other"
Disruption budget | PodDisruptionBudget | /spec/maxUnavailable | 0
Spread | Deployment | pod/topologySpreadConstraints | null
Strategy | Deployment | /spec/strategy | {"type": "Recreate"}
End of a Job | Job | /spec/ttlSecondsAfterFinished | null
Network policy | NetworkPolicy | /spec/policyTypes | ["Ingress"]
Network policy | NetworkPolicy | /spec/podSelector/matchLabels/a | "b"
Network policy | NetworkPolicy | /spec/egress/0/to/- | {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}
Network policy | NetworkPolicy | /spec/egress/0/to/- | {"ipBlock": {"cidr": "::/0"}}
Service | Service | /spec/type | "NodePort"
Service | Service | /spec/selector/version | "1"
Selectors | Deployment | /spec/selector/matchLabels | {"app": "shop"}
Ingress and routes | Ingress | /spec/tls | null
Ingress and routes | HTTPRoute | /spec/rules/- | {"backendRefs": [{"name": "x"}]}
Service monitor | ServiceMonitor | /spec/endpoints/- | {"port": "x"}
No rights in the cluster | ServiceAccount | /kind | "ClusterRoleBinding"
ConfigMap content | ConfigMap | /data/ADMIN_PASSWORD | "x"
Namespace | Deployment | /metadata/namespace | "default"
Labels | Job | /metadata/labels | null
Labels | Deployment | /metadata/labels/app.kubernetes.io~1instance | "x"
API versions | HorizontalPodAutoscaler | /apiVersion | "autoscaling/v2beta2"
"#;

/// Puts `value` to `place` of every `kind`.
fn spoil(objects: &mut Objects, kind: &str, place: &str, value: &Value) {
    let place = match place.split_once('/') {
        Some(("pod", rest)) => format!("/spec/template/spec/{rest}"),
        Some(("container", rest)) => format!("/spec/template/spec/containers/0/{rest}"),
        _ => place.to_owned(),
    };
    let (parent, key) = place.rsplit_once('/').unwrap();
    let mut found = 0;
    for object in objects.0.iter_mut().filter(|one| one["kind"] == kind) {
        found += 1;
        match object.pointer_mut(parent).unwrap() {
            Value::Array(list) => list.push(value.clone()),
            members => members[key.replace("~1", "/")] = value.clone(),
        }
    }
    assert!(found > 0, "no {kind}");
}

#[test]
fn a_spoilt_object_is_seen() {
    let objects = |way| Objects::of(&reached_by(way), "production").unwrap();
    let (gateway, ingress) = (objects("gateway"), objects("ingress"));
    for line in SPOILT.trim().lines() {
        let cells: Vec<_> = line.splitn(4, " | ").collect();
        let [rule, kind, place, value] = cells[..] else {
            panic!("{line}");
        };
        let of_ingress = kind == "Ingress";
        let mut objects = if of_ingress { &ingress } else { &gateway }.clone();
        assert_eq!(faults(rule, &objects), Vec::<String>::new(), "{rule}");
        let value = serde_json::from_str(value).unwrap();
        spoil(&mut objects, kind, place, &value);
        let faults = faults(rule, &objects);
        assert!(!faults.is_empty(), "{line}");
    }
}

#[test]
fn every_rule_that_looks_is_spoilt_once() {
    let named = |rule: &Rule| {
        let lines = SPOILT.lines();
        lines
            .filter_map(|line| line.split_once(" | "))
            .any(|(name, _)| name == rule.name)
    };
    let blind: Vec<_> = rules()
        .filter(|rule| matches!(rule.met, Met::Checked { .. }) && !named(rule))
        .map(|rule| rule.name)
        .collect();
    // Nothing meets it that could be spoilt.
    assert_eq!(blind, ["Priority"]);
}
