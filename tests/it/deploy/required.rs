//! Secrets that settings ask for: what `generate` accepts, the server starts with, once they are
//! filled in; nothing less is rendered, made or checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aura::clock::{Clock, fill_random};
use aura::config::Config;
use aura::deploy::artefact::Project;
use aura::deploy::plan::Plan;
use aura::deploy::secrets::{Format, secrets};
use aura::schema::{Environment, Kind, Setting};
use aura::server::App;
use aura::server::service::service;
use proptest::prelude::*;

use super::{generate, said};
use crate::support::Settings;

/// Texts that some setting takes and others refuse.
const TEXTS: [&str; 6] = [
    "",
    "*",
    "gateway",
    "https://auth.example.com",
    "auth.example.com,example.com",
    "10.0.12.0/28",
];

/// One of the values that may be written for `setting`, wrong ones among them.
fn value(setting: &Setting, choice: usize) -> String {
    match &setting.kind {
        Kind::Enum => setting.variants[choice % setting.variants.len()]
            .value
            .clone(),
        Kind::Boolean => choice.is_multiple_of(2).to_string(),
        Kind::Integer | Kind::Number => {
            let bounds = [&setting.minimum, &setting.maximum];
            let bound = bounds[choice % 2].as_ref().filter(|_| choice % 8 != 7);
            bound.map_or_else(|| choice.to_string(), ToString::to_string)
        }
        Kind::String | Kind::List(_) | Kind::Json => {
            let example = setting.example_text().filter(|_| choice.is_multiple_of(4));
            example.unwrap_or_else(|| TEXTS[choice % TEXTS.len()].to_owned())
        }
    }
}

/// A project whose environments all have `settings`; none where the plan is refused.
fn project(settings: &BTreeMap<String, String>) -> Option<Project> {
    let service = service(serde_json::Value::Null).expect("the facts of aura");
    let lines = settings
        .iter()
        .map(|(name, text)| format!("{name} = {text:?}\n"));
    let lines: String = lines.collect();
    let places = ["development", "staging", "production"];
    let text = places.map(|place| format!("[environments.{place}.settings]\n{lines}"));
    let text = text.concat();
    let plan = Plan::read(&service, Some(("deploy.toml", &text)), false).ok()?;
    Some(Project { service, plan })
}

/// What the pods of an environment are given.
fn variables(project: &Project, place: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let made = secrets(project, place, Format::Json, &mut fill_random).expect("secrets");
    assert!(
        made.to_set.is_empty(),
        "aura can make all of its own secrets"
    );
    let mut all: BTreeMap<String, String> = serde_json::from_str(made.text.expose()).expect("JSON");
    let names = all.keys().cloned().collect();
    let mut places = project.plan.environments.iter();
    let place = places.find(|one| one.name == place).expect("a place");
    all.extend(place.settings.clone());
    (all, names)
}

/// Loads and wires what the server would.
fn start(variables: &BTreeMap<String, String>) -> Result<(), String> {
    let environment: Environment = variables.iter().collect();
    let reader = Config::loader(environment).expect("settings");
    let loaded = Config::load(&reader.strict_names(true)).map_err(|faults| faults.to_string())?;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    App::new(loaded, Clock::system())
        .map(drop)
        .map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_global_rejects: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_server_starts_with_every_configuration_that_generate_accepts(
        choices in prop::collection::vec((any::<prop::sample::Index>(), 0..64_usize), 0..5),
        algorithm in prop::option::weighted(0.5, 0..64_usize),
        client in any::<bool>(),
        place in prop::sample::select(vec!["development", "staging", "production"]),
    ) {
        let known = Config::settings().unwrap();
        let plain: Vec<_> = known.iter().filter(|setting| !setting.secret).collect();
        let mut settings: BTreeMap<_, _> = choices
            .iter()
            .map(|(index, choice)| (index.get(&plain), choice))
            .map(|(setting, choice)| (setting.name.clone(), value(setting, *choice)))
            .collect();
        let algorithm = algorithm.map(|choice| value(known.get("JWT_ALGORITHM").unwrap(), choice));
        settings.extend(algorithm.map(|text| ("JWT_ALGORITHM".to_owned(), text)));
        settings.extend(client.then(|| ("OAUTH_CLIENT_ID".to_owned(), "gateway".to_owned())));
        // Each environment says what it is, and the base has no replicas to keep apart.
        settings.remove("ENVIRONMENT");
        let Some(project) = project(&settings) else {
            return Err(TestCaseError::reject("refused"));
        };
        let (all, names) = variables(&project, place);
        prop_assert_eq!(start(&all), Ok(()), "{}: {:?}", place, settings);
        for name in names.iter().filter(|name| !name.ends_with("_URL")) {
            let mut fewer = all.clone();
            fewer.remove(name);
            prop_assert!(start(&fewer).is_err_and(|why| why.contains(name)), "{}", name);
        }
    }
}

const PLAN: &str = r#"
[environments.production]
components = ["external-secret"]
backends = { upstream = "https://api.example.com" }
[environments.production.settings]
JWT_ALGORITHM = "ES256"
OAUTH_CLIENT_ID = "gateway"
LLM_UPSTREAM_URL = "https://api.example.com/v1"
SERVER_TRUSTED_PROXIES = "10.0.12.0/28"

[environments.staging]
components = ["sealed-secret"]
settings = { JWT_ALGORITHM = "EdDSA", SERVER_TRUSTED_PROXIES = "10.0.12.0/28" }

[environments.development]
settings = { JWT_ALGORITHM = "RS256" }
"#;

