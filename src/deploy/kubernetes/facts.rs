//! What follows from the plan in more than one object, and what cannot be.

use super::components;
use super::values::Values;
use crate::deploy::plan::{Backend, Component, Environment};
use crate::deploy::{Project, RenderError, Service};

/// The backend that a migration is about, and whose files are the state of the service.
pub(super) const DATABASE: &str = "database";

/// Whether the database is a file beside the process.
pub(super) fn state_is_local(environment: &Environment) -> bool {
    environment.backends.get(DATABASE) == Some(&Backend::Embedded)
}

/// Refuses what the plan asks for and the service cannot do.
///
/// # Errors
/// [`RenderError::Facts`] with one line for each contradiction.
pub(super) fn check(project: &Project) -> Result<(), RenderError> {
    let environments = project.plan.environments.iter();
    let faults: Vec<String> = environments
        .flat_map(|environment| contradictions(&project.service, environment))
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(RenderError::Facts(faults.join("\n")))
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
        if let Some(why) = components::missing(component, service) {
            refuse(component, why);
        }
    }
    if environment.has(Component::MigrateJob) && state_is_local(environment) {
        refuse(
            Component::MigrateJob,
            "a database inside the process is out of a Job's reach",
        );
    }
    let metrics = Values::of(service, environment).metrics_port(service);
    if environment.has(Component::Monitoring)
        && components::missing(Component::Monitoring, service).is_none()
        && metrics.is_none()
    {
        refuse(
            Component::Monitoring,
            "the settings of the environment turn the metrics off",
        );
    }
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
        project.service.program.secrets_dir = None;
        let text = check(&project).unwrap_err().to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("environments.development.components: migrate-job"));
        assert!(text.contains("environments.production.components: secret-files"));
    }
}
