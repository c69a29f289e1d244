//! Unit tests of `systemd`.

use super::*;
use crate::deploy::sample;

fn files() -> Vec<File> {
    render(&sample::project()).unwrap()
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "{line}\n{text}");
}

#[test]
fn the_unit_runs_the_service_with_its_secrets_as_files() {
    let files = files();
    assert_eq!(files[0].path, "systemd/shop.service");
    let text = &files[0].text;
    has(text, "Description=Sells \"things\" for $5");
    has(text, "Documentation=https://example.org/shop");
    has(text, "ExecStart=/usr/local/bin/shop serve");
    has(text, "Environment=SETTINGS_DIR=%d");
    has(
        text,
        "LoadCredential=SIGNING_KEY:/etc/shop/credentials/SIGNING_KEY",
    );
    has(
        text,
        "#LoadCredential=API_KEY:/etc/shop/credentials/API_KEY",
    );
    has(
        text,
        "#LoadCredential=DATABASE_URL:/etc/shop/credentials/DATABASE_URL",
    );
    has(text, "TimeoutStopSec=30");
    has(text, "StateDirectory=shop");
    has(text, "CapabilityBoundingSet=");
    assert!(!text.contains("\n\n\n"), "{text}");
}

#[test]
fn the_settings_are_listed_and_the_secrets_are_not() {
    let files = files();
    assert_eq!(files[1].path, "systemd/shop.env");
    let text = &files[1].text;
    has(text, "#SERVER_PORT=8000");
    has(text, "# Allowed: 1 to 65535.");
    has(text, "#GREETING=hello");
    assert!(!text.contains("SIGNING_KEY") && !text.contains("DATABASE_URL"));
    assert!(
        text.lines()
            .all(|line| line.is_empty() || line.starts_with('#'))
    );
}

#[test]
fn a_low_port_takes_one_capability() {
    let mut project = sample::project();
    project.service.metrics_port = None;
    project.service.schema["properties"]["server"]["properties"]["port"]["default"] = 80.into();
    let schema = &project.service.schema;
    project.service.settings = crate::schema::Settings::from_schema(schema).unwrap();
    let text = &render(&project).unwrap()[0].text;
    has(text, "AmbientCapabilities=CAP_NET_BIND_SERVICE");
    has(text, "PrivateUsers=no");
}

#[test]
fn a_service_without_needed_secrets_asks_for_no_folder_of_them() {
    let mut project = sample::project();
    let schema = serde_json::json!({ "properties": { "a": { "type": "string" } } });
    project.service = Service::new("x", "1", schema).unwrap();
    project.service.program.secrets_variable = Some("SETTINGS_DIR".to_owned());
    let text = &render(&project).unwrap()[0].text;
    has(text, "ExecStart=/usr/local/bin/x");
    has(text, "TimeoutStopSec=25");
    assert!(!text.contains("LoadCredential"), "{text}");
}
