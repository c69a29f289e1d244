//! A Dockerfile for those who build the image without Nix.
//!
//! The binary is not compiled in it: a static one is copied onto nothing.

use askama::Template;

use super::artefact::{Artefact, Project};
use super::emit::RenderError;
use super::file::File;
use super::oci::config::{STOP_SIGNAL, USER, labels, ports};

#[derive(Template)]
#[template(path = "deploy/Dockerfile", escape = "none")]
struct Dockerfile {
    image: String,
    binary: String,
    uid: &'static str,
    user: &'static str,
    state_in_files: String,
    state_dir: String,
    volume: String,
    entrypoint: String,
    exec: String,
    command: String,
    healthcheck: Option<String>,
    labels: Vec<(String, String)>,
    ports: Vec<u16>,
    stop_signal: &'static str,
}

#[derive(Template)]
#[template(path = "deploy/dockerignore", escape = "none")]
struct Dockerignore {
    binary: String,
}

/// The artefact `dockerfile`.
pub const ARTEFACT: Artefact = Artefact {
    name: "dockerfile",
    about: "A Dockerfile for those who build the image without Nix.",
    render,
};

/// `Dockerfile` and `Dockerfile.dockerignore`.
///
/// # Errors
/// [`RenderError`] where a name or a path cannot be written into a Dockerfile.
pub fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let service = &project.service;
    let program = &service.program;
    let name = program.entrypoint.rsplit('/').next().unwrap_or_default();
    let binary = format!("target/x86_64-unknown-linux-musl/release/{name}");
    for path in [&service.state_dir, &program.entrypoint] {
        plain_path(path)?;
    }
    let command = |arguments: &[String]| {
        let words = std::iter::once(&program.entrypoint).chain(arguments);
        exec_form(&words.cloned().collect::<Vec<_>>())
    };
    let labels = labels(service).into_iter();
    let labels = labels.map(|(name, value): (String, String)| Ok((name, quoted(&value)?)));
    let dockerfile = Dockerfile {
        image: project.plan.image.reference(),
        binary: binary.clone(),
        uid: USER.split(':').next().unwrap_or(USER),
        user: USER,
        state_in_files: format!("/files{}", service.state_dir),
        state_dir: service.state_dir.clone(),
        volume: exec_form(std::slice::from_ref(&service.state_dir)),
        entrypoint: program.entrypoint.clone(),
        exec: exec_form(std::slice::from_ref(&program.entrypoint)),
        command: exec_form(&program.serve),
        healthcheck: program.healthcheck.as_deref().map(command),
        labels: labels.collect::<Result<_, RenderError>>()?,
        ports: ports(service).collect(),
        stop_signal: STOP_SIGNAL,
    };
    let ignore = Dockerignore { binary };
    Ok(vec![
        File::with_hash_mark(
            service,
            "dockerfile",
            "Dockerfile",
            &(dockerfile.render()? + "\n"),
        ),
        File::with_hash_mark(
            service,
            "dockerfile",
            "Dockerfile.dockerignore",
            &(ignore.render()? + "\n"),
        ),
    ])
}

/// A JSON array of strings: no shell reads it.
fn exec_form(words: &[String]) -> String {
    serde_json::Value::from(words).to_string()
}

/// `text` between double quotes, in which a Dockerfile knows `\`, `"` and `$`.
fn quoted(text: &str) -> Result<String, RenderError> {
    if text.contains(char::is_control) {
        return Err(RenderError::Facts(format!(
            "{text:?} has a control character, and a label must fit on one line"
        )));
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '\\' | '"' | '$') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
    Ok(out)
}

/// Refuses a path that would have to be quoted: in a Dockerfile each instruction quotes its own
/// way.
fn plain_path(path: &str) -> Result<(), RenderError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if path.starts_with('/') && path.bytes().all(plain) {
        return Ok(());
    }
    Err(RenderError::Facts(format!(
        "{path:?} cannot be a path in the image; use an absolute one of letters, digits, . _ and -"
    )))
}

#[cfg(test)]
mod tests;
