//! Unit tests of `compose`.

use serde_json::{Value, json};

use super::*;
use crate::deploy::sample;

fn compose() -> Value {
    let files = render(&sample::project()).unwrap();
    assert_eq!(files[0].path, "compose.yaml");
    serde_saphyr::from_str(&files[0].text).unwrap()
}

#[test]
fn every_container_is_hardened_and_limited() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]));
        for key in [
            "user",
            "mem_limit",
            "cpus",
            "pids_limit",
            "tmpfs",
            "healthcheck",
        ] {
            assert!(!service[key].is_null(), "{name} {key}");
        }
        let root = service["user"].as_str().unwrap();
        assert!(
            !root.starts_with('0') && !root.starts_with("root"),
            "{name}"
        );
    }
    assert_eq!(compose["services"]["shop"]["user"], "65532:65532");
}

#[test]
fn only_the_service_is_reached_and_only_from_this_machine() {
    let compose = compose();
    let services = &compose["services"];
    let ports = json!(["127.0.0.1:8000:8000", "127.0.0.1:9000:9000"]);
    assert_eq!(services["shop"]["ports"], ports);
    for name in ["postgres", "redis"] {
        assert_eq!(services[name].get("ports"), None);
        assert_eq!(services[name]["networks"], json!(["backends"]));
        let waits = &services["shop"]["depends_on"][name]["condition"];
        assert_eq!(waits, "service_healthy");
    }
    assert_eq!(compose["networks"]["backends"]["internal"], true);
    assert_eq!(compose["volumes"].as_object().unwrap().len(), 3);
}

#[test]
fn settings_are_those_of_development_with_real_backends() {
    let compose = compose();
    let shop = &compose["services"]["shop"];
    assert_eq!(shop["image"], "registry.example.org/shop:1.2.3");
    assert_eq!(shop["environment"]["GREETING"], "price: $$5");
    assert_eq!(shop["environment"].get("REDIS_ENABLED"), None);
    assert_eq!(shop["env_file"], json!(["secrets.env"]));
    assert_eq!(shop["mem_limit"], "256m");
    assert_eq!(shop["cpus"], "0.5");
    assert_eq!(shop["stop_grace_period"], "30s");
    let test = json!(["CMD", "/shop", "healthcheck"]);
    assert_eq!(shop["healthcheck"]["test"], test);
}

#[test]
fn a_service_finds_its_folders_its_cores_and_its_words_as_they_stand() {
    let mut project = sample::project();
    let service = &mut project.service;
    service.writable = vec!["/app/cache".to_owned()];
    service.cores = Some("WEB_CONCURRENCY".to_owned());
    service.program.command = vec!["sh".to_owned(), "$HOME".to_owned()];
    service.program.serve = vec!["--port=$PORT".to_owned()];
    service.shutdown_timeout = None;
    let text = &render(&project).unwrap()[0].text;
    let compose: Value = serde_saphyr::from_str(text).unwrap();
    let shop = &compose["services"]["shop"];
    let folder = "/app/cache:mode=1777,size=64m,noexec,nosuid,nodev";
    assert_eq!(shop["tmpfs"][1], folder);
    assert_eq!(shop["environment"]["WEB_CONCURRENCY"], "1");
    assert_eq!(shop["entrypoint"], json!(["sh", "$$HOME"]));
    assert_eq!(shop["command"], json!(["--port=$$PORT"]));
    assert_eq!(shop["stop_grace_period"], "25s");
}

#[test]
fn a_backend_does_not_see_the_secrets_of_the_service() {
    let compose = compose();
    for name in ["postgres", "redis"] {
        let environment = &compose["services"][name]["environment"];
        for secret in ["SIGNING_KEY", "DATABASE_URL", "REDIS_URL", "API_KEY"] {
            assert_eq!(environment[secret], "", "{name} {secret}");
        }
    }
    assert_eq!(
        compose["services"]["postgres"]["environment"]["REDIS_PASSWORD"],
        ""
    );
    assert_eq!(
        compose["services"]["redis"]["environment"]["POSTGRES_PASSWORD"],
        ""
    );
}

#[test]
fn quantities_are_translated() {
    assert_eq!(memory("512Mi").as_deref(), Some("512m"));
    assert_eq!(memory("1Gi").as_deref(), Some("1g"));
    assert_eq!(memory("1.5Gi").as_deref(), Some("1536m"));
    assert_eq!(memory("1G").as_deref(), Some("1000000000b"));
    assert_eq!(memory("x"), None);
    assert_eq!(cpus("250m").as_deref(), Some("0.25"));
    assert_eq!(cpus("2").as_deref(), Some("2"));
    assert_eq!(cpus("x"), None);
    assert_eq!(["0.5", "1", "2.5"].map(cores), ["1", "1", "3"]);
}
