//! Probes, and how a pod ends.

use serde_json::Value;

use super::running::Running;
use crate::deploy::kubernetes::{PRE_STOP_SECONDS, drain_seconds};
use crate::deploy::kustomize::items;
use crate::deploy::plan::Tier;
use crate::deploy::service::{Probes, Service};
use crate::inspect::merged::Hazard;
use crate::inspect::report::FindingKind;

/// Seconds that Kubernetes grants where nothing is said.
const USUAL_GRACE: i64 = 30;

/// A probe.
struct Question<'a> {
    key: &'static str,
    /// The endpoint that answers it first, then others that do.
    paths: Vec<&'a str>,
    /// The harm to pods of a probe of another endpoint.
    harm: &'static str,
}

/// The probes of a container that serves, in an environment of `tier`.
fn questions(probes: &Probes, tier: Option<Tier>) -> [Question<'_>; 3] {
    // In development, and where the environment is not known, one endpoint may serve all three.
    let lenient = tier.is_none_or(|tier| tier == Tier::Development);
    let health = lenient.then_some(probes.health.as_str());
    [
        Question {
            key: "livenessProbe",
            paths: [probes.live.as_str()].into_iter().chain(health).collect(),
            harm: "the kubelet would restart pods for what no restart mends, such as a backend \
                   that is away",
        },
        Question {
            key: "readinessProbe",
            paths: [probes.ready.as_str()].into_iter().chain(health).collect(),
            harm: "pods would get requests that they cannot answer",
        },
        Question {
            key: "startupProbe",
            paths: [probes.startup.as_str(), &probes.live]
                .into_iter()
                .chain(health)
                .collect(),
            harm: "the kubelet would end pods that wait for a backend",
        },
    ]
}

/// Probes that are missing, or ask what another probe is for.
pub(super) fn probes(running: &Running, hazards: &mut Vec<Hazard>) {
    for Question { key, paths, harm } in questions(&running.service.probes, running.tier()) {
        let remedy = || format!("ask {} over HTTP", paths.first().unwrap_or(&""));
        let probe = &running.value[key];
        if let Some(problem) = elsewhere(running, &probe["httpGet"]["port"]) {
            let path = [key, "httpGet", "port"];
            let remedy = "ask the port that serves";
            hazards.push(running.in_container(FindingKind::Probe, &path, problem, remedy));
        }
        let add = |path: &[&str], problem: String| {
            running.in_container(FindingKind::Probe, path, problem, remedy())
        };
        match probe.pointer("/httpGet/path").and_then(Value::as_str) {
            Some(path) if paths.contains(&path) => {}
            Some(path) => {
                let problem = format!("asks {path}: {harm}");
                hazards.push(add(&[key, "httpGet", "path"], problem));
            }
            None if running.rendered => {
                let problem = if probe.is_null() {
                    "is missing"
                } else {
                    "asks no endpoint over HTTP"
                };
                hazards.push(add(&[key], problem.to_owned()));
            }
            None => {}
        }
    }
}

/// A fault of the port of a probe that is not the one that serves.
fn elsewhere(running: &Running, port: &Value) -> Option<String> {
    let serves: u64 = running.process.fact(&running.service.port)?.parse().ok()?;
    let (shown, number) = match port {
        Value::Number(number) => (number.to_string(), number.as_u64()),
        Value::String(name) => {
            let mut ports = items(&running.value["ports"]);
            let named = ports.find(|one| one["name"] == **name);
            (
                name.clone(),
                named.and_then(|one| one["containerPort"].as_u64()),
            )
        }
        _ => return None,
    };
    (number != Some(serves))
        .then(|| format!("goes to the port {shown}, and the service listens on {serves}"))
}

/// Seconds for which the hook waits: the kubelet, or the program itself on clusters that cannot. None
/// of another hook, whose length is not known.
fn pre_stop_seconds(service: &Service, hook: &Value) -> Option<i64> {
    if let Some(seconds) = hook["sleep"]["seconds"].as_i64() {
        return Some(seconds);
    }
    let words: Vec<&str> = items(&hook["exec"]["command"])
        .map(|word| word.as_str().unwrap_or_default())
        .collect();
    let (seconds, words) = words.split_last()?;
    let program = &service.program;
    let known = std::iter::once(&program.entrypoint).chain(program.sleep.as_ref()?);
    words.iter().eq(known).then(|| seconds.parse().ok())?
}

/// Pods that get SIGTERM while requests are still sent to them, or SIGKILL while some are answered.
pub(super) fn drain(running: &Running, hazards: &mut Vec<Hazard>) {
    let hook = ["lifecycle", "preStop"];
    let pre_stop = &running.value["lifecycle"]["preStop"];
    let sleep = pre_stop_seconds(running.service, pre_stop);
    let waits = sleep.unwrap_or(0);
    // An operator may add a hook of unknown length to a program without a `sleep` command.
    let theirs = !pre_stop.is_null() && running.service.program.sleep.is_none();
    if waits < PRE_STOP_SECONDS && (sleep.is_some() || running.rendered && !theirs) {
        let problem = match sleep {
            Some(seconds) => format!("waits for {seconds} s"),
            None if pre_stop.is_null() => "is missing".to_owned(),
            None => "is not known to wait".to_owned(),
        };
        hazards.push(running.in_container(
            FindingKind::Drain,
            &hook,
            format!("{problem}: a pod that ends would still be sent requests"),
            format!("wait for {PRE_STOP_SECONDS} s, in which it leaves its Services"),
        ));
    }
    let setting = running.service.shutdown_timeout.as_deref();
    let text = setting.map(|name| running.process.fact(name));
    // The value cannot be known from here.
    if text == Some(None) {
        return;
    }
    let drain = drain_seconds(running.service, text.flatten().as_deref());
    let path = ["spec", "template", "spec", "terminationGracePeriodSeconds"];
    let grace = running.object.find(&path).as_i64().unwrap_or(USUAL_GRACE);
    // An equal grace period is too short: the process ends only when its last request has.
    if grace <= waits + drain {
        let named = setting.filter(|name| running.service.settings.get(name).is_some());
        let by = named.map_or_else(String::new, |name| format!(" by {name}"));
        hazards.push(running.object.hazard(
            FindingKind::Drain,
            "terminationGracePeriodSeconds",
            &path,
            format!(
                "is {grace}, and a pod takes up to {}: {waits} before SIGTERM, and {drain}{by}",
                waits + drain
            ),
            format!("grant more than {}", waits + drain),
        ));
    }
}
