//! A `service.toml` as people write it, right and wrong.

mod refused;

use proptest::prelude::*;
use serde_json::json;

use super::ServiceFile;
use crate::deploy::artefact::Project;
use crate::deploy::artefacts::ARTEFACTS;
use crate::deploy::plan::Plan;
use crate::deploy::service::Service;
use crate::schema::Faults;

const GOOD: &str = r#"name = "shop"
version = "1.4.0+7"
about = "Takes orders."
image = "registry.example.com/shop"
port = "SHOP_PORT"
metrics_port = 9000
shutdown_seconds = 30
command = ["python", "-m"]
args = ["uvicorn", "app.main:app"]
migrate = ["alembic", "upgrade", "head"]
user = 10001
writable = ["/app/cache"]
cores = "WEB_CONCURRENCY"

[settings]
schema = "settings.schema.json"
prefix = "SHOP_"
secrets = ["DATABASE_URL"]
names = { "database.url" = "DATABASE_URL" }

[probes]
ready = "/ready"

[backends.database]
setting = "DATABASE_URL"
schemes = { postgresql = 5432 }
default = "postgresql://postgres:5432"
url = "{scheme}://shop:{password}@{host}:{port}/shop"
embedded = "sqlite"
embedded_settings = { SHOP_ECHO = "true" }
"#;

fn schema() -> String {
    let schema = json!({ "properties": {
        "environment": { "enum": ["dev", "prod"], "default": "dev" },
        "port": { "type": "integer", "default": 8080 },
        "echo": { "type": "boolean", "default": false },
        "origins": { "type": "array", "items": { "type": "string" }, "default": [] },
        "note": { "anyOf": [{ "type": "string" }, { "type": "null" }], "default": null },
        "region": { "type": "string" },
        "api_token": { "type": "string", "format": "password", "writeOnly": true },
        "database": { "properties": { "url": { "type": "string" } }, "required": ["url"] },
    }, "required": ["region", "api_token"] });
    schema.to_string()
}

fn read(text: &str, schema: &str) -> Result<Service, Faults> {
    ServiceFile::read("service.toml", text)?.service(schema)
}

fn fault(text: &str, schema: &str) -> String {
    read(text, schema).unwrap_err().to_string()
}

const PLAN: &str = "environments.dev.settings.SHOP_REGION = \"eu\"\n\
                    environments.prod.settings.SHOP_REGION = \"eu\"\n\
                    environments.prod.settings.SHOP_ORIGINS = [\"https://a\", \"https://b\"]\n";

fn project(plan: &str) -> Project {
    let service = read(GOOD, &schema()).unwrap();
    let plan = Plan::read(&service, Some(("deploy.toml", plan)), false).unwrap();
    Project { service, plan }
}

fn rendered(project: &Project, artefact: &str, path: &str) -> String {
    let found = ARTEFACTS.iter().find(|one| one.name == artefact).unwrap();
    let files = (found.render)(project).unwrap();
    files
        .into_iter()
        .find(|file| file.path == path)
        .unwrap()
        .text
}

#[test]
fn the_facts_reach_the_manifests() {
    let project = project(PLAN);
    let names: Vec<_> = project
        .plan
        .environments
        .iter()
        .map(|one| &one.name)
        .collect();
    assert_eq!(names, ["dev", "prod"]);
    let deployment = rendered(&project, "k8s", "k8s/base/backend/deployment.yaml");
    for part in [
        "image: registry.example.com/shop:1.4.0_7",
        "command:\n        - python\n        - -m\n",
        "args:\n        - uvicorn\n        - app.main:app\n",
        "containerPort: 8080",
        "containerPort: 9000",
        "path: /health\n",
        "runAsUser: 10001",
        "mountPath: /app/cache",
        "name: WEB_CONCURRENCY",
        "terminationGracePeriodSeconds: 40",
        "secretRef:\n            name: shop-secrets",
    ] {
        assert!(deployment.contains(part), "{part}\n{deployment}");
    }
    assert!(!deployment.contains("TOKIO"), "{deployment}");
    let production = rendered(&project, "k8s", "k8s/overlays/prod/deployment.yaml");
    assert!(production.contains("path: /ready\n"), "{production}");
    let job = rendered(&project, "k8s", "k8s/components/migrate-job/job.yaml");
    assert!(job.contains("- alembic\n"), "{job}");
}

