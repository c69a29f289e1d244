//! Unit tests of `limits`.

use serde_json::{Map, Value, json};

use super::*;
use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{plan, refused};
use crate::deploy::service::Service;

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
