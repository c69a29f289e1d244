//! The configuration of the image: what a runtime has to know to start the service.
//!
//! Layers are not made here: the list of their digests is empty, and so is the time.

use std::collections::HashMap;

use oci_spec::image::{Arch, Config, ImageConfiguration, Os};
use serde_json::{Map, Value};

use super::{Artefact, File, Project, RenderError, Service};

/// User and group of the process. Numbers, because Kubernetes cannot tell from a name that it is
/// not root.
pub(super) const USER: &str = "65532:65532";

/// What the process is asked to end by.
pub(super) const STOP_SIGNAL: &str = "SIGTERM";

/// The artefact `oci`.
pub const ARTEFACT: Artefact = Artefact {
    name: "oci",
    about: "The configuration of the image, after the OCI image-spec.",
    render,
};

/// `oci/config.json`, after the image-spec's `config.md`.
///
/// # Errors
/// [`RenderError`] where the configuration cannot be written as JSON.
pub fn render(project: &Project) -> Result<Vec<File>, RenderError> {
    let object = object(&configuration(&project.service))?;
    Ok(vec![File::json(
        "oci",
        "oci/config.json",
        "x-generated-by",
        &object,
    )])
}

/// The configuration of an image of `service` for Linux on amd64, without layers.
#[must_use]
pub fn configuration(service: &Service) -> ImageConfiguration {
    let mut config = Config::default();
    config.set_user(Some(USER.to_owned()));
    config.set_exposed_ports(Some(
        ports(service).map(|port| format!("{port}/tcp")).collect(),
    ));
    config.set_entrypoint(Some(vec![service.program.entrypoint.clone()]));
    config.set_cmd(Some(service.program.serve.clone()));
    config.set_volumes(Some(vec![service.state_dir.clone()]));
    config.set_working_dir(Some(service.state_dir.clone()));
    config.set_stop_signal(Some(STOP_SIGNAL.to_owned()));
    let labels: HashMap<String, String> = labels(service).into_iter().collect();
    config.set_labels(Some(labels));
    let mut image = ImageConfiguration::default();
    image.set_architecture(Arch::Amd64);
    image.set_os(Os::Linux);
    image.set_config(Some(config));
    image
}

/// The ports that the service listens on, the one that serves first.
pub(super) fn ports(service: &Service) -> impl Iterator<Item = u16> {
    std::iter::once(service.port_number()).chain(service.metrics_port_number())
}

/// Labels of the image by name, those without a value left out (image-spec, `annotations.md`).
pub(super) fn labels(service: &Service) -> Vec<(String, String)> {
    let labels = [
        ("description", &service.about),
        ("licenses", &service.licenses),
        ("source", &service.repository),
        ("title", &service.name),
        ("version", &service.version),
    ];
    labels
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.clone()))
        .collect()
}

/// `image` as JSON with every key in its place by name: the library keeps labels in a hash map,
/// whose order differs from run to run.
fn object(image: &ImageConfiguration) -> Result<Map<String, Value>, RenderError> {
    let value = serde_json::to_value(image)
        .map_err(|error| RenderError::Facts(format!("the image cannot be described: {error}")))?;
    match sorted(value) {
        Value::Object(object) => Ok(object),
        _ => Err(RenderError::Facts("the image is no JSON object".to_owned())),
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::deploy::sample;

    #[test]
    fn the_image_says_how_it_is_run() {
        let files = render(&sample::project()).unwrap();
        assert_eq!(files[0].path, "oci/config.json");
        let image: Value = serde_json::from_str(&files[0].text).unwrap();
        assert_eq!(image["architecture"], "amd64");
        assert_eq!(image["os"], "linux");
        assert_eq!(image["rootfs"], json!({ "type": "layers", "diff_ids": [] }));
        assert_eq!(image.get("created"), None);
        let config = &image["config"];
        assert_eq!(config["User"], "65532:65532");
        assert_eq!(config["Entrypoint"], json!(["/shop"]));
        assert_eq!(config["Cmd"], json!(["serve"]));
        assert_eq!(
            config["ExposedPorts"],
            json!({ "8000/tcp": {}, "9000/tcp": {} })
        );
        assert_eq!(config["Volumes"], json!({ "/var/lib/shop": {} }));
        assert_eq!(config["WorkingDir"], "/var/lib/shop");
        assert_eq!(config["StopSignal"], "SIGTERM");
        assert_eq!(
            config["Labels"]["org.opencontainers.image.version"],
            "1.2.3"
        );
        assert_eq!(config.get("Env"), None);
    }

    #[test]
    fn it_is_the_same_every_time() {
        let first = render(&sample::project()).unwrap();
        for _ in 0..50 {
            assert_eq!(render(&sample::project()).unwrap(), first);
        }
    }
}
