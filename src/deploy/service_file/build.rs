//! From the file and the schema to a service.

use serde_json::Value;

use super::file::{RequestsToml, ServiceFile, ServiceToml, SettingsToml};
use super::text::{Lists, UrlPath, Variable, Word};
use super::{backends, checks};
use crate::deploy::service::{Probes, Requests, Service};
use crate::deploy::toml_file::Report;
use crate::schema::{FaultKind, Faults, Reader, Spelling, without_mark};

impl ServiceFile {
    /// The service, with the settings of `schema`, the text of the file at
    /// [`ServiceFile::schema_path`].
    ///
    /// # Errors
    /// Everything that is wrong with the schema, and what the two files contradict each other in.
    pub fn service(self, schema: &str) -> Result<Service, Faults> {
        let Self {
            mut written,
            mut report,
        } = self;
        let spelling = spelling(&written.settings);
        let name = written.name.clone().map(String::from).unwrap_or_default();
        let version = written.version.clone().map(String::from);
        let version = version.unwrap_or_default();
        let schema = read_schema(schema, &report)?;
        let mut service = Service::spelled(&name, &version, schema, &spelling)
            .map_err(|refusal| unusable(&refusal.to_string(), &report))?;
        checks::names(&written.settings, &service.settings, &mut report);
        checks::secrets(&written.settings, &service.settings, &mut report);
        let plain = written.settings.plain.iter().cloned();
        service.plain = plain.map(String::from).collect();
        checks::defaults(&service.settings, &mut report);
        let environment = written.settings.environment.clone().map(String::from);
        service.environment =
            environment.unwrap_or_else(|| spelling.name(&["environment".to_owned()]));
        service.backends = backends::read(&written.backends, &service.settings, &mut report);
        image(&mut service, &mut written, &mut report);
        numbers(&mut service, &mut written, &mut report);
        let requests_written = std::mem::take(&mut written.requests);
        service.requests = requests(requests_written, &service, &mut report);
        process(&mut service, written, &mut report);
        service.warnings = report.finish(false)?;
        Ok(service)
    }
}

/// Its description and its image.
fn image(service: &mut Service, written: &mut ServiceToml, report: &mut Report) {
    if let Some(about) = written.about.take() {
        service.about = about.into();
    }
    let Some(image) = written.image.take() else {
        return;
    };
    if image.tag.is_some() || image.digest.is_some() {
        report.invalid(
            &["image"],
            "has a tag or a digest",
            "leave it out: the tag is the version, and deploy.toml may pin a digest",
        );
    }
    service.image = image.name;
}

/// Ports and seconds.
fn numbers(service: &mut Service, written: &mut ServiceToml, report: &mut Report) {
    let ports = (1, 65_535);
    let facts = [
        ("port", ports, written.port.take()),
        ("metrics_port", ports, written.metrics_port.take()),
        (
            "shutdown_seconds",
            (0, 3_600),
            written.shutdown_seconds.take(),
        ),
    ];
    let [port, metrics_port, shutdown] = facts.map(|(key, range, fact)| {
        let fact = fact?;
        checks::fact(&[key], range, &fact, &service.settings, report);
        Some(String::from(fact))
    });
    if metrics_port.is_some() && metrics_port == port {
        report.refuse(
            FaultKind::Conflict,
            &["metrics_port"],
            "is the port that serves",
            "name another one, or take it out",
        );
    }
    service.host = written.host.take().map(String::from);
    let host = service.host.as_ref();
    if host.is_some_and(|host| service.settings.get(host).is_none()) {
        let remedy = "name the variable of the address, or take it out";
        report.invalid(&["host"], "is not a setting", remedy);
    }
    service.port = port.unwrap_or_default();
    service.metrics_port = metrics_port;
    service.shutdown_timeout = shutdown;
}

