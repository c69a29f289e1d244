//! Files that people hand to the command line: `deploy.toml`, `service.toml`, `.env`, manifests.

use aura::deploy::artefact::Project;
use aura::deploy::artefacts::ARTEFACTS;
use aura::deploy::plan::Plan;
use aura::deploy::service::Service;
use aura::deploy::service_file::ServiceFile;
use aura::inspect::input::{Input, Inputs};
use aura::inspect::inspection::inspect;
use aura::inspect::occurrence::occurrences;
use aura::server::service::service;
use serde_json::json;

use super::{Subject, Target};

/// Bytes of findings that any file may lead to.
const FINDINGS: usize = 16 * 1024;

/// `deploy.toml`: what is accepted can be rendered, and what is refused is refused briefly.
pub(super) const DEPLOY_TOML: Target = Target {
    name: "deploy_toml",
    most_bytes: 512 * 1024,
    millis: 1_500,
    millis_per_mib: 8_000,
    words: &[
        "[environments.production]\n",
        "[environments.staging.settings]\n",
        "image = \"ghcr.io/example/aura:1.2.3\"\n",
        "host = \"auth.example.com\"\n",
        "replicas = 2\n",
        "max_replicas = 9\n",
        "namespace = \"x\"\n",
        "components = [\"ha\", \"gateway\"]\n",
        "components = []\n",
        "backends = { database = \"sqlite\" }\n",
        "backends.redis = \"rediss://redis:6379\"\n",
        "resources.limits = { memory = \"256Mi\", cpu = \"1\" }\n",
        "settings = { LOG_LEVEL = \"debug\" }\n",
        "\"\"\"",
        "[[",
        "]",
        "{",
        "}",
        "a.b.c = 1\n",
        "\\u0000",
        "1979-05-27",
        "inf",
    ],
    start: || {
        Box::new(DeployToml {
            service: aura(),
            accepted: 0,
        })
    },
};

/// `service.toml`, and after a line `#schema` the JSON Schema that it names.
pub(super) const SERVICE_TOML: Target = Target {
    name: "service_toml",
    most_bytes: 512 * 1024,
    millis: 1_500,
    millis_per_mib: 8_000,
    words: &[
        "name = \"shop\"\n",
        "version = \"1.4.0\"\n",
        "port = 8000\n",
        "args = [\"uvicorn\", \"app:app\"]\n",
        "[settings]\n",
        "schema = \"s.json\"\n",
        "secrets = [\"A\"]\n",
        "[backends.database]\n",
        "schemes = { postgresql = 5432 }\n",
        "#schema\n",
        "{\"properties\":{",
        "\"a\":{\"type\":\"string\"}",
        "\"anyOf\":[",
        "\"$ref\":\"#/$defs/A\"",
        "\"$defs\":{\"A\":",
        "\"default\":",
        "\"additionalProperties\":",
        "\"writeOnly\":true",
        "}",
        "]",
    ],
    start: || Box::new(ServiceToml),
};

/// A `.env` file.
pub(super) const DOTENV: Target = Target {
    name: "dotenv",
    most_bytes: 512 * 1024,
    millis: 500,
    millis_per_mib: 32_000,
    words: &[
        "export ",
        "=",
        "\"",
        "'",
        "\\n",
        "\\",
        "#",
        " #",
        "\n",
        "JWT_SECRET_KEY=",
        "ENVIRONMENT=production\n",
        "REDIS_AUHT_DB=1\n",
        "DATABASE_URL_FILE=/x\n",
        "__AURA_SET_ME__",
        "$(x)",
        "${X:-y}",
    ],
    start: || {
        Box::new(Settings {
            service: aura(),
            name: ".env",
        })
    },
};

