//! Files with one thing wrong each, and files with nothing wrong.

mod hazards;
mod trees;

use super::input::{Input, Inputs};
use super::inspection::inspect;
use super::report::{FindingKind, Report};
use crate::deploy::sample;
use crate::deploy::service::Service;
use crate::schema::{Fault, FaultKind, SET_ME};

const CANARY: &str = "canary-8d1f";

fn report(files: &[(&str, &str)]) -> Report {
    let inputs: Inputs = files.iter().copied().collect();
    inspect(&sample::service(), &inputs)
}

/// Kind, object and key of every finding.
fn found(files: &[(&str, &str)]) -> Vec<(FindingKind, String, String)> {
    let findings = report(files).findings.into_iter();
    findings.map(|f| (f.kind, f.object, f.key)).collect()
}

/// The same of a stream of `documents`.
fn found_in(documents: &[&str]) -> Vec<(FindingKind, String, String)> {
    found(&[("-", &documents.join("---\n"))])
}

fn one(kind: FindingKind, object: &str, key: &str) -> Vec<(FindingKind, String, String)> {
    vec![(kind, object.to_owned(), key.to_owned())]
}

/// The container of [`deployment`] in a report.
const POD: &str = "Deployment prod/shop-backend container c";

fn config(data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop-config\n  namespace: prod\ndata:\n{data}"
    )
}

fn secret(data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop-secrets\n  namespace: prod\nstringData:\n{data}"
    )
}

fn deployment(container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop-backend\n  namespace: prod\n\
         spec:\n  template:\n    spec:\n      enableServiceLinks: false\n      volumes:\n      \
         - name: s\n        secret: {{secretName: shop-secrets}}\n      containers:\n      \
         - name: c\n        image: r/shop:1\n{container}"
    )
}

const BOTH: &str = "        envFrom:\n        - configMapRef: {name: shop-config}\n        - secretRef: {name: shop-secrets}\n";

const NEEDED: &str = "  REGION: eu\n  ENVIRONMENT: production\n";

#[test]
fn correct_files_have_no_findings() {
    let report = report(&[
        ("c.yaml", &config(NEEDED)),
        ("s.yaml", &secret("  SIGNING_KEY: x\n")),
        ("d.yaml", &deployment(BOTH)),
    ]);
    assert_eq!(report.findings, []);
    assert_eq!(report.inspected.len(), 3);
    assert!(report.passes(true));
}

