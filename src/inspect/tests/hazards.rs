//! Edits of rendered manifests that work when they are applied and hurt later: each is a fault, and
//! names the line at which it was written.

use std::collections::BTreeMap;

use super::*;
use crate::deploy::artefact::Project;
use crate::deploy::kubernetes;
use crate::deploy::plan::Plan;
use crate::deploy::service::Probes;

/// Kind, file, what in it becomes what, and what is said of it. Where the new text stands, there the
/// fault is; `-` is where the line is another.
const DANGEROUS: &str = r#"
Probe | overlays/production/deployment.yaml | path: /health/live | path: /health | livenessProbe: asks /health: the kubelet would restart pods
Probe | overlays/production/deployment.yaml | path: /health/live | path: /health/ready | livenessProbe: asks /health/ready: the kubelet
Probe | overlays/production/deployment.yaml | path: /health/ready | path: /health/live | readinessProbe: asks /health/live: pods would get requests
Probe | overlays/production/deployment.yaml | path: /health/startup | path: /health/ready | startupProbe: asks /health/ready: the kubelet would end pods
Probe | overlays/production/deployment.yaml | readinessProbe: | readinesProbe: | -
Probe | base/backend/deployment.yaml | startupProbe: | startProbe: | -startupProbe: is missing
Probe | base/backend/deployment.yaml | port: http | port: metrics | livenessProbe: goes to the port metrics, and the service listens on 8000
Probe | base/backend/configmap.yaml | SERVER_HOST: "0.0.0.0" | SERVER_HOST: "127.0.0.1" | SERVER_HOST: is 127.0.0.1, which nobody but the pod itself reaches
Probe | overlays/production/configmap.yaml | ENVIRONMENT: "production" | ENVIRONMENT: "production"\n  SERVER_HOST: "::1" | SERVER_HOST: is ::1, which nobody
Missing | base/backend/deployment.yaml | - configMapRef: | - secretRef: | -envFrom: does not read the ConfigMap shop-config
Drain | base/backend/deployment.yaml | preStop: | postStart: | -preStop: is missing: a pod that ends would still be sent requests; wait for 5 s
Drain | base/backend/deployment.yaml | seconds: 5 | seconds: 1 | -preStop: waits for 1 s
Drain | base/backend/deployment.yaml | terminationGracePeriodSeconds: 35 | terminationGracePeriodSeconds: 20 | terminationGracePeriodSeconds: is 20, and a pod takes up to 30: 5 before SIGTERM, and 25 by SERVER_STOP_SECONDS; grant more than 30
Drain | base/backend/deployment.yaml | terminationGracePeriodSeconds: 35 | more: 35 | -terminationGracePeriodSeconds: is 30, and a pod takes up to 30
Replicas | overlays/production/configmap.yaml | ENVIRONMENT: "production" | ENVIRONMENT: "production"\n  REDIS_ENABLED: "false" | REDIS_ENABLED: keeps redis inside the process, and there are up to 10 pods
Environment | overlays/production/configmap.yaml | ENVIRONMENT: "production" | ENVIRONMENT: "development" | ENVIRONMENT: is "development" in the folder production
Stale | overlays/production/configmap.yaml | ENVIRONMENT: "production" | ENVIRONMENT: "production"\n  GREETING: "x" | -checksum/config: is stale
Stale | base/backend/configmap.yaml | GREETING: "hello" | GREETING: "x" | -checksum/config: is stale
Stale | overlays/production/deployment.yaml | checksum/config: " | checksum/config: "x | checksum/config: is stale
Open | overlays/production/networkpolicy.yaml | ingress: | ingress:\n  - {} | ingress: rule 1 lets everybody in; say whom under `from`
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - {} | egress: rule 1 lets pods out to everywhere
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - to: [{ipBlock: {cidr: 0.0.0.0/0}}] | egress: rule 1 lets pods out
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - to: [{ipBlock: {cidr: "0::/0"}}] | egress: rule 1 lets pods out
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - to: [{ipBlock: {cidr: 10.0.0.0/0}}] | egress: rule 1 lets pods out
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - to: [{ipBlock: {cidr: 128.0.0.0/1}}] | egress: rule 1 lets pods out
Open | overlays/production/networkpolicy.yaml | ingress: | ingress:\n  - from: [{namespaceSelector: {}}] | ingress: rule 1 lets everybody in
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - {to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 1, endPort: 65535}]} | egress: rule 1 lets pods out
Open | overlays/production/networkpolicy.yaml | egress: | egress:\n  - to: [{ipBlock: {cidr: "2000::/3"}}] | egress: rule 1 lets pods out
Open | overlays/production/networkpolicy.yaml | ingress: | ingress:\n  - {from: [{ipBlock: {cidr: 64.0.0.0/2}}], ports: [{port: http}]} | ingress: rule 1 lets everybody in
Open | overlays/production/networkpolicy.yaml | ingress: | ingress:\n  - {from: [{namespaceSelector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}], ports: [{port: http}]} | ingress: rule 1 lets everybody in
Open | overlays/production/networkpolicy.yaml | ingress: | ingress:\n  - ports: [{port: http}] | ingress: rule 1 lets everybody in
"#;

