//! How much the variables of one environment may hold.

use std::collections::BTreeMap;

use super::draft::Draft;
use crate::deploy::facts;
use crate::schema::FaultKind;

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
            draft.refuse(
                FaultKind::Invalid,
                &["settings", name],
                format!(
                    "comes to {bytes} bytes, and Linux gives a program at most {LONGEST} in one \
                     variable"
                ),
                "shorten it",
            );
        }
    }
    let bytes: usize = variables.values().map(String::len).sum();
    if bytes > MOST_BYTES {
        let name = facts::config_map(draft.service);
        draft.refuse(
            FaultKind::Invalid,
            &["settings"],
            format!(
                "makes the ConfigMap {name} {bytes} bytes large, and Kubernetes takes at most \
                 {MOST_BYTES}"
            ),
            "shorten the values",
        );
    }
}

/// Refuses an address or a port of `variables` at which nobody could reach a pod.
pub(super) fn listens(draft: &mut Draft<'_>, variables: &BTreeMap<String, String>) {
    let service = draft.service;
    let host = service.host.as_deref().unwrap_or_default();
    let path = ["settings", host];
    let text = variables.get(host).filter(|_| !draft.failed(&path));
    if let Some((text, why)) = text.and_then(|text| Some((text, facts::unreachable(text)?))) {
        let problem = format!("is {text}, {why}");
        let remedy = "write 0.0.0.0, or :: for IPv6 as well";
        draft.refuse(FaultKind::Invalid, &path, problem, remedy);
    }
    for port in [Some(&service.port), service.metrics_port.as_ref()] {
        let port = port.map_or("", String::as_str);
        let path = ["settings", port];
        let number = variables.get(port).and_then(|text| text.parse().ok());
        match number.filter(|_: &u16| !draft.failed(&path)) {
            Some(0) if *port == *service.port => draft.refuse(
                FaultKind::Invalid,
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
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::deploy::plan::example::{plan, refused};
    use crate::deploy::{Plan, Service};

    #[test]
    fn an_address_at_which_no_probe_finds_a_pod_is_refused() {
        let at = "2:10 environments.production.settings.SERVER_HOST";
        for host in [
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "::ffff:127.0.0.1",
            "localhost",
        ] {
            let problem = format!("is {host}, which nobody but the pod itself reaches");
            refused(&format!("settings.SERVER_HOST = \"{host}\""), at, &problem);
        }
        let problem = "is 10.0.0.7, and no pod knows its address";
        refused("settings.SERVER_HOST = \"10.0.0.7\"", at, problem);
        for host in ["0.0.0.0", "::"] {
            plan(&format!(
                "environments.production.settings.SERVER_HOST = \"{host}\""
            ));
        }
    }

    #[test]
    fn a_port_that_needs_a_privilege_is_told() {
        for (setting, port, told) in [
            ("SERVER_PORT", 80, true),
            ("SERVER_PORT", 1023, true),
            ("SERVER_METRICS_PORT", 443, true),
            ("SERVER_PORT", 1024, false),
            ("SERVER_METRICS_PORT", 0, false),
        ] {
            let plan = plan(&format!("environments.staging.settings.{setting} = {port}"));
            let problem = format!("is {port}, and ports below 1024 need a privilege");
            let found = plan
                .warnings
                .iter()
                .any(|one| one.problem.starts_with(&problem));
            assert_eq!(found, told, "{setting} {port}");
        }
        refused(
            "settings.SERVER_PORT = 0",
            "2:10 environments.production.settings.SERVER_PORT",
            "is 0, which is any free port",
        );
    }

    #[test]
    fn what_no_pod_could_be_given_is_refused_with_its_line() {
        let fields = (0..9).map(|at| (format!("f{at}"), json!({ "type": "string" })));
        let fields: Map<String, Value> = fields.collect();
        let schema = json!({ "properties": fields });
        let service = Service::new("demo", "1.0.0", schema).unwrap();
        let told = |fields: usize, bytes: usize| {
            let line = |at| format!("F{at} = \"{}\"\n", "x".repeat(bytes));
            let lines: String = (0..fields).map(line).collect();
            let text = format!("[environments.production.settings]\n{lines}");
            let plan = Plan::read(&service, Some(("deploy.toml", &text)), false);
            plan.err().map(|faults| faults.to_string())
        };
        assert_eq!(told(1, LONGEST - 3), None);
        let one = told(1, LONGEST - 2).unwrap();
        let expected = "deploy.toml:2:1 environments.production.settings.F0: comes to 131072 bytes";
        assert!(one.contains(expected), "{one}");
        assert_eq!(told(8, 131_000), None);
        let all = told(9, 131_000).unwrap();
        let expected = "deploy.toml:1:26 environments.production.settings: makes the ConfigMap \
                        demo-config 1179000 bytes large, and Kubernetes takes at most 1048576";
        assert!(all.contains(expected), "{all}");
    }
}