#[test]
fn what_is_unset_is_left_out_and_lists_are_json() {
    let project = project(PLAN);
    let base = rendered(&project, "k8s", "k8s/base/backend/configmap.yaml");
    assert!(!base.contains("\ndata:"), "{base}");
    let dev = rendered(&project, "k8s", "k8s/overlays/dev/configmap.yaml");
    let (_, data) = dev.split_once("\ndata:\n").unwrap();
    assert_eq!(
        data,
        "  SHOP_ECHO: \"true\"\n  SHOP_ENVIRONMENT: \"dev\"\n  SHOP_REGION: \"eu\"\n"
    );
    let production = rendered(&project, "k8s", "k8s/overlays/prod/configmap.yaml");
    let list = r#"SHOP_ORIGINS: "[\"https://a\",\"https://b\"]""#;
    assert!(production.contains(list), "{production}");
    let secret = rendered(&project, "k8s", "k8s/base/backend/secret.yaml");
    assert!(secret.contains("DATABASE_URL") && secret.contains("SHOP_API_TOKEN"));
    let page = rendered(&project, "env-docs", "docs/reference/environment.md");
    assert!(!page.contains("_FILE"), "{page}");
    let schema = rendered(&project, "schema", "docs/reference/config.schema.json");
    assert!(schema.contains("\"x-env\": \"DATABASE_URL\""), "{schema}");
    let compose = rendered(&project, "compose", "compose.yaml");
    assert!(compose.contains("entrypoint:\n"), "{compose}");
}

#[test]
fn a_required_variable_without_a_value_is_named() {
    let project = project("");
    for artefact in ["k8s", "compose"] {
        let found = ARTEFACTS.iter().find(|one| one.name == artefact).unwrap();
        let error = (found.render)(&project).unwrap_err().to_string();
        let line =
            "environments.dev.settings.SHOP_REGION: is required and has no default; write it";
        assert!(error.starts_with(line), "{error}");
    }
}

/// Parts of [`GOOD`], others in their place, and behind `!` what is said of them.
const WRONG: &str = r#"
"shop" | "Shop"
  ! service.toml:1:1 name: is "Shop", which is not a DNS label
name = "shop"\n |
  ! service.toml name: is missing; write it
schema = "settings.schema.json"\n |
  ! service.toml:15:2 settings.schema: is missing
1.4.0+7 | 1 4
  ! service.toml:2:1 version: is "1 4", which cannot be the tag
com/shop | com/shop:1
  ! service.toml:4:1 image: has a tag or a digest
"SHOP_PORT" | "SHOP_PROT"
  ! 5:1 port: is not a setting; did you mean SHOP_PORT?
"SHOP_PORT" | "SHOP_ECHO"
  ! 5:1 port: is not a whole number
"SHOP_PORT" | 70000
  ! 5:1 port: is 70000, which is out of range; allowed: 1 to 65535
"SHOP_PORT" | 1.5
  ! 5:1 port: is neither a number nor a variable
"SHOP_PORT" | 9000
  ! 6:1 metrics_port: is the port that serves
command | comand
  ! 8:1 comand: is not known here; did you mean command?
"-m" | "a\u0000"
  ! 8:22 command[1]: has a control character
10001 | 0
  ! 11:1 user: is 0, which is out of range; allowed: 1 to 2147483647
/app/cache | cache
  ! 12:13 writable[0]: is "cache", which is not an absolute path
/app/cache | /tmp/x
  ! 12:13 writable[0]: lies in a folder that is writable already
/app/cache | /proc/self
  ! 12:13 writable[0]: is "/proc/self", which belongs to the runtime
"app.main:app" | "--db=postgres://u:canary@h"
  ! 9:20 args[1]: has a login or a password in it
WEB_CONCURRENCY | SHOP_PORT
  ! 13:1 cores: names a setting
"SHOP_" | "SHOP-"
  ! 17:1 settings.prefix: is "SHOP-", which is not a name