/// The process and its surroundings.
fn process(service: &mut Service, written: ServiceToml, report: &mut Report) {
    let commands = [("command", &written.command), ("args", &written.args)];
    let optional = [
        ("migrate", &written.migrate),
        ("healthcheck", &written.healthcheck),
        ("sleep", &written.sleep),
    ];
    let optional = optional.into_iter();
    let optional = optional.filter_map(|(key, words)| Some((key, words.as_ref()?)));
    for (key, words) in commands.into_iter().chain(optional) {
        checks::words(key, words, report);
    }
    let words = |list: Vec<Word>| list.into_iter().map(String::from).collect();
    // The file in the image is not known: commands are whole.
    service.program.entrypoint = String::new();
    service.program.command = words(written.command);
    service.program.serve = words(written.args);
    service.program.migrate = written.migrate.map(words);
    service.program.healthcheck = whole("healthcheck", written.healthcheck, report).map(words);
    service.program.sleep = whole("sleep", written.sleep, report).map(words);
    let probes_written = written.probes;
    service.probes = probes(
        probes_written.health,
        [
            probes_written.live,
            probes_written.ready,
            probes_written.startup,
        ],
    );
    service.writable = written.writable.into_iter().map(String::from).collect();
    checks::writable(service, report);
    if let Some(user) = written.user {
        service.user = user.as_u32();
        checks::user(service.user, report);
    }
    service.cores = written.cores.map(String::from);
    service.program.secrets_variable = written.secrets_variable.map(String::from);
    checks::variables(service, report);
}

/// The words of a whole command; one without a word is refused.
fn whole(key: &str, words: Option<Vec<Word>>, report: &mut Report) -> Option<Vec<Word>> {
    if words.as_ref().is_some_and(Vec::is_empty) {
        let remedy = "write the command, or take this out";
        report.invalid(&[key], "is empty", remedy);
    }
    words
}

/// Limits of the requests.
fn requests(written: Vec<RequestsToml>, service: &Service, report: &mut Report) -> Vec<Requests> {
    let mut all = Vec::new();
    for (at, one) in written.into_iter().enumerate() {
        if report.is_full() {
            break;
        }
        let at = format!("[{at}]");
        let facts = [
            ("body_bytes", &one.body_bytes),
            ("silent_seconds", &one.silent_seconds),
        ];
        for (key, fact) in facts {
            let path = ["requests", &at, key];
            if let Some(fact) = fact {
                let range = (1, u64::from(u32::MAX));
                checks::fact(&path, range, fact, &service.settings, report);
            }
        }
        let backend = one.backend.map(String::from);
        let is_known = |name: &String| service.backends.iter().any(|kind| kind.name == *name);
        if backend.as_ref().is_some_and(|name| !is_known(name)) {
            let path = ["requests", &at, "backend"];
            let remedy = "name a table of [backends], or take it out";
            report.invalid(&path, "is not a backend", remedy);
        }
        all.push(Requests {
            body_bytes: one.body_bytes.map(String::from),
            silent_seconds: one.silent_seconds.map(String::from),
            streams: one.streams,
            backend,
        });
    }
    all
}

fn spelling(written: &SettingsToml) -> Spelling {
    let text = |variable: &Option<Variable>| variable.clone().map(String::from);
    let names = written.names.iter();
    Spelling {
        prefix: text(&written.prefix).unwrap_or_default(),
        delimiter: written
            .delimiter
            .clone()
            .map_or_else(|| "__".to_owned(), String::from),
        case_sensitive: written.case_sensitive,
        reader: match written.lists {
            Some(Lists::Commas) => Reader::Commas,
            Some(Lists::Json) | None => Reader::Json,
        },
        names: names
            .map(|(path, name)| (path.clone(), String::from(name.clone())))
            .collect(),
        secrets: written.secrets.iter().cloned().map(String::from).collect(),
    }
}

/// The key that names the schema.
const SCHEMA: [&str; 2] = ["settings", "schema"];

fn read_schema(text: &str, report: &Report) -> Result<Value, Faults> {
    serde_json::from_str(without_mark(text)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let problem = format!("names a file that is not JSON: line {line}, column {column}");
        let remedy = "write the JSON Schema of the settings into it";
        report.fault(&SCHEMA, problem, remedy).into()
    })
}

fn unusable(refusal: &str, report: &Report) -> Faults {
    let (problem, remedy) = refusal.rsplit_once("; ").unwrap_or((refusal, ""));
    let problem = format!("names a schema that cannot be used: {problem}");
    report.fault(&SCHEMA, problem, remedy).into()
}

fn probes(health: Option<UrlPath>, [live, ready, startup]: [Option<UrlPath>; 3]) -> Probes {
    let health = health.map_or_else(|| "/health".to_owned(), String::from);
    let or_health = |path: Option<UrlPath>| path.map_or_else(|| health.clone(), String::from);
    Probes {
        live: or_health(live),
        ready: or_health(ready),
        startup: or_health(startup),
        health,
    }
}
