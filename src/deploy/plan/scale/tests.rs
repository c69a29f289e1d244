//! Unit tests of `scale`.

use crate::deploy::plan::example::{plan, service, verdicts, verdicts_of, warnings};

#[test]
fn a_backend_inside_the_process_allows_one_pod() {
    verdicts(
        r#"
        environments.staging = { replicas = 2, backends.redis = "none" }
          ! 1:26 environments.staging.replicas: is 2, and redis lives inside the process, so each pod would have its own; name a redis on the network, or run one pod: replicas = 1
        backends = { redis = "none" }
          ! 1:15 replicas: is 3 by default, and redis lives inside the process
        replicas = 1
        components = ["ha"]
        backends.redis = "none"
          ! 3:1 components: has ha, and redis lives inside the process
        [environments.staging]
        replicas = 1
        components = ["migrate-job"]
        backends.database = "sqlite"
          ! 3:1 environments.staging.components: has migrate-job, and the database lives inside the process
        environments.development.replicas = 2
          ! 1:26 environments.development.replicas: is 2, and database and redis
        "#,
    );
    plan("[environments.production]\nreplicas = 1\nbackends.redis = \"none\"");
}

#[test]
fn a_database_that_ends_with_its_pod_is_refused_in_production() {
    // More pods make it no better, and fewer are no way out.
    verdicts(
        r#"
        replicas = 1
        components = []
        backends.database = "sqlite"
          ! 4:10 backends.database: keeps database inside the process, and what is in it ends with the pod: each rollout would begin with an empty one; name a database on the network: backends.database = "postgres://database"
        backends.database = "sqlite"
          ! 2:10 backends.database: keeps database inside the process, and what is in it ends with the pod
        environments.staging = { replicas = 1, backends.database = "sqlite" }
          ~ 1:49 environments.staging.backends.database: keeps database inside the process, and what is in it ends with the pod
        "#,
    );
    let development = "environments.development.backends.database = \"sqlite\"";
    assert_eq!(
        warnings(&service(), development, "backends.database"),
        [""; 0]
    );
}

#[test]
fn a_backend_of_any_name_is_lost_where_the_service_does_not_say_so_itself() {
    let mut service = service();
    service.check = None;
    service.backends[0].name = "store".to_owned();
    verdicts_of(
        &service,
        r#"
        replicas = 1
        backends.store = "sqlite"
          ! 3:10 backends.store: keeps store inside the process
        replicas = 1
        backends.redis = "none"
          ~ 3:10 backends.redis: keeps redis
        replicas = 1
        settings.REDIS_ENABLED = false
          ~ 3:10 settings.REDIS_ENABLED: keeps redis
        "#,
    );
}

#[test]
fn replicas_scale_upwards_and_with_ha_only() {
    verdicts(
        r#"
        replicas = 5
        max_replicas = 4
          ! 3:1 max_replicas: is 4, less than the 5 replicas; raise it
        max_replicas = 2
          ! 2:1 max_replicas: is 2, less than the 3 replicas of its default
        replicas = 4
        max_replicas = 4
          ! 3:1 max_replicas: is 4, as many as there are at least: nothing would scale
        environments.staging.max_replicas = 4
          ! 1:22 environments.staging.max_replicas: has no effect
        replicas = 1
        components = ["ha"]
          ~ 2:1 replicas: is 1, so that an emptied node takes the only pod
        "#,
    );
}
