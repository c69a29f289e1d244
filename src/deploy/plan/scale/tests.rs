//! Unit tests of `scale`.

use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{fault, plan, refusals, refused, service};

#[test]
fn one_process_is_one_pod() {
    fault(
        "environments.staging = { replicas = 2, backends.redis = \"none\" }",
        "deploy.toml:1:26 environments.staging.replicas: is 2, and redis lives inside the \
             process, so each pod would have its own; name a redis on the network, or run one \
             pod: replicas = 1",
    );
    refusals(
        r#"
        backends = { redis = "none" }
          ! 1:15 replicas: is 3 by default, and redis lives inside the process
        replicas = 1
        components = ["ha"]
        backends.redis = "none"
          ! 3:1 components: has ha, and redis lives inside the process
        "#,
    );
    let text = "[environments.staging]\nreplicas = 1\ncomponents = [\"migrate-job\"]\n";
    fault(
        &format!("{text}backends.database = \"sqlite\""),
        "deploy.toml:3:1 environments.staging.components: has migrate-job, and the database \
             lives inside the process",
    );
    plan("[environments.production]\nreplicas = 1\nbackends.redis = \"none\"");
    fault(
        "environments.development.replicas = 2",
        "deploy.toml:1:26 environments.development.replicas: is 2, and database and redis",
    );
}

#[test]
fn a_database_that_ends_with_its_pod_is_refused_in_production() {
    let lines = "replicas = 1\ncomponents = []\nbackends.database = \"sqlite\"";
    let why = "keeps database inside the process, and what is in it ends with the pod: each \
                   rollout would begin with an empty one; name a database on the network: \
                   backends.database = \"postgres://database\"";
    let at = "environments.production.backends.database";
    refused(lines, &format!("4:10 {at}"), why);
    // More pods make it no better, and fewer are no way out.
    refused("backends.database = \"sqlite\"", &format!("2:10 {at}"), why);
    let told = |text: &str| {
        let warnings = plan(text).warnings.into_iter();
        let lost = warnings.filter(|one| one.problem.contains("ends with the pod"));
        lost.map(|one| one.name).collect::<Vec<_>>()
    };
    let staging = "environments.staging = { replicas = 1, backends.database = \"sqlite\" }";
    let path = "deploy.toml:1:49 environments.staging.backends.database";
    assert_eq!(told(staging), [path]);
    assert_eq!(
        told("environments.development.backends.database = \"sqlite\""),
        [""; 0]
    );
}

#[test]
fn a_backend_of_any_name_is_lost_where_the_service_does_not_say_so_itself() {
    let mut service = service();
    service.check = None;
    service.backends[0].name = "store".to_owned();
    let read = |lines: &str| {
        let text = format!("[environments.production]\nreplicas = 1\n{lines}");
        Plan::read(&service, Some(("deploy.toml", &text)), false)
    };
    let faults = read("backends.store = \"sqlite\"").unwrap_err().to_string();
    assert!(
        faults.contains("keeps store inside the process"),
        "{faults}"
    );
    for lines in [
        "backends.redis = \"none\"",
        "settings.REDIS_ENABLED = false",
    ] {
        let warnings = read(lines).unwrap().warnings;
        let told = warnings
            .iter()
            .find(|one| one.problem.contains("keeps redis"));
        let name = lines.split(' ').next().unwrap();
        assert!(
            told.is_some_and(|one| one.name.ends_with(name)),
            "{warnings:?}"
        );
    }
}

#[test]
fn replicas_scale_upwards_and_with_ha_only() {
    refusals(
        r"
        replicas = 5
        max_replicas = 4
          ! 3:1 max_replicas: is 4, less than the 5 replicas; raise it
        max_replicas = 2
          ! 2:1 max_replicas: is 2, less than the 3 replicas of its default
        replicas = 4
        max_replicas = 4
          ! 3:1 max_replicas: is 4, as many as there are at least: nothing would scale
        ",
    );
    fault(
        "environments.staging.max_replicas = 4",
        "deploy.toml:1:22 environments.staging.max_replicas: has no effect",
    );
    let plan = plan("[environments.production]\nreplicas = 1\ncomponents = [\"ha\"]");
    let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings.iter().any(|text| text.contains("the only pod")),
        "{warnings:?}"
    );
}
