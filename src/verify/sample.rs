//! A release of the service `shop` for tests: sound in every item, and easy to spoil.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::checkout::Checkout;
use super::error::Unusable;
use super::manifests::Manifests;
use super::subject::{Image, Subject};
use crate::deploy::artefact::Project;
use crate::deploy::oci::read::layout::Layout;
use crate::deploy::plan::Plan;
use crate::deploy::promises::{Build, Library, Names, Page, Promises};
use crate::deploy::service::{Probes, Service};
use crate::deploy::{env_docs, kubernetes, oci, sample};
use crate::inspect::input::Inputs;

/// Files of a checkout or of a tree, by their paths.
pub(super) type Files = BTreeMap<String, String>;

/// The parts of a subject.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) project: Project,
    pub(super) source: Files,
    pub(super) manifests: Files,
    pub(super) layout: Layout,
    /// Says which blob is damaged, where one is.
    pub(super) damaged: Option<String>,
}

impl Draft {
    /// Nothing is wrong with it.
    pub(super) fn sound() -> Self {
        Self::planned("")
    }

    /// The same with that `deploy.toml`.
    pub(super) fn planned(toml: &str) -> Self {
        let service = service();
        let plan = Plan::read(&service, Some(("deploy.toml", toml)), false).unwrap();
        let project = Project { service, plan };
        let tree = (kubernetes::ARTEFACT.render)(&project).unwrap();
        let below = |path: &str| path.strip_prefix("k8s/").unwrap().to_owned();
        let manifests = tree.into_iter().map(|file| (below(&file.path), file.text));
        Self {
            source: source(&project),
            manifests: manifests.collect(),
            layout: oci::sample::layout(&project.service),
            damaged: None,
            project,
        }
    }

    /// All of it as a subject.
    pub(super) fn subject(self) -> Result<Subject, Unusable> {
        let checkout = Checkout::of("source", self.source)?;
        let inputs = Inputs::from_iter(self.manifests);
        let image = match self.damaged {
            Some(which) => Image::Damaged(which),
            None => Image::Whole(Box::new(self.layout)),
        };
        let manifests = Manifests::of("manifests", inputs)?;
        Ok(Subject::new(
            self.project,
            Some(checkout),
            Some(image),
            Some(manifests),
        ))
    }
}

/// The service of the other samples, with promises and a document.
pub(super) fn service() -> Service {
    let mut service = sample::service();
    let answer: Value = json!({ "get": { "responses": { "200": {}, "503": {} } } });
    service.openapi = Some(json!({ "paths": {
        "/health": answer, "/health/live": answer, "/health/ready": answer,
        "/health/startup": answer,
    } }));
    service.probes = Probes::below("/health");
    let page = |path: &str, names| Page {
        path: path.to_owned(),
        names,
    };
    service.promises = Promises {
        libraries: vec![Library {
            name: "serde".to_owned(),
            purpose: "reads what is sold".to_owned(),
        }],
        pages: vec![
            page("docs/first.md", Names::RequiredSettings),
            page("docs/guide.md", Names::Reference),
        ],
        builds: vec![Build {
            path: "build.sh".to_owned(),
            frozen_by: "--locked".to_owned(),
        }],
    };
    service
}

/// The files of its checkout that are looked at.
fn source(project: &Project) -> Files {
    let reference = (env_docs::ARTEFACT.render)(project).unwrap();
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\nversion = \"1.2.3\"\n[dependencies]\nserde = \"1\"\n",
        ),
        ("Cargo.lock", LOCK),
        (".gitignore", "/target\n"),
        (
            "docs/first.md",
            "Set `SIGNING_KEY`, `DATABASE_URL` and `REDIS_URL`.\n",
        ),
        (
            "docs/guide.md",
            "See [all settings](reference/environment.md#general).\n",
        ),
        ("build.sh", "#!/bin/sh\ncargo build --locked --release\n"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let reference = reference.into_iter().map(|file| (file.path, file.text));
    files.into_iter().chain(reference).collect()
}

/// Holds what the sample of a program was built from; see `oci/sample.rs`.
const LOCK: &str = r#"
version = 4

[[package]]
name = "shop"
version = "1.2.3"
dependencies = ["serde"]

[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://example.org/index"
checksum = "00"

[[package]]
name = "cc"
version = "1.2.3"
source = "registry+https://example.org/index"
checksum = "00"

[[package]]
name = "ring_ish"
version = "0.1.0-rc.1+build"
source = "registry+https://example.org/index"
checksum = "00"
"#;
