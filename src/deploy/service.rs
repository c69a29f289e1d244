//! The facts of a service that its settings do not tell.
//!
//! Ports and time-outs are named by their settings, never written a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde_json::Value;

use super::promises::Promises;
use crate::schema::{Fault, SchemaError, Secret, Setting, Settings, Spelling};

/// Default user and group of the process: no user of the node has that number.
pub(crate) const USER: u32 = 65_532;

/// Seconds that requests in flight may take after SIGTERM in a service that does not say.
const DRAIN_SECONDS: u64 = 20;

/// Looks at the variables of one environment as the service would at its start, secrets taken for
/// present; gives what it would refuse, and what it would warn of ([`FaultKind::Advice`]).
///
/// [`FaultKind::Advice`]: crate::schema::FaultKind::Advice
pub type Check = fn(&BTreeMap<String, String>) -> Vec<Fault>;

/// Makes a value of the secret of that name that fits the variables of one environment, where it is
/// no random text, such as a private key; none where it cannot, or random text does.
pub type Make = fn(&str, &BTreeMap<String, String>) -> Option<Secret<String>>;

/// Bytes of memory that one process takes at most with such variables; none where they are not
/// understood.
pub type Memory = fn(&BTreeMap<String, String>) -> Option<u64>;

/// A service that is to be deployed: its settings, and what else a manifest has to know.
#[derive(Debug, Clone)]
pub struct Service {
    /// A DNS label: the name of the Deployment, the Service and the image.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// The released version: the image tag where no other is named.
    pub version: String,
    /// The address of the source; the `source` label of the image.
    pub repository: String,
    /// SPDX expression.
    pub licenses: String,
    /// The name of the image where `deploy.toml` names none, without a tag.
    pub image: String,
    /// The command that renders files, with `{artefact}` where the name of the artefact stands:
    /// what generated files say of themselves. None: they name no command.
    pub generator: Option<String>,
    /// True if that command renders other services too, from a `service.toml`.
    pub renders_others: bool,
    /// The JSON Schema of the configuration.
    pub schema: Value,
    /// The same as a list.
    pub settings: Settings,
    /// Settings that hold no secret, although a value of theirs may look like one.
    pub plain: BTreeSet<String>,
    /// The setting that names the environment; its variants are the environments there are.
    pub environment: String,
    /// The setting of the port that serves, such as `SERVER_PORT`, or its number.
    pub port: String,
    /// The setting of the address on which those ports listen, where there is one. The kubelet asks
    /// at the pod's own, so that a loopback address is refused.
    pub host: Option<String>,
    /// The setting of the port that answers `/metrics`, or its number, where there is one.
    pub metrics_port: Option<String>,
    /// The setting of the seconds that requests in flight may take after SIGTERM, or their number.
    pub shutdown_timeout: Option<String>,
    /// The setting of the proxies whose word on the client's address is believed, where there is
    /// one. Empty, it is warned of where a gateway or an ingress stands before the service.
    pub trusted_proxies: Option<String>,
    /// Limits of its requests by their sort, which a proxy before it has to leave open; none:
    /// nothing is known of them.
    pub requests: Vec<Requests>,
    /// Paths of the health endpoints.
    pub probes: Probes,
    /// Its backends.
    pub backends: Vec<BackendKind>,
    /// The program and its arguments.
    pub program: Program,
    /// The only folder it writes to.
    pub state_dir: String,
    /// Other folders it writes to, empty at each start, beside `/tmp`.
    pub writable: Vec<String>,
    /// User and group that the process runs as in a cluster; never 0.
    pub user: u32,
    /// The variable that gets the number of cores that a pod may take, such as
    /// `TOKIO_WORKER_THREADS`: a program would count those of the node.
    pub cores: Option<String>,
    /// Its OpenAPI document, where it has one.
    pub openapi: Option<Value>,
    /// Pages for operators that want tables.
    pub guides: Vec<Guide>,
    /// The checks of the service itself, where it has any.
    pub check: Option<Check>,
    /// The maker of secrets that are not random text, where it has any.
    pub make: Option<Make>,
    /// The most memory that it takes, where it knows.
    pub memory: Option<Memory>,
    /// Promises of its releases beyond those of every service.
    pub promises: Promises,
    /// Warnings about these facts, told with those of the plan.
    pub warnings: Vec<Fault>,
}

