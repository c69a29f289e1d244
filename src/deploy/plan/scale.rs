//! How many pods there may be, and what cannot be had by more than one.

use super::backends::example;
use super::draft::Draft;
use super::tier::Tier;
use super::{Backend, Component, Environment};
use crate::deploy::BackendKind;

/// The backend that a migration is about. Inside the process it is files beside it, which are the
/// state of the service.
pub(in crate::deploy) const DATABASE: &str = "database";

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
    let service = draft.service;
    let inside = service
        .backends
        .iter()
        .filter(|kind| environment.backends.get(&kind.name) == Some(&Backend::Embedded));
    // Of one that is refused anyway, one pod is no way out.
    let kept = inside.filter(|kind| !lost(draft, kind));
    let embedded: Vec<_> = kept.map(|kind| kind.name.as_str()).collect();
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
    let database = embedded.contains(&DATABASE);
    if database && environment.has(Component::MigrateJob) && !draft.failed(&["components"]) {
        draft.conflict(
            &["components"],
            "has migrate-job, and the database lives inside the process: the Job would migrate \
             one of its own",
            "name a database on the network, or leave migrate-job out",
        );
    }
}

/// Refuses a backend inside the process whose contents would end with a pod of production, and warns
/// of it where nobody's accounts are at stake. Gives whether it was refused.
fn lost(draft: &mut Draft<'_>, kind: &BackendKind) -> bool {
    let Some(embedded) = &kind.embedded else {
        return false;
    };
    // Settings choose what is in memory, too; an optional backend is a cache.
    let file = kind.name == DATABASE || embedded.settings.is_empty() && kind.default.is_some();
    let says_so = !file && draft.service.check.is_some();
    if draft.tier == Tier::Development || says_so {
        return false;
    }
    let name = kind.name.as_str();
    let chosen = embedded.settings.first().map(|(name, _)| name.as_str());
    let path = match chosen.filter(|name| draft.has(&["settings", name])) {
        Some(setting) if !draft.has(&["backends", name]) => ["settings", setting],
        _ => ["backends", name],
    };
    let problem = format!(
        "keeps {name} inside the process, and what is in it ends with the pod: each rollout would \
         begin with an empty one"
    );
    let remedy = format!(
        "name a {name} on the network: backends.{name} = \"{}\"",
        example(kind)
    );
    let refused = file && draft.tier == Tier::Production;
    if refused {
        draft.conflict(&path, problem, remedy);
    } else {
        draft.advise(&path, problem, remedy);
    }
    refused
}

#[cfg(test)]
mod tests {
    use crate::deploy::plan::Plan;
    use crate::deploy::plan::example::{fault, plan, refused, service};

    #[test]
    fn one_process_is_one_pod() {
        let path = "environments.production";
        fault(
            "environments.staging = { replicas = 2, backends.redis = \"none\" }",
            "deploy.toml:1:26 environments.staging.replicas: is 2, and redis lives inside the \
             process, so each pod would have its own; name a redis on the network, or run one \
             pod: replicas = 1",
        );
        refused(
            "backends = { redis = \"none\" }",
            &format!("1:15 {path}.replicas"),
            "is 3 by default, and redis lives inside the process",
        );
        refused(
            "replicas = 1\ncomponents = [\"ha\"]\nbackends.redis = \"none\"",
            &format!("3:1 {path}.components"),
            "has ha, and redis lives inside the process",
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
