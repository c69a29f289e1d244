//! The way that the image is run: user, ports, command, labels.

use std::collections::BTreeSet;

use oci_spec::image::ANNOTATION_CREATED;
use serde_json::Value;

use super::image::files;
use crate::deploy::kustomize::texts;
use crate::deploy::oci::config::{STOP_SIGNAL, labels, ports};
use crate::deploy::oci::entry::{Entry, Kind};
use crate::deploy::oci::read::layout::Image;
use crate::deploy::service::Service;
use crate::verify::findings::Findings;
use crate::verify::item::{Group, Item, Look};
use crate::verify::manifests::keys;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Running",
    items: &[
        Item {
            id: "image-user",
            question: "Is the user not root, and given by number?",
            look: Look::Images(user),
        },
        Item {
            id: "image-read-only",
            question: "Can the root be read-only: is what the user may write `/tmp` or a volume?",
            look: Look::Images(read_only),
        },
        Item {
            id: "image-ports",
            question: "Are the exposed ports those of the settings?",
            look: Look::Images(exposed),
        },
        Item {
            id: "image-command",
            question: "Does it start what serves, and stop it by the signal that it knows?",
            look: Look::Images(command),
        },
        Item {
            id: "image-labels",
            question: "Do its labels say what it is, and its annotations the same?",
            look: Look::Images(labelled),
        },
        Item {
            id: "image-no-secrets",
            question: "Is no secret among its variables and labels?",
            look: Look::Images(no_secrets),
        },
    ],
};

/// `config` of the configuration, as it is written.
fn config(image: &Image) -> &Value {
    &image.config_json["config"]
}

/// User and group of `image`, where both are numbers.
pub(super) fn numbers(image: &Image) -> Option<(u64, u64)> {
    // Of a user by name, Kubernetes cannot tell whether it is root (`runAsNonRoot`).
    let (user, group) = config(image)["User"].as_str()?.split_once(':')?;
    user.parse().ok().zip(group.parse().ok())
}

fn user(_: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    match numbers(image) {
        Some((user, group)) if user > 0 && group > 0 => {
            findings.seen(format!("user {user}, group {group}"));
        }
        _ => findings.fault(format!("{whose}: the user is {}", config(image)["User"])),
    }
}

fn read_only(service: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let state = &service.state_dir;
    let volumes: Vec<_> = keys(&config(image)["Volumes"]).collect();
    findings.check(
        volumes.contains(&state.as_str()),
        format!("`{state}` is a volume"),
        format!("{whose}: `{state}`, which the service writes to, is not a volume"),
    );
    let tmp = image.find("tmp");
    findings.check(
        tmp.is_some_and(|entry| entry.kind == Kind::Directory && entry.mode == 0o1777),
        "`/tmp` is everybody's, each with files of their own",
        format!("{whose}: `/tmp` is not a folder of mode 1777"),
    );
    let (user, group) = numbers(image).unwrap_or_default();
    let outside = files(image).into_values().filter(|entry| {
        let path = format!("/{}", entry.path);
        let kept = volumes.iter().any(|volume| {
            let rest = path.strip_prefix(volume);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        !kept && path != "/tmp" && is_writable(entry, user, group)
    });
    let outside: Vec<_> = outside.map(|entry| format!("`/{}`", entry.path)).collect();
    findings.none_of(&outside, &format!("{whose}: the user may also write"));
    if outside.is_empty() {
        findings.seen("nothing else can be written by the user");
    }
}

/// Checks whether that user may change it; links are what they lead to.
fn is_writable(entry: &Entry, user: u64, group: u64) -> bool {
    let by = |bit: u32| entry.mode & bit != 0;
    entry.kind != Kind::Link
        && (by(0o002) || entry.gid == group && by(0o020) || entry.uid == user && by(0o200))
}

fn exposed(service: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let wanted: BTreeSet<_> = ports(service).map(|port| format!("{port}/tcp")).collect();
    let found: BTreeSet<_> = keys(&config(image)["ExposedPorts"])
        .map(str::to_owned)
        .collect();
    let list = |ports: &BTreeSet<String>| ports.iter().cloned().collect::<Vec<_>>().join(", ");
    findings.check(
        found == wanted,
        list(&wanted),
        format!(
            "{whose}: it exposes {:?}, and the settings say {}",
            list(&found),
            list(&wanted)
        ),
    );
}

fn command(service: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let program = &service.program;
    let wanted = [
        ("Entrypoint", Value::from(vec![program.entrypoint.clone()])),
        ("Cmd", program.serve.clone().into()),
        ("StopSignal", STOP_SIGNAL.into()),
        ("WorkingDir", service.state_dir.clone().into()),
    ];
    for (key, wanted) in &wanted {
        // An image without arguments leaves `Cmd` out.
        let found = &config(image)[*key];
        findings.check(
            found == wanted || found.is_null() && *wanted == Value::from(Vec::<String>::new()),
            format!("`{key}`: `{wanted}`"),
            format!("{whose}: `{key}` is {found}, and was to be {wanted}"),
        );
    }
}

fn labelled(service: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let wanted = labels(service);
    let labels = &config(image)["Labels"];
    for (name, value) in &wanted {
        findings.check(
            labels[name] == *value,
            format!("`{name}`"),
            format!(
                "{whose}: the label `{name}` is {}, and was to be {value:?}",
                labels[name]
            ),
        );
    }
    findings.check(
        labels[ANNOTATION_CREATED].is_string(),
        format!("`{ANNOTATION_CREATED}`"),
        format!("{whose}: the label `{ANNOTATION_CREATED}` is missing"),
    );
    let annotations = image.manifest.annotations().clone().unwrap_or_default();
    let told = |name: &str| annotations.get(name).map(String::as_str);
    let apart: Vec<_> = keys(labels)
        .filter(|name| told(name) != labels[*name].as_str())
        .map(|name| format!("`{name}`"))
        .collect();
    findings.none_of(
        &apart,
        &format!("{whose}: the annotations say something else of"),
    );
    if apart.is_empty() {
        findings.seen("annotations of the manifest: the same");
    }
}

fn no_secrets(service: &Service, image: &Image, whose: &str, findings: &mut Findings) {
    let variables = texts(&config(image)["Env"]);
    let variables = variables.filter_map(|text| text.split('=').next());
    let found = variables
        .chain(keys(&config(image)["Labels"]))
        .filter(|name| {
            let setting = service.settings.get(name);
            setting.is_some_and(|setting| setting.secret)
        });
    let found: Vec<_> = found.map(|name| format!("`{name}`")).collect();
    findings.check(
        found.is_empty(),
        "no variable and no label is a secret setting",
        format!("{whose}: {}", found.join(", ")),
    );
}