#[test]
fn unknown_keys_are_reported_with_the_nearest_setting() {
    let text = config("  GREETNIG: x\n  TOKIO_WORKER_THREADS: \"1\"\n");
    let report = report(&[("c.yaml", &text)]);
    assert_eq!(
        report.findings[0].to_string(),
        "c.yaml: ConfigMap prod/shop-config: GREETNIG: is not a setting; did you mean GREETING?"
    );
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn a_secret_in_the_open_is_misplaced_and_a_plain_setting_in_a_secret_is_advice() {
    use FindingKind::{Advice, Misplaced};

    let env = "        env:\n        - {name: SIGNING_KEY, value: x}\n        - {name: REGION, value: x}\n";
    for (text, kind, object, key) in [
        (
            config("  SIGNING_KEY: x\n"),
            Misplaced,
            "ConfigMap prod/shop-config",
            "SIGNING_KEY",
        ),
        (
            secret("  GREETING: x\n"),
            Advice,
            "Secret prod/shop-secrets",
            "GREETING",
        ),
        (deployment(env), Misplaced, POD, "SIGNING_KEY"),
    ] {
        assert_eq!(found_in(&[&text]), one(kind, object, key));
    }
}

#[test]
fn a_required_setting_that_nothing_gives_is_missing() {
    let pod = deployment(BOTH);
    let key = secret("  API_KEY: x\n");
    assert_eq!(
        found_in(&[&config(NEEDED), &key, &pod]),
        one(FindingKind::Missing, POD, "SIGNING_KEY")
    );
    // The Secret is filled by somebody else, so it may hold anything.
    assert_eq!(found_in(&[&config(NEEDED), &pod]), []);
    // Not production: not required.
    assert_eq!(found_in(&[&config("  REGION: x\n"), &key, &pod]), []);
}

#[test]
fn what_the_settings_ask_for_is_missing_where_nothing_gives_it() {
    let mut schema = sample::service().schema;
    schema["properties"]["api_key"]["x-required-when"] =
        serde_json::json!({ "GREETING": ["keyed"] });
    let service = Service::new("shop", "1", schema).unwrap();
    let missing = |greeting: &str, key: &str| {
        let config = config(&format!("  REGION: x\n  GREETING: {greeting}\n"));
        let text = [config, secret(key), deployment(BOTH)].join("---\n");
        let inputs = Inputs::from_iter([("-", text)]);
        let findings = inspect(&service, &inputs).findings.into_iter();
        findings
            .map(|one| format!("{}: {}", one.key, one.problem))
            .collect::<Vec<_>>()
    };
    let needed = ["API_KEY: is required for GREETING=keyed, and nothing gives it"];
    assert_eq!(missing("hello", "  SIGNING_KEY: x\n"), [""; 0]);
    assert_eq!(missing("keyed", "  SIGNING_KEY: x\n"), needed);
    assert_eq!(missing("keyed", "  API_KEY: x\n"), [""; 0]);
    // Empty is unset, where a setting may be.
    assert_eq!(missing("keyed", "  API_KEY: \"\"\n"), needed);
}

#[test]
fn secrets_as_files_count_where_the_program_reads_them() {
    let files = "        args: [serve, --secrets-dir=/run/s]\n        volumeMounts:\n        - {name: s, mountPath: /run/s}\n        envFrom:\n        - configMapRef: {name: shop-config}\n";
    let found = |container: &str| {
        let secret = secret("  SIGNING_KEY: x\n");
        found_in(&[&config(NEEDED), &secret, &deployment(container)])
    };
    assert_eq!(found(files), []);
    let variable = "        env:\n        - {name: SETTINGS_DIR, value: /run/s/}\n";
    let unread = files.replace("--secrets-dir=/run/s", "--dev");
    assert_eq!(found(&(unread.clone() + variable)), []);
    assert_eq!(found(&unread)[0].0, FindingKind::Missing);
}

#[test]
fn values_are_read_as_the_service_would_read_them() {
    let text = config("  SERVER_PORT: \"99999\"\n  GREETING: 5\n  REDIS_ENABLED: \"maybe\"\n");
    let report = report(&[("c.yaml", &text)]);
    let problems: Vec<_> = report.findings.iter().map(|f| f.problem.as_str()).collect();
    assert_eq!(
        problems,
        [
            "is a number, and Kubernetes takes texts only",
            "is \"maybe\"",
            "is \"99999\", which is not a whole number in range",
        ]
    );
    let mut kinds = report.findings.iter().map(|f| f.kind);
    assert!(kinds.all(|kind| kind == FindingKind::Invalid));
}

#[test]
fn the_service_has_the_last_word() {
    let mut service = sample::service();
    service.check = Some(|variables| {
        let bad = variables.get("GREETING").is_some_and(|text| text == "boo");
        let fault = Fault::new(FaultKind::Conflict, "GREETING", "frightens", "be kind");
        bad.then_some(fault).into_iter().collect()
    });
    let inputs = Inputs::from_iter([
        ("c", config("  REGION: x\n  GREETING: boo\n")),
        ("d", deployment(BOTH)),
    ]);
    let report = inspect(&service, &inputs);
    assert_eq!(
        report.findings[0].to_string(),
        "c: ConfigMap prod/shop-config: GREETING: frightens; be kind"
    );
}

#[test]
fn the_placeholder_is_a_fault_only_when_asked() {
    let text = secret(&format!("  SIGNING_KEY: {SET_ME}\n"));
    let report = report(&[("s.yaml", &text)]);
    assert_eq!(report.findings[0].kind, FindingKind::Sentinel);
    assert!(report.passes(false) && !report.passes(true));
}

#[test]
fn a_setting_from_two_places_is_a_duplicate() {
    let env = format!("{BOTH}        env:\n        - {{name: GREETING, value: x}}\n");
    let config = config("  REGION: x\n  GREETING: hi\n");
    let twice = found_in(&[&config, &deployment(&env)]);
    assert_eq!(twice, one(FindingKind::Duplicate, POD, "GREETING"));
    let dotenv = found(&[(".env", "GREETING=a\nGREETING=b\n")]);
    assert_eq!(dotenv, one(FindingKind::Duplicate, "", "GREETING"));
}

#[test]
fn pods_with_service_links_get_advice() {
    let text = deployment("        env: [{name: REGION, value: x}]\n")
        .replace("      enableServiceLinks: false\n", "");
    let report = report(&[("d.yaml", &text)]);
    assert_eq!(report.findings[0].key, "enableServiceLinks");
    assert!(report.passes(true));
}

#[test]
fn objects_of_other_services_are_ignored() {
    let other = "kind: Deployment\nmetadata: {name: db}\nspec: {template: {spec: {containers: [{name: c, image: postgres, env: [{name: DATABASE_URL, value: x}]}]}}}\n";
    let maps =
        "kind: ConfigMap\nmetadata: {name: theirs}\ndata: {KEY: x}\n---\nkind: Kustomization\n";
    let report = report(&[
        ("a.yaml", other),
        ("b.yaml", maps),
        ("x.env", "UNRELATED=1\n"),
    ]);
    assert_eq!(report.findings, []);
    assert_eq!(report.inspected, ["x.env"]);
}

#[test]
fn no_secret_is_ever_shown() {
    let open = config(&format!(
        "  SIGNING_KEY: {CANARY}\n  DATABASE_URL: [{CANARY}]\n  GREETNIG: {CANARY}\n"
    ));
    let hidden = secret(&format!(
        "  SIGNING_KEY: \"{CANARY}\\n\\0\"\n  REDIS_URL: \"{CANARY}\\t\"\n  NOPE: {CANARY}\n"
    ));
    let pod = deployment(&format!(
        "{BOTH}        env:\n        - {{name: API_KEY, value: {CANARY}}}\n        - {{name: SIGNING_KYE, value: {CANARY}}}\n"
    ));
    let broken = format!("a: [{CANARY}\n");
    let data =
        format!("kind: Secret\nmetadata: {{name: shop-secrets}}\ndata: {{API_KEY: {CANARY}}}\n");
    let dotenv =
        format!("SIGNING_KEY='{CANARY}\n{CANARY}\nSIGNING_KYE={CANARY}\nAPI_KEY=\"{CANARY}\\n\"\n");
    let report = report(&[
        ("1.yaml", &open),
        ("2.yaml", &hidden),
        ("3.yaml", &pod),
        ("4.yaml", &broken),
        ("5.yaml", &data),
        (".env", &dotenv),
    ]);
    assert!(report.findings.len() > 10, "{report:#?}");
    let shown = format!("{report:?}") + &serde_json::to_string(&report).unwrap();
    assert!(!shown.contains(CANARY), "{shown}");
}

/// A `SealedSecret` with these keys, which all have the value.
fn sealed(keys: &[&str], value: &str) -> String {
    let lines: String = keys
        .iter()
        .map(|key| ["    ", key, ": ", value, "\n"].concat())
        .collect();
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: shop-secrets\n  \
     namespace: prod\nspec:\n  encryptedData:\n"
        .to_owned()
        + &lines
}

/// An `ExternalSecret` that fetches these keys.
fn external(keys: &[&str]) -> String {
    let lines: String = keys
        .iter()
        .map(|key| ["  - secretKey: ", key, "\n"].concat())
        .collect();
    "kind: ExternalSecret\nmetadata: {name: e, namespace: prod}\nspec:\n  \
     target: {name: shop-secrets}\n  data:\n"
        .to_owned()
        + &lines
}

#[test]
fn a_secret_that_is_sealed_or_fetched_has_the_keys_of_the_settings() {
    use FindingKind::{Missing, Unknown};

    let cipher = "Ag".repeat(300);
    let given = |keys: &[&str]| [sealed(keys, &cipher), external(keys)];
    let found = |secret: &str| found_in(&[&config(NEEDED), secret, &deployment(BOTH)]);
    for secret in given(&["SIGNING_KEY"]) {
        assert_eq!(found(&secret), []);
    }
    for secret in given(&["API_KEY"]) {
        assert_eq!(found(&secret), one(Missing, POD, "SIGNING_KEY"));
    }
    for (secret, object) in given(&["SIGNING_KEY", "SIGNING_KYE"])
        .into_iter()
        .zip(["SealedSecret prod/shop-secrets", "ExternalSecret prod/e"])
    {
        assert_eq!(found(&secret), one(Unknown, object, "SIGNING_KYE"));
    }
    // It may make any key.
    let open = external(&["API_KEY"]) + "  dataFrom: [{extract: {key: x}}]\n";
    assert_eq!(found(&open), []);
    // The Secret that came of it is here as well, and says more.
    let both = [secret("  SIGNING_KEY: x\n"), external(&["SIGNING_KEY"])].join("---\n");
    assert_eq!(found(&both), []);
}

#[test]
fn an_unsealed_value_is_reported_and_not_shown() {
    let object = "SealedSecret prod/shop-secrets";
    let open = sealed(&["SIGNING_KEY"], CANARY);
    let report = report(&[("s.yaml", &open)]);
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    assert_eq!(report.findings[0].problem, "is not sealed");
    assert!(!format!("{report:?}").contains(CANARY));
    let template = sealed(&["SIGNING_KEY"], SET_ME);
    assert_eq!(
        found(&[("s.yaml", &template)]),
        one(FindingKind::Sentinel, object, "SIGNING_KEY")
    );
}
