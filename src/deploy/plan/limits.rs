//! Sizes of the variables of one environment, and addresses at which the service listens.

use std::collections::BTreeMap;

use super::draft::Draft;
use crate::deploy::facts;

/// The most that a ConfigMap may hold, in bytes (`MaxSecretSize` in the validation of Kubernetes).
const MOST_BYTES: usize = 1024 * 1024;

/// The first port that needs no privilege.
const FIRST_FREE: u16 = 1024;

/// The longest `NAME=value` that Linux gives to a program, in bytes (`MAX_ARG_STRLEN`, of which one
/// is its end).
const LONGEST: usize = 128 * 1024 - 1;

/// Refuses `variables` that no pod could be given: a single one, or all of them together.
pub(super) fn check(draft: &mut Draft<'_>, variables: &BTreeMap<String, String>) {
    for (name, text) in variables {
        let bytes = name.len() + 1 + text.len();
        if bytes > LONGEST {
            draft.invalid(
                &["settings", name],
                format!(
                    "comes to {bytes} bytes, and Linux gives a program at most {LONGEST} in one \
                     variable"
                ),
                "shorten it",
            );
        }
    }
    // Kubernetes counts the values and not the keys (`ValidateConfigMap`).
    let bytes: usize = variables.values().map(String::len).sum();
    if bytes > MOST_BYTES {
        let name = facts::config_map(draft.service);
        draft.invalid(
            &["settings"],
            format!(
                "makes the ConfigMap {name} {bytes} bytes large, and Kubernetes takes at most \
                 {MOST_BYTES}"
            ),
            "shorten the values",
        );
    }
}

/// Refuses an address or a port of `variables` at which a pod could not be reached.
pub(super) fn listens(draft: &mut Draft<'_>, variables: &BTreeMap<String, String>) {
    let service = draft.service;
    let host = service.host.as_deref().unwrap_or_default();
    let path = ["settings", host];
    let text = variables.get(host).filter(|_| !draft.failed(&path));
    if let Some((text, why)) = text.and_then(|text| Some((text, facts::unreachable(text)?))) {
        let problem = format!("is {text}, {why}");
        let remedy = "write 0.0.0.0, or :: for IPv6 as well";
        draft.invalid(&path, problem, remedy);
    }
    for port in [Some(&service.port), service.metrics_port.as_ref()] {
        let port = port.map_or("", String::as_str);
        let path = ["settings", port];
        let number = variables.get(port).and_then(|text| text.parse().ok());
        match number.filter(|_: &u16| !draft.failed(&path)) {
            Some(0) if *port == *service.port => draft.invalid(
                &path,
                "is 0, which is any free port, and no Service or probe could name it",
                "write the number of one",
            ),
            Some(number @ 1..FIRST_FREE) => draft.advise(
                &path,
                format!(
                    "is {number}, and ports below {FIRST_FREE} need a privilege that pods do not \
                     have, except where the node grants them to all; verify fails it"
                ),
                format!("write {FIRST_FREE} or more: the Service is reached at its own port"),
            ),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
