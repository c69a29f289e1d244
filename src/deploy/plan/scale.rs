//! How many pods there may be, and what cannot be had by more than one.

use super::draft::Draft;
use super::{Backend, Component, Environment};

/// Looks at the numbers, and at what scales between them.
pub(super) fn replicas(draft: &mut Draft<'_>, environment: &Environment) {
    let (least, most) = (environment.replicas, environment.max_replicas);
    let unsure = draft.failed(&["replicas"]) || draft.failed(&["max_replicas"]);
    let ha = environment.has(Component::Ha);
    if most < least && !unsure {
        let default = if draft.has(&["replicas"]) {
            ""
        } else {
            " of its default"
        };
        draft.conflict(
            &["max_replicas"],
            format!("is {most}, less than the {least} replicas{default}"),
            "raise it, or lower replicas",
        );
    }
    if draft.failed(&["components"]) {
        return;
    }
    if most == least && ha && !unsure {
        draft.conflict(
            &["max_replicas"],
            format!("is {most}, as many as there are at least: nothing would scale"),
            "raise it, or list components without ha",
        );
    }
    if draft.has(&["max_replicas"]) && !ha && !draft.failed(&["max_replicas"]) {
        draft.conflict(
            &["max_replicas"],
            "has no effect: nothing scales the pods",
            "list the component ha, or take it out",
        );
    }
    if ha && least == 1 && !unsure && remote_only(environment) {
        draft.advise(
            &["replicas"],
            "is 1, so that an emptied node takes the only pod with it, ha or not".to_owned(),
            "set it to 2 or more, or leave ha out",
        );
    }
}

fn remote_only(environment: &Environment) -> bool {
    let backends = environment.backends.values();
    backends
        .into_iter()
        .all(|backend| *backend != Backend::Embedded)
}

/// What lives inside one process cannot be shared by two.
pub(super) fn one_process(draft: &mut Draft<'_>, environment: &Environment) {
    if draft.failed(&["backends"]) {
        return;
    }
    let kinds = &draft.service.backends;
    let embedded: Vec<_> = kinds
        .iter()
        .filter(|kind| environment.backends.get(&kind.name) == Some(&Backend::Embedded))
        .map(|kind| kind.name.as_str())
        .collect();
    let Some(first) = embedded.first() else {
        return;
    };
    let names = embedded.join(" and ");
    let verb = if embedded.len() == 1 { "lives" } else { "live" };
    let why = format!("{names} {verb} inside the process, so each pod would have its own");
    let remedy = format!("name a {first} on the network, or run one pod: replicas = 1");
    let many = environment.replicas > 1 && !draft.failed(&["replicas"]);
    let ha = environment.has(Component::Ha) && !draft.failed(&["components"]);
    let and_no_ha = if ha {
        ", and components without ha"
    } else {
        ""
    };
    if many {
        let default = if draft.has(&["replicas"]) {
            ""
        } else {
            " by default"
        };
        draft.conflict(
            &["replicas"],
            format!("is {}{default}, and {why}", environment.replicas),
            format!("{remedy}{and_no_ha}"),
        );
    } else if ha {
        draft.conflict(
            &["components"],
            format!("has ha, and {why}"),
            format!("{remedy}{and_no_ha}"),
        );
    }
    let database = embedded.contains(&"database");
    if database && environment.has(Component::MigrateJob) && !draft.failed(&["components"]) {
        draft.conflict(
            &["components"],
            "has migrate-job, and the database lives inside the process: the Job would migrate \
             one of its own",
            "name a database on the network, or leave migrate-job out",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::deploy::plan::example::{fault, plan, refused};

    #[test]
    fn one_process_is_one_pod() {
        let path = "environments.production";
        refused(
            "replicas = 2\ncomponents = []\nbackends.database = \"sqlite\"",
            &format!("2:1 {path}.replicas"),
            "is 2, and database lives inside the process, so each pod would have its own; name a \
             database on the network, or run one pod: replicas = 1",
        );
        refused(
            "backends = { database = \"sqlite\", redis = \"none\" }",
            &format!("1:15 {path}.replicas"),
            "is 3 by default, and database and redis live inside the process",
        );
        refused(
            "replicas = 1\ncomponents = [\"ha\"]\nbackends.redis = \"none\"",
            &format!("3:1 {path}.components"),
            "has ha, and redis lives inside the process",
        );
        refused(
            "replicas = 1\ncomponents = [\"migrate-job\"]\nbackends.database = \"sqlite\"",
            &format!("3:1 {path}.components"),
            "has migrate-job, and the database lives inside the process",
        );
        plan("[environments.production]\nreplicas = 1\nbackends.redis = \"none\"");
        fault(
            "environments.development.replicas = 2",
            "deploy.toml:1:26 environments.development.replicas: is 2, and database and redis",
        );
    }

    #[test]
    fn replicas_scale_upwards_and_with_ha_only() {
        let path = "environments.production.max_replicas";
        refused(
            "replicas = 5\nmax_replicas = 4",
            &format!("3:1 {path}"),
            "is 4, less than the 5 replicas; raise it",
        );
        refused(
            "max_replicas = 2",
            &format!("2:1 {path}"),
            "is 2, less than the 3 replicas of its default",
        );
        fault(
            "environments.staging.max_replicas = 4",
            "deploy.toml:1:22 environments.staging.max_replicas: has no effect",
        );
        refused(
            "replicas = 4\nmax_replicas = 4",
            &format!("3:1 {path}"),
            "is 4, as many as there are at least: nothing would scale",
        );
        let plan = plan("[environments.production]\nreplicas = 1\ncomponents = [\"ha\"]");
        let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
        assert!(
            warnings.iter().any(|text| text.contains("the only pod")),
            "{warnings:?}"
        );
    }
}