async fn rendered(folder: &Path) -> String {
    let plan = folder.join("deploy.toml");
    fs::write(&plan, PLAN).unwrap();
    let config = plan.display().to_string();
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    let done = generate(&[
        "k8s",
        "--config",
        &config,
        "--out",
        &out.display().to_string(),
    ])
    .await;
    assert!(done.status.success(), "{}", said(&done));
    config
}

#[tokio::test]
async fn manifests_secrets_and_checks_ask_for_what_the_settings_need() {
    let folder = tempfile::tempdir().unwrap();
    let config = rendered(folder.path()).await;
    let overlay = |path: &str| {
        let path = folder.path().join("out/k8s/overlays").join(path);
        fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()))
    };
    let external = overlay("production/externalsecret.yaml");
    for name in ["JWT_PRIVATE_KEY", "OAUTH_CLIENT_SECRET", "JWT_SECRET_KEY"] {
        assert!(
            external.contains(&format!("secretKey: \"{name}\"\n")),
            "{external}"
        );
    }
    assert!(overlay("staging/sealedsecret.yaml").contains("JWT_PRIVATE_KEY"));
    assert!(overlay("development/secret.yaml").contains("JWT_PRIVATE_KEY"));

    let make = async |place: &str, file: &str| {
        let out = folder.path().join(file).display().to_string();
        let arguments = [
            "secrets",
            "--config",
            &config,
            "--environment",
            place,
            "--out",
            &out,
        ];
        let done = generate(&arguments).await;
        assert!(done.status.success(), "{}", said(&done));
        fs::read_to_string(&out).unwrap()
    };
    let secret = make("production", "production.yaml").await;
    assert!(
        secret.contains("-----BEGIN PRIVATE KEY-----"),
        "no key in PEM"
    );
    let check = async |path: &Path| {
        let path = path.display().to_string();
        let done = Settings::new()
            .run(&["config", "check", "--strict", "--from", &path])
            .await;
        (done.status.success(), said(&done))
    };
    // The overlay as it would be applied, the ConfigMap of which names ES256.
    let applied = folder.path().join("applied");
    fs::create_dir(&applied).unwrap();
    let kustomized = crate::deploy::manifests::tool("kubectl");
    if let Some(kubectl) = kustomized {
        let at = folder.path().join("out/k8s/overlays/production");
        let built = std::process::Command::new(kubectl)
            .arg("kustomize")
            .arg(at)
            .output()
            .unwrap();
        let text = String::from_utf8(built.stdout).unwrap();
        let all = applied.join("all.yaml");
        fs::write(&all, &text).unwrap();
        assert_eq!(check(&all).await, (true, "ok, in 3 places\n".to_owned()));
        for name in ["JWT_PRIVATE_KEY", "OAUTH_CLIENT_SECRET"] {
            let entry = text.find(&format!("secretKey: {name}\n")).unwrap();
            let start = text[..entry].rfind("  - remoteRef:").unwrap();
            let less = format!("{}{}", &text[..start], &text[entry + name.len() + 12..]);
            fs::write(&all, &less).unwrap();
            let (passes, said) = check(&all).await;
            assert!(
                !passes && said.contains(name) && said.contains("is required"),
                "{said}"
            );
        }
    }
}

/// The line of `text` for each variable, as a container's runtime reads them.
fn lines(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair = |line: &str| {
        line.split_once('=')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    lines.filter_map(pair).collect()
}

#[tokio::test]
async fn the_server_runs_with_made_secrets_of_every_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    let config = rendered(folder.path()).await;
    for (place, algorithm, ending) in [
        ("development", "RS256", "env"),
        ("staging", "EdDSA", "env"),
        ("production", "ES256", "json"),
    ] {
        let out = folder.path().join(format!("{place}.{ending}"));
        let path = out.display().to_string();
        let arguments = [
            "secrets",
            "--config",
            &config,
            "--environment",
            place,
            "--out",
            &path,
        ];
        let done = generate(&arguments).await;
        assert!(done.status.success(), "{}", said(&done));
        let text = fs::read_to_string(&out).unwrap();
        let made = match ending {
            "json" => serde_json::from_str::<BTreeMap<_, _>>(&text)
                .unwrap()
                .into_iter()
                .collect(),
            _ => lines(&text),
        };
        let mut settings = Settings::new()
            .set("ENVIRONMENT", place)
            .set("JWT_ALGORITHM", algorithm)
            .set(
                "OAUTH_CLIENT_ID",
                if place == "production" { "gateway" } else { "" },
            );
        for (name, value) in made.iter().filter(|(name, _)| !name.ends_with("_URL")) {
            settings = settings.set(name, value.as_str());
        }
        assert_eq!(settings.done(&["config", "check"]).await, "ok\n");
        settings.start().await;
    }
}

#[test]
fn a_secret_that_a_store_holds_asks_for_the_settings_that_go_with_it() {
    let service = service(serde_json::Value::Null).expect("the facts of aura");
    let read = |key: &str, settings: &str| {
        let text = format!(
            "[environments.production]\ncomponents = [\"external-secret\"]\n\
             external_secret.keys.{key}.path = \"x\"\n\
             [environments.production.settings]\n{settings}"
        );
        Plan::read(&service, Some(("deploy.toml", &text)), false).map(drop)
    };
    for key in ["OAUTH_CLIENT_SECRET", "OAUTH_PREVIOUS_CLIENT_SECRET"] {
        let refused = read(key, "").expect_err(key).to_string();
        assert!(refused.contains("OAUTH_CLIENT_ID"), "{refused}");
        assert!(read(key, "OAUTH_CLIENT_ID = \"shop\"\n").is_ok(), "{key}");
    }
    let refused = read("LLM_UPSTREAM_API_KEY", "");
    assert!(
        refused.is_ok(),
        "it may be there before its server is named: {refused:?}"
    );
}
