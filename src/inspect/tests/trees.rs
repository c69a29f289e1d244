//! Overlays with their bases, and what is rendered here.

use super::*;
use crate::schema::{Fault, FaultKind};

/// A base with these settings, a pod and a Secret, and overlays: name, a line of the kustomization,
/// and a patch.
fn tree(base: &str, overlays: &[(&str, &str, &str)]) -> Inputs {
    let list = "resources: [c.yaml, d.yaml, s.yaml]\n".to_owned();
    let mut files = vec![
        ("base/kustomization.yaml".to_owned(), list),
        ("base/c.yaml".to_owned(), config(base)),
        ("base/d.yaml".to_owned(), deployment(BOTH)),
        ("base/s.yaml".to_owned(), secret("  SIGNING_KEY: x\n")),
    ];
    for (name, line, patch) in overlays {
        let list = format!("{line}resources: [../../base]\npatches: [{{path: p.yaml}}]\n");
        files.push((format!("overlays/{name}/kustomization.yaml"), list));
        files.push((format!("overlays/{name}/p.yaml"), (*patch).to_owned()));
    }
    Inputs::from_iter(files)
}

#[test]
fn an_overlay_is_inspected_with_its_base() {
    let patch = config("  ENVIRONMENT: production\n  SERVER_PORT: \"0\"\n");
    let gone = "kind: Secret\nmetadata: {name: shop-secrets}\n$patch: delete\n";
    let overlays = [("a", "namespace: a\n", patch.as_str()), ("b", "", gone)];
    let inputs = tree("  REGION: eu\n  GREETING: hi\n", &overlays);
    let report = inspect(&sample::service(), &inputs);
    let shown: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "overlays/a/p.yaml: ConfigMap prod/shop-config: SERVER_PORT: is \"0\", which is not a \
             whole number in range; allowed: 1 to 65535"
        ]
    );
    let mut titles = report.inspected.iter();
    assert!(titles.any(|title| title.ends_with("Deployment a/shop-backend")));
}

#[test]
fn a_default_left_by_an_overlay_is_reported_at_the_overlay() {
    let mut service = sample::service();
    service.check = Some(|variables| {
        let is = |name: &str, text: &str| variables.get(name).is_some_and(|given| given == text);
        let open = is("ENVIRONMENT", "production") && !is("GREETING", "own");
        let fault = Fault::new(FaultKind::Advice, "GREETING", "is anybody's", "");
        open.then_some(fault).into_iter().collect()
    });
    let told = |base: &str, patch: &str| {
        let patch = config(&format!("  ENVIRONMENT: production\n{patch}"));
        let inputs = tree(&format!("  REGION: eu\n{base}"), &[("a", "", &patch)]);
        let found = inspect(&service, &inputs).findings.into_iter();
        found.map(|one| one.file).collect::<Vec<_>>()
    };
    // "hello" is the default.
    assert_eq!(told("  GREETING: hello\n", ""), ["overlays/a/p.yaml"]);
    assert_eq!(told("", ""), ["overlays/a/p.yaml"]);
    assert_eq!(told("  GREETING: hi\n", ""), ["base/c.yaml"]);
    assert_eq!(told("  GREETING: hello\n", "  GREETING: own\n"), [""; 0]);
}

#[test]
fn rendered_files_have_only_placeholders_to_set() {
    let project = sample::project();
    let mut inputs = Inputs::default();
    for artefact in crate::deploy::artefacts::ARTEFACTS {
        let files = (artefact.render)(&project).unwrap();
        let files = files.into_iter().map(|file| Input {
            file: file.path,
            text: file.text,
        });
        inputs.inputs.extend(files.filter(|input| {
            let endings = [".yaml", ".env"];
            endings.iter().any(|ending| input.file.ends_with(ending))
        }));
    }
    let report = inspect(&project.service, &inputs);
    let faults: Vec<_> = report.faults(false).map(ToString::to_string).collect();
    assert_eq!(faults, Vec::<String>::new());
    let mut titles = report.inspected.iter();
    assert!(
        titles.any(|title| title.contains("Deployment shop-production/")),
        "{report:#?}"
    );
}

#[test]
fn an_overlay_without_its_base_is_reported() {
    let patch = config("  SERVER_PORT: \"0\"\n");
    let files = [
        (
            "kustomization.yaml",
            "resources: [../../base]\npatches: [{path: p.yaml}, {path: d.yaml}]\n",
        ),
        ("p.yaml", &patch),
        (
            "d.yaml",
            "kind: Deployment\nmetadata: {name: shop-backend}\nspec: {template: {spec: {containers: [{name: c}]}}}\n",
        ),
    ];
    let kinds: Vec<_> = found(&files)
        .into_iter()
        .map(|(kind, _, key)| (kind, key))
        .collect();
    assert_eq!(
        kinds,
        [
            (FindingKind::Unreadable, "../../base".to_owned()),
            (FindingKind::Invalid, "SERVER_PORT".to_owned()),
        ]
    );
}
