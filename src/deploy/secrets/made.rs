//! Values for the secrets of one environment.
//!
//! Randomness comes from the caller, but for what the service makes itself, such as keys in PEM.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use k8s_openapi::api::core::v1::Secret as KubernetesSecret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::file::{Format, SecretsFile};
use crate::deploy::artefact::Project;
use crate::deploy::emit::RenderError;
use crate::deploy::kubernetes::needed_secrets_in;
use crate::deploy::plan::{Backend, Endpoint, Environment};
use crate::deploy::service::BackendKind;
use crate::deploy::{compose, emit, facts};
use crate::schema::{SET_ME, Secret, Setting};

/// Bytes of a key or a client secret; more than any digest of them.
const KEY_BYTES: usize = 48;

/// Bytes of a password inside a URL.
const PASSWORD_BYTES: usize = 32;

/// Values for what `environment` needs with the settings that it has: a new key for each required
/// secret, and a URL with a new password for each backend. `random` fills the slice it is given.
///
/// # Errors
/// [`RenderError::Facts`] for an environment that does not exist; [`RenderError::Emit`] where the
/// file cannot be written as YAML.
pub fn secrets(
    project: &Project,
    environment: &str,
    format: Format,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<SecretsFile, RenderError> {
    let environment = project.plan.environment(environment)?;
    let mut made = Made {
        values: BTreeMap::new(),
        to_set: Vec::new(),
    };
    for setting in project.service.secret_settings() {
        made.add(project, environment, format, setting, random)?;
    }
    let text = match format {
        Format::Dotenv => dotenv(project, environment, &made.values)?,
        Format::Kubernetes => kubernetes(project, environment, &made.values)?,
        Format::Json => format!("{:#}\n", serde_json::json!(made.values)),
    };
    let known = |name: &String| !made.to_set.contains(name);
    Ok(SecretsFile {
        names: made
            .values
            .keys()
            .filter(|name| known(name))
            .cloned()
            .collect(),
        left_out: {
            let secrets = project.service.secret_settings();
            let names = secrets.map(|setting| setting.name.clone());
            names
                .filter(|name| !made.values.contains_key(name))
                .collect()
        },
        text: Secret::new(text),
        to_set: made.to_set,
    })
}

struct Made {
    values: BTreeMap<String, String>,
    to_set: Vec<String>,
}

impl Made {
    fn add(
        &mut self,
        project: &Project,
        environment: &Environment,
        format: Format,
        setting: &Setting,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(), RenderError> {
        let name = setting.name.clone();
        let backend = project.service.backends.iter().find(|kind| {
            // A URL without a template is no secret, or its form is unknown.
            kind.setting == name && kind.url.is_some()
        });
        if let Some(kind) = backend {
            match endpoint(kind, environment, format)? {
                Some(endpoint) => {
                    let password = self.password(&endpoint, format, random);
                    self.values.insert(name, url(kind, &endpoint, &password));
                    return Ok(());
                }
                None => {
                    if let Some(default) = setting.default_text() {
                        self.values.insert(name, default);
                        return Ok(());
                    }
                }
            }
        }
        let service = &project.service;
        let asked = environment.needs(service, setting)
            || format == Format::Dotenv && !setting.required_in.is_empty();
        let mut needed = needed_secrets_in(service, environment);
        if !(asked || needed.any(|one| one.name == name)) {
            return Ok(());
        }
        // Random text fits a key that is asked for. It fits no URL, and the text in the place of a
        // default is the operator's to know.
        let of_backend = service.backends.iter().any(|kind| kind.setting == name);
        let random_fits = asked && setting.format.is_none() && !of_backend;
        let made = project
            .service
            .make
            .and_then(|make| make(&name, &environment.settings));
        let value = match made {
            Some(made) => made.expose().clone(),
            None if random_fits => encoded::<KEY_BYTES>(random),
            None => {
                self.to_set.push(name.clone());
                SET_ME.to_owned()
            }
        };
        self.values.insert(name, value);
        Ok(())
    }

    /// A new password; in a dotenv file the one of the server, which two settings may share.
    fn password(
        &mut self,
        endpoint: &Endpoint,
        format: Format,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> String {
        let engine = compose::engine(endpoint).filter(|_| format == Format::Dotenv);
        let Some(engine) = engine else {
            return encoded::<PASSWORD_BYTES>(random);
        };
        let variable = engine.password_variable().to_owned();
        let password = self.values.entry(variable);
        password
            .or_insert_with(|| encoded::<PASSWORD_BYTES>(random))
            .clone()
    }
}

/// Endpoint of the backend; none where it lives inside the process or is not used.
fn endpoint(
    kind: &BackendKind,
    environment: &Environment,
    format: Format,
) -> Result<Option<Endpoint>, RenderError> {
    if format == Format::Dotenv {
        return compose::endpoint(kind, environment);
    }
    Ok(match environment.backends.get(&kind.name) {
        Some(Backend::Remote(endpoint)) => Some(endpoint.clone()),
        Some(Backend::Embedded) | None => None,
    })
}

fn url(kind: &BackendKind, endpoint: &Endpoint, password: &str) -> String {
    let host = if endpoint.host.contains(':') {
        format!("[{}]", endpoint.host)
    } else {
        endpoint.host.clone()
    };
    let template = kind.url.as_deref().unwrap_or_default();
    template
        .replace("{scheme}", &endpoint.scheme)
        .replace("{host}", &host)
        .replace("{port}", &endpoint.port.to_string())
        .replace("{password}", password)
}

/// `N` random bytes in base64url (RFC 4648, section 5), which no URL and no file has to escape.
fn encoded<const N: usize>(random: &mut dyn FnMut(&mut [u8])) -> String {
    let mut bytes = [0; N];
    random(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn head(project: &Project, environment: &Environment) -> String {
    format!(
        "# Secrets of {} in {}. Keep this file out of the repository.\n",
        project.service.name, environment.name
    )
}

/// Unquoted, for not every reader of these files takes quotes away. Line breaks of a key in PEM are
/// written as `\n`, which its setting takes.
fn dotenv(
    project: &Project,
    environment: &Environment,
    values: &BTreeMap<String, String>,
) -> Result<String, RenderError> {
    let mut text = head(project, environment);
    for (name, value) in values {
        let is_pem = |setting: &Setting| setting.multiline();
        let pem = project.service.settings.get(name).is_some_and(is_pem);
        let escaped = value.trim_end().replace('\n', "\\n");
        let value = if pem { &escaped } else { value };
        let plain = |letter: char| {
            let odd = if pem { "'\"$`#" } else { " '\"\\$`#" };
            (letter == ' ' || letter.is_ascii_graphic()) && !odd.contains(letter)
        };
        if !value.chars().all(plain) {
            return Err(RenderError::Facts(format!(
                "the default of {name} needs quotes, which not every reader of dotenv files takes \
                 away; use another format"
            )));
        }
        text.extend([name, "=", value, "\n"]);
    }
    Ok(text)
}

fn kubernetes(
    project: &Project,
    environment: &Environment,
    values: &BTreeMap<String, String>,
) -> Result<String, RenderError> {
    let secret = KubernetesSecret {
        metadata: ObjectMeta {
            name: Some(facts::secret(&project.service)),
            namespace: Some(environment.namespace.clone()),
            ..ObjectMeta::default()
        },
        string_data: Some(values.clone()),
        type_: Some("Opaque".to_owned()),
        ..KubernetesSecret::default()
    };
    Ok(head(project, environment) + &emit::yaml(&secret)?)
}

#[cfg(test)]
mod tests;
