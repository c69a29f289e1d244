//! The service, its servers, networks and volumes as one file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::backend::{self, Server, endpoint};
use super::model::{BACKENDS, Build, EDGE, SECRETS_FILE, escaped, health, tmpfs};
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::emit::RenderError;
use crate::deploy::file::File;
use crate::deploy::plan::{self, Environment};
use crate::deploy::{emit, facts, oci};

/// The artefact `compose`.
pub const ARTEFACT: Artefact = Artefact {
    name: "compose",
    about: "A compose file: the service with its database and Redis on one machine.",
    render,
};

/// `compose.yaml`.
///
/// # Errors
/// [`RenderError`] where the facts of a backend cannot be read, or there is no environment.
pub fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    // The one for trial: a single machine cannot meet what production asks of a cluster.
    let environment = project.plan.environments.first();
    let environment = environment
        .ok_or_else(|| RenderError::Facts("the service has no environment".to_owned()))?;
    let unset = facts::unset(&project.service, &environment.name, &environment.settings);
    if !unset.is_empty() {
        return Err(RenderError::Facts(unset.join("\n")));
    }
    let servers = backend::servers(&project.service, environment)?;
    let mut services = BTreeMap::new();
    let mut volumes = vec![format!("{}-state", project.service.name)];
    let name = project.service.name.clone();
    for server in &servers {
        if server.name == name {
            return Err(RenderError::Facts(format!(
                "the service and a backend are both called {name}; give the backend another host"
            )));
        }
        volumes.push(server.volume());
        services.insert(
            server.name.clone(),
            backend::service(server, &project.service),
        );
    }
    services.insert(name.clone(), service(project, environment, &servers));
    let local = |name| (name, json!({ "driver": "local" }));
    let volumes: Map<String, Value> = volumes.into_iter().map(local).collect();
    let compose = json!({
        "name": name,
        "services": services,
        "networks": {
            (BACKENDS): { "driver": "bridge", "internal": true },
            (EDGE): { "driver": "bridge" },
        },
        "volumes": volumes,
    });
    let secrets = format!(
        "secrets --environment {} --out {SECRETS_FILE}",
        environment.name
    );
    let command = project.service.command_for(&secrets);
    let command = command.map_or_else(String::new, |command| format!(":\n#   {command}"));
    let head = format!(
        "#\n# Before the first start, make {SECRETS_FILE} and keep it out of the \
         repository{command}\n"
    );
    let text = head + &emit::yaml(&compose)?;
    Ok(vec![File::with_hash_mark(
        &project.service,
        "compose",
        "compose.yaml",
        &text,
    )])
}

fn service(project: &Project, environment: &Environment, servers: &[Server]) -> Build {
    let service = &project.service;
    let mut build = Build::hardened(environment.image.reference());
    build.user = Some(format!("{0}:{0}", service.user));
    let words = |list: &[String]| list.iter().map(|word| escaped(word)).collect();
    build.entrypoint = words(&service.program.command);
    build.command = words(&service.program.serve);
    build.environment = plain(project, environment)
        .into_iter()
        .map(|(name, value)| (name, escaped(&value)))
        .collect();
    // Docker publishes ports past the host's firewall, so they are bound to this machine alone.
    build.ports = oci::config::ports(service)
        .map(|port| format!("127.0.0.1:{port}:{port}"))
        .collect();
    build.volumes = vec![format!("{}-state:{}", service.name, service.state_dir)];
    build.networks = vec![BACKENDS.to_owned(), EDGE.to_owned()];
    build.depends_on = servers
        .iter()
        .map(|server| {
            (
                server.name.clone(),
                json!({ "condition": "service_healthy" }),
            )
        })
        .collect();
    let limit = |name: &str| environment.resources.limits.get(name).map(String::as_str);
    if let Some(memory) = limit("memory").and_then(memory) {
        build.mem_limit = memory;
    }
    if let Some(cpus) = limit("cpu").and_then(cpus) {
        build.cpus = cpus;
    }
    if let Some(name) = &service.cores {
        build.environment.insert(name.clone(), cores(&build.cpus));
    }
    // No two mounts may have one place.
    let folders = service.writable.iter();
    let folders = folders.filter(|path| **path != service.state_dir);
    build
        .tmpfs
        .extend(folders.map(|path| tmpfs(&escaped(path))));
    build.stop_grace_period = Some(format!("{}s", service.drain_seconds() + 5));
    build.healthcheck = service.program.healthcheck.as_ref().map(|arguments| {
        let command = service.program.exec(arguments);
        let command = command.iter().map(|word| escaped(word));
        let test: Vec<_> = std::iter::once("CMD".to_owned()).chain(command).collect();
        health(&test)
    });
    build
}

/// The settings of the environment, but those that turn off what runs here.
fn plain(project: &Project, environment: &Environment) -> BTreeMap<String, String> {
    let mut settings = environment.settings.clone();
    for kind in &project.service.backends {
        let runs = matches!(endpoint(kind, environment), Ok(Some(_)));
        for (name, value) in kind.embedded.iter().flat_map(|it| &it.settings) {
            if runs && settings.get(name) == Some(value) {
                settings.remove(name);
            }
        }
    }
    settings
}

/// A quantity of Kubernetes in the largest of compose's units that holds it without a fraction.
fn memory(quantity: &str) -> Option<String> {
    let bytes = format!("{:.0}", plan::amount(quantity)?.ceil());
    let bytes: u64 = bytes.parse().ok()?;
    // Compose's units are powers of two: 1k is 1024 bytes.
    let units = [(30, "g"), (20, "m"), (10, "k"), (0, "b")];
    let mut fitting = units.into_iter();
    let (power, unit) = fitting.find(|(power, _)| bytes.is_multiple_of(1 << power))?;
    Some(format!("{}{unit}", bytes >> power))
}

/// Processors of a quantity of Kubernetes.
fn cpus(quantity: &str) -> Option<String> {
    plan::amount(quantity).map(|cpus| cpus.to_string())
}

/// Cores for a number of processors, rounded up as Kubernetes does.
fn cores(cpus: &str) -> String {
    let cores = cpus.parse().map_or(1.0, f64::ceil);
    format!("{:.0}", cores.max(1.0))
}

#[cfg(test)]
mod tests;
