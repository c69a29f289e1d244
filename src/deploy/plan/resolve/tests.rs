//! Unit tests of `resolve`.

use super::*;
use crate::deploy::plan::example::{environment, fault, plan, service};
use crate::deploy::plan::{Backend, Endpoint};

fn remote(text: &str) -> Backend {
    let (scheme, rest) = text.split_once("://").unwrap();
    let (host, port) = rest.rsplit_once(':').unwrap();
    Backend::Remote(Endpoint {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port: port.parse().unwrap(),
    })
}

#[test]
fn a_service_without_a_file_has_a_plan() {
    use Component::{Ha, NetworkPolicy, SecretFiles};

    let plan = Plan::read(&service(), None, false).unwrap();
    assert_eq!(plan.image.reference(), "aura:1.2.3");
    let facts: Vec<_> = plan
        .environments
        .iter()
        .map(|e| {
            (
                e.name.as_str(),
                e.namespace.as_str(),
                e.replicas,
                e.max_replicas,
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("development", "aura-development", 1, 1),
            ("staging", "aura-staging", 2, 2),
            ("production", "aura", 3, 10),
        ]
    );
    let [development, staging, production] = plan.environments.as_slice() else {
        panic!("three environments");
    };
    assert!(development.components.is_empty());
    assert_eq!(staging.components, [SecretFiles, NetworkPolicy].into());
    assert_eq!(
        production.components,
        [SecretFiles, Ha, NetworkPolicy].into()
    );
    assert_eq!(development.backends["redis"], Backend::Embedded);
    assert_eq!(staging.backends["redis"], remote("redis://redis:6379"));
    assert_eq!(
        production.backends["database"],
        remote("postgres://database:5432")
    );
    assert!(!production.backends.contains_key("upstream"));
    assert_eq!(development.settings["REDIS_ENABLED"], "false");
    assert_eq!(development.settings["ENVIRONMENT"], "development");
    assert_eq!(production.settings.len(), 1);
    assert_eq!(plan.warnings.len(), 1);
    assert_eq!(plan.warnings[0].name, "environments.production.image");
}

#[test]
fn an_empty_file_is_as_good_as_none() {
    let none = Plan::read(&service(), None, false).unwrap();
    let empty = plan("# nothing\n");
    assert_eq!(
        format!("{:?}", none.environments),
        format!("{:?}", empty.environments)
    );
}

#[test]
fn what_is_written_holds() {
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
    assert_eq!(production.backends["redis"], remote("rediss://cache:6379"));
    assert_eq!(production.settings["RATIO"], "0.25");
    assert_eq!(production.settings["SERVER_PROXIES"], "10.0.0.0/8,fd00::/8");
    assert_eq!(
        environment(text, "staging").image.reference(),
        "ghcr.io/x/aura:1.2.3"
    );
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
    assert_eq!(
        faults,
        [
            "environments.development.namespace",
            "environments.staging.namespace"
        ]
    );
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
}

#[test]
fn components_are_named_as_they_are_written() {
    for component in Component::ALL {
        let read: Component = serde_json::from_value(component.as_str().into()).unwrap();
        assert_eq!(read, component);
    }
}

#[test]
fn an_unknown_environment_is_named() {
    fault(
        "[environments.qa]\n",
        "deploy.toml:1:15 environments.qa: is not an environment of this service; there are ",
    );
}
