//! The unit, and its file of settings.

use askama::Template;

use super::escape;
use crate::deploy::artefact::{Artefact, Project};
use crate::deploy::emit::RenderError;
use crate::deploy::file::File;
use crate::deploy::service::Service;
use crate::deploy::{facts, oci, prose};
use crate::schema::Setting;

#[derive(Template)]
#[template(path = "deploy/unit.service", escape = "none")]
struct Unit {
    description: String,
    documentation: Option<String>,
    exec: String,
    stop_seconds: u64,
    environment_file: String,
    /// Names the folder of the credentials.
    credentials_variable: String,
    credentials: Vec<Credential>,
    state: String,
    private_users: &'static str,
    capabilities: &'static str,
}

/// A secret that systemd hands over as a file.
struct Credential {
    name: String,
    file: String,
    needed: bool,
}

#[derive(Template)]
#[template(path = "deploy/unit.env", escape = "none")]
struct EnvironmentFile {
    name: String,
    file: String,
    settings: Vec<Line>,
}

struct Line {
    docs: Vec<String>,
    line: String,
}

/// Columns of a comment, so that a line has 80 with the mark before it.
const COLUMNS: usize = 78;

/// Seconds between the last answer and the end of the process.
const MARGIN_SECONDS: u64 = 5;

/// The artefact `systemd`.
pub const ARTEFACT: Artefact = Artefact {
    name: "systemd",
    about: "A hardened unit for systemd, and its file of settings.",
    render,
};

/// `systemd/<name>.service` and `systemd/<name>.env`.
///
/// # Errors
/// [`RenderError`] where a text of the service does not fit into a unit.
pub fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    let name = &service.name;
    let environment_file = format!("/etc/{name}/{name}.env");
    let unit = unit(service, environment_file.clone())?;
    let settings = service.plain_settings().map(line);
    let settings = EnvironmentFile {
        name: name.clone(),
        file: environment_file,
        settings: settings.collect::<Result<_, _>>()?,
    };
    let file = |ending: &str, body: String| {
        let path = format!("systemd/{name}.{ending}");
        File::with_hash_mark(service, "systemd", path, &(body + "\n"))
    };
    Ok(vec![
        file("service", unit.render()?),
        file("env", settings.render()?),
    ])
}

fn unit(service: &Service, environment_file: String) -> Result<Unit, RenderError> {
    let name = &service.name;
    let program = &service.program;
    let binary = program.entrypoint.rsplit('/').next().unwrap_or(name);
    let mut exec = vec![escape::program(&format!("/usr/local/bin/{binary}"))?];
    for word in &program.serve {
        exec.push(escape::argument(word)?);
    }
    let mut credentials = Vec::new();
    if program.secrets_variable.is_some() {
        credentials = service
            .secret_settings()
            .map(|s| credential(name, s))
            .collect();
        if !credentials.iter().any(|one: &Credential| one.needed) {
            // Without a credential there is no folder of them.
            credentials.clear();
        }
    }
    let low_port = oci::config::ports(service).any(|port| port < 1024);
    // StateDirectory= is relative to /var/lib (systemd.exec(5)).
    let state = service.state_dir.strip_prefix("/var/lib/").unwrap_or(name);
    let link = service.repository.starts_with("https://");
    Ok(Unit {
        description: escape::value(&service.about)?,
        documentation: link
            .then(|| escape::value(&service.repository))
            .transpose()?,
        exec: exec.join(" "),
        stop_seconds: service.drain_seconds() + MARGIN_SECONDS,
        environment_file,
        credentials_variable: program.secrets_variable.clone().unwrap_or_default(),
        credentials,
        state: escape::program(state)?,
        // A capability of a user namespace of its own opens no low port.
        private_users: if low_port { "no" } else { "yes" },
        capabilities: if low_port { "CAP_NET_BIND_SERVICE" } else { "" },
    })
}

fn credential(service: &str, setting: &Setting) -> Credential {
    Credential {
        name: setting.name.clone(),
        file: format!("/etc/{service}/credentials/{}", setting.name),
        // A unit with LoadCredential= of a missing file does not start: others are commented out.
        needed: facts::is_required(setting),
    }
}

fn line(setting: &Setting) -> Result<Line, RenderError> {
    let text = setting.default_text().unwrap_or_default();
    let mut docs = prose::wrapped(&setting.summary(), COLUMNS, "");
    if let Some(allowed) = setting.allowed() {
        docs.extend(prose::wrapped(&format!("Allowed: {allowed}."), COLUMNS, ""));
    }
    Ok(Line {
        docs,
        line: escape::assignment(&setting.name, &text)?,
    })
}

#[cfg(test)]
mod tests;
