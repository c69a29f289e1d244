//! Conclusions from the plan that concern several objects, and contradictions in it.

use super::secret;
use super::values::Values;
use crate::deploy::artefact::Project;
use crate::deploy::emit::RenderError;
use crate::deploy::facts;
use crate::deploy::plan::{Backend, Component, DATABASE, Environment};
use crate::deploy::service::Service;

/// Checks whether the database is a file beside the process.
pub(super) fn state_is_local(environment: &Environment) -> bool {
    environment.backends.get(DATABASE) == Some(&Backend::Embedded)
}

/// Limits that a proxy before the pods of an environment has to leave open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// Bytes of the largest body of a request.
    pub(super) body_bytes: Option<u64>,
    /// Seconds of the longest silence before an answer and within it.
    pub(super) silent_seconds: Option<u64>,
    /// Set where answers may be streams.
    pub(super) streams: bool,
}

impl Traffic {
    /// The largest of all that `service` says of its requests, with the settings of `environment`.
    pub(super) fn of(service: &Service, environment: &Environment) -> Self {
        let values = Values::of(service, environment);
        let number = |name: &String| values.number(service, name);
        let mut all = Self::default();
        // What is reached through another backend is none of the environment's own.
        let is_behind = |name: &str| {
            let mut kinds = service.backends.iter().filter(|kind| kind.name == name);
            kinds.any(|kind| kind.through.is_some() && values.holds(&kind.setting))
        };
        let is_used = |name: &String| environment.backends.contains_key(name) || is_behind(name);
        for requests in &service.requests {
            if !requests.backend.iter().all(is_used) {
                continue;
            }
            all.body_bytes = all
                .body_bytes
                .max(requests.body_bytes.as_ref().and_then(number));
            let silent = requests.silent_seconds.as_ref().and_then(number);
            all.silent_seconds = all.silent_seconds.max(silent);
            all.streams |= requests.streams;
        }
        all
    }
}

/// The components that `service` can have, in the order in which they are applied.
pub(super) fn possible(service: &Service) -> impl Iterator<Item = Component> {
    let able = |component: &Component| missing(*component, service).is_none();
    Component::ALL.into_iter().filter(able)
}

/// The reason for which `service` cannot have `component`; none where it can.
pub(super) fn missing(component: Component, service: &Service) -> Option<&'static str> {
    let (program, secrets) = (&service.program, secret::any(service));
    let (able, why) = match component {
        Component::MigrateJob => (
            program.migrate.is_some(),
            "the service has no command that migrates",
        ),
        Component::SecretFiles => {
            let reads = program.secrets_variable.is_some();
            (
                secrets && reads,
                "the service reads no secrets from a folder",
            )
        }
        Component::ExternalSecret | Component::SealedSecret => {
            (secrets, "the service has no secret")
        }
        Component::Monitoring => (
            service.metrics_port_number().is_some(),
            "the service has no metrics",
        ),
        Component::Ha | Component::NetworkPolicy | Component::Gateway | Component::Ingress => {
            return None;
        }
    };
    (!able).then_some(why)
}

/// Refuses what the plan asks for and the service cannot do.
///
/// # Errors
/// [`RenderError::Facts`] with one line for each contradiction.
pub(super) fn check(project: &Project) -> Result<(), RenderError> {
    let environments = project.plan.environments.iter();
    let contradictions =
        environments.flat_map(|environment| contradictions(&project.service, environment));
    let faults: Vec<String> = too_long(&project.service)
        .into_iter()
        .chain(contradictions)
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(RenderError::Facts(faults.join("\n")))
}

/// A name that leaves no room for those that are made of it.
fn too_long(service: &Service) -> Option<String> {
    (service.name.len() > facts::LONGEST_NAME).then(|| {
        format!(
            "the name of the service has more than {} characters; shorten it",
            facts::LONGEST_NAME
        )
    })
}

fn contradictions(service: &Service, environment: &Environment) -> Vec<String> {
    let mut faults = Vec::new();
    let mut refuse = |component: Component, why: &str| {
        faults.push(format!(
            "environments.{}.components: {} is listed, but {why}; leave it out",
            environment.name,
            component.as_str(),
        ));
    };
    for component in environment.components.iter().copied() {
        if let Some(why) = missing(component, service) {
            refuse(component, why);
        }
    }
    if environment.has(Component::MigrateJob) && state_is_local(environment) {
        refuse(
            Component::MigrateJob,
            "a database inside the process is out of a Job's reach",
        );
    }
    let fetched = &environment.external_secret.keys;
    if environment.has(Component::ExternalSecret)
        && secret::any(service)
        && secret::needed_in(service, environment).next().is_none()
        && fetched.is_empty()
    {
        // The operator refuses an object that fetches nothing.
        refuse(
            Component::ExternalSecret,
            "no secret is needed here, and external_secret.keys names none",
        );
    }
    let metrics = Values::of(service, environment).metrics_port(service);
    if environment.has(Component::Monitoring)
        && missing(Component::Monitoring, service).is_none()
        && metrics.is_none()
    {
        refuse(
            Component::Monitoring,
            "the settings of the environment turn the metrics off",
        );
    }
    let given = &environment.settings;
    faults.extend(facts::unset(service, &environment.name, given));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::kubernetes::example;

    #[test]
    fn all_contradictions_are_told_at_once() {
        let mut project = example::project();
        assert!(check(&project).is_ok());
        project.plan.environments[0]
            .components
            .insert(Component::MigrateJob);
        project.service.program.secrets_variable = None;
        let text = check(&project).unwrap_err().to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("environments.development.components: migrate-job"));
        assert!(text.contains("environments.production.components: secret-files"));
    }
}
