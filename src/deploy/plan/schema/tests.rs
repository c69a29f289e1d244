//! Unit tests of `schema`.

use super::*;
use crate::deploy::artefact::Project;
use crate::deploy::file::{File, is_marked};
use crate::deploy::json_schema::DEPLOY_TOML;
use crate::deploy::plan::Plan;
use crate::deploy::plan::example::{plan, service};

fn files() -> Vec<File> {
    let service = service();
    let plan = Plan::read(&service, None, false).unwrap();
    (DEPLOY_TOML.render)(&Project { service, plan }).unwrap()
}

#[test]
fn the_names_of_the_service_are_in_it() {
    let schema = Value::Object(document(&service()));
    let keys = |pointer: &str| {
        let node = schema.pointer(pointer).unwrap().as_object().unwrap();
        node.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let environments = keys("/properties/environments/properties");
    assert_eq!(environments, ["development", "staging", "production"]);
    let backends = keys("/$defs/Environment/properties/backends/properties");
    assert_eq!(backends, ["database", "redis", "upstream"]);
    let settings = keys("/$defs/Environment/properties/settings/properties");
    let secrets = keys("/$defs/ExternalSecret/properties/keys/properties");
    assert_eq!(secrets, ["DATABASE_URL", "REDIS_URL"]);
    assert!(settings.contains(&"LOG_LEVEL".to_owned()));
    assert!(!settings.contains(&"DATABASE_URL".to_owned()));
    assert!(!schema.to_string().contains("null"), "{schema:#}");
}

#[test]
fn every_field_is_documented() {
    let schema = Value::Object(document(&service()));
    let definitions = schema["$defs"].as_object().unwrap();
    let named = definitions.iter().map(|(name, node)| (name.as_str(), node));
    let tables: Vec<_> = named
        .chain([("", &schema)])
        .filter(|(_, it)| !it["properties"].is_null())
        .collect();
    assert_eq!(tables.len(), 12);
    for (name, node) in tables {
        for (key, field) in node["properties"].as_object().unwrap() {
            assert!(field["description"].is_string(), "{name} {key}: {field}");
        }
    }
}

#[test]
fn the_page_lists_every_key_and_every_default() {
    let files = files();
    assert_eq!(files[0].path, "docs/reference/deploy.schema.json");
    let page = &files[1].text;
    for line in [
        "# deploy.toml\n",
        "| `replicas` | 1 to 1000 | Pods that run at least.",
        "| `ephemeral-storage` | like `64Mi` | ",
        "| `run_as` | `image` or `cluster` | ",
        "| `operator` | `Equal` or `Exists` | ",
        "| `effect` | `NoSchedule`, `PreferNoSchedule` or `NoExecute` | ",
        "| `seconds` | 0 to 31536000 | ",
        "| `refresh_interval` | like `15m` | ",
        "| `ha` | More than one pod",
        "| `database` | `postgres://` (5432) | `sqlite` | `postgres://database` | `DATABASE_URL` |",
        "| production | `aura` | 3 to 10 | secret-files, ha, network-policy | ",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(files.iter().all(|file| is_marked(&file.text)));
    let example = page.split("```").nth(1).unwrap();
    plan(example.strip_prefix("toml").unwrap());
}