/// Limits of requests of one sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// The setting of the bytes that a body may have, or their number.
    pub body_bytes: Option<String>,
    /// The setting of the seconds for which the service may be silent before an answer and within
    /// it, or their number.
    pub silent_seconds: Option<String>,
    /// Set where answers may be streams, which take as long as they do.
    pub streams: bool,
    /// The optional backend without which there are no such requests.
    pub backend: Option<String>,
}

/// Paths of the health endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probes {
    /// The whole; used by all three probes of the base.
    pub health: String,
    /// Is the process alive?
    pub live: String,
    /// May requests come?
    pub ready: String,
    /// Has it started?
    pub startup: String,
}

/// Commands and arguments of the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// The path of the binary in the image; empty where it is not known. `healthcheck` and `sleep`
    /// are whole commands then.
    pub entrypoint: String,
    /// Words that stand in the place of the image's entrypoint; empty where that is the program.
    pub command: Vec<String>,
    /// Arguments that serve.
    pub serve: Vec<String>,
    /// The variable that names a folder of secrets, one file a variable, for the server and for
    /// every command that is run beside it; none where the service reads no such folder. Scanners
    /// take a name with `SECRET`, `PASSWORD` or `TOKEN` in it for a secret in clear.
    pub secrets_variable: Option<String>,
    /// Arguments that bring the database up to date and end.
    pub migrate: Option<Vec<String>>,
    /// The option of `serve` that leaves the database as it is.
    pub no_migrate: Option<String>,
    /// Arguments that ask the running service how it is, for images without a shell.
    pub healthcheck: Option<Vec<String>>,
    /// Arguments that wait as many seconds as the one after them says, for clusters whose `preStop`
    /// cannot.
    pub sleep: Option<Vec<String>>,
}

/// A kind of backend: a database, a cache, another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendKind {
    /// Its name in `deploy.toml`: `database`, `redis`, `upstream`.
    pub name: String,
    /// The setting that holds its URL.
    pub setting: String,
    /// URL schemes that it takes, with their usual ports.
    pub schemes: Vec<(String, u16)>,
    /// The word in `deploy.toml` that stands for "inside the process", such as `sqlite`; the
    /// service then runs as one replica only.
    pub embedded: Option<Embedded>,
    /// Its URL in staging and production where `deploy.toml` names none; none: it is optional.
    pub default: Option<String>,
    /// The backend through which this one is reached where there is one: pods then need no way to
    /// this one.
    pub through: Option<String>,
    /// User and database of the URL that `generate secrets` writes; none where the URL is no
    /// secret. `{password}` stands for a new password.
    pub url: Option<String>,
}

/// A backend that lives inside the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// The word: `sqlite`, `none`.
    pub word: String,
    /// Settings that choose it, as they are written: `REDIS_ENABLED` = `false`.
    pub settings: Vec<(String, String)>,
}

impl Service {
    /// A service of that name with the settings of `schema`, which may be any JSON Schema.
    /// Everything else has a usual value, to be changed field by field.
    ///
    /// # Errors
    /// [`SchemaError`] for a schema that does not describe settings.
    pub fn new(name: &str, version: &str, schema: Value) -> Result<Self, SchemaError> {
        Self::spelled(name, version, schema, &Spelling::default())
    }

    /// The same for a program that names and reads its variables as `spelling` says.
    ///
    /// # Errors
    /// As [`Service::new`].
    pub fn spelled(
        name: &str,
        version: &str,
        schema: Value,
        spelling: &Spelling,
    ) -> Result<Self, SchemaError> {
        let settings = Settings::spelled(&schema, spelling)?;
        Ok(Self {
            name: name.to_owned(),
            about: name.to_owned(),
            version: version.to_owned(),
            repository: String::new(),
            licenses: String::new(),
            image: name.to_owned(),
            generator: None,
            renders_others: false,
            schema,
            settings,
            plain: BTreeSet::new(),
            environment: "ENVIRONMENT".to_owned(),
            port: "SERVER_PORT".to_owned(),
            host: None,
            metrics_port: None,
            shutdown_timeout: None,
            trusted_proxies: None,
            requests: Vec::new(),
            probes: Probes::at("/health"),
            backends: Vec::new(),
            program: Program {
                entrypoint: format!("/{name}"),
                ..Program::default()
            },
            state_dir: format!("/var/lib/{name}"),
            writable: Vec::new(),
            user: USER,
            cores: Some("TOKIO_WORKER_THREADS".to_owned()),
            openapi: None,
            guides: Vec::new(),
            check: None,
            make: None,
            memory: None,
            promises: Promises::default(),
            warnings: Vec::new(),
        })
    }

