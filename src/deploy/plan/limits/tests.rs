//! Unit tests of `limits`.

use serde_json::{Map, Value, json};

use super::*;
use crate::deploy::plan::example::{plan, read, verdicts};
use crate::deploy::service::Service;

#[test]
fn an_address_at_which_no_probe_finds_a_pod_is_refused() {
    verdicts(
        r#"
        settings.SERVER_HOST = "127.0.0.1"
          ! 2:10 settings.SERVER_HOST: is 127.0.0.1, which nobody but the pod itself reaches
        settings.SERVER_HOST = "127.1.2.3"
          ! 2:10 settings.SERVER_HOST: is 127.1.2.3, which nobody but the pod itself reaches
        settings.SERVER_HOST = "::1"
          ! 2:10 settings.SERVER_HOST: is ::1, which nobody but the pod itself reaches
        settings.SERVER_HOST = "::ffff:127.0.0.1"
          ! 2:10 settings.SERVER_HOST: is ::ffff:127.0.0.1, which nobody but the pod itself reaches
        settings.SERVER_HOST = "localhost"
          ! 2:10 settings.SERVER_HOST: is localhost, which nobody but the pod itself reaches
        settings.SERVER_HOST = "10.0.0.7"
          ! 2:10 settings.SERVER_HOST: is 10.0.0.7, and no pod knows its address
        "#,
    );
    for host in ["0.0.0.0", "::"] {
        plan(&format!(
            "environments.production.settings.SERVER_HOST = \"{host}\""
        ));
    }
}

#[test]
fn a_port_that_needs_a_privilege_is_warned_of() {
    verdicts(
        r"
        settings.SERVER_PORT = 80
          ~ 2:10 settings.SERVER_PORT: is 80, and ports below 1024 need a privilege
        settings.SERVER_PORT = 1023
          ~ 2:10 settings.SERVER_PORT: is 1023, and ports below 1024 need a privilege
        settings.SERVER_METRICS_PORT = 443
          ~ 2:10 settings.SERVER_METRICS_PORT: is 443, and ports below 1024 need a privilege
        settings.SERVER_PORT = 0
          ! 2:10 settings.SERVER_PORT: is 0, which is any free port
        ",
    );
    for good in ["SERVER_PORT = 1024", "SERVER_METRICS_PORT = 0"] {
        let warnings = plan(&format!("environments.staging.settings.{good}")).warnings;
        assert!(
            !warnings.iter().any(|one| one.problem.contains("privilege")),
            "{good}"
        );
    }
}

#[test]
fn variables_too_large_for_a_pod_are_refused_with_their_line() {
    let fields = (0..9).map(|at| (format!("f{at}"), json!({ "type": "string" })));
    let fields: Map<String, Value> = fields.collect();
    let schema = json!({ "properties": fields });
    let service = Service::new("demo", "1.0.0", schema).unwrap();
    let told = |fields: usize, bytes: usize| {
        let line = |at| format!("F{at} = \"{}\"\n", "x".repeat(bytes));
        let lines: String = (0..fields).map(line).collect();
        let text = format!("[environments.production.settings]\n{lines}");
        read(&service, &text, false)
            .err()
            .map(|faults| faults.to_string())
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