/// A service with an endpoint for each probe, and its manifests by their paths.
fn rendered() -> (Service, BTreeMap<String, String>) {
    rendered_by(sample::service(), "")
}

/// The same of `service`, with that `deploy.toml`.
fn rendered_by(mut service: Service, toml: &str) -> (Service, BTreeMap<String, String>) {
    service.probes = Probes::below("/health");
    let plan = Plan::read(&service, Some(("deploy.toml", toml)), false).unwrap();
    let project = Project { service, plan };
    let files = (kubernetes::ARTEFACT.render)(&project).unwrap();
    let below = |path: &str| path.strip_prefix("k8s/").unwrap().to_owned();
    let files = files.into_iter().map(|file| (below(&file.path), file.text));
    let files = files.collect();
    (project.service, files)
}

fn looked_into(service: &Service, files: &BTreeMap<String, String>) -> Report {
    inspect(service, &Inputs::from_iter(files))
}

#[test]
fn every_dangerous_edit_is_a_fault_with_its_line() {
    let (service, sound) = rendered();
    let report = looked_into(&service, &sound);
    let faults: Vec<_> = report.faults(false).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    for line in DANGEROUS.trim().lines() {
        let cells: Vec<_> = line
            .split(" | ")
            .map(|cell| cell.replace("\\n", "\n"))
            .collect();
        let [kind, file, old, new, expected] = &cells[..] else {
            panic!("{line}");
        };
        let mut files = sound.clone();
        let text = files.get_mut(file).unwrap();
        let at = text
            .find(old)
            .unwrap_or_else(|| panic!("no {old:?} in {file}:\n{text}"));
        text.replace_range(at..at + old.len(), new);
        // The last line of what is new.
        let there = text[..at + new.len()].lines().count();
        let report = looked_into(&service, &files);
        let faults: Vec<_> = report.faults(false).map(ToString::to_string).collect();
        let found = report.faults(false).find(|fault| {
            let is_kind = format!("{:?}", fault.kind) == *kind;
            is_kind && fault.to_string().contains(expected.trim_start_matches('-'))
        });
        let found = found.unwrap_or_else(|| panic!("{line}: {faults:#?}"));
        if !expected.starts_with('-') {
            assert!(
                found.to_string().starts_with(&format!("{file}:{there}: ")),
                "{line}: {found}"
            );
        }
        let of_line = files[&found.file].lines().count() as u64;
        assert!(
            found.line.is_some_and(|at| (2..=of_line).contains(&at)),
            "{found}"
        );
    }
}

/// The faults of rendered files after an edit of one of them.
fn after(rendered: &(Service, BTreeMap<String, String>), edit: [&str; 3]) -> String {
    let (service, mut files) = rendered.clone();
    let [file, old, new] = edit;
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(old), "no {old:?} in {file}:\n{text}");
    *text = text.replacen(old, new, 1);
    let report = looked_into(&service, &files);
    let faults: Vec<_> = report.faults(false).map(ToString::to_string).collect();
    faults.join("\n")
}

#[test]
fn a_hook_that_runs_the_program_counts_for_as_long_as_it_waits() {
    let mut service = sample::service();
    service.program.sleep = Some(vec!["sleep".to_owned()]);
    let old = rendered_by(service, "environments.production.kubernetes = \"1.28\"\n");
    let file = "overlays/production/prestop.yaml";
    let with = |from: &str, to: &str| after(&old, [file, from, to]);
    assert_eq!(with("- \"5\"", "- \"5\""), "");
    let faults = with("- \"5\"", "- \"0\"");
    assert!(
        faults.starts_with("overlays/production/prestop.yaml:2: "),
        "{faults}"
    );
    assert!(faults.contains("preStop: waits for 0 s"), "{faults}");
    for (from, to) in [("- sleep", "- version"), ("- /shop", "- /bin/true")] {
        let faults = with(from, to);
        assert!(faults.contains("preStop: is not known to wait"), "{faults}");
    }
    // A longer wait needs a longer grace period.
    let faults = with("- \"5\"", "- \"20\"");
    assert!(faults.contains("takes up to 45: 20 before"), "{faults}");
}

