//! `service.toml`: the facts of a service in any language, whose settings are a JSON Schema file.
//!
//! Here is the file as it is written; the doc comments are its reference page and its JSON Schema
//! (`schema.rs`). What it comes to is in `build.rs`, what single values must look like in
//! `text.rs`. Where the service runs is `deploy.toml`'s business (`plan/`).

mod backends;
mod build;
mod checks;
mod schema;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use self::text::{Fact, Folder, Lists, Name, Separator, UrlPath, Variable, Version, Word};
use super::plan::report::Report;
use super::plan::{Image, read};
use crate::schema::{Bounded, FaultKind, Faults};

pub(crate) use schema::ARTEFACT;

/// A `service.toml` that was read, and waits for the schema it names.
#[derive(Debug)]
pub struct ServiceFile {
    written: Written,
    report: Report,
}

impl ServiceFile {
    /// Reads `text`, whose file is called `name` in messages.
    ///
    /// # Errors
    /// Every fault of a single value, with line and column. No value that could hold a password is
    /// shown.
    pub fn read(name: &str, text: &str) -> Result<Self, Faults> {
        let (written, mut report): (Written, _) = read::read(name, text)?;
        for (key, missing) in [
            (&["name"][..], written.name.is_none()),
            (&["version"], written.version.is_none()),
            (&["port"], written.port.is_none()),
            (&["settings", "schema"], written.settings.schema.is_none()),
        ] {
            if missing && !report.failed(key) {
                report.refuse(FaultKind::Missing, key, "is missing", "write it");
            }
        }
        let report = report.sound()?;
        Ok(Self { written, report })
    }

    /// Where the schema is, from the folder of the file.
    #[must_use]
    pub fn schema_path(&self) -> &str {
        let path = self.written.settings.schema.as_ref();
        path.map_or("", |path| path.as_str())
    }
}

/// What a service is: the facts that its settings do not tell. Where and how it runs stands in a
/// `deploy.toml` beside this file.
///
/// `name`, `version`, `port` and `settings.schema` must be given.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Service")]
struct Written {
    /// Name of the Deployment, the Service, the ConfigMap and the other objects: at most 46 small
    /// letters, digits and `-`, the first of them a letter.
    #[schemars(example = &"shop")]
    name: Option<Name>,
    /// Released version: the tag of the image where `deploy.toml` names no other.
    version: Option<Version>,
    /// One sentence on the service.
    #[schemars(example = &"Takes orders.")]
    about: Option<Word>,
    /// Name of the image without a tag, where `deploy.toml` names none. Left out: the name of the
    /// service.
    #[schemars(example = &"registry.example.com/shop")]
    image: Option<Image>,
    /// Port that serves: a number, or the variable that holds it.
    port: Option<Fact>,
    /// Variable of the address on which it listens. A loopback address in it is refused: the kubelet
    /// asks at the address of the pod.
    #[schemars(example = &"HOST")]
    host: Option<Variable>,
    /// Port that answers `/metrics`, another than `port`. Left out: there are no metrics.
    #[schemars(example = &9000)]
    metrics_port: Option<Fact>,
    /// Seconds that requests in flight may take after SIGTERM: a number, or the variable that holds
    /// it. Left out: 20.
    #[schemars(example = &25)]
    shutdown_seconds: Option<Fact>,
    /// Words in place of the image's entrypoint. Left out: the image's own. They reach the program
    /// as they stand, `$(PORT)` too: no variable is filled in.
    command: Vec<Word>,
    /// Arguments that serve, in place of the image's; as they stand. Left out: the image's own.
    args: Vec<Word>,
    /// Arguments that bring the database up to date and end; needed for the component
    /// `migrate-job`.
    migrate: Option<Vec<Word>>,
    /// Whole command that asks the running service for its health, for Compose. Left out: Compose
    /// does not ask.
    #[schemars(example = &["python", "-m", "app.health"])]
    healthcheck: Option<Vec<Word>>,
    /// Whole command that waits for as many seconds as the word after it says; needed for clusters
    /// before Kubernetes 1.30, whose `preStop` cannot wait.
    #[schemars(example = &["sleep"])]
    sleep: Option<Vec<Word>>,
    /// User and group that the process runs as, by number; scanners ask for 10000 or more. Left
    /// out: 65532.
    user: Option<Bounded<1, 2_147_483_647>>,
    /// Folders that the service writes to, empty at each start. `/tmp` is always one; the rest of
    /// the image is read-only. None of the system's, such as `/proc` or `/etc`.
    writable: Vec<Folder>,
    /// Variable that gets the number of cores that a pod may take.
    #[schemars(example = &"WEB_CONCURRENCY")]
    cores: Option<Variable>,
    /// Variable that names the folder of the mounted Secret, one file a variable, for a program that
    /// reads one (pydantic's `secrets_dir`). Left out: secrets are variables of the container.
    #[schemars(example = &"SETTINGS_DIR")]
    secrets_variable: Option<Variable>,
    /// The variables.
    settings: SettingsWritten,
    /// Paths of the health routes. One that is left out is `health`.
    probes: ProbesWritten,
    /// Limits of the requests by their sort, which a proxy before the service has to leave open,
    /// each a table `[[requests]]`. Left out: the proxy's own limits hold.
    requests: Vec<RequestsWritten>,
    /// What the service stands on, each a table `[backends.NAME]`. Network policies, `generate
    /// secrets` and Compose follow from it. A database inside the process is known by the name
    /// `database`.
    backends: BTreeMap<String, BackendWritten>,
}

