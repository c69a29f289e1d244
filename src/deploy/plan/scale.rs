//! Numbers of pods, and backends that only one pod can use.

use super::component::Component;
use super::draft::Draft;
use super::endpoint::Backend;
use super::environment::Environment;
use super::tier::Tier;
use crate::deploy::service::BackendKind;

/// The backend that a migration is about. Inside the process it is files beside it, which are the
/// state of the service.
pub(crate) const DATABASE: &str = "database";

/// Checks the numbers, and the component that scales between them.
pub(super) fn replicas(draft: &mut Draft<'_>, environment: &Environment) {
    let (least, most) = (environment.replicas, environment.max_replicas);
    // A number that was refused is read as its default, which contradicts nothing that was written.
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
    let mut backends = environment.backends.values();
    backends.all(|backend| *backend != Backend::Embedded)
}

/// Refuses several pods of a backend inside the process, which they cannot share.
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
    let kept = inside.filter(|kind| !refuse_lost_data(draft, kind));
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
/// of it where no accounts are at stake. Tells whether it was refused.
fn refuse_lost_data(draft: &mut Draft<'_>, kind: &BackendKind) -> bool {
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
        kind.example()
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
mod tests;
