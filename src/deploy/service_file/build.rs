//! From what is written, and the schema, to a service.

use serde_json::Value;

use super::text::{Fact, Lists, UrlPath, Variable, Word};
use super::{ServiceFile, SettingsWritten, Written, backends};
use crate::deploy::plan::has_password;
use crate::deploy::plan::report::Report;
use crate::deploy::{Probes, Service};
use crate::schema::{
    FaultKind, Faults, Kind, Reader, Setting, Settings, Spelling, nearest, without_mark,
};

/// Ends of names that only secrets have.
const SECRET_ENDS: [&str; 6] = [
    "PASSWORD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "PRIVATE_KEY",
];

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
        check_names(&written.settings, &service.settings, &mut report);
        let environment = written.settings.environment.clone().map(String::from);
        service.environment =
            environment.unwrap_or_else(|| spelling.name(&["environment".to_owned()]));
        service.backends = backends::read(&written.backends, &service.settings, &mut report);
        image(&mut service, &mut written, &mut report);
        numbers(&mut service, &mut written, &mut report);
        process(&mut service, written, &mut report);
        report.finish(true)?;
        Ok(service)
    }
}

/// What it is called, and its image.
fn image(service: &mut Service, written: &mut Written, report: &mut Report) {
    if let Some(about) = written.about.take() {
        service.about = about.into();
    }
    let Some(image) = written.image.take() else {
        return;
    };
    if image.tag.is_some() || image.digest.is_some() {
        report.refuse(
            FaultKind::Invalid,
            &["image"],
            "has a tag or a digest",
            "leave it out: the tag is the version, and deploy.toml may pin a digest",
        );
    }
    service.image = image.name;
}

/// Ports and seconds.
fn numbers(service: &mut Service, written: &mut Written, report: &mut Report) {
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
        check_fact(key, range, &fact, &service.settings, report);
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
    service.port = port.unwrap_or_default();
    service.metrics_port = metrics_port;
    service.shutdown_timeout = shutdown;
}

/// The process, and what it finds around it.
fn process(service: &mut Service, written: Written, report: &mut Report) {
    let words = |list: Vec<Word>| list.into_iter().map(String::from).collect();
    service.program.command = words(written.command);
    service.program.serve = words(written.args);
    service.program.migrate = written.migrate.map(words);
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
    check_writable(&service.writable, report);
    if let Some(user) = written.user {
        service.user = user.as_u32();
    }
    service.cores = written.cores.map(String::from);
    service.program.secrets_variable = written.secrets_variable.map(String::from);
    for (key, variable) in [
        ("cores", &service.cores),
        ("secrets_variable", &service.program.secrets_variable),
    ] {
        let is_setting = |name: &String| service.settings.get(name).is_some();
        if variable.as_ref().is_some_and(is_setting) {
            report.refuse(
                FaultKind::Conflict,
                &[key],
                "names a setting, whose value would never count",
                "name a variable that is no setting",
            );
        }
    }
}

fn spelling(written: &SettingsWritten) -> Spelling {
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
            .map(|(path, name)| (path.clone(), name.as_str().to_owned()))
            .collect(),
        secrets: written.secrets.iter().cloned().map(String::from).collect(),
    }
}

/// Where the schema is named.
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

/// Refuses names of settings that there are not, and secrets that nothing calls so.
fn check_names(written: &SettingsWritten, settings: &Settings, report: &mut Report) {
    let is_known = |name: &str| settings.get(name).is_some();
    let near = |name: &str| match settings.nearest(name) {
        Some(near) => format!("did you mean {}?", near.name),
        None => "take it out".to_owned(),
    };
    for (key, list) in [("secrets", &written.secrets), ("plain", &written.plain)] {
        for (at, name) in list.iter().enumerate() {
            if !is_known(name.as_str()) {
                let path = ["settings", key, &format!("[{at}]")];
                let remedy = near(name.as_str());
                report.refuse(FaultKind::Invalid, &path, "is no setting", remedy);
            }
        }
    }
    if let Some(name) = &written.environment
        && !is_known(name.as_str())
    {
        let path = ["settings", "environment"];
        let remedy = near(name.as_str());
        report.refuse(FaultKind::Invalid, &path, "is no setting", remedy);
    }
    let paths: Vec<String> = settings.iter().map(|one| one.path.join(".")).collect();
    for path in written.names.keys().filter(|path| !paths.contains(path)) {
        let remedy = match nearest(path, paths.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "take it out".to_owned(),
        };
        let at = ["settings", "names", path];
        report.refuse(FaultKind::Invalid, &at, "is no field of the schema", remedy);
    }
    let is_plain =
        |one: &&Setting| !one.secret && !written.plain.iter().any(|p| p.as_str() == one.name);
    for setting in settings.iter().filter(is_plain) {
        let name = setting.name.to_ascii_uppercase();
        let ends = |end: &&str| name == **end || name.ends_with(&format!("_{end}"));
        let text = matches!(setting.kind, Kind::String);
        let problem = if setting
            .default_text()
            .is_some_and(|text| has_password(&text))
        {
            "has a default with a password in it"
        } else if text && SECRET_ENDS.iter().any(ends) {
            "is named like a secret, and would stand in a ConfigMap"
        } else {
            continue;
        };
        report.refuse(
            FaultKind::Invalid,
            &SCHEMA,
            format!("describes {}, which {problem}", setting.name),
            "make it a secret (SecretStr), or list it in settings.secrets or settings.plain",
        );
    }
}

/// Refuses a number out of `range`, and a variable that holds no whole number.
fn check_fact(
    key: &str,
    (least, most): (u64, u64),
    fact: &Fact,
    settings: &Settings,
    report: &mut Report,
) {
    let text = fact.as_str();
    if fact.is_number() {
        let number = text.parse::<u64>().ok();
        if number.is_none_or(|number| number < least || number > most) {
            let problem = format!("is {text}, which is out of range");
            let remedy = format!("allowed: {least} to {most}");
            report.refuse(FaultKind::Invalid, &[key], problem, remedy);
        }
        return;
    }
    let problem = match settings.get(text) {
        None => "is no setting",
        Some(setting) if setting.secret => "is a secret",
        Some(setting) if setting.kind != Kind::Integer => "is no whole number",
        Some(setting) if setting.default_text().is_none() => "has no default",
        Some(_) => return,
    };
    let remedy = match settings.nearest(text).filter(|near| near.name != text) {
        Some(near) => format!("did you mean {}? Or write a number", near.name),
        None => "write a number, or the variable that holds it".to_owned(),
    };
    report.refuse(FaultKind::Invalid, &[key], problem, remedy);
}

fn check_writable(folders: &[String], report: &mut Report) {
    for (at, folder) in folders.iter().enumerate() {
        let within = |other: &str| {
            let rest = folder.strip_prefix(other);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let taken = folders[..at].iter().any(|other| within(other));
        if within("/tmp") || taken {
            let path = ["writable", &format!("[{at}]")];
            let problem = "lies in a folder that is writable already";
            report.refuse(FaultKind::Invalid, &path, problem, "take it out");
        }
    }
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
