//! Strings that YAML would read as something else come out of kubectl as they went in.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use aura::deploy::artefact::Project;
use aura::deploy::artefacts::ARTEFACTS;
use aura::deploy::emit::yaml;
use aura::deploy::plan::Plan;
use aura::server::service::service;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::manifests::tool;

/// What other programs have stumbled over.
const ODD: &[&str] = &[
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "true",
    "null",
    "~",
    "",
    " ",
    " a",
    "a ",
    "0123",
    "0o17",
    "0x1f",
    "1e3",
    "1_000",
    ".5",
    ".inf",
    "-",
    "- a",
    "? a",
    "a: b",
    "a #b",
    "#",
    "2024-01-01",
    "12:34:56",
    "{a}",
    "[a]",
    "&a",
    "*a",
    "!a",
    "%a",
    "@a",
    "`a",
    "|",
    ">",
    "'",
    "\"",
    "\\",
    "\\n",
    "é",
    "日本",
    "\u{feff}",
    "\u{2028}",
    "😀",
    "a,b",
    "\"a\": 1",
    "---",
    "...",
];

/// `values` through the emitter and `kubectl kustomize`.
fn through(kubectl: &Path, values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "odd" },
        "data": values,
    });
    let list = json!({ "resources": ["odd.yaml"] });
    for (name, value) in [("odd.yaml", &object), ("kustomization.yaml", &list)] {
        std::fs::write(folder.path().join(name), yaml(value).expect("YAML")).expect("a file");
    }
    let done = Command::new(kubectl)
        .arg("kustomize")
        .arg(folder.path())
        .output()
        .expect("kubectl");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    let built: Value = serde_saphyr::from_str(&text).expect("YAML");
    serde_json::from_value(built["data"].clone()).expect("strings")
}

#[test]
fn strings_survive_the_emitter_and_kustomize() {
    let Some(kubectl) = tool("kubectl") else {
        return;
    };
    let mut texts: Vec<String> = ODD.iter().map(|text| (*text).to_owned()).collect();
    // As settings have them: anything printable.
    let any = "\\PC{0,24}";
    let mut runner = TestRunner::deterministic();
    for _ in 0..500 {
        let tree = any.new_tree(&mut runner).expect("a text");
        texts.push(tree.current());
    }
    let values: BTreeMap<String, String> = texts
        .into_iter()
        .enumerate()
        .map(|(number, text)| (format!("K{number:04}"), text))
        .collect();
    assert_eq!(through(&kubectl, &values), values);
}

#[test]
fn a_thousand_orders_give_the_same_bytes() {
    let entries: Vec<(String, String)> = ('a'..='z')
        .map(|letter| (letter.to_string(), letter.to_string()))
        .collect();
    let text = |entries: &[(String, String)]| {
        let data: serde_json::Map<String, Value> = entries
            .iter()
            .map(|(name, text)| (name.clone(), json!(text)))
            .collect();
        yaml(&json!({ "kind": "ConfigMap", "data": data, "apiVersion": "v1" })).expect("YAML")
    };
    let first = text(&entries);
    let mut runner = TestRunner::deterministic();
    let orders = Just(entries).prop_shuffle();
    for _ in 0..1000 {
        let order = orders.new_tree(&mut runner).expect("an order").current();
        assert_eq!(text(&order), first);
    }
}

/// A plan in parts that may stand in any order: tables, and the lines of each.
const PARTS: [(&str, &[&str]); 5] = [
    (
        "environments.production",
        &[
            "host = \"auth.example.com\"",
            "replicas = 4",
            "components = [\"ha\", \"monitoring\", \"network-policy\", \"migrate-job\"]",
            "image = \"registry.example.com/aura:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
        ],
    ),
    (
        "environments.production.settings",
        &[
            "SERVER_PORT = 8080",
            "LOG_LEVEL = \"warn\"",
            "AUTH_REGISTRATION = \"closed\"",
            "SERVER_TRUSTED_PROXIES = \"10.0.12.4\"",
        ],
    ),
    (
        "environments.production.backends",
        &[
            "database = \"postgres://db.data:5433\"",
            "redis = \"rediss://cache.example.com\"",
        ],
    ),
    (
        "environments.staging",
        &[
            "namespace = \"try\"",
            "components = [\"secret-files\", \"network-policy\"]",
        ],
    ),
    (
        "environments.staging.resources.limits",
        &[
            "cpu = \"2\"",
            "memory = \"1Gi\"",
            "ephemeral-storage = \"1Gi\"",
        ],
    ),
];

#[test]
fn a_thousand_orders_of_a_plan_give_the_same_files() {
    let mut project = Project {
        service: service(json!({ "openapi": "3.0.0" })).expect("aura"),
        plan: Plan::read(&service(json!({})).expect("aura"), None, false).expect("a plan"),
    };
    let mut runner = TestRunner::deterministic();
    let mut first = None;
    for run in 0..1000 {
        let mut order = |count: usize| {
            let order = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
            order.new_tree(&mut runner).expect("an order").current()
        };
        let mut text = String::new();
        for part in order(PARTS.len()) {
            let (table, lines) = PARTS[part];
            text.extend(["[", table, "]\n"]);
            for line in order(lines.len()) {
                text.extend([lines[line], "\n"]);
            }
        }
        let file = Some(("deploy.toml", text.as_str()));
        project.plan = Plan::read(&project.service, file, true).expect("a plan");
        let environments = format!("{:?}", project.plan.environments);
        // Files are a function of the plan; that they are is looked at now and then.
        let files = (run % 50 == 0).then(|| {
            let render = |artefact: &aura::deploy::artefact::Artefact| (artefact.render)(&project);
            let files = ARTEFACTS.iter().map(render);
            files.collect::<Result<Vec<_>, _>>().expect("files")
        });
        let (plan, rendered) = first.get_or_insert_with(|| (environments.clone(), files.clone()));
        assert_eq!(*plan, environments, "{text}");
        assert!(files.is_none() || files == *rendered, "{text}");
    }
}
