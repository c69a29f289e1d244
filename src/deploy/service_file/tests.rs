//! A `service.toml` as people write it, right and wrong.

mod given;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::ServiceFile;
use crate::deploy::artefact::{Artefact, Project};
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

/// `service` with `plan` as its `deploy.toml`.
fn project(service: Service, plan: &str) -> Project {
    let plan = Plan::read(&service, Some(("deploy.toml", plan)), false).unwrap();
    Project { service, plan }
}

/// The service of [`GOOD`] with `plan`.
fn good(plan: &str) -> Project {
    project(read(GOOD, &schema()).unwrap(), plan)
}

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

fn artefact(name: &str) -> &'static Artefact {
    ARTEFACTS.iter().find(|one| one.name == name).unwrap()
}

/// The file of `project` at `path`, which has `parts` in it.
fn rendered(project: &Project, name: &str, path: &str, parts: &[&str]) -> String {
    let mut files = (artefact(name).render)(project).unwrap().into_iter();
    let text = files.find(|file| file.path == path).unwrap().text;
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
    text
}

#[test]
fn the_facts_reach_the_manifests() {
    let project = good(PLAN);
    let environments = project.plan.environments.iter();
    let names: Vec<_> = environments.map(|one| &one.name).collect();
    assert_eq!(names, ["dev", "prod"]);
    let parts = [
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
    ];
    let deployment = rendered(&project, "k8s", "k8s/base/backend/deployment.yaml", &parts);
    assert!(!deployment.contains("TOKIO"), "{deployment}");
    let production = "k8s/overlays/prod/deployment.yaml";
    rendered(&project, "k8s", production, &["path: /ready\n"]);
    rendered(
        &project,
        "k8s",
        "k8s/components/migrate-job/job.yaml",
        &["- alembic\n"],
    );
}

#[test]
fn unset_variables_are_left_out_and_lists_are_json() {
    let project = good(PLAN);
    let base = rendered(&project, "k8s", "k8s/base/backend/configmap.yaml", &[]);
    assert!(!base.contains("\ndata:"), "{base}");
    let dev = rendered(&project, "k8s", "k8s/overlays/dev/configmap.yaml", &[]);
    let (_, data) = dev.split_once("\ndata:\n").unwrap();
    let expected = "  SHOP_ECHO: \"true\"\n  SHOP_ENVIRONMENT: \"dev\"\n  SHOP_REGION: \"eu\"\n";
    assert_eq!(data, expected);
    let list = r#"SHOP_ORIGINS: "[\"https://a\",\"https://b\"]""#;
    rendered(&project, "k8s", "k8s/overlays/prod/configmap.yaml", &[list]);
    let secrets = ["DATABASE_URL", "SHOP_API_TOKEN"];
    rendered(&project, "k8s", "k8s/base/backend/secret.yaml", &secrets);
    let page = rendered(&project, "env-docs", "docs/reference/environment.md", &[]);
    assert!(!page.contains("_FILE"), "{page}");
    let variable = "\"x-env\": \"DATABASE_URL\"";
    rendered(
        &project,
        "schema",
        "docs/reference/config.schema.json",
        &[variable],
    );
    rendered(&project, "compose", "compose.yaml", &["entrypoint:\n"]);
}

