//! From what is written, or from nothing, to a plan: the defaults.

use std::collections::BTreeSet;

use super::component::Component;
use super::destination::Network;
use super::dns::Label;
use super::draft::Draft;
use super::environment::{Environment, Plan};
use super::file::{DeployFile, EnvironmentFile, Replicas};
use super::image::Image;
use super::tier::{Tier, environments, tiers};
use super::{backends, checks, external_secret, metadata, network, pods, resources, settings};
use crate::deploy::service::Service;
use crate::deploy::toml_file::{self, Report, remedy};
use crate::schema::Faults;

/// Default of the pods at most, where they scale.
const MAX_REPLICAS: u32 = 10;

/// Factor by which pods scale where that is not more than there are at least.
const MAX_FACTOR: u32 = 2;

impl Plan {
    /// The plan of `service`: the contents of `text` (the name of a file, for messages, and its text),
    /// and defaults for the rest. Under `strict`, a warning is a fault.
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
            Some((name, text)) => toml_file::read::<DeployFile>(name, text)?,
            None => (DeployFile::default(), Report::default()),
        };
        let names = environments(service);
        for name in file
            .environments
            .keys()
            .filter(|name| !names.contains(name))
        {
            // Looking for the nearest name takes time: not for faults that are not told.
            if report.is_full() {
                break;
            }
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            report.invalid(
                &["environments", name],
                "is not an environment of this service",
                remedy(name, &known),
            );
        }
        let image = image(service, file.image.as_ref(), &mut report);
        let silent = EnvironmentFile::default();
        let mut environments = Vec::new();
        for (name, tier) in names.iter().zip(tiers(&names)) {
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

fn environment(draft: &mut Draft<'_>, image: &Image, network: &Network) -> Environment {
    let file = draft.file;
    let host = file.host.clone().map(String::from);
    let replicas = file
        .replicas
        .map_or_else(|| replicas(draft.tier), Replicas::as_u32);
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
        labels: metadata::labels(draft, &["labels"], &file.labels),
        annotations: metadata::annotations(draft),
        placement: pods::resolve(draft),
        external_secret: external_secret::resolve(draft),
        gateway: network::gateway(file),
        network: network::resolve(network, &file.network),
        monitoring_namespace: monitoring.map_or_else(|| "monitoring".to_owned(), String::from),
        kubernetes: file.kubernetes.unwrap_or_default(),
        gitops: file.gitops,
        monitoring_labels: metadata::labels(
            draft,
            &["monitoring", "labels"],
            &file.monitoring.labels,
        ),
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
        draft.invalid(&["namespace"], problem, "name another one here");
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
        report.invalid(&["image"], problem, remedy);
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
mod faults;
#[cfg(test)]
mod tests;
