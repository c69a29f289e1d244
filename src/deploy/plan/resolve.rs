//! From what is written, or from nothing, to a plan: the defaults.

use std::collections::BTreeSet;

use super::dns::Label;
use super::draft::Draft;
use super::file::{DeployFile, EnvironmentFile, NetworkFile};
use super::read::{self, remedy};
use super::report::Report;
use super::tier::{self, Tier};
use super::{
    Component, Environment, Image, Plan, backends, checks, external_secret, network, placement,
    resources, settings,
};
use crate::deploy::Service;
use crate::schema::{FaultKind, Faults};

/// Pods at most where they scale and nobody says how far.
const MAX_REPLICAS: u32 = 10;

/// Where that is no more than there are at least: so many times more.
const MAX_FACTOR: u32 = 2;

/// The environments of a service that names none.
const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

impl Plan {
    /// The plan of `service`: what `text` says (a file's name, for messages, and its contents), and
    /// defaults for the rest. Under `strict`, a warning is a fault.
    ///
    /// # Errors
    /// Everything that is wrong with the text, with line and column. No fault shows a value that
    /// could hold a password.
    pub fn read(
        service: &Service,
        text: Option<(&str, &str)>,
        strict: bool,
    ) -> Result<Self, Faults> {
        if strict {
            Faults::check(service.warnings.clone())?;
        }
        let (file, mut report) = match text {
            Some((name, text)) => read::read::<DeployFile>(name, text)?,
            None => (DeployFile::default(), Report::default()),
        };
        let names = environments(service);
        for name in file
            .environments
            .keys()
            .filter(|name| !names.contains(name))
        {
            if report.is_full() {
                break;
            }
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            report.refuse(
                FaultKind::Invalid,
                &["environments", name],
                "is no environment of this service",
                remedy(name, &known),
            );
        }
        let image = image(service, file.image.as_ref(), &mut report);
        let silent = EnvironmentFile::default();
        let mut environments = Vec::new();
        for (name, tier) in names.iter().zip(tier::tiers(&names)) {
            let mut draft = Draft {
                service,
                name,
                tier,
                file: file.environments.get(name).unwrap_or(&silent),
                report: &mut report,
            };
            let environment = environment(&mut draft, &image, &file.network);
            checks::one(&mut draft, &environment);
            environments.push(environment);
        }
        checks::between(&environments, &mut report);
        let mentioned = names.into_iter();
        let mentioned = mentioned.filter(|name| file.environments.contains_key(name));
        network::check_all(&file.network, &environments, &mut report);
        let mut warnings = service.warnings.clone();
        warnings.extend(report.finish(strict)?);
        Ok(Self {
            image,
            mentioned: mentioned.collect(),
            environments,
            warnings,
        })
    }
}

/// The environments of `service`, from trial to real.
pub(in crate::deploy) fn environments(service: &Service) -> Vec<String> {
    let setting = service.settings.get(&service.environment);
    let variants = setting.map_or(&[][..], |setting| &setting.variants);
    if variants.is_empty() {
        return ENVIRONMENTS.map(str::to_owned).to_vec();
    }
    variants
        .iter()
        .map(|variant| variant.value.clone())
        .collect()
}