/// Manifests, each after a line `#file NAME`, that `config check --from` reads.
pub(super) const MANIFESTS: Target = Target {
    name: "manifests",
    most_bytes: 512 * 1024,
    millis: 500,
    millis_per_mib: 16_000,
    words: &[
        "#file base/kustomization.yaml\n",
        "#file overlays/production/kustomization.yaml\n",
        "#file .env\n",
        "---\n",
        "kind: ConfigMap\n",
        "kind: Secret\n",
        "kind: Deployment\n",
        "kind: List\nitems:\n",
        "resources: [., .., base, ../../base]\n",
        "patches:\n- path: base/a.yaml\n",
        "$patch: delete\n",
        "&a ",
        "*a",
        "<<: *a\n",
        "? ",
        "- ",
        "  ",
        ": ",
        "|\n",
        ">-\n",
        "!!binary ",
        "{a: ",
        "[",
        "\"",
        "data:\n",
        "stringData:\n",
        "JWT_SECRET_KEY: x\n",
        "~",
    ],
    start: || {
        Box::new(Settings {
            service: aura(),
            name: "a.yaml",
        })
    },
};

fn aura() -> Service {
    let document = json!({"openapi": "3.0.3", "info": {}, "paths": {}});
    service(document).expect("aura as a service")
}

/// The first words of texts, without what differs from input to input.
fn kind<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut kinds: Vec<String> = texts
        .map(|text| {
            let words = text.split_whitespace().take(5);
            words
                .filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
                .collect()
        })
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds.truncate(6);
    kinds.join(", ")
}

/// Checks that what is said of `read` bytes is not much longer than they are.
fn is_brief(said: usize, read: usize) -> Result<(), String> {
    if said > FINDINGS + 64 * read {
        return Err(format!("{said} bytes are said of {read}"));
    }
    Ok(())
}

struct DeployToml {
    service: Service,
    accepted: usize,
}

impl Subject for DeployToml {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(input);
        let plan = match Plan::read(&self.service, Some(("deploy.toml", &text)), false) {
            Ok(plan) => plan,
            Err(faults) => {
                is_brief(faults.to_string().len(), input.len())?;
                return Ok(kind(faults.iter().map(|fault| fault.problem.as_str())));
            }
        };
        self.accepted += 1;
        let warned = kind(plan.warnings.iter().map(|fault| fault.problem.as_str()));
        // Rendering takes long; what was read is much the same each time.
        if self.accepted % 16 == 1 {
            let project = Project {
                service: self.service.clone(),
                plan,
            };
            for artefact in ARTEFACTS.iter().filter(|artefact| artefact.name != "oci") {
                if let Err(error) = (artefact.render)(&project) {
                    return Err(format!("{} of an accepted plan: {error}", artefact.name));
                }
            }
        }
        Ok(format!("accepted, {warned}"))
    }
}

struct ServiceToml;

impl Subject for ServiceToml {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(input);
        let (text, schema) = text.split_once("#schema\n").unwrap_or((&text, "{}"));
        let service = ServiceFile::read("service.toml", text).and_then(|file| file.service(schema));
        match service {
            Ok(service) => Ok(format!("accepted, {}", service.backends.len())),
            Err(faults) => {
                is_brief(faults.to_string().len(), input.len())?;
                Ok(kind(faults.iter().map(|fault| fault.problem.as_str())))
            }
        }
    }
}

struct Settings {
    service: Service,
    name: &'static str,
}

impl Subject for Settings {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(input);
        let mut inputs = Inputs::default();
        for (number, part) in text.split("#file ").enumerate() {
            let (file, text) = match part.split_once('\n') {
                Some((name, text)) if number > 0 => (name, text),
                _ => (self.name, part),
            };
            inputs.inputs.push(Input {
                file: file.to_owned(),
                text: text.to_owned(),
            });
        }
        let report = inspect(&self.service, &inputs);
        let findings = report.findings.iter();
        is_brief(
            findings.map(|finding| finding.to_string().len()).sum(),
            input.len(),
        )?;
        let setting = self
            .service
            .settings
            .get("JWT_SECRET_KEY")
            .expect("a setting");
        let (places, _) = occurrences(setting, &inputs);
        is_brief(
            places.iter().map(|place| place.to_string().len()).sum(),
            input.len(),
        )?;
        let problems = report
            .findings
            .iter()
            .map(|finding| finding.problem.as_str());
        Ok(format!(
            "{} {}",
            report.inspected.len().min(4),
            kind(problems)
        ))
    }
}
