//! Unit tests of `checks`.

use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{faults, plan, read, service, verdicts, verdicts_of, warnings};

const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_way_in_needs_a_host_and_a_host_one_way_in() {
    // Of a host that is refused, nobody complains that there is none.
    verdicts(
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
        components = ["gateway"]
        host = "A.com"
          ! 3:1 host: is "A.com"
        "#,
    );
}

#[test]
fn components_are_refused_where_the_service_lacks_what_they_need() {
    let mut silent = service();
    silent.program.migrate = None;
    silent.program.secrets_variable = None;
    silent.metrics_port = None;
    verdicts_of(
        &silent,
        r#"
        components = ["migrate-job"]
          ! 2:1 components: has migrate-job, and this service cannot migrate apart from serving
        components = ["secret-files"]
          ! 2:1 components: has secret-files, and this service cannot read secrets from a folder
        components = ["monitoring"]
          ! 2:1 components: has monitoring, and this service has no port of metrics
        "#,
    );
    let all = "environments.production.components = \
               [\"migrate-job\", \"secret-files\", \"monitoring\"]";
    assert_eq!(read(&silent, all, false).unwrap_err().iter().count(), 3);
    let plan_without = Plan::read(&silent, None, false).unwrap();
    assert_eq!(plan_without.environments[1].components.len(), 1);
    verdicts(
        r#"
        components = ["monitoring"]
        settings.SERVER_METRICS_PORT = 0
          ! 3:10 settings.SERVER_METRICS_PORT: turns metrics off
        "#,
    );
    plan("[environments.development]\ncomponents = [\"external-secret\"]");
}

#[test]
fn environments_share_neither_namespace_nor_host_and_some_namespaces_are_taken() {
    verdicts(
        r#"
        [environments.staging]
        namespace = "aura"
          ! 2:1 environments.staging.namespace: is "aura", which is the namespace of production
        environments.staging.host = "a.com"
        environments.production.host = "a.com"
          ! 2:25 environments.production.host: is "a.com", which is the host of staging
        namespace = "kube-system"
          ! 2:1 namespace: is "kube-system", and kube- is kept
        namespace = "default"
          ~ 2:1 namespace: is "default", where every object without a namespace lands
        "#,
    );
    // The other one is of the image.
    let told = plan("environments.production.namespace = \"default\"").warnings;
    assert_eq!(told.len(), 2, "{told:#?}");
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
        let faults = read(&service(), text, true).unwrap_err();
        assert_eq!(faults.iter().count(), 1, "{text}");
    }
    let plan = read(&service(), &format!("image = \"aura@{DIGEST}\""), true).unwrap();
    assert_eq!(plan.environments[2].image.tag, None);
}

#[test]
fn a_memory_limit_below_what_the_service_may_take_is_warned_of() {
    let mut service = service();
    service.memory = Some(|settings| {
        let ratio = settings.get("RATIO");
        ratio.filter(|ratio| *ratio == "0.25").map(|_| 600 << 20)
    });
    let dear = "environments.production.settings.RATIO = 0.25\n";
    let more = format!("{dear}environments.production.resources.limits.memory = \"1Gi\"");
    for silent in ["", &more] {
        assert_eq!(warnings(&service, silent, "memory"), [""; 0]);
    }
    let told = warnings(&service, dear, "memory");
    let expected = ": is 512Mi, and the settings let the service take up to 600Mi; ";
    assert!(told.len() == 1 && told[0].contains(expected), "{told:?}");
}

#[test]
fn latest_is_refused_everywhere() {
    let text = "image = \"aura:latest\"\nenvironments.staging.image = \"aura:latest\"\n";
    let faults = faults(text);
    let latest = faults
        .iter()
        .filter(|one| one.contains("has the tag latest"));
    assert_eq!((latest.count(), faults.len()), (2, 2), "{faults:#?}");
}