fn environment(draft: &mut Draft<'_>, image: &Image, network: &NetworkFile) -> Environment {
    let file = draft.file;
    let host = file.host.clone().map(String::from);
    let replicas = file
        .replicas
        .map_or_else(|| replicas(draft.tier), super::file::Replicas::as_u32);
    let components = components(draft, replicas);
    let max_replicas = match file.max_replicas {
        Some(max) => max.as_u32(),
        None if components.contains(&Component::Ha) && replicas < MAX_REPLICAS => MAX_REPLICAS,
        None if components.contains(&Component::Ha) => replicas * MAX_FACTOR,
        None => replicas,
    };
    let mut settings = settings::written(draft);
    let backends = backends::resolve(draft, &settings);
    settings::add_implied(draft, &backends, &mut settings);
    settings::add_of_sections(draft, &mut settings);
    settings::check(draft, &settings);
    let namespace = file
        .namespace
        .clone()
        .map_or_else(|| namespace(draft), String::from);
    let monitoring = file.monitoring_namespace.clone();
    Environment {
        name: draft.name.to_owned(),
        tier: draft.tier,
        namespace,
        image: file
            .image
            .as_ref()
            .map_or_else(|| image.clone(), |own| tagged(draft.service, own)),
        host,
        replicas,
        max_replicas,
        resources: resources::resolve(draft),
        components,
        labels: placement::labels(draft),
        annotations: placement::annotations(draft),
        placement: placement::resolve(draft),
        external_secret: external_secret::resolve(draft),
        gateway: network::gateway(file),
        network: network::resolve(network, &file.network),
        monitoring_namespace: monitoring.map_or_else(|| "monitoring".to_owned(), String::from),
        kubernetes: file.kubernetes.unwrap_or_default(),
        gitops: file.gitops,
        monitoring_labels: placement::monitoring_labels(draft),
        backends,
        settings,
    }
}

fn replicas(tier: Tier) -> u32 {
    match tier {
        Tier::Development => 1,
        Tier::Staging => 2,
        Tier::Production => 3,
    }
}

fn namespace(draft: &mut Draft<'_>) -> String {
    let service = &draft.service.name;
    let namespace = match draft.tier {
        Tier::Production => service.clone(),
        Tier::Development | Tier::Staging => format!("{service}-{}", draft.name),
    };
    if let Err(problem) = Label::try_from(namespace.as_str()) {
        let (problem, _) = problem.rsplit_once("; ").unwrap_or((&problem, ""));
        draft.refuse(
            FaultKind::Invalid,
            &["namespace"],
            problem,
            "name another one here",
        );
    }
    namespace
}

/// The components that are listed, or those of the tier that the service can have with that many
/// replicas.
fn components(draft: &Draft<'_>, replicas: u32) -> BTreeSet<Component> {
    let default = || {
        let mut components = BTreeSet::new();
        if draft.tier == Tier::Production && replicas > 1 {
            components.insert(Component::Ha);
        }
        if draft.tier != Tier::Development {
            components.insert(Component::NetworkPolicy);
            let secrets = draft.service.secret_settings().next().is_some();
            if secrets && draft.service.program.secrets_variable.is_some() {
                components.insert(Component::SecretFiles);
            }
        }
        components
    };
    let listed = draft.file.components.as_ref();
    let mut components = listed.map_or_else(default, |list| list.iter().copied().collect());
    if draft.file.host.is_some() && !components.contains(&Component::Ingress) {
        components.insert(Component::Gateway);
    }
    components
}

/// The image that runs where an environment names no other.
fn image(service: &Service, written: Option<&Image>, report: &mut Report) -> Image {
    if let Some(image) = written {
        return tagged(service, image);
    }
    let image = Image {
        name: service.image.clone(),
        tag: Some(version_tag(service)),
        digest: None,
    };
    if let Err(problem) = Image::try_from(image.reference().as_str()) {
        let (problem, remedy) = problem.rsplit_once("; ").unwrap_or((&problem, ""));
        report.refuse(FaultKind::Invalid, &["image"], problem, remedy);
    }
    image
}

/// `image`, with the version of the service where it says nothing of one.
fn tagged(service: &Service, image: &Image) -> Image {
    let mut image = image.clone();
    if image.tag.is_none() && image.digest.is_none() {
        image.tag = Some(version_tag(service));
    }
    image
}

/// A tag cannot hold the `+` of a semantic version.
fn version_tag(service: &Service) -> String {
    service.version.replace('+', "_")
}

#[cfg(test)]
mod tests {
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
            "deploy.toml:1:15 environments.qa: is no environment of this service; there are ",
        );
    }
}