#[test]
fn facts_that_are_numbers_are_checked_as_settings_are() {
    let mut service = sample::service();
    service.port = "8000".to_owned();
    service.shutdown_timeout = Some("40".to_owned());
    let sound = rendered_by(service, "");
    let file = "base/backend/deployment.yaml";
    let with = |from: &str, to: &str| after(&sound, [file, from, to]);
    assert_eq!(with("port: http", "port: http"), "");
    let faults = with("port: http", "port: metrics");
    assert!(faults.contains("the service listens on 8000"), "{faults}");
    let faults = with("PeriodSeconds: 50", "PeriodSeconds: 45");
    let expected = "up to 45: 5 before SIGTERM, and 40; grant more than 45";
    assert!(faults.contains(expected), "{faults}");
}

#[test]
fn a_rendered_stream_is_inspected() {
    let (service, _) = rendered();
    let plan = Plan::read(&service, None, false).unwrap();
    let project = Project { service, plan };
    let stream = kubernetes::stream(&project, Some("production")).unwrap();
    let shown = |text: &str| {
        let files = [("standard input".to_owned(), text.to_owned())].into();
        let report = looked_into(&project.service, &files);
        let faults = report.faults(false).map(ToString::to_string);
        faults.collect::<Vec<_>>()
    };
    assert_eq!(shown(&stream), Vec::<String>::new());
    let edited = stream.replacen("/health/live", "/health", 1);
    let line = edited
        .lines()
        .position(|line| line.ends_with("path: /health"));
    let faults = shown(&edited);
    let expected = format!("standard input:{}: Deployment ", line.unwrap() + 1);
    assert!(faults[0].starts_with(&expected), "{faults:#?}");
    assert_eq!(faults.len(), 1, "{faults:#?}");
    let edited = stream.replacen("REDIS_ENABLED: \"true\"", "REDIS_ENABLED: \"false\"", 1);
    let faults = shown(&edited);
    let expected = "the setting, the name of the revision, the checksum";
    assert_eq!(faults.len(), 3, "{expected}: {faults:#?}");
}

#[test]
fn a_database_beside_each_of_several_pods_is_a_fault_where_its_url_is_known() {
    let pods = deployment(BOTH).replacen("spec:\n", "spec:\n  replicas: 2\n", 1);
    let with = |url: &str, pods: &str| {
        let secret = secret(&format!("  SIGNING_KEY: x\n  DATABASE_URL: {url}\n"));
        found_in(&[&config(NEEDED), &secret, pods])
    };
    let file = "sqlite:///var/lib/x.db";
    let lost = one(
        FindingKind::Replicas,
        "Secret prod/shop-secrets",
        "DATABASE_URL",
    );
    assert_eq!(with(file, &pods), lost);
    assert_eq!(with("postgres://db/x", &pods), []);
    // One pod of production, whose files end with it, unless a volume keeps them.
    let alone = |volume: &str| {
        let volumes = "      volumes:\n";
        let pod = deployment(BOTH).replacen(volumes, &format!("{volumes}      - {volume}\n"), 1);
        with(file, &pod)
    };
    assert_eq!(alone("{name: d, emptyDir: {}}"), lost);
    let kept = "{name: d, persistentVolumeClaim: {claimName: d}}";
    assert_eq!(alone(kept), []);
    // Somebody else makes the Secret.
    assert_eq!(found_in(&[&config(NEEDED), &pods]), []);
}

#[test]
fn manifests_of_others_need_not_have_what_ours_have() {
    let container = format!(
        "{BOTH}        livenessProbe: {{httpGet: {{path: /health, port: 8000}}}}\n        \
         lifecycle: {{preStop: {{exec: {{command: [wait]}}}}}}\n"
    );
    // A container of somebody else in our pod is theirs.
    let beside = format!(
        "{container}      - name: proxy\n        image: envoy\n        livenessProbe: \
         {{httpGet: {{path: /alive, port: 1}}}}\n"
    );
    // One endpoint for everything is all that this service has.
    for containers in [container, beside] {
        let secret = secret("  SIGNING_KEY: x\n");
        let found = found_in(&[&config(NEEDED), &secret, &deployment(&containers)]);
        assert_eq!(found, []);
    }
}

#[test]
fn thousands_of_workloads_are_refused_in_time() {
    let one = "kind: Deployment\nmetadata: {name: shop}\n---\n";
    let stream = one.repeat(20_000);
    let found = found(&[("-", &stream)]);
    let refused = found
        .iter()
        .filter(|(kind, ..)| *kind == FindingKind::Unreadable);
    assert_eq!(refused.count(), 1, "{found:?}");
}
