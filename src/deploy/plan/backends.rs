//! Backends of one environment: the written ones, those of its settings, and else the defaults.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::draft::Draft;
use super::endpoint::{Address, Backend, BackendFile, Endpoint};
use super::tier::Tier;
use crate::deploy::facts;
use crate::deploy::service::BackendKind;
use crate::deploy::toml_file::remedy;

/// The backends of one environment, whose own `settings` may name some.
pub(super) fn resolve(
    draft: &mut Draft<'_>,
    settings: &BTreeMap<String, String>,
) -> BTreeMap<String, Backend> {
    let kinds = &draft.service.backends;
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    for name in draft.file.backends.keys() {
        if !names.contains(&name.as_str()) {
            draft.invalid(
                &["backends", name],
                "is not a backend of this service",
                remedy(name, &names),
            );
        }
    }
    let mut out = BTreeMap::new();
    for kind in kinds {
        let in_settings = of_setting(draft, kind, settings);
        let written = draft.file.backends.get(&kind.name);
        let backend = written.and_then(|written| of_file(draft, kind, written));
        if let Some(Backend::Remote(endpoint)) = &backend {
            compare(draft, kind, endpoint, in_settings.as_ref());
        }
        let backend = backend
            .or_else(|| in_settings.map(Backend::Remote))
            .or_else(|| default(draft, kind, settings));
        if let Some(backend) = backend {
            out.insert(kind.name.clone(), backend);
        }
    }
    // Pods reach such a backend by way of the other, so that no policy has to let them out to it.
    for kind in kinds {
        let through = kind.through.as_ref().and_then(|name| out.get(name));
        if matches!(through, Some(Backend::Remote(_))) {
            out.remove(&kind.name);
        }
    }
    out
}

fn of_file(draft: &mut Draft<'_>, kind: &BackendKind, written: &BackendFile) -> Option<Backend> {
    let word = kind.embedded.as_ref().map(|it| it.word.as_str());
    let example = kind.example();
    let address = match written {
        BackendFile::Word(given) if Some(given.as_str()) == word => return Some(Backend::Embedded),
        BackendFile::Word(_) => {
            let (problem, or) = match word {
                Some(word) => (
                    format!("is neither an address nor the word {word}"),
                    format!(" or {word}"),
                ),
                None => ("is not an address".to_owned(), String::new()),
            };
            let remedy = format!("write it like {example}{or}");
            draft.invalid(&["backends", &kind.name], problem, remedy);
            return None;
        }
        BackendFile::Remote(address) => address,
    };
    let like = format!("; write it like {example}");
    reached(draft, &["backends", &kind.name], kind, address, &like).map(Backend::Remote)
}

/// The endpoint at `address`, which stands at `path`; none of a scheme that `kind` does not speak.
fn reached(
    draft: &mut Draft<'_>,
    path: &[&str],
    kind: &BackendKind,
    address: &Address,
    like: &str,
) -> Option<Endpoint> {
    let endpoint = at_usual_port(kind, address);
    if let Some(endpoint) = &endpoint {
        no_loopback(draft, path, endpoint);
    } else {
        let (scheme, name) = (&address.scheme, &kind.name);
        let problem = format!("has the scheme {scheme}, which {name} does not speak");
        let remedy = format!("there are {}{like}", kind.scheme_names(", "));
        draft.invalid(path, problem, remedy);
    }
    endpoint
}

/// The endpoint in the setting of `kind`, where it is plain and set here.
fn of_setting(
    draft: &mut Draft<'_>,
    kind: &BackendKind,
    settings: &BTreeMap<String, String>,
) -> Option<Endpoint> {
    let url = settings.get(&kind.setting).filter(|url| !url.is_empty())?;
    let path = ["settings", kind.setting.as_str()];
    let address = match Address::of_url(url) {
        Ok(address) => address,
        Err(problem) => {
            let (problem, remedy) = problem.rsplit_once("; ").unwrap_or((problem, ""));
            draft.invalid(&path, problem, remedy);
            return None;
        }
    };
    reached(draft, &path, kind, &address, "")
}

/// An address that is written twice must be the same twice.
fn compare(
    draft: &mut Draft<'_>,
    kind: &BackendKind,
    endpoint: &Endpoint,
    in_settings: Option<&Endpoint>,
) {
    let setting = kind.setting.as_str();
    let known = draft.service.settings.get(setting);
    let plain = known.is_some_and(|known| !known.secret);
    match in_settings {
        Some(other) if (&other.host, other.port) != (&endpoint.host, endpoint.port) => {
            draft.conflict(
                &["settings", setting],
                format!("leads to {other}, and {} is {endpoint}", kind.name),
                format!("take {} out: it follows from {setting}", kind.name),
            );
        }
        None if plain && !draft.failed(&["settings", setting]) => draft.advise(
            &["backends", &kind.name],
            format!("opens the way to {endpoint}, and {setting} is not set, so it is not used"),
            format!("set {setting} to the whole URL, and take {} out", kind.name),
        ),
        _ => {}
    }
}

fn default(
    draft: &mut Draft<'_>,
    kind: &BackendKind,
    settings: &BTreeMap<String, String>,
) -> Option<Backend> {
    let embedded = kind.embedded.as_ref();
    let chosen = embedded.is_some_and(|embedded| {
        let set = |(name, text): &(String, String)| settings.get(name) == Some(text);
        !embedded.settings.is_empty() && embedded.settings.iter().all(set)
    });
    if chosen || (embedded.is_some() && draft.tier == Tier::Development) {
        return Some(Backend::Embedded);
    }
    match default_endpoint(kind)? {
        Ok(endpoint) => Some(Backend::Remote(endpoint)),
        Err(problem) => {
            draft.invalid(
                &["backends", &kind.name],
                format!("has a default of the service that {problem}"),
                "name another one here",
            );
            None
        }
    }
}

/// The default endpoint of a backend of `kind`; none where it is optional.
pub(crate) fn default_endpoint(kind: &BackendKind) -> Option<Result<Endpoint, String>> {
    let address = Address::try_from(kind.default.as_deref()?);
    let endpoint = address.map_err(ToOwned::to_owned).and_then(|address| {
        let endpoint = at_usual_port(kind, &address);
        endpoint.ok_or_else(|| "has an unknown scheme".to_owned())
    });
    Some(endpoint)
}

fn at_usual_port(kind: &BackendKind, address: &Address) -> Option<Endpoint> {
    let mut known = kind.schemes.iter();
    let known = known.find(|(scheme, _)| *scheme == address.scheme);
    known.map(|(_, port)| address.at(*port))
}

/// Warns of an address of the pod itself.
fn no_loopback(draft: &mut Draft<'_>, path: &[&str], endpoint: &Endpoint) {
    let host = &endpoint.host;
    let own = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => facts::is_localhost(host),
    };
    if own {
        let problem = format!("leads to {host}, which in a pod is the pod itself");
        draft.advise(path, problem, "name the host as the pods know it");
    }
}

#[cfg(test)]
mod tests;
