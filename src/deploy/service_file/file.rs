//! `service.toml` as it is written; the doc comments are its reference page and its JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::text::{Fact, Folder, Lists, Name, Separator, UrlPath, Variable, Version, Word};
use crate::deploy::plan::Image;
use crate::deploy::toml_file::{self, Report};
use crate::schema::{Bounded, FaultKind, Faults};

/// A `service.toml` that was read, and waits for the schema it names.
#[derive(Debug)]
pub struct ServiceFile {
    pub(super) written: ServiceToml,
    pub(super) report: Report,
}

impl ServiceFile {
    /// Reads `text`, whose file is called `name` in messages.
    ///
    /// # Errors
    /// Every fault of a single value, with line and column. No value that could hold a password is
    /// shown.
    pub fn read(name: &str, text: &str) -> Result<Self, Faults> {
        let (written, mut report): (ServiceToml, _) = toml_file::read(name, text)?;
        // Serde ends at a missing field, which would hide all other faults: no field is required
        // there.
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

    /// The path of the schema, from the folder of the file.
    #[must_use]
    pub fn schema_path(&self) -> &str {
        let path = self.written.settings.schema.as_ref();
        path.map_or("", AsRef::as_ref)
    }
}

/// Facts of a service that its settings do not tell. A `deploy.toml` beside this file tells where and
/// how it runs.
///
/// `name`, `version`, `port` and `settings.schema` must be given.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Service")]
pub(super) struct ServiceToml {
    /// Name of the Deployment, the Service, the ConfigMap and the other objects: at most 46 small
    /// letters, digits and `-`, the first of them a letter.
    #[schemars(example = &"shop")]
    pub(super) name: Option<Name>,
    /// Released version: the tag of the image where `deploy.toml` names no other.
    pub(super) version: Option<Version>,
    /// One sentence on the service.
    #[schemars(example = &"Takes orders.")]
    pub(super) about: Option<Word>,
    /// Name of the image without a tag, where `deploy.toml` names none. Left out: the name of the
    /// service.
    #[schemars(example = &"registry.example.com/shop")]
    pub(super) image: Option<Image>,
    /// Port that serves: a number, or the variable that holds it.
    pub(super) port: Option<Fact>,
    /// Variable of the address on which it listens. A loopback address in it is refused: the kubelet
    /// asks at the address of the pod.
    #[schemars(example = &"HOST")]
    pub(super) host: Option<Variable>,
    /// Port that answers `/metrics`, another than `port`. Left out: there are no metrics.
    #[schemars(example = &9000)]
    pub(super) metrics_port: Option<Fact>,
    /// Seconds that requests in flight may take after SIGTERM: a number, or the variable that holds
    /// it. Left out: 20.
    #[schemars(example = &25)]
    pub(super) shutdown_seconds: Option<Fact>,
    /// Words in place of the image's entrypoint. Left out: the image's own. They reach the program
    /// as they stand, `$(PORT)` too: no variable is filled in.
    pub(super) command: Vec<Word>,
    /// Arguments that serve, in place of the image's; as they stand. Left out: the image's own.
    pub(super) args: Vec<Word>,
    /// Arguments that bring the database up to date and end; needed for the component
    /// `migrate-job`.
    pub(super) migrate: Option<Vec<Word>>,
    /// Whole command that asks the running service for its health, for Compose. Left out: Compose
    /// does not ask.
    #[schemars(example = &["python", "-m", "app.health"])]
    pub(super) healthcheck: Option<Vec<Word>>,
    /// Whole command that waits for as many seconds as the word after it says; needed for clusters
    /// before Kubernetes 1.30, whose `preStop` cannot wait.
    #[schemars(example = &["sleep"])]
    pub(super) sleep: Option<Vec<Word>>,
    /// User and group that the process runs as, by number; scanners ask for 10000 or more. Left
    /// out: 65532.
    pub(super) user: Option<Bounded<1, 2_147_483_647>>,
    /// Folders that the service writes to, empty at each start. `/tmp` is always one; the rest of
    /// the image is read-only. None of the system's, such as `/proc` or `/etc`.
    pub(super) writable: Vec<Folder>,
    /// Variable that gets the number of cores that a pod may take.
    #[schemars(example = &"WEB_CONCURRENCY")]
    pub(super) cores: Option<Variable>,
    /// Variable that names the folder of the mounted Secret, one file a variable, for a program that
    /// reads one (pydantic's `secrets_dir`). Left out: secrets are variables of the container.
    #[schemars(example = &"SETTINGS_DIR")]
    pub(super) secrets_variable: Option<Variable>,
    /// The variables.
    pub(super) settings: SettingsToml,
    /// Paths of the health routes. One that is left out is `health`.
    pub(super) probes: ProbesToml,
    /// Limits of the requests by their sort, which a proxy before the service has to leave open,
    /// each a table `[[requests]]`. Left out: the proxy's own limits hold.
    pub(super) requests: Vec<RequestsToml>,
    /// Backends of the service, each a table `[backends.NAME]`. Network policies, `generate
    /// secrets` and Compose follow from it. A database inside the process is known by the name
    /// `database`.
    pub(super) backends: BTreeMap<String, BackendToml>,
}

/// Names and texts of the variables. The defaults are those of pydantic-settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Settings")]
pub(super) struct SettingsToml {
    /// File of the JSON Schema, from the folder of this file. At most 1 MiB.
    #[schemars(example = &"settings.schema.json")]
    pub(super) schema: Option<Word>,
    /// Beginning of every variable: pydantic's `env_prefix`.
    #[schemars(example = &"SHOP_")]
    pub(super) prefix: Option<Variable>,
    /// Text between a section and its field: pydantic's `env_nested_delimiter`. Left out: `__`.
    pub(super) delimiter: Option<Separator>,
    /// `json`, or `commas` for a program that splits lists at commas. Left out: `json`.
    pub(super) lists: Option<Lists>,
    /// Set if variables keep the case of the schema, as with pydantic's `case_sensitive`.
    pub(super) case_sensitive: bool,
    /// Variables that do not follow from the path of their field (pydantic's `validation_alias`),
    /// by path: `"db.url" = "DATABASE_URL"`.
    pub(super) names: BTreeMap<String, Variable>,
    /// Variables that are secrets, although the schema does not call them so
    /// (`"writeOnly": true` or `"format": "password"`, which a `SecretStr` is).
    pub(super) secrets: Vec<Variable>,
    /// Variables that are not secrets, although their names end like one.
    pub(super) plain: Vec<Variable>,
    /// Variable of the environment's name; its values are the environments there are. Left out:
    /// the one of the field `environment`. Without it they are development, staging and production.
    #[schemars(example = &"ENVIRONMENT")]
    pub(super) environment: Option<Variable>,
}

/// Paths of the health routes. One that is left out is `health`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Probes")]
pub(super) struct ProbesToml {
    /// The service as a whole. Left out: `/health`.
    pub(super) health: Option<UrlPath>,
    /// The process is alive; what it stands on is not looked at.
    #[schemars(example = &"/health/live")]
    pub(super) live: Option<UrlPath>,
    /// Requests may come.
    #[schemars(example = &"/health/ready")]
    pub(super) ready: Option<UrlPath>,
    /// It has started.
    #[schemars(example = &"/health/startup")]
    pub(super) startup: Option<UrlPath>,
}

/// Limits of requests of one sort. Of several, the largest count.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Requests")]
pub(super) struct RequestsToml {
    /// Bytes that a body may have: a number, or the variable that holds it.
    #[schemars(example = &1_048_576)]
    pub(super) body_bytes: Option<Fact>,
    /// Seconds for which the service may be silent before an answer and within it: a number, or the
    /// variable that holds it.
    #[schemars(example = &120)]
    pub(super) silent_seconds: Option<Fact>,
    /// Set if answers may be streams, which take as long as they do.
    pub(super) streams: bool,
    /// Optional backend without which there are no such requests.
    #[schemars(example = &"upstream")]
    pub(super) backend: Option<Word>,
}

/// One backend of the service.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Backend")]
pub(super) struct BackendToml {
    /// Variable of its URL.
    #[schemars(example = &"DATABASE_URL")]
    pub(super) setting: Option<Variable>,
    /// URL schemes that the service takes, with their usual ports: `{ postgresql = 5432 }`.
    pub(super) schemes: BTreeMap<String, Bounded<1, 65_535>>,
    /// Address in staging and production where `deploy.toml` names none: scheme, host and port.
    /// Left out: the backend is optional.
    #[schemars(example = &"postgresql://postgres:5432")]
    pub(super) default: Option<Word>,
    /// URL that `generate secrets` writes, with `{scheme}`, `{host}`, `{port}` and `{password}`.
    /// Needed where the variable is a secret, and only there.
    #[schemars(example = &"{scheme}://shop:{password}@{host}:{port}/shop")]
    pub(super) url: Option<Word>,
    /// Word in `deploy.toml` for a backend inside the process, such as `sqlite`; the service then
    /// runs as one replica.
    #[schemars(example = &"sqlite")]
    pub(super) embedded: Option<Variable>,
    /// Variables that choose what is inside the process, and their texts.
    pub(super) embedded_settings: BTreeMap<String, Word>,
}