#[test]
fn a_required_variable_without_a_value_is_named() {
    let project = good("");
    let line = "environments.dev.settings.SHOP_REGION: is required and has no default; write it";
    for name in ["k8s", "compose"] {
        let error = (artefact(name).render)(&project).unwrap_err().to_string();
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
"shop" | "1shop"
  ! 1:1 name: is "1shop", and the name of a Service begins with a letter
"shop" | "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
  ! has more than 46 characters
url = "{scheme}://shop:{password}@{host}:{port}/shop"\n |
  ! backends.database.url: is missing, and the setting is a secret
cores = "WEB_CONCURRENCY" | cores = "A"\nsecrets_variable = "A"
  ! secrets_variable: is the variable of cores
cores = "WEB_CONCURRENCY" | cores = "PATH"
  ! cores: names a variable that the system itself reads or sets
cores = "WEB_CONCURRENCY" | secrets_variable = "PATH"
  ! secrets_variable: names a variable that the system itself reads or sets
cores = "WEB_CONCURRENCY" | secrets_variable = "SHOP_PORT"
  ! secrets_variable: names a setting
[settings]\n | [settings]\nplain = ["DATABASE_URL"]\n
  ! settings.plain[0]: is a secret by
[settings]\n | [settings]\nplain = ["SHOP_API_TOKEN"]\n
  ! settings.plain[0]: is a secret by
[settings]\n | sleep = []\n[settings]\n
  ! sleep: is empty
[settings]\n | [[requests]]\nbody_bytes = 0\n[settings]\n
  ! requests[0].body_bytes: is 0, which is out of range
[settings]\n | [[requests]]\nsilent_seconds = "SHOP_PROT"\n[settings]\n
  ! requests[0].silent_seconds: is not a setting
[settings]\n | [[requests]]\nbackend = "x"\n[settings]\n
  ! requests[0].backend: is not a backend
"#;

/// Fields of the schema that are refused, and what is said of them; those of the first part are
/// taken where the file lists their variables as plain.
const WRONG_FIELDS: [&str; 2] = [
    r#"
secret_key {"type":"string"} ! describes SHOP_SECRET_KEY, which is named like a secret
aws_secret_access_key {"type":"string"} ! describes SHOP_AWS_SECRET_ACCESS_KEY, which is named like
db_passwd {"type":"string"} ! describes SHOP_DB_PASSWD, which is named like a secret
db_pwd {"type":"string"} ! describes SHOP_DB_PWD, which is named like a secret
jwt_secret {"type":"string"} ! describes SHOP_JWT_SECRET, which is named like a secret
jwt_signing_key {"type":"string"} ! describes SHOP_JWT_SIGNING_KEY, which is named like a secret
encryption_key {"type":"string"} ! describes SHOP_ENCRYPTION_KEY, which is named like a secret
credentials {"type":"object","additionalProperties":{"type":"string"}} ! describes SHOP_CREDENTIALS, which is named like a secret
api_keys {"type":"array","items":{"type":"string"},"default":[]} ! describes SHOP_API_KEYS, which is named like a secret
tokens {"type":"object","additionalProperties":{"type":"string"}} ! describes SHOP_TOKENS, which is named like a secret
dsn {"type":"string","default":"amqp://u:canary@mq"} ! describes SHOP_DSN, which has a default with a login or a password in it
extra {"type":"object","additionalProperties":true,"default":{"password":"canary"}} ! describes SHOP_EXTRA, which has a default with a key that is named like a
extra {"type":"object","additionalProperties":true,"default":{"a":[{"clientSecret":"canary"}]}} ! describes SHOP_EXTRA, which has a default with a key that is named like a
extra {"type":"object","additionalProperties":true,"default":{"api-keys":["canary"]}} ! describes SHOP_EXTRA, which has a default with a key that is named like a
"#,
    r#"
a.b {"type":"string"} ! "SHOP_A.B" cannot be the name of a variable
workers {"type":"integer","minimum":1,"x-default-in":{"prod":0}} ! describes SHOP_WORKERS, whose default in "prod" is "0", which is not a
label {"type":"string","x-default-in":{"prod":"a\u0000"}} ! has a NUL
"#,
];

#[test]
fn every_wrong_value_is_told_with_its_line() {
    let lines: Vec<&str> = WRONG.lines().skip(1).collect();
    for pair in lines.chunks(2) {
        let (from, to) = pair[0].split_once(" |").unwrap();
        let expected = pair[1].trim_start_matches("  ! ");
        let [from, to] = [from, to.trim_start()].map(|text| text.replace("\\n", "\n"));
        let told = fault(&swapped(&from, &to), &schema());
        assert!(told.contains(expected), "{to}: {told}");
        assert!(!told.contains("canary"), "{told}");
    }
    let told = fault("name = \"x\"\n[\n", "{}");
    assert!(told.contains("service.toml:2:2: invalid TOML"), "{told}");
}

#[test]
fn a_wrong_schema_is_told_where_it_is_named() {
    for (at, table) in WRONG_FIELDS.iter().enumerate() {
        for line in table.lines().skip(1) {
            let (field, expected) = line.split_once(" ! ").unwrap();
            let (name, field) = field.split_once(' ').unwrap();
            let schema = with(name, serde_json::from_str(field).unwrap());
            let told = fault(GOOD, &schema);
            assert!(told.contains(expected), "{told}");
            assert!(!told.contains("canary"), "{told}");
            let plain = format!("[settings]\nplain = [\"SHOP_{}\"]\n", name.to_uppercase());
            let listed = at == 0 && read(&swapped("[settings]\n", &plain), &schema).is_err();
            assert!(!listed, "{name}");
        }
    }
    for (schema, expected) in [
        (
            "{\n  canary",
            "16:1 settings.schema: names a file that is not JSON: line 2",
        ),
        (
            "[]",
            "16:1 settings.schema: names a schema that cannot be used: ",
        ),
    ] {
        let told = fault(GOOD, schema);
        assert!(
            told.contains(expected) && !told.contains("canary"),
            "{told}"
        );
    }
    // Without the prefix, the variable is the shell's.
    let text = json!({ "type": "string" });
    let bare = GOOD
        .replace("prefix = \"SHOP_\"\n", "")
        .replace("\"SHOP_PORT\"", "8080");
    let bare = bare.replace("SHOP_ECHO", "ECHO");
    for name in ["PATH", "HOME", "LD_PRELOAD"] {
        let told = fault(&bare, &with(&name.to_lowercase(), text.clone()));
        let expected = format!("{name} is a variable that the system itself reads or sets; rename");
        assert!(told.contains(&expected), "{told}");
    }
    assert!(read(GOOD, &with("path", text)).is_ok());
}

#[test]
fn fields_that_only_look_like_secrets_are_taken() {
    for (name, field) in [
        ("max_tokens", json!({ "type": "integer", "default": 4000 })),
        ("key", json!({ "type": "string" })),
        ("secret_name", json!({ "type": "string" })),
        ("author", json!({ "type": "string" })),
        (
            "extra",
            json!({ "type": "object", "additionalProperties": true, "default": {} }),
        ),
        (
            "extra",
            json!({ "type": "object", "additionalProperties": true, "default": { "password": "" } }),
        ),
        (
            "extra",
            json!({ "type": "object", "additionalProperties": true, "default": { "max_tokens": 5 } }),
        ),
    ] {
        assert!(read(GOOD, &with(name, field)).is_ok(), "{name}");
    }
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