["DATABASE_URL"] | ["DATABASE_URI"]
  ! 18:12 settings.secrets[0]: is not a setting
database.url" | database.uri"
  ! settings.names."...": is not a field of the schema
"/ready" | "ready"
  ! 22:1 probes.ready: is "ready", which is not a path of a route
postgresql://postgres | mysql://db
  ! 27:1 backends.database.default: has an unknown
{password} | {pasword}
  ! 28:1 backends.database.url: is not a URL with {host} in it
{password} | canary
  ! 28:1 backends.database.url: has a password in it
/shop"\nembedded | /shop?password=canary"\nembedded
  ! 28:1 backends.database.url: has a password in it
[backends.database] | [backends.again]\nsetting = "DATABASE_URL"\nschemes = { a = 1 }\nurl = "a://{host}"\n[backends.database]
  ! setting: is the variable of backends.again already
{ postgresql = 5432 } | {}
  ! 26:1 backends.database.schemes: is missing
"true" | "maybe"
  ! 30:1 backends.database.embedded_settings: has a value for
"#;

#[test]
fn every_value_that_is_wrong_has_its_line() {
    let swap = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        fault(&GOOD.replacen(from, to, 1), &schema())
    };
    let lines: Vec<&str> = WRONG.lines().skip(1).collect();
    for pair in lines.chunks(2) {
        let (from, to) = pair[0].split_once(" |").unwrap();
        let expected = pair[1].trim_start_matches("  ! ");
        let told = swap(
            &from.replace("\\n", "\n"),
            &to.trim_start().replace("\\n", "\n"),
        );
        assert!(told.contains(expected), "{to}: {told}");
        assert!(!told.contains("canary"), "{told}");
    }
    let told = fault("name = \"x\"\n[\n", "{}");
    assert!(told.contains("service.toml:2:2: invalid TOML"), "{told}");
}

#[test]
fn a_schema_that_is_wrong_is_told_where_it_is_named() {
    let plain = |name: &str, field: serde_json::Value| {
        let mut schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
        schema["properties"][name] = field;
        schema.to_string()
    };
    let text = json!({ "type": "string" });
    for (schema, expected) in [
        (
            "{\n  canary".to_owned(),
            "16:1 settings.schema: names a file that is not JSON: line 2",
        ),
        (
            "[]".to_owned(),
            "16:1 settings.schema: names a schema that cannot be used: ",
        ),
        (
            plain("a.b", text.clone()),
            "\"SHOP_A.B\" cannot be the name of a variable",
        ),
        (
            plain("jwt_secret", text.clone()),
            "describes SHOP_JWT_SECRET, which is named like a secret",
        ),
        (
            plain(
                "dsn",
                json!({ "type": "string", "default": "amqp://u:canary@mq" }),
            ),
            "describes SHOP_DSN, which has a default with a login or a password in it",
        ),
    ] {
        let told = fault(GOOD, &schema);
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
    // Without the prefix, the variable is the shell's.
    let bare = GOOD
        .replace("prefix = \"SHOP_\"\n", "")
        .replace("\"SHOP_PORT\"", "8080");
    let bare = bare.replace("SHOP_ECHO", "ECHO");
    for (field, name) in [
        ("path", "PATH"),
        ("home", "HOME"),
        ("ld_preload", "LD_PRELOAD"),
    ] {
        let told = fault(&bare, &plain(field, text.clone()));
        let expected = format!("{name} is a variable that the system itself reads or sets; rename");
        assert!(told.contains(&expected), "{told}");
    }
    assert!(read(GOOD, &plain("path", text)).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        at in 0_usize..GOOD.len(),
        gone in 0_usize..12,
        new in "[a-z0-9=\\[\\]\"'.#\\n {},_/:ä-]{0,12}",
    ) {
        let floor = |mut at: usize| {
            at = at.min(GOOD.len());
            while !GOOD.is_char_boundary(at) { at -= 1; }
            at
        };
        let text = format!("{}{new}{}", &GOOD[..floor(at)], &GOOD[floor(at + gone)..]);
        if let Ok(service) = read(&text, &schema()) {
            prop_assert!(!service.name.is_empty() && service.user > 0);
        }
    }
}
