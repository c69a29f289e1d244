//! Labels, annotations and places, read and refused.

use super::*;
use crate::deploy::plan::example::{environment, verdicts};
use crate::deploy::plan::{Operator, Placement, RunAs};

#[test]
fn metadata_belongs_to_its_environment_alone() {
    let text = r#"
[environments.production]
image_pull_secrets = ["registry", "mirror.example.com"]
priority_class = "high"
run_as = "cluster"
labels = { team = "identity", "example.com/cost-center" = "" }
annotations.pods = { "Example.com/inject" = "a: \"b\"\n" }
annotations.service_account = { "eks.amazonaws.com/role-arn" = "arn:aws:iam::1:role/x" }
node_selector = { "node.example.com/pool" = "auth" }
tolerations = [
    { key = "dedicated", value = "auth", effect = "NoSchedule" },
    { key = "gone", effect = "NoExecute", seconds = 60 },
    { operator = "Exists" },
]
"#;
    let production = environment(text, "production");
    let placement = production.placement;
    assert_eq!(
        placement.image_pull_secrets,
        ["registry", "mirror.example.com"]
    );
    assert_eq!(placement.node_selector["node.example.com/pool"], "auth");
    assert_eq!(placement.priority_class.as_deref(), Some("high"));
    assert_eq!(placement.run_as, RunAs::Cluster);
    let operators: Vec<_> = placement
        .tolerations
        .iter()
        .map(|one| one.operator)
        .collect();
    assert_eq!(
        operators,
        [Operator::Equal, Operator::Exists, Operator::Exists]
    );
    assert_eq!(placement.tolerations[1].seconds, Some(60));
    assert_eq!(production.labels.len(), 2);
    assert_eq!(production.annotations.service_account.len(), 1);
    assert_eq!(
        production.annotations.pods["Example.com/inject"],
        "a: \"b\"\n"
    );
    let staging = environment(text, "staging");
    assert_eq!(staging.placement, Placement::default());
    assert!(staging.labels.is_empty());
    assert_eq!(staging.annotations, Annotations::default());
}

#[test]
fn labels_are_those_of_kubernetes_and_none_that_it_keeps_for_itself() {
    verdicts(
        r#"
        labels = { team = "a b" }
          ! 2:12 labels.team: is "a b", which no label has
        labels = { team = "-a" }
          ! 2:12 labels.team: is "-a", which no label has
        labels.team = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          ! 2:8 labels.team: is "xxxx
        labels = { "a b" = "" }
          ! 2:12 labels."...": has the key "a b", which no label has
        labels = { "Example.com/a" = "" }
          ! 2:12 labels."...": has the key "Example.com/a", which no label has
        labels = { "example.com/" = "" }
          ! 2:12 labels."...": has the key "example.com/", which no label has
        labels = { "app.kubernetes.io/instance" = "x" }
          ! 2:12 labels."...": is a label that every object has
        labels = { "app.kubernetes.io/version" = "x" }
          ! 2:12 labels."...": is a label that every object has
        labels = { "pod-security.kubernetes.io/enforce" = "x" }
          ! 2:12 labels."...": has a prefix that is kept
        labels = { "kubernetes.io/x" = "x" }
          ! 2:12 labels."...": has a prefix that is kept
        labels = { "batch.k8s.io/x" = "x" }
          ! 2:12 labels."...": has a prefix that is kept
        labels = { "statefulset.kubernetes.io/pod-name" = "x" }
          ! 2:12 labels."...": has a prefix that is kept
        labels = { pod-template-hash = "x" }
          ! 2:12 labels.pod-template-hash: is a label that Kubernetes itself writes
        labels = { job-name = "x" }
          ! 2:12 labels.job-name: is a label that Kubernetes itself writes
        components = ["monitoring"]
        monitoring.labels = { "app.kubernetes.io/name" = "x" }
          ! 3:23 monitoring.labels."...": is a label that every object has
        components = ["monitoring"]
        monitoring.labels = { controller-revision-hash = "x" }
          ! 3:23 monitoring.labels.controller-revision-hash: is a label that Kubernetes itself
        components = ["monitoring"]
        monitoring.labels = { "batch.kubernetes.io/job-name" = "x" }
          ! 3:23 monitoring.labels."...": has a prefix that is kept
        "#,
    );
    // One that only looks like it.
    environment(
        "environments.staging.labels.\"my-kubernetes.io/a\" = \"1\"",
        "staging",
    );
}

#[test]
fn annotations_have_an_object_and_a_single_writer() {
    verdicts(
        r#"
        annotations.ingress = { a = "b" }
          ! 2:13 annotations.ingress: has no effect without the component ingress; list ingress, or take it out
        annotations.http_route.a = "b"
          ! 2:13 annotations.http_route: has no effect without the component gateway
        annotations.pods = { "checksum/config" = "b" }
          ! 2:22 annotations.pods."...": is written here
        annotations.pods = { "container.apparmor.security.beta.kubernetes.io/backend" = "unconfined" }
          ! 2:22 annotations.pods."...": loosens the confinement of the pods
        annotations.pods = { "container.seccomp.security.alpha.kubernetes.io/backend" = "unconfined" }
          ! 2:22 annotations.pods."...": loosens the confinement of the pods
        annotations.pods = { "Seccomp.security.alpha.kubernetes.io/pod" = "unconfined" }
          ! 2:22 annotations.pods."...": loosens the confinement of the pods
        host = "a.com"
        components = ["ingress"]
        annotations.ingress = { "kubernetes.io/ingress.class" = "nginx" }
          ! 4:25 annotations.ingress."...": names the class a second time, which Kubernetes refuses; write the class into
        annotations.service.a = true
          ! 2:21 annotations.service.a: is true or false, and must be text in quotes
        "#,
    );
    let long = "x".repeat(MAX_ANNOTATIONS);
    verdicts(&format!(
        "annotations.pods.a = \"{long}\"\n! 2:13 annotations.pods: has more than 240 KiB"
    ));
    let text = "[environments.staging]\nhost = \"a.com\"\nannotations.http_route.a = \"b\"";
    environment(text, "staging");
}

#[test]
fn tolerations_name_a_taint_and_pods_stay_on_linux() {
    verdicts(
        r#"
        tolerations = [{ key = "a", operator = "Exists", value = "b" }]
          ! 2:50 tolerations[0].value: has no effect beside the operator Exists
        tolerations = [{ effect = "NoSchedule" }]
          ! 2:16 tolerations[0].key: is missing: which taint is tolerated?
        tolerations = [{ key = "a", seconds = 5 }]
          ! 2:29 tolerations[0].seconds: has no effect: only NoExecute makes pods leave
        tolerations = [{ key = "a", effect = "NoExec" }]
          ! 2:29 tolerations[0].effect: is "NoExec", which does not exist; did you mean NoExecute?
        node_selector."kubernetes.io/os" = "windows"
          ! 2:15 node_selector."...": is not linux
        run_as = 1000
          ! 2:1 run_as: is a number, and must be one of the words that there are
        run_as = "root"
          ! 2:1 run_as: is "root", which does not exist; there are image, cluster
        priority_class = "High"
          ! 2:1 priority_class: is "High", which is not the name of a Kubernetes object
        "#,
    );
}
