//! Unit tests of `checks`.

use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{fault, faults, plan, refusals, service};

const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_way_in_needs_a_host_and_a_host_one_way_in() {
    refusals(
        r#"
        components = ["gateway"]
          ! 2:1 components: has gateway, and there is no host
        components = ["ingress"]
          ! 2:1 components: has ingress, and there is no host
        components = ["gateway", "ingress"]
        host = "a.com"
          ! 2:1 components: has both gateway and ingress
        components = ["external-secret", "sealed-secret"]
          ! 2:1 components: has both external-secret and sealed-secret: each would make the same Secret
        "#,
    );
    // The host is refused; nobody complains that there is none.
    refusals(
        r#"
        components = ["gateway"]
        host = "A.com"
          ! 3:1 host: is "A.com"
        "#,
    );
}

#[test]
fn components_need_what_the_service_says() {
    let mut service = service();
    service.program.migrate = None;
    service.program.secrets_variable = None;
    service.metrics_port = None;
    let text = "environments.production.components = \
                    [\"migrate-job\", \"secret-files\", \"monitoring\"]";
    let faults = Plan::read(&service, Some(("d", text)), false).unwrap_err();
    let faults: Vec<_> = faults.iter().map(|fault| fault.problem.as_str()).collect();
    assert_eq!(
        faults,
        [
            "has migrate-job, and this service cannot migrate apart from serving",
            "has secret-files, and this service cannot read secrets from a folder",
            "has monitoring, and this service has no port of metrics",
        ]
    );
    let plan = Plan::read(&service, None, false).unwrap();
    assert_eq!(plan.environments[1].components.len(), 1);
    refusals(
        r#"
        components = ["monitoring"]
        settings.SERVER_METRICS_PORT = 0
          ! 3:10 settings.SERVER_METRICS_PORT: turns metrics off
        "#,
    );
    let text = "[environments.development]\ncomponents = [\"external-secret\"]";
    super::super::example::plan(text);
}

#[test]
fn environments_share_neither_namespace_nor_host() {
    fault(
        "[environments.staging]\nnamespace = \"aura\"\n",
        "deploy.toml:2:1 environments.staging.namespace: is \"aura\", which is the namespace of \
             production",
    );
    let text = "environments.staging.host = \"a.com\"\nenvironments.production.host = \"a.com\"";
    fault(
        text,
        "deploy.toml:2:25 environments.production.host: is \"a.com\", which is the host of \
             staging",
    );
}

#[test]
fn some_namespaces_are_taken() {
    refusals(
        r#"
        namespace = "kube-system"
          ! 2:1 namespace: is "kube-system", and kube- is kept
        "#,
    );
    let plan = plan("environments.production.namespace = \"default\"");
    assert_eq!(plan.warnings.len(), 2);
}

#[test]
fn production_should_be_pinned_and_must_be_under_strict() {
    for (text, name) in [
        ("", "deploy.toml environments.production.image"),
        ("image = \"aura:1\"", "deploy.toml:1:1 image"),
        (
            "environments.production.image = \"aura:1\"",
            "deploy.toml:1:25 environments.production.image",
        ),
    ] {
        let warnings = plan(text).warnings;
        assert_eq!(warnings.len(), 1, "{text}");
        assert_eq!(warnings[0].name, name);
        assert!(warnings[0].problem.contains("has no digest"), "{text}");
        let faults = Plan::read(&service(), Some(("deploy.toml", text)), true).unwrap_err();
        assert_eq!(faults.iter().count(), 1, "{text}");
    }
    let pinned = format!("image = \"aura@{DIGEST}\"");
    let plan = Plan::read(&service(), Some(("deploy.toml", &pinned)), true).unwrap();
    assert_eq!(plan.environments[2].image.tag, None);
}

#[test]
fn a_limit_below_the_most_that_the_service_takes_is_told() {
    let mut service = service();
    service.memory = Some(|settings| {
        let ratio = settings.get("RATIO");
        ratio.filter(|ratio| *ratio == "0.25").map(|_| 600 << 20)
    });
    let told = |text: &str| {
        let plan = Plan::read(&service, Some(("d", text)), false).unwrap();
        let warnings = plan.warnings.into_iter();
        let told = warnings.filter(|warning| warning.name.ends_with("memory"));
        told.map(|warning| warning.problem).collect::<Vec<_>>()
    };
    let dear = "environments.production.settings.RATIO = 0.25\n";
    assert_eq!(told(""), [""; 0]);
    assert_eq!(
        told(dear),
        ["is 512Mi, and the settings let the service take up to 600Mi"]
    );
    let more = format!("{dear}environments.production.resources.limits.memory = \"1Gi\"");
    assert_eq!(told(&more), [""; 0]);
}

#[test]
fn latest_is_refused_everywhere() {
    let text = "image = \"aura:latest\"\nenvironments.staging.image = \"aura:latest\"\n";
    let faults = faults(text);
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(
        faults
            .iter()
            .all(|fault| fault.contains("has the tag latest"))
    );
}
