//! Services, plans and schemas of many kinds, and the files that follow from them.

use serde_json::{Value, json};

use super::{GOOD, PLAN, fault, project, read, rendered, schema, swapped, with};
use crate::deploy::plan::Plan;
use crate::deploy::service::Service;

/// The schema as a value.
fn document() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

#[test]
fn a_service_whose_only_secret_is_a_backend_has_an_external_secret() {
    let mut schema = document();
    schema["required"] = json!(["region"]);
    let field = schema["properties"].as_object_mut().unwrap();
    field.shift_remove("api_token");
    field["database"]["required"] = json!([]);
    let service = read(GOOD, &schema.to_string()).unwrap();
    let plan = format!("{PLAN}environments.prod.components = [\"external-secret\"]\n");
    let project = project(service, &plan);
    let key = "secretKey: \"DATABASE_URL\"";
    rendered(
        &project,
        "k8s",
        "k8s/overlays/prod/externalsecret.yaml",
        &[key],
    );
    let deployment = rendered(&project, "k8s", "k8s/base/backend/deployment.yaml", &[]);
    assert!(!deployment.contains("optional: true"), "{deployment}");
}

#[test]
fn plain_variables_and_those_of_interpreters_are_taken() {
    let url = "url = \"{scheme}://shop:{password}@{host}:{port}/shop\"\n";
    let plain = swapped(url, "").replace("secrets = [\"DATABASE_URL\"]\n", "");
    assert!(read(&plain, &schema()).is_ok());
    let python = swapped("WEB_CONCURRENCY", "PYTHON_CPU_COUNT");
    assert!(read(&python, &schema()).is_ok());
}

#[test]
fn a_user_below_10000_is_warned_of() {
    let service = read(&swapped("10001", "1000"), &schema()).unwrap();
    let plan = |strict| Plan::read(&service, Some(("deploy.toml", PLAN)), strict);
    let warning = plan(false).unwrap().warnings.remove(0);
    assert_eq!(warning.name, "service.toml:11:1 user");
    let told = plan(true).unwrap_err().to_string();
    assert!(
        told.contains("user: is 1000, which may be a user of the node"),
        "{told}"
    );
}