    /// The command that renders `artefact`; none where the service has none to name.
    #[must_use]
    pub fn command_for(&self, artefact: &str) -> Option<String> {
        let generator = self.generator.as_ref()?;
        Some(generator.replace("{artefact}", artefact))
    }

    /// Seconds that requests in flight may take after SIGTERM, where the service says.
    #[must_use]
    pub fn shutdown_seconds(&self) -> Option<u64> {
        self.number(self.shutdown_timeout.as_ref()?)
    }

    /// Seconds that requests in flight may take after SIGTERM.
    #[must_use]
    pub fn drain_seconds(&self) -> u64 {
        self.shutdown_seconds().unwrap_or(DRAIN_SECONDS)
    }

    /// The port that serves: the default of its setting.
    #[must_use]
    pub fn port_number(&self) -> u16 {
        self.number(&self.port).unwrap_or(8000)
    }

    /// The port of the metrics: the default of its setting; none where it is off.
    #[must_use]
    pub fn metrics_port_number(&self) -> Option<u16> {
        let name = self.metrics_port.as_ref()?;
        self.number(name).filter(|port| *port != 0)
    }

    /// Settings that belong into a ConfigMap.
    pub fn plain_settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| !setting.secret)
    }

    /// Settings that belong into a Secret.
    pub fn secret_settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| setting.secret)
    }

    /// The secrets that an environment will have: those of `held`, and those that they and the values
    /// of the `plain` settings ask for.
    pub(crate) fn secrets_needed(
        &self,
        environment: &str,
        plain: &impl Fn(&str) -> Option<String>,
        mut held: BTreeSet<String>,
    ) -> BTreeSet<String> {
        // A secret may ask for another, which may ask for a third.
        loop {
            let value = |name: &str| held.get(name).cloned().or_else(|| plain(name));
            let more = self
                .secret_settings()
                .filter(|one| !held.contains(&one.name) && one.need(environment, &value).is_some());
            let more: Vec<_> = more.map(|one| one.name.clone()).collect();
            if more.is_empty() {
                return held;
            }
            held.extend(more);
        }
    }

    /// The number that `fact` says: the default of the setting of that name, or itself.
    pub(crate) fn number<T: FromStr>(&self, fact: &str) -> Option<T> {
        match self.settings.get(fact) {
            Some(setting) => setting.default_text()?.parse().ok(),
            None => fact.parse().ok(),
        }
    }
}

impl BackendKind {
    /// Its schemes with `between` them.
    pub(crate) fn scheme_names(&self, between: &str) -> String {
        let names: Vec<_> = self
            .schemes
            .iter()
            .map(|(scheme, _)| scheme.as_str())
            .collect();
        names.join(between)
    }

    /// An address as it might be written.
    #[must_use]
    pub fn example(&self) -> String {
        self.default.clone().unwrap_or_else(|| {
            let scheme = self.schemes.first().map_or("https", |(scheme, _)| scheme);
            format!("{scheme}://{}.example.com", self.name)
        })
    }
}

impl Program {
    /// The command that runs `words`, as an exec action and a health check of Compose take it.
    pub(crate) fn exec(&self, words: &[String]) -> Vec<String> {
        let entrypoint = Some(&self.entrypoint).filter(|path| !path.is_empty());
        entrypoint.into_iter().chain(words).cloned().collect()
    }

    /// The arguments `words` behind what a container starts with, as far as that is known.
    pub(crate) fn line(&self, words: &[String]) -> Vec<String> {
        if self.command.is_empty() {
            return self.exec(words);
        }
        self.command.iter().chain(words).cloned().collect()
    }
}

impl Probes {
    /// One path for each question, below `path`: `live`, `ready`, `startup`; the whole at `path`.
    #[must_use]
    pub fn below(path: &str) -> Self {
        Self {
            health: path.to_owned(),
            live: format!("{path}/live"),
            ready: format!("{path}/ready"),
            startup: format!("{path}/startup"),
        }
    }

    /// Everything at one path, for a service with a single health endpoint.
    #[must_use]
    pub fn at(path: &str) -> Self {
        let [health, live, ready, startup] = [path; 4].map(str::to_owned);
        Self {
            health,
            live,
            ready,
            startup,
        }
    }
}

/// A page of a service's own. Its first line carries the mark in a comment, and tables stand
/// between `<!-- table: NAME -->` and `<!-- /table -->` (see [`tables`](super::guides::tables) for the names).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// Its path: `docs/workflows/production-deployment.md`.
    pub path: String,
    /// Its text, with tables of any age.
    pub text: String,
}
