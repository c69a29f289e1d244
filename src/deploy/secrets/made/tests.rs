//! Values for each environment and format, and that none is shown.

use std::collections::BTreeSet;

use super::*;
use crate::deploy::sample;

/// Not random, and never the same twice.
fn counter() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_add(1);
            *byte = next;
        }
    }
}

fn make(environment: &str, format: Format) -> SecretsFile {
    secrets(&sample::project(), environment, format, &mut counter()).unwrap()
}

fn lines(file: &SecretsFile) -> BTreeMap<String, String> {
    let lines = file
        .text
        .expose()
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn json(environment: &str) -> BTreeMap<String, String> {
    serde_json::from_str(make(environment, Format::Json).text.expose()).unwrap()
}

#[test]
fn each_environment_gets_the_secrets_that_it_needs() {
    let production = json("production");
    assert_eq!(production["SIGNING_KEY"].len(), 64);
    assert!(production["DATABASE_URL"].starts_with("postgres://shop:"));
    assert!(production["DATABASE_URL"].ends_with("@db.example.org:5433/shop"));
    assert_eq!(production["REDIS_URL"], "redis://localhost:6379/0");
    assert!(!production.contains_key("API_KEY"));
    let development = json("development");
    assert!(!development.contains_key("SIGNING_KEY"));
    assert_eq!(development["DATABASE_URL"], "sqlite://shop.db");
}

#[test]
fn the_file_has_every_secret_that_the_manifests_ask_for() {
    let mut project = sample::project();
    // A default that is no backend's, and a backend without a template of its URL.
    let schema = &mut project.service.schema;
    schema["properties"]["pepper"] =
        serde_json::json!({ "type": "string", "writeOnly": true, "default": "dev" });
    project.service.settings = crate::schema::Settings::from_schema(schema).unwrap();
    project.service.backends[0].url = None;
    for place in &project.plan.environments {
        let file = secrets(&project, &place.name, Format::Json, &mut counter()).unwrap();
        let written: BTreeMap<String, String> = serde_json::from_str(file.text.expose()).unwrap();
        for setting in needed_secrets_in(&project.service, place) {
            assert!(written.contains_key(&setting.name), "{}", setting.name);
        }
    }
    let file = secrets(&project, "production", Format::Json, &mut counter()).unwrap();
    assert_eq!(file.to_set, ["DATABASE_URL", "PEPPER"]);
}

#[test]
fn compose_gets_its_own_servers_and_their_passwords() {
    let file = make("development", Format::Dotenv);
    let values = lines(&file);
    let password = &values["POSTGRES_PASSWORD"];
    assert_eq!(
        values["DATABASE_URL"],
        format!("postgres://shop:{password}@postgres:5432/shop")
    );
    let password = &values["REDIS_PASSWORD"];
    assert_eq!(
        values["REDIS_URL"],
        format!("redis://:{password}@redis:6379")
    );
    assert!(values.contains_key("SIGNING_KEY"));
    let all: BTreeSet<_> = values.values().collect();
    assert_eq!(all.len(), values.len());
    assert_eq!(file.names, values.into_keys().collect::<Vec<_>>());
}

#[test]
fn a_server_that_is_elsewhere_keeps_its_password_to_its_url() {
    let values = lines(&make("production", Format::Dotenv));
    assert!(values["DATABASE_URL"].ends_with("@db.example.org:5433/shop"));
    assert!(!values.contains_key("POSTGRES_PASSWORD"));
}

#[test]
fn a_secret_of_kubernetes_is_in_the_namespace_of_its_environment() {
    let file = make("production", Format::Kubernetes);
    let secret: serde_json::Value = serde_saphyr::from_str(file.text.expose()).unwrap();
    assert_eq!(secret["kind"], "Secret");
    assert_eq!(secret["metadata"]["name"], "shop-secrets");
    assert_eq!(secret["metadata"]["namespace"], "shop-production");
    assert_eq!(
        secret["stringData"]["SIGNING_KEY"].as_str().unwrap().len(),
        64
    );
    assert_eq!(
        json("production").keys().collect::<Vec<_>>(),
        secret["stringData"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>()
    );
}

#[test]
fn values_that_cannot_be_generated_keep_the_placeholder() {
    let schema = serde_json::json!({ "required": ["key"], "properties": {
        "key": { "type": "string", "format": "pem", "writeOnly": true },
    }});
    let mut project = sample::project();
    project.service = crate::deploy::service::Service::new("x", "1", schema).unwrap();
    let file = secrets(&project, "production", Format::Json, &mut counter()).unwrap();
    assert_eq!(file.to_set, ["KEY"]);
    assert!(file.names.is_empty());
    assert!(file.text.expose().contains(SET_ME));
}

#[test]
fn keys_that_settings_require_are_made_by_the_service() {
    let schema = serde_json::json!({ "properties": {
        "mode": { "enum": ["plain", "signed"], "default": "plain" },
        "key": { "type": ["string", "null"], "format": "pem", "writeOnly": true,
            "x-required-when": { "MODE": ["signed"] } },
    }});
    let mut project = sample::project();
    project.service = crate::deploy::service::Service::new("x", "1", schema).unwrap();
    project.service.make = Some(|name, variables| {
        let pem = format!("--- {name} {} ---\nline\n", variables["MODE"]);
        Some(Secret::new(pem))
    });
    let made =
        |project: &Project, format| secrets(project, "production", format, &mut counter()).unwrap();
    assert!(made(&project, Format::Json).names.is_empty());
    let place = &mut project.plan.environments[1];
    place
        .settings
        .insert("MODE".to_owned(), "signed".to_owned());
    let dotenv = made(&project, Format::Dotenv);
    assert_eq!(dotenv.names, ["KEY"]);
    let line = "\nKEY=--- KEY signed ---\\nline\n";
    assert!(
        dotenv.text.expose().ends_with(line),
        "{:?}",
        dotenv.text.expose()
    );
    let json = made(&project, Format::Json);
    assert!(json.text.expose().contains("--- KEY signed ---\\nline\\n"));
}

#[test]
fn debug_and_errors_show_no_value() {
    let file = make("production", Format::Dotenv);
    let shown = format!("{file:?}");
    for value in lines(&file).values() {
        assert!(!shown.contains(value), "{shown}");
    }
    let error = secrets(&sample::project(), "prod", Format::Json, &mut counter());
    assert_eq!(
        error.unwrap_err().to_string(),
        "there is no environment \"prod\"; there are development, production"
    );
}
