//! Health endpoints of the API against the probes of the manifests: path, port, timings.

use serde_json::Value;

use crate::deploy::kubernetes;
use crate::deploy::kubernetes::probes::{LIVENESS, READINESS, STARTUP, Timing};
use crate::deploy::kustomize::items;
use crate::deploy::service::Service;
use crate::inspect::report::FindingKind;
use crate::verify::findings::{Findings, Unseen};
use crate::verify::item::{Group, Item, Look};
use crate::verify::manifests::{NO_BASE, ObjectSet};
use crate::verify::subject::Subject;

/// See the module.
pub(in crate::verify) const GROUP: Group = Group {
    title: "Health",
    items: &[
        Item {
            id: "health-in-api",
            question: "Is every health endpoint of the service in its OpenAPI document?",
            look: Look::Own(in_api),
        },
        Item {
            id: "probe-paths",
            question: "Does every probe ask an endpoint that the API has?",
            look: Look::Own(paths),
        },
        Item {
            id: "probe-questions",
            question: "Does every probe ask its own question, so that no backend's absence restarts \
                       pods?",
            look: Look::Inspection(
                &[FindingKind::Probe],
                "liveness asks for the process, readiness for the whole, startup for the start",
            ),
        },
        Item {
            id: "probe-ports",
            question: "Does every probe go to the port that the service listens on?",
            look: Look::Own(ports),
        },
        Item {
            id: "probe-timings",
            question: "Do the probes of the base have the timings that others rely on?",
            look: Look::Own(timings),
        },
        Item {
            id: "service-port",
            question: "Does the Service lead to the same port?",
            look: Look::Own(service_port),
        },
    ],
};

/// A probe of a container, by its key, and the numbers that it has in the base.
const PROBES: [(&str, Timing); 3] = [
    ("startupProbe", STARTUP),
    ("livenessProbe", LIVENESS),
    ("readinessProbe", READINESS),
];

/// The keys of those numbers, in their order.
const NUMBERS: [&str; 4] = [
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "failureThreshold",
];

/// The document, where the service has one.
fn document(service: &Service) -> Result<&Value, Unseen> {
    let document = service.openapi.as_ref();
    document.ok_or(Unseen("the service has no OpenAPI document"))
}

/// Checks whether `document` has a `GET` of `path` that may answer 200.
fn answers(document: &Value, path: &str) -> bool {
    document["paths"][path]["get"]["responses"]["200"].is_object()
}

fn in_api(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let service = &subject.project.service;
    let document = document(service)?;
    let probes = &service.probes;
    let mut paths = vec![&probes.health, &probes.live, &probes.ready, &probes.startup];
    paths.dedup();
    for path in paths {
        findings.check(
            answers(document, path),
            format!("`GET {path}`"),
            format!("the document has no `GET {path}` that answers 200"),
        );
    }
    Ok(())
}

/// The request of one probe to a container.
struct Asked<'a> {
    container: &'a Value,
    key: &'static str,
    get: &'a Value,
}

/// Looks at the probes of everything that serves, in the base and in every overlay.
fn every_place(
    subject: &Subject,
    findings: &mut Findings,
    look: impl Fn(&ObjectSet, &[Asked], &mut Findings),
) -> Result<(), Unseen> {
    for place in &subject.manifests()?.places {
        let mut asked = Vec::new();
        for container in place.servers() {
            for (key, _) in PROBES {
                let get = &container[key]["httpGet"];
                if get.is_object() {
                    asked.push(Asked {
                        container,
                        key,
                        get,
                    });
                } else {
                    findings.fault(format!("{}: no `{key}` over HTTP", place.name));
                }
            }
        }
        if asked.is_empty() {
            findings.fault(format!("{}: nothing that serves is probed", place.name));
        } else {
            look(place, &asked, findings);
        }
    }
    Ok(())
}

fn paths(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let document = document(&subject.project.service)?;
    every_place(subject, findings, |place, asked, findings| {
        let mut told = Vec::new();
        for Asked { key, get, .. } in asked {
            let path = get["path"].as_str().unwrap_or_default();
            told.push(format!("`{key}` `{path}`"));
            if !answers(document, path) {
                let name = &place.name;
                findings.fault(format!(
                    "{name}: `{key}` asks `{path}`, which the API lacks"
                ));
            }
        }
        findings.seen(format!("{}: {}", place.name, told.join(", ")));
    })
}

fn ports(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let service = &subject.project.service;
    every_place(subject, findings, |place, asked, findings| {
        let (name, wanted) = (&place.name, listens(service, place));
        for Asked {
            container,
            key,
            get,
        } in asked
        {
            match number(container, &get["port"]) {
                Some(found) if found == wanted => {}
                Some(found) => findings.fault(format!(
                    "{name}: `{key}` goes to {found}, and the service listens on {wanted}"
                )),
                None => findings.fault(format!(
                    "{name}: `{key}` goes to {}, which is not a port of the container",
                    get["port"]
                )),
            }
        }
        findings.seen(format!("{name}: {wanted}, which is `{}`", service.port));
    })
}

/// The number of `port`, which is one or the name of one of `container`'s.
fn number(container: &Value, port: &Value) -> Option<u64> {
    let mut ports = items(&container["ports"]);
    let same = |one: &&Value| match port.as_str() {
        Some(name) => one["name"] == name,
        None => one["containerPort"] == *port,
    };
    ports.find(same)?["containerPort"].as_u64()
}

/// The port that the service listens on there: its setting in the ConfigMap, else the default.
fn listens(service: &Service, place: &ObjectSet) -> u64 {
    let setting = service.settings.get(&service.port);
    let map = setting.map(|setting| kubernetes::ObjectRef::of(service, setting).name);
    let map = map.and_then(|name| place.find("ConfigMap", &name));
    let given = map.and_then(|map| map["data"][&service.port].as_str());
    let given = given.and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| service.port_number().into())
}

fn timings(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let base = subject.manifests()?.base();
    let base = base.ok_or(NO_BASE)?;
    for container in base.servers() {
        for (key, wanted) in PROBES {
            let probe = &container[key];
            let found = NUMBERS.map(|number| probe[number].as_i64().unwrap_or_default());
            let [delay, period, timeout, failures] = wanted;
            findings.check(
                found == wanted.map(i64::from),
                format!(
                    "`{key}`: delay {delay} s, period {period} s, time-out {timeout} s, \
                     failures {failures}"
                ),
                format!("`{key}`: {NUMBERS:?} are {found:?}, and were to be {wanted:?}"),
            );
        }
    }
    if *findings == Findings::default() {
        findings.fault("base: nothing serves");
    }
    Ok(())
}

fn service_port(subject: &Subject, findings: &mut Findings) -> Result<(), Unseen> {
    let service = &subject.project.service;
    for place in &subject.manifests()?.places {
        let name = &place.name;
        let Some(object) = place.find("Service", &service.name) else {
            findings.fault(format!("{name}: there is no Service `{}`", service.name));
            continue;
        };
        let wanted = listens(service, place);
        let leads = |port: &Value| {
            // Kubernetes takes the one for the other where it is left out.
            let target = if port["targetPort"].is_null() {
                &port["port"]
            } else {
                &port["targetPort"]
            };
            place
                .servers()
                .any(|container| number(container, target) == Some(wanted))
        };
        findings.check(
            items(&object["spec"]["ports"]).any(leads),
            format!("{name}: Service `{}` leads to {wanted}", service.name),
            format!(
                "{name}: no port of Service `{}` leads to {wanted}",
                service.name
            ),
        );
    }
    Ok(())
}
