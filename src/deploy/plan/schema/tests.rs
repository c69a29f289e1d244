//! Unit tests of `schema`.

use super::*;
use crate::deploy::artefact::Project;
use crate::deploy::deploy_schema::ARTEFACT;
use crate::deploy::file::File;
use crate::deploy::plan::Plan;
use crate::deploy::plan::example::service;

fn files() -> Vec<File> {
    let service = service();
    let plan = Plan::read(&service, None, false).unwrap();
    (ARTEFACT.render)(&Project { service, plan }).unwrap()
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
    assert_eq!(
        keys("/properties/environments/properties"),
        ["development", "staging", "production"]
    );
    let inside = "/$defs/Environment/properties";
    assert_eq!(
        keys(&format!("{inside}/backends/properties")),
        ["database", "redis", "upstream"]
    );
    let settings = keys(&format!("{inside}/settings/properties"));
    let secrets = keys("/$defs/ExternalSecret/properties/keys/properties");
    assert_eq!(secrets, ["DATABASE_URL", "REDIS_URL"]);
    assert!(settings.contains(&"LOG_LEVEL".to_owned()));
    assert!(!settings.contains(&"DATABASE_URL".to_owned()));
    assert!(!schema.to_string().contains("null"), "{schema:#}");
}

#[test]
fn every_field_is_documented() {
    let schema = Value::Object(document(&service()));
    for pointer in [
        "",
        "/$defs/Environment",
        "/$defs/Gateway",
        "/$defs/Network",
        "/$defs/Egress",
        "/$defs/Monitoring",
        "/$defs/Resources",
        "/$defs/Amounts",
        "/$defs/Annotations",
        "/$defs/Toleration",
        "/$defs/ExternalSecret",
        "/$defs/Remote",
    ] {
        let node = schema.pointer(pointer).unwrap();
        for (key, field) in node["properties"].as_object().unwrap() {
            assert!(field["description"].is_string(), "{pointer} {key}: {field}");
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
    assert!(
        files
            .iter()
            .all(|file| crate::deploy::file::is_marked(&file.text))
    );
}

#[test]
fn the_example_of_the_page_is_right() {
    let page = &files()[1].text;
    let example = page
        .split("```")
        .nth(1)
        .unwrap()
        .strip_prefix("toml")
        .unwrap();
    crate::deploy::plan::example::plan(example);
}
