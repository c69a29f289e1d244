//! Contradictions between a `service.toml` and its schema, and what else the file may say.

use serde_json::{Value, json};

use super::{GOOD, PLAN, fault, read, rendered, schema};
use crate::deploy::artefact::Project;
use crate::deploy::plan::Plan;

/// The schema with one more field.
fn with(name: &str, field: Value) -> String {
    let mut schema: Value = serde_json::from_str(&schema()).unwrap();
    schema["properties"][name] = field;
    schema.to_string()
}

/// [`GOOD`] with `to` in the place of `from`.
fn swapped(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_name_of_a_secret_is_refused_in_every_kind_that_holds_text() {
    let text = json!({ "type": "string" });
    let list = json!({ "type": "array", "items": { "type": "string" }, "default": [] });
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    for (name, field) in [
        ("secret_key", &text),
        ("aws_secret_access_key", &text),
        ("db_passwd", &text),
        ("db_pwd", &text),
        ("jwt_signing_key", &text),
        ("encryption_key", &text),
        ("credentials", &map),
        ("api_keys", &list),
        ("tokens", &map),
    ] {
        let told = fault(GOOD, &with(name, field.clone()));
        let name = format!("SHOP_{}", name.to_uppercase());
        let expected = format!("describes {name}, which is named like a secret");
        assert!(told.contains(&expected), "{told}");
        let plain = swapped(
            "[settings]\n",
            &format!("[settings]\nplain = [\"{name}\"]\n"),
        );
        let lower = name.trim_start_matches("SHOP_").to_lowercase();
        assert!(read(&plain, &with(&lower, field.clone())).is_ok(), "{name}");
    }
    let number = json!({ "type": "integer", "default": 4000 });
    for (name, field) in [
        ("max_tokens", &number),
        ("key", &text),
        ("secret_name", &text),
        ("author", &text),
    ] {
        assert!(read(GOOD, &with(name, field.clone())).is_ok(), "{name}");
    }
}

#[test]
fn a_key_of_a_default_that_is_named_like_a_secret_is_refused() {
    let map = |default: Value| json!({ "type": "object", "additionalProperties": true, "default": default });
    for default in [
        json!({ "password": "canary" }),
        json!({ "a": [{ "clientSecret": "canary" }] }),
        json!({ "api-keys": ["canary"] }),
    ] {
        let told = fault(GOOD, &with("extra", map(default)));
        let expected = "describes SHOP_EXTRA, which has a default with a key that is named like a";
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
    for default in [
        json!({}),
        json!({ "password": "" }),
        json!({ "max_tokens": 5 }),
    ] {
        assert!(read(GOOD, &with("extra", map(default))).is_ok());
    }
}

#[test]
fn a_secret_backend_needs_its_url() {
    let text = swapped(
        "url = \"{scheme}://shop:{password}@{host}:{port}/shop\"\n",
        "",
    );
    let told = fault(&text, &schema());
    let expected = "backends.database.url: is missing, and the setting is a secret";
    assert!(told.contains(expected), "{told}");
    let plain = text.replace("secrets = [\"DATABASE_URL\"]\n", "");
    assert!(read(&plain, &schema()).is_ok());
}

#[test]
fn a_service_whose_only_secret_is_a_backend_has_an_external_secret() {
    let mut schema: Value = serde_json::from_str(&schema()).unwrap();
    schema["required"] = json!(["region"]);
    let field = schema["properties"].as_object_mut().unwrap();
    field.shift_remove("api_token");
    field["database"]["required"] = json!([]);
    let service = read(GOOD, &schema.to_string()).unwrap();
    let plan = format!("{PLAN}environments.prod.components = [\"external-secret\"]\n");
    let plan = Plan::read(&service, Some(("deploy.toml", &plan)), false).unwrap();
    let project = Project { service, plan };
    let path = "k8s/overlays/prod/externalsecret.yaml";
    let external = rendered(&project, "k8s", path);
    assert!(
        external.contains("secretKey: \"DATABASE_URL\""),
        "{external}"
    );
    let deployment = rendered(&project, "k8s", "k8s/base/backend/deployment.yaml");
    assert!(!deployment.contains("optional: true"), "{deployment}");
}

#[test]
fn variables_of_the_pods_are_neither_the_systems_nor_the_same() {
    let both = swapped(
        "cores = \"WEB_CONCURRENCY\"",
        "cores = \"A\"\nsecrets_variable = \"A\"",
    );
    let told = fault(&both, &schema());
    assert!(
        told.contains("secrets_variable: is the variable of cores"),
        "{told}"
    );
    for key in ["cores", "secrets_variable"] {
        let text = swapped("cores = \"WEB_CONCURRENCY\"", &format!("{key} = \"PATH\""));
        let told = fault(&text, &schema());
        let expected = format!("{key}: names a variable that the system itself reads or sets");
        assert!(told.contains(&expected), "{told}");
    }
    let python = swapped("WEB_CONCURRENCY", "PYTHON_CPU_COUNT");
    assert!(read(&python, &schema()).is_ok());
}

#[test]
fn a_secret_is_not_plain_as_well() {
    for name in ["DATABASE_URL", "SHOP_API_TOKEN"] {
        let text = swapped(
            "[settings]\n",
            &format!("[settings]\nplain = [\"{name}\"]\n"),
        );
        let told = fault(&text, &schema());
        assert!(told.contains("settings.plain[0]: is a secret by"), "{told}");
    }
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
    let mut document: Value = serde_json::from_str(&schema()).unwrap();
    for at in 0..900 {
        document["properties"][format!("some_long_field_{at}")] = json!({ "type": "boolean" });
    }
    let names: Vec<String> = (0..8_000)
        .map(|at| format!("\"SHOP_SOME_LONG_FEILD_{at}\""))
        .collect();
    let aliases = (0..8_000).map(|at| format!("\"some_long_feild_{at}\" = \"A{at}\""));
    let aliases = aliases.collect::<Vec<_>>().join("\n") + "\n";
    let text = swapped(
        "[settings]\n",
        &format!("[settings]\nplain = [{}]\n", names.join(", ")),
    );
    let text = text.replace("names = { \"database.url\" = \"DATABASE_URL\" }\n", "");
    let text = text.replace(
        "[probes]",
        &format!("[settings.names]\n\"database.url\" = \"DATABASE_URL\"\n{aliases}[probes]"),
    );
    let folders: Vec<String> = (0..8_000).map(|at| format!("\"/data/{at}\"")).collect();
    let text = text.replace("[\"/app/cache\"]", &format!("[{}]", folders.join(", ")));
    let start = std::time::Instant::now();
    let told = fault(&text, &document.to_string());
    assert!(told.contains("has more faults than these"));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn words_reach_the_program_as_they_stand() {
    let text = swapped("\"app.main:app\"", "\"--port=$(SHOP_PORT)\"");
    let service = read(&text, &schema()).unwrap();
    let plan = Plan::read(&service, Some(("deploy.toml", PLAN)), false).unwrap();
    let project = Project { service, plan };
    let deployment = rendered(&project, "k8s", "k8s/base/backend/deployment.yaml");
    assert!(deployment.contains("--port=$$(SHOP_PORT)"), "{deployment}");
    let compose = rendered(&project, "compose", "compose.yaml");
    assert!(compose.contains("--port=$$(SHOP_PORT)"), "{compose}");
}

#[test]
fn commands_and_requests_reach_the_files() {
    let facts = "healthcheck = [\"python\", \"-m\", \"app.health\"]\nsleep = [\"sleep\"]\n\n\
                 [[requests]]\nbody_bytes = 5000000\nsilent_seconds = \"SHOP_PORT\"\n\n[settings]\n";
    let text = swapped("[settings]\n", facts);
    let service = read(&text, &schema()).unwrap();
    let plan = format!(
        "{PLAN}environments.prod.kubernetes = \"1.29\"\nenvironments.prod.host = \"a.example.com\"\n\
         environments.prod.components = [\"ingress\"]\n"
    );
    let plan = Plan::read(&service, Some(("deploy.toml", &plan)), false).unwrap();
    let project = Project { service, plan };
    let production = rendered(&project, "k8s", "k8s/overlays/prod/prestop.yaml");
    let command: String = production.split_whitespace().collect();
    assert!(
        command.contains("exec:command:-sleep-\"5\""),
        "{production}"
    );
    let compose = rendered(&project, "compose", "compose.yaml");
    let check: String = compose.split_whitespace().collect();
    assert!(
        check.contains("test:-CMD-python--m-app.health"),
        "{compose}"
    );
    let ingress = rendered(&project, "k8s", "k8s/overlays/prod/ingress.yaml");
    assert!(
        ingress.contains("proxy-body-size: \"5000000\""),
        "{ingress}"
    );
    for (from, to, expected) in [
        (
            "5000000",
            "0",
            "requests[0].body_bytes: is 0, which is out of range",
        ),
        (
            "\"SHOP_PORT\"\n\n[settings]",
            "\"SHOP_PROT\"\n\n[settings]",
            "silent_seconds: is not a setting",
        ),
        (
            "5000000",
            "1\nbackend = \"x\"",
            "requests[0].backend: is not a backend",
        ),
        ("[\"sleep\"]", "[]", "sleep: is empty"),
    ] {
        assert!(text.contains(from), "{from}");
        let told = fault(&text.replacen(from, to, 1), &schema());
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_password_in_a_plan_is_refused_whatever_it_stands_in() {
    let map = json!({ "type": "object", "additionalProperties": true, "default": {} });
    let mut document: Value = serde_json::from_str(&with("cfg", map)).unwrap();
    let items = json!({ "type": "object", "additionalProperties": true });
    document["properties"]["peers"] = json!({ "type": "array", "items": items, "default": [] });
    document["properties"]["broker"] = json!({ "type": "string", "default": "" });
    let service = |text: &str| read(text, &document.to_string()).unwrap();
    let plan = |service: &crate::deploy::service::Service, line: &str| {
        let text = format!("{PLAN}environments.dev.settings.{line}\n");
        Plan::read(service, Some(("deploy.toml", &text)), false)
            .map_err(|faults| faults.to_string())
    };
    let listed = "[settings]\nplain = [\"SHOP_CFG\", \"SHOP_PEERS\", \"SHOP_BROKER\"]\n";
    let listed = service(&swapped("[settings]\n", listed));
    for line in [
        "SHOP_CFG = { password = \"canary\" }",
        "SHOP_CFG = { nested = { api_key = \"canary\" } }",
        "SHOP_CFG = '{\"password\":\"canary\"}'",
        "SHOP_CFG = { url = \"https://u:canary@h\" }",
        "SHOP_PEERS = [{ host = \"h\", password = \"canary\" }]",
        "SHOP_BROKER = \"postgres://h/d?password=canary\"",
        "SHOP_BROKER = \"https://canary@h\"",
        "SHOP_BROKER = '{\"token\":\"canary\"}'",
    ] {
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
    let mut document: Value = serde_json::from_str(&schema()).unwrap();
    document["$defs"] = json!({ "Pool": { "type": "object", "required": ["name"], "properties": {
        "size": { "type": "integer", "default": 0, "minimum": 1 },
        "name": { "type": "string" },
        "label": { "type": "string", "default": "l" },
    } } });
    document["properties"]["pool"] =
        json!({ "$ref": "#/$defs/Pool", "default": { "size": 9, "name": "n", "label": "l" } });
    let service = read(GOOD, &document.to_string()).unwrap();
    let data = |line: &str| {
        let plan = format!("{PLAN}{line}");
        let plan = Plan::read(&service, Some(("deploy.toml", &plan)), false).unwrap();
        let project = Project {
            service: service.clone(),
            plan,
        };
        rendered(&project, "k8s", "k8s/overlays/dev/configmap.yaml")
    };
    assert!(!data("").contains("POOL"));
    let given = data("environments.dev.settings.SHOP_POOL__LABEL = \"x\"\n");
    for line in ["LABEL: \"x\"", "SIZE: \"9\"", "NAME: \"n\""] {
        assert!(given.contains(&format!("SHOP_POOL__{line}")), "{given}");
    }
}

#[test]
fn a_default_of_an_environment_that_the_setting_does_not_take_is_refused() {
    let field = json!({ "type": "integer", "minimum": 1, "x-default-in": { "prod": 0 } });
    let told = fault(GOOD, &with("workers", field));
    let expected = "describes SHOP_WORKERS, whose default in \"prod\" is \"0\", which is not a";
    assert!(told.contains(expected), "{told}");
    let field = json!({ "type": "string", "x-default-in": { "prod": "a\u{0}" } });
    let told = fault(GOOD, &with("label", field));
    assert!(told.contains("has a NUL"), "{told}");
}

#[test]
fn a_section_that_may_be_left_out_is_given_whole() {
    let mut document: Value = serde_json::from_str(&schema()).unwrap();
    document["$defs"] = json!({ "Smtp": { "type": "object", "required": ["host", "password"],
        "properties": {
            "host": { "type": "string" },
            "port": { "type": "integer", "default": 25 },
            "password": { "type": "string", "writeOnly": true },
    } } });
    document["properties"]["smtp"] =
        json!({ "anyOf": [{ "$ref": "#/$defs/Smtp" }, { "type": "null" }], "default": null });
    let service = read(GOOD, &document.to_string()).unwrap();
    let plan = |line: &str| {
        let text = format!("{PLAN}environments.dev.settings.{line}\n");
        Plan::read(&service, Some(("deploy.toml", &text)), false)
    };
    let told = plan("SHOP_SMTP__PORT = 465").unwrap_err().to_string();
    let expected = "SHOP_SMTP__HOST: is required with SHOP_SMTP__PORT, and nothing gives it";
    assert!(told.contains(expected), "{told}");
    let project = Project {
        plan: plan("SHOP_SMTP__HOST = \"h\"").unwrap(),
        service: service.clone(),
    };
    let secret = rendered(&project, "k8s", "k8s/overlays/dev/secret.yaml");
    assert!(secret.contains("SHOP_SMTP__PASSWORD: "), "{secret}");
}

#[test]
fn lists_are_split_at_commas_where_the_file_says_so() {
    let text = GOOD.replace("[settings]\n", "[settings]\nlists = \"commas\"\n");
    let service = read(&text, &schema()).unwrap();
    let plan = Plan::read(&service, Some(("deploy.toml", PLAN)), false).unwrap();
    let project = Project { service, plan };
    let production = rendered(&project, "k8s", "k8s/overlays/prod/configmap.yaml");
    let list = r#"SHOP_ORIGINS: "https://a,https://b""#;
    assert!(production.contains(list), "{production}");
}

#[test]
fn a_program_that_reads_secret_files_is_told_their_folder() {
    let text = GOOD.replace("cores = ", "secrets_variable = \"SETTINGS_DIR\"\ncores = ");
    let service = read(&text, &schema()).unwrap();
    let plan = format!("{PLAN}environments.prod.components = [\"secret-files\"]\n");
    let plan = Plan::read(&service, Some(("deploy.toml", &plan)), false).unwrap();
    let project = Project { service, plan };
    let patch = rendered(
        &project,
        "k8s",
        "k8s/components/secret-files/deployment.yaml",
    );
    for part in ["SETTINGS_DIR", "/run/secrets/shop"] {
        assert!(patch.contains(part), "{patch}");
    }
    let taken = text.replace("\"SETTINGS_DIR\"", "\"SHOP_PORT\"");
    assert!(fault(&taken, &schema()).contains("secrets_variable: names a setting"));
}

#[test]
fn a_name_is_one_of_a_service_and_leaves_room_for_jobs() {
    let told = |name: &str| fault(&swapped("\"shop\"", &format!("{name:?}")), &schema());
    assert!(told("1shop").contains("the name of a Service begins with a letter"));
    assert!(told(&"x".repeat(47)).contains("has more than 46 characters"));
}