#[test]
fn many_unknown_names_are_told_in_time() {
    let list = |line: &dyn Fn(usize) -> String, by: &str| {
        (0..8_000).map(line).collect::<Vec<_>>().join(by)
    };
    let mut document = document();
    for at in 0..900 {
        document["properties"][format!("some_long_field_{at}")] = json!({ "type": "boolean" });
    }
    let names = list(&|at| format!("\"SHOP_SOME_LONG_FEILD_{at}\""), ", ");
    let aliases = list(&|at| format!("\"some_long_feild_{at}\" = \"A{at}\""), "\n");
    let folders = list(&|at| format!("\"/data/{at}\""), ", ");
    let url = "\"database.url\" = \"DATABASE_URL\"";
    let text = swapped("[settings]\n", &format!("[settings]\nplain = [{names}]\n"))
        .replace(&format!("names = {{ {url} }}\n"), "")
        .replace(
            "[probes]",
            &format!("[settings.names]\n{url}\n{aliases}\n[probes]"),
        )
        .replace("[\"/app/cache\"]", &format!("[{folders}]"));
    let start = std::time::Instant::now();
    let told = fault(&text, &document.to_string());
    assert!(told.contains("has more faults than these"));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn words_reach_the_program_as_they_stand() {
    let text = swapped("\"app.main:app\"", "\"--port=$(SHOP_PORT)\"");
    let project = project(read(&text, &schema()).unwrap(), PLAN);
    let word = ["--port=$$(SHOP_PORT)"];
    rendered(&project, "k8s", "k8s/base/backend/deployment.yaml", &word);
    rendered(&project, "compose", "compose.yaml", &word);
}

#[test]
fn commands_and_requests_reach_the_files() {
    let facts = "healthcheck = [\"python\", \"-m\", \"app.health\"]\nsleep = [\"sleep\"]\n\n\
                 [[requests]]\nbody_bytes = 5000000\nsilent_seconds = \"SHOP_PORT\"\n\n[settings]\n";
    let service = read(&swapped("[settings]\n", facts), &schema()).unwrap();
    let plan = format!(
        "{PLAN}environments.prod.kubernetes = \"1.29\"\nenvironments.prod.host = \"a.example.com\"\n\
         environments.prod.components = [\"ingress\"]\n"
    );
    let project = project(service, &plan);
    for (name, path, words) in [
        (
            "k8s",
            "k8s/overlays/prod/prestop.yaml",
            "exec:command:-sleep-\"5\"",
        ),
        ("compose", "compose.yaml", "test:-CMD-python--m-app.health"),
        (
            "k8s",
            "k8s/overlays/prod/ingress.yaml",
            "proxy-body-size:\"5000000\"",
        ),
    ] {
        let text = rendered(&project, name, path, &[]);
        let found: String = text.split_whitespace().collect();
        assert!(found.contains(words), "{text}");
    }
}

#[test]
fn a_password_in_a_plan_is_refused_in_every_kind_of_value() {
    let map = json!({ "type": "object", "additionalProperties": true, "default": {} });
    let mut document: Value = serde_json::from_str(&with("cfg", map)).unwrap();
    let items = json!({ "type": "object", "additionalProperties": true });
    document["properties"]["peers"] = json!({ "type": "array", "items": items, "default": [] });
    document["properties"]["broker"] = json!({ "type": "string", "default": "" });
    let service = |text: &str| read(text, &document.to_string()).unwrap();
    let plan = |service: &Service, line: &str| {
        let text = format!("{PLAN}environments.dev.settings.{line}\n");
        Plan::read(service, Some(("deploy.toml", &text)), false)
            .map_err(|faults| faults.to_string())
    };
    let listed = "[settings]\nplain = [\"SHOP_CFG\", \"SHOP_PEERS\", \"SHOP_BROKER\"]\n";
    let listed = service(&swapped("[settings]\n", listed));
    for line in r#"SHOP_CFG = { password = "canary" }
SHOP_CFG = { nested = { api_key = "canary" } }
SHOP_CFG = '{"password":"canary"}'
SHOP_CFG = { url = "https://u:canary@h" }
SHOP_PEERS = [{ host = "h", password = "canary" }]
SHOP_BROKER = "postgres://h/d?password=canary"
SHOP_BROKER = "https://canary@h"
SHOP_BROKER = '{"token":"canary"}'"#
        .lines()
    {
        let told = plan(&service(GOOD), line).unwrap_err();
        assert!(told.contains("which must not be in this file"), "{told}");
        assert!(!told.contains("canary"), "{told}");
        assert!(plan(&listed, line).is_ok(), "{line}");
    }
    let told = plan(&listed, "SHOP_CFG = '{\"password\":\"canary\"'").unwrap_err();
    assert!(!told.contains("canary"), "{told}");
    let good = "SHOP_CFG = { max_tokens = 5, url = \"ssh://git@h/x\" }";
    assert!(plan(&service(GOOD), good).is_ok());
}

#[test]
fn a_default_of_a_section_is_written_where_one_of_its_variables_is() {
    let mut document = document();
    document["$defs"] = json!({ "Pool": { "type": "object", "required": ["name"], "properties": {
        "size": { "type": "integer", "default": 0, "minimum": 1 },
        "name": { "type": "string" },
        "label": { "type": "string", "default": "l" },
    } } });
    document["properties"]["pool"] =
        json!({ "$ref": "#/$defs/Pool", "default": { "size": 9, "name": "n", "label": "l" } });
    let service = read(GOOD, &document.to_string()).unwrap();
    let data = |line: &str, parts: &[&str]| {
        let project = project(service.clone(), &format!("{PLAN}{line}"));
        rendered(&project, "k8s", "k8s/overlays/dev/configmap.yaml", parts)
    };
    assert!(!data("", &[]).contains("POOL"));
    let parts = [
        "POOL__LABEL: \"x\"",
        "POOL__SIZE: \"9\"",
        "POOL__NAME: \"n\"",
    ];
    data(
        "environments.dev.settings.SHOP_POOL__LABEL = \"x\"\n",
        &parts,
    );
}

#[test]
fn a_section_that_may_be_left_out_is_given_whole() {
    let mut document = document();
    document["$defs"] = json!({ "Smtp": { "type": "object", "required": ["host", "password"],
        "properties": {
            "host": { "type": "string" },
            "port": { "type": "integer", "default": 25 },
            "password": { "type": "string", "writeOnly": true },
    } } });
    document["properties"]["smtp"] =
        json!({ "anyOf": [{ "$ref": "#/$defs/Smtp" }, { "type": "null" }], "default": null });
    let service = read(GOOD, &document.to_string()).unwrap();
    let port = format!("{PLAN}environments.dev.settings.SHOP_SMTP__PORT = 465\n");
    let told = Plan::read(&service, Some(("deploy.toml", &port)), false).unwrap_err();
    let expected = "SHOP_SMTP__HOST: is required with SHOP_SMTP__PORT, and nothing gives it";
    assert!(told.to_string().contains(expected), "{told}");
    let host = format!("{PLAN}environments.dev.settings.SHOP_SMTP__HOST = \"h\"\n");
    let password = ["SHOP_SMTP__PASSWORD: "];
    rendered(
        &project(service, &host),
        "k8s",
        "k8s/overlays/dev/secret.yaml",
        &password,
    );
}

#[test]
fn lists_are_split_at_commas_where_the_file_says_so() {
    let text = swapped("[settings]\n", "[settings]\nlists = \"commas\"\n");
    let project = project(read(&text, &schema()).unwrap(), PLAN);
    let list = r#"SHOP_ORIGINS: "https://a,https://b""#;
    rendered(&project, "k8s", "k8s/overlays/prod/configmap.yaml", &[list]);
}

#[test]
fn a_program_that_reads_secret_files_is_told_their_folder() {
    let text = swapped("cores = ", "secrets_variable = \"SETTINGS_DIR\"\ncores = ");
    let plan = format!("{PLAN}environments.prod.components = [\"secret-files\"]\n");
    let project = project(read(&text, &schema()).unwrap(), &plan);
    let patch = "k8s/components/secret-files/deployment.yaml";
    rendered(
        &project,
        "k8s",
        patch,
        &["SETTINGS_DIR", "/run/secrets/shop"],
    );
}
