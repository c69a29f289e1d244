//! What is read, and what is refused.

use super::*;
use crate::deploy::plan::example::{environment, faults, refused};

#[test]
fn what_is_written_holds_there_and_nowhere_else() {
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
    let Placement {
        image_pull_secrets,
        node_selector,
        tolerations,
        priority_class,
        run_as,
    } = production.placement;
    assert_eq!(image_pull_secrets, ["registry", "mirror.example.com"]);
    assert_eq!(node_selector["node.example.com/pool"], "auth");
    assert_eq!(priority_class.as_deref(), Some("high"));
    assert_eq!(run_as, RunAs::Cluster);
    let operators: Vec<_> = tolerations.iter().map(|one| one.operator).collect();
    assert_eq!(
        operators,
        [Operator::Equal, Operator::Exists, Operator::Exists]
    );
    assert_eq!(tolerations[1].seconds, Some(60));
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
fn labels_are_of_kubernetes_and_not_those_that_are_there() {
    let at = "2:12 environments.production.labels";
    for (key, value, problem) in [
        ("team", "a b", ".team: is \"a b\", which no label has"),
        ("team", "-a", ".team: is \"-a\", which no label has"),
        (
            "a b",
            "",
            ".\"...\": has the key \"a b\", which no label has",
        ),
        (
            "Example.com/a",
            "",
            ".\"...\": has the key \"Example.com/a\", which no label has",
        ),
        (
            "example.com/",
            "",
            ".\"...\": has the key \"example.com/\", which no label has",
        ),
        (
            "app.kubernetes.io/instance",
            "x",
            ".\"...\": is a label that every object has",
        ),
        (
            "app.kubernetes.io/version",
            "x",
            ".\"...\": is a label that every object has",
        ),
        (
            "pod-security.kubernetes.io/enforce",
            "x",
            ".\"...\": has a prefix that is kept",
        ),
        (
            "kubernetes.io/x",
            "x",
            ".\"...\": has a prefix that is kept",
        ),
        ("batch.k8s.io/x", "x", ".\"...\": has a prefix that is kept"),
        (
            "statefulset.kubernetes.io/pod-name",
            "x",
            ".\"...\": has a prefix that is kept",
        ),
        (
            "pod-template-hash",
            "x",
            ".pod-template-hash: is a label that Kubernetes itself writes",
        ),
        (
            "job-name",
            "x",
            ".job-name: is a label that Kubernetes itself writes",
        ),
    ] {
        let text = format!("[environments.production]\nlabels = {{ \"{key}\" = \"{value}\" }}");
        let faults = faults(&text);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let start = format!("deploy.toml:{at}{problem}");
        assert!(faults[0].starts_with(&start), "{start}\n{}", faults[0]);
    }
    let long = "x".repeat(64);
    refused(
        &format!("labels.team = \"{long}\""),
        "2:8 environments.production.labels.team",
        "is \"xxxx",
    );
    for (key, problem) in [
        ("app.kubernetes.io/name", "is a label that every object has"),
        (
            "controller-revision-hash",
            "is a label that Kubernetes itself",
        ),
        ("batch.kubernetes.io/job-name", "has a prefix that is kept"),
    ] {
        let text = "components = [\"monitoring\"]\nmonitoring.labels = ";
        let text = format!("[environments.production]\n{text}{{ \"{key}\" = \"x\" }}");
        let faults = faults(&text);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let start = "deploy.toml:3:23 environments.production.monitoring.labels.";
        assert!(faults[0].starts_with(start), "{}", faults[0]);
        assert!(faults[0].contains(problem), "{}", faults[0]);
    }
    // One that only looks like it.
    environment(
        "environments.staging.labels.\"my-kubernetes.io/a\" = \"1\"",
        "staging",
    );
}

#[test]
fn annotations_are_for_objects_that_there_are_and_none_is_written_twice() {
    let at = "2:13 environments.production.annotations";
    refused(
        "annotations.ingress = { a = \"b\" }",
        &format!("{at}.ingress"),
        "has no effect without the component ingress; list ingress, or take it out",
    );
    refused(
        "annotations.http_route.a = \"b\"",
        &format!("{at}.http_route"),
        "has no effect without the component gateway",
    );
    environment(
        "[environments.staging]\nhost = \"a.com\"\nannotations.http_route.a = \"b\"",
        "staging",
    );
    refused(
        "annotations.pods = { \"checksum/config\" = \"b\" }",
        "2:22 environments.production.annotations.pods.\"...\"",
        "is written here",
    );
    for confinement in [
        "container.apparmor.security.beta.kubernetes.io/backend",
        "container.seccomp.security.alpha.kubernetes.io/backend",
        "Seccomp.security.alpha.kubernetes.io/pod",
    ] {
        refused(
            &format!("annotations.pods = {{ \"{confinement}\" = \"unconfined\" }}"),
            "2:22 environments.production.annotations.pods.\"...\"",
            "loosens the confinement of the pods",
        );
    }
    refused(
        "host = \"a.com\"\ncomponents = [\"ingress\"]\n\
         annotations.ingress = { \"kubernetes.io/ingress.class\" = \"nginx\" }",
        "4:25 environments.production.annotations.ingress.\"...\"",
        "names the class a second time, which Kubernetes refuses; write the class into",
    );
    refused(
        "annotations.service.a = true",
        "2:21 environments.production.annotations.service.a",
        "is true or false, and must be text in quotes",
    );
    refused(
        &format!("annotations.pods.a = \"{}\"", "x".repeat(MAX_ANNOTATIONS)),
        "2:13 environments.production.annotations.pods",
        "has more than 240 KiB",
    );
}

#[test]
fn tolerations_say_which_taint_and_pods_stay_on_linux() {
    let at = "2:16 environments.production.tolerations[0]";
    refused(
        "tolerations = [{ key = \"a\", operator = \"Exists\", value = \"b\" }]",
        "2:50 environments.production.tolerations[0].value",
        "has no effect beside the operator Exists",
    );
    refused(
        "tolerations = [{ effect = \"NoSchedule\" }]",
        &format!("{at}.key"),
        "is missing: which taint is tolerated?",
    );
    refused(
        "tolerations = [{ key = \"a\", seconds = 5 }]",
        "2:29 environments.production.tolerations[0].seconds",
        "has no effect: only NoExecute makes pods leave",
    );
    refused(
        "tolerations = [{ key = \"a\", effect = \"NoExec\" }]",
        "2:29 environments.production.tolerations[0].effect",
        "is \"NoExec\", which does not exist; did you mean NoExecute?",
    );
    refused(
        "node_selector.\"kubernetes.io/os\" = \"windows\"",
        "2:15 environments.production.node_selector.\"...\"",
        "is not linux",
    );
    refused(
        "run_as = 1000",
        "2:1 environments.production.run_as",
        "is a number, and must be one of the words that there are",
    );
    refused(
        "run_as = \"root\"",
        "2:1 environments.production.run_as",
        "is \"root\", which does not exist; there are image, cluster",
    );
    refused(
        "priority_class = \"High\"",
        "2:1 environments.production.priority_class",
        "is \"High\", which is no name of a Kubernetes object",
    );
}