/// Names and texts of the variables. The defaults are those of pydantic-settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Settings")]
struct SettingsWritten {
    /// File of the JSON Schema, from the folder of this file. At most 1 MiB.
    #[schemars(example = &"settings.schema.json")]
    schema: Option<Word>,
    /// Beginning of every variable: pydantic's `env_prefix`.
    #[schemars(example = &"SHOP_")]
    prefix: Option<Variable>,
    /// Text between a section and its field: pydantic's `env_nested_delimiter`. Left out: `__`.
    delimiter: Option<Separator>,
    /// `json`, or `commas` for a program that splits lists at commas. Left out: `json`.
    lists: Option<Lists>,
    /// Whether variables keep the case of the schema, as with pydantic's `case_sensitive`.
    case_sensitive: bool,
    /// Variables that do not follow from the path of their field (pydantic's `validation_alias`),
    /// by path: `"db.url" = "DATABASE_URL"`.
    names: BTreeMap<String, Variable>,
    /// Variables that are secrets, although the schema does not call them so
    /// (`"writeOnly": true` or `"format": "password"`, which a `SecretStr` is).
    secrets: Vec<Variable>,
    /// Variables that are no secrets, although their names end like one.
    plain: Vec<Variable>,
    /// Variable of the environment's name; its values are the environments there are. Left out:
    /// the one of the field `environment`. Without it they are development, staging and production.
    #[schemars(example = &"ENVIRONMENT")]
    environment: Option<Variable>,
}

/// Paths of the health routes. One that is left out is `health`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Probes")]
struct ProbesWritten {
    /// The service as a whole. Left out: `/health`.
    health: Option<UrlPath>,
    /// The process is alive; what it stands on is not looked at.
    #[schemars(example = &"/health/live")]
    live: Option<UrlPath>,
    /// Requests may come.
    #[schemars(example = &"/health/ready")]
    ready: Option<UrlPath>,
    /// It has started.
    #[schemars(example = &"/health/startup")]
    startup: Option<UrlPath>,
}

/// Limits of requests of one sort. Of several, the largest count.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Requests")]
struct RequestsWritten {
    /// Bytes that a body may have: a number, or the variable that holds it.
    #[schemars(example = &1_048_576)]
    body_bytes: Option<Fact>,
    /// Seconds for which the service may be silent before an answer and within it: a number, or the
    /// variable that holds it.
    #[schemars(example = &120)]
    silent_seconds: Option<Fact>,
    /// Whether answers may be streams, which take as long as they do.
    streams: bool,
    /// Optional backend without which there are no such requests.
    #[schemars(example = &"upstream")]
    backend: Option<Word>,
}

/// One thing that the service stands on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Backend")]
struct BackendWritten {
    /// Variable of its URL.
    #[schemars(example = &"DATABASE_URL")]
    setting: Option<Variable>,
    /// URL schemes that the service takes, with their usual ports: `{ postgresql = 5432 }`.
    schemes: BTreeMap<String, Bounded<1, 65_535>>,
    /// Address in staging and production where `deploy.toml` names none: scheme, host and port.
    /// Left out: the backend is optional.
    #[schemars(example = &"postgresql://postgres:5432")]
    default: Option<Word>,
    /// URL that `generate secrets` writes, with `{scheme}`, `{host}`, `{port}` and `{password}`.
    /// Needed where the variable is a secret, and only there.
    #[schemars(example = &"{scheme}://shop:{password}@{host}:{port}/shop")]
    url: Option<Word>,
    /// Word in `deploy.toml` for a backend inside the process, such as `sqlite`; the service then
    /// runs as one replica.
    #[schemars(example = &"sqlite")]
    embedded: Option<Variable>,
    /// Variables that choose what is inside the process, and their texts.
    embedded_settings: BTreeMap<String, Word>,
}
