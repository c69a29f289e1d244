//! A compose file: the service with its database and Redis on one machine.
//!
//! Structure after the Compose Specification. Secrets come from a file that is not in the
//! repository; `secrets.rs` makes it.

mod backend;
mod model;

use std::collections::BTreeMap;

use super::plan::{self, Environment};
use super::{Artefact, File, Project, RenderError, emit, facts, oci};
use backend::Server;
use model::{Build, Compose, Condition, HealthCheck, Network, Volume, tmpfs};

pub(super) use backend::{endpoint, engine};

/// The file that holds the secrets, beside `compose.yaml`.
pub const SECRETS_FILE: &str = "secrets.env";

/// The network on which people reach the service.
const EDGE: &str = "edge";

/// The network of the servers behind it, which leads nowhere else.
const BACKENDS: &str = "backends";

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
    let local = |name: String| {
        let driver = "local".to_owned();
        (name, Volume { driver })
    };
    let compose = Compose {
        name,
        services,
        networks: BTreeMap::from([
            (BACKENDS.to_owned(), Network::internal()),
            (EDGE.to_owned(), Network::bridge()),
        ]),
        volumes: volumes.into_iter().map(local).collect(),
    };
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
    build.ports = oci::ports(service)
        .map(|port| format!("127.0.0.1:{port}:{port}"))
        .collect();
    build.volumes = vec![format!("{}-state:{}", service.name, service.state_dir)];
    build.networks = vec![BACKENDS.to_owned(), EDGE.to_owned()];
    build.depends_on = servers
        .iter()
        .map(|server| (server.name.clone(), Condition::healthy()))
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
        HealthCheck::of(std::iter::once("CMD".to_owned()).chain(command).collect())
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

/// `text` as compose reads it: a lone `$` would begin a variable.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// A quantity of Kubernetes in the largest of compose's units that holds it without a fraction.
fn memory(quantity: &str) -> Option<String> {
    let bytes = format!("{:.0}", plan::amount(quantity)?.ceil());
    let bytes: u64 = bytes.parse().ok()?;
    let units = [(30, "g"), (20, "m"), (10, "k"), (0, "b")];
    let mut fitting = units.into_iter();
    let (power, unit) = fitting.find(|(power, _)| bytes.is_multiple_of(1 << power))?;
    Some(format!("{}{unit}", bytes >> power))
}

/// Processors of a quantity of Kubernetes.
fn cpus(quantity: &str) -> Option<String> {
    plan::amount(quantity).map(|cpus| cpus.to_string())
}

/// Whole cores of a number of processors, as Kubernetes tells them: rounded up.
fn cores(cpus: &str) -> String {
    let cores = cpus.parse().map_or(1.0, f64::ceil);
    format!("{:.0}", cores.max(1.0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::deploy::sample;

    fn compose() -> Value {
        let files = render(&sample::project()).unwrap();
        assert_eq!(files[0].path, "compose.yaml");
        serde_saphyr::from_str(&files[0].text).unwrap()
    }

    #[test]
    fn every_container_is_hardened_and_limited() {
        let compose = compose();
        for (name, service) in compose["services"].as_object().unwrap() {
            assert_eq!(service["read_only"], true, "{name}");
            assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
            assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]));
            for key in [
                "user",
                "mem_limit",
                "cpus",
                "pids_limit",
                "tmpfs",
                "healthcheck",
            ] {
                assert!(!service[key].is_null(), "{name} {key}");
            }
            let root = service["user"].as_str().unwrap();
            assert!(
                !root.starts_with('0') && !root.starts_with("root"),
                "{name}"
            );
        }
        assert_eq!(compose["services"]["shop"]["user"], "65532:65532");
    }

    #[test]
    fn only_the_service_is_reached_and_only_from_this_machine() {
        let compose = compose();
        let services = &compose["services"];
        let ports = json!(["127.0.0.1:8000:8000", "127.0.0.1:9000:9000"]);
        assert_eq!(services["shop"]["ports"], ports);
        for name in ["postgres", "redis"] {
            assert_eq!(services[name].get("ports"), None);
            assert_eq!(services[name]["networks"], json!(["backends"]));
            let waits = &services["shop"]["depends_on"][name]["condition"];
            assert_eq!(waits, "service_healthy");
        }
        assert_eq!(compose["networks"]["backends"]["internal"], true);
        assert_eq!(compose["volumes"].as_object().unwrap().len(), 3);
    }

    #[test]
    fn settings_are_those_of_development_with_real_backends() {
        let compose = compose();
        let shop = &compose["services"]["shop"];
        assert_eq!(shop["image"], "registry.example.org/shop:1.2.3");
        assert_eq!(shop["environment"]["GREETING"], "price: $$5");
        assert_eq!(shop["environment"].get("REDIS_ENABLED"), None);
        assert_eq!(shop["env_file"], json!(["secrets.env"]));
        assert_eq!(shop["mem_limit"], "256m");
        assert_eq!(shop["cpus"], "0.5");
        assert_eq!(shop["stop_grace_period"], "30s");
        let test = json!(["CMD", "/shop", "healthcheck"]);
        assert_eq!(shop["healthcheck"]["test"], test);
    }

    #[test]
    fn a_service_finds_its_folders_its_cores_and_its_words_as_they_stand() {
        let mut project = sample::project();
        let service = &mut project.service;
        service.writable = vec!["/app/cache".to_owned()];
        service.cores = Some("WEB_CONCURRENCY".to_owned());
        service.program.command = vec!["sh".to_owned(), "$HOME".to_owned()];
        service.program.serve = vec!["--port=$PORT".to_owned()];
        service.shutdown_timeout = None;
        let text = &render(&project).unwrap()[0].text;
        let compose: Value = serde_saphyr::from_str(text).unwrap();
        let shop = &compose["services"]["shop"];
        let folder = "/app/cache:mode=1777,size=64m,noexec,nosuid,nodev";
        assert_eq!(shop["tmpfs"][1], folder);
        assert_eq!(shop["environment"]["WEB_CONCURRENCY"], "1");
        assert_eq!(shop["entrypoint"], json!(["sh", "$$HOME"]));
        assert_eq!(shop["command"], json!(["--port=$$PORT"]));
        assert_eq!(shop["stop_grace_period"], "25s");
    }

    #[test]
    fn a_backend_does_not_see_the_secrets_of_the_service() {
        let compose = compose();
        for name in ["postgres", "redis"] {
            let environment = &compose["services"][name]["environment"];
            for secret in ["SIGNING_KEY", "DATABASE_URL", "REDIS_URL", "API_KEY"] {
                assert_eq!(environment[secret], "", "{name} {secret}");
            }
        }
        assert_eq!(
            compose["services"]["postgres"]["environment"]["REDIS_PASSWORD"],
            ""
        );
        assert_eq!(
            compose["services"]["redis"]["environment"]["POSTGRES_PASSWORD"],
            ""
        );
    }

    #[test]
    fn quantities_are_translated() {
        assert_eq!(memory("512Mi").as_deref(), Some("512m"));
        assert_eq!(memory("1Gi").as_deref(), Some("1g"));
        assert_eq!(memory("1.5Gi").as_deref(), Some("1536m"));
        assert_eq!(memory("1G").as_deref(), Some("1000000000b"));
        assert_eq!(memory("x"), None);
        assert_eq!(cpus("250m").as_deref(), Some("0.25"));
        assert_eq!(cpus("2").as_deref(), Some("2"));
        assert_eq!(cpus("x"), None);
        assert_eq!(["0.5", "1", "2.5"].map(cores), ["1", "1", "3"]);
    }
}
