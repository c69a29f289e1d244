//! Unit tests of `resolve`.

use super::*;
use crate::deploy::plan::Backend;
use crate::deploy::plan::example::{environment, plan, service, verdicts};

fn endpoint(environment: &Environment, kind: &str) -> String {
    match &environment.backends[kind] {
        Backend::Remote(endpoint) => endpoint.to_string(),
        Backend::Embedded => "inside".to_owned(),
    }
}

#[test]
fn a_service_without_a_file_has_a_plan() {
    use Component::{Ha, NetworkPolicy, SecretFiles};

    let plan = Plan::read(&service(), None, false).unwrap();
    assert_eq!(plan.image.reference(), "aura:1.2.3");
    for (found, (name, namespace, replicas, max_replicas, components, backends)) in
        plan.environments.iter().zip([
            (
                "development",
                "aura-development",
                1,
                1,
                vec![],
                ["inside", "inside"],
            ),
            (
                "staging",
                "aura-staging",
                2,
                2,
                vec![SecretFiles, NetworkPolicy],
                ["postgres://database:5432", "redis://redis:6379"],
            ),
            (
                "production",
                "aura",
                3,
                10,
                vec![SecretFiles, Ha, NetworkPolicy],
                ["postgres://database:5432", "redis://redis:6379"],
            ),
        ])
    {
        assert_eq!(
            (found.name.as_str(), found.namespace.as_str()),
            (name, namespace)
        );
        assert_eq!(
            (found.replicas, found.max_replicas),
            (replicas, max_replicas)
        );
        assert_eq!(found.components, components.into_iter().collect());
        assert_eq!(
            ["database", "redis"].map(|kind| endpoint(found, kind)),
            backends
        );
        assert!(!found.backends.contains_key("upstream"));
        assert_eq!(found.settings["ENVIRONMENT"], name);
    }
    let [development, _, production] = plan.environments.as_slice() else {
        panic!("three environments");
    };
    assert_eq!(development.settings["REDIS_ENABLED"], "false");
    assert_eq!(production.settings.len(), 1);
    assert_eq!(plan.warnings.len(), 1);
    assert_eq!(plan.warnings[0].name, "environments.production.image");
}

#[test]
fn an_empty_file_gives_the_plan_of_no_file() {
    let none = Plan::read(&service(), None, false).unwrap();
    let empty = plan("# nothing\n");
    assert_eq!(
        format!("{:?}", none.environments),
        format!("{:?}", empty.environments)
    );
}

#[test]
fn written_values_replace_the_defaults() {
    let text = r#"
image = "ghcr.io/x/aura"
[environments.production]
image = "ghcr.io/x/aura:2"
namespace = "auth"
host = "auth.example.com"
replicas = 4
max_replicas = 20
monitoring_namespace = "watch"
gateway = { name = "edge", namespace = "edges" }
backends = { database = "postgres://db.example.com:6000", redis = "rediss://cache" }
settings = { LOG_LEVEL = "info", RATIO = 0.25, SERVER_PROXIES = ["10.0.0.0/8", "fd00::/8"] }
"#;
    let production = environment(text, "production");
    assert_eq!(production.image.reference(), "ghcr.io/x/aura:2");
    assert_eq!(production.host.as_deref(), Some("auth.example.com"));
    assert_eq!((production.replicas, production.max_replicas), (4, 20));
    assert!(production.has(Component::Gateway) && production.has(Component::Ha));
    assert_eq!(production.gateway.namespace, "edges");
    assert_eq!(production.monitoring_namespace, "watch");
    assert_eq!(endpoint(&production, "redis"), "rediss://cache:6379");
    assert_eq!(production.settings["RATIO"], "0.25");
    assert_eq!(production.settings["SERVER_PROXIES"], "10.0.0.0/8,fd00::/8");
    let staging = environment(text, "staging");
    assert_eq!(staging.image.reference(), "ghcr.io/x/aura:1.2.3");
}

#[test]
fn a_list_of_components_replaces_the_default_one() {
    let text = "[environments.production]\nhost = \"a.com\"\ncomponents = [\"ingress\"]\n";
    let production = environment(text, "production");
    assert_eq!(production.components, [Component::Ingress].into());
    assert_eq!((production.replicas, production.max_replicas), (3, 3));
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let mut service = service();
    service.name = "x".repeat(60);
    let faults = Plan::read(&service, None, false).unwrap_err();
    let faults: Vec<_> = faults.iter().map(|fault| fault.name.as_str()).collect();
    let expected = ["development", "staging"].map(|name| format!("environments.{name}.namespace"));
    assert_eq!(faults, expected);
    service.name = "aura".to_owned();
    service.version = "1.2.3+4".to_owned();
    let plan = Plan::read(&service, None, false).unwrap();
    assert_eq!(plan.image.reference(), "aura:1.2.3_4");
}

#[test]
fn a_service_without_environments_has_three() {
    let schema = serde_json::json!({ "properties": { "port": { "type": "integer" } } });
    let service = Service::new("x", "1", schema).unwrap();
    let plan = Plan::read(&service, None, false).unwrap();
    assert_eq!(plan.environments.len(), 3);
    assert!(plan.environments.iter().all(|e| e.settings.is_empty()));
    verdicts(
        "
        [environments.qa]
          ! 1:15 environments.qa: is not an environment of this service; there are
        ",
    );
}
