//! How much the variables of one environment may hold.

use std::collections::BTreeMap;

use super::draft::Draft;
use crate::deploy::facts;
use crate::schema::FaultKind;

/// The most that a ConfigMap may hold, in bytes (`MaxSecretSize` in the validation of Kubernetes).
const MOST_BYTES: usize = 1024 * 1024;

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
    let port = draft.service.port.as_str();
    let path = ["settings", port];
    if variables.get(port).is_some_and(|text| text == "0") && !draft.failed(&path) {
        draft.refuse(
            FaultKind::Invalid,
            &path,
            "is 0, which is any free port, and no Service or probe could name it",
            "write the number of one",
        );
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

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::deploy::{Plan, Service};

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
