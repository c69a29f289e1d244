//! A running container, and how findings about it are located.

use serde_json::Value;

use crate::deploy::kustomize::{items, text_at};
use crate::deploy::plan::{self, Tier};
use crate::deploy::service::Service;
use crate::inspect::merged::{DocumentPath, Hazard, MergedObject};
use crate::inspect::object::{Container, Source, Workload};
use crate::inspect::overlay::Group;
use crate::inspect::process::Process;
use crate::inspect::report::{FindingKind, owner};

/// A container of ours, and all that is known of it.
pub(super) struct Running<'a> {
    pub(super) service: &'a Service,
    pub(super) group: &'a Group,
    pub(super) object: &'a MergedObject,
    pub(super) workload: &'a Workload,
    pub(super) sources: &'a [Source],
    /// Its name, and what is written of it.
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    pub(super) container: &'a Container,
    pub(super) process: Process<'a>,
    /// True if the manifests were rendered here, so that nothing may be missing.
    pub(super) rendered: bool,
    /// True if it serves, rather than does one thing and ends.
    pub(super) serves: bool,
}

impl Running<'_> {
    /// The tier of its environment; none where the environment is not known.
    pub(super) fn tier(&self) -> Option<Tier> {
        let name = self.process.text(&self.service.environment)?;
        plan::tier(self.service, &name)
    }

    /// Something wrong at `path` below the container; `key` is what it is called.
    pub(super) fn in_container(
        &self,
        kind: FindingKind,
        path: &[&str],
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Hazard {
        let above = ["spec", "template", "spec", "containers", self.name];
        let whole = [&above, path].concat();
        let key = path.iter().find(|step| **step != "lifecycle");
        self.object
            .hazard(kind, key.unwrap_or(&""), &whole, problem, remedy)
    }

    /// Something wrong with the setting `name`: where it is given, else at the workload.
    pub(super) fn in_setting(
        &self,
        kind: FindingKind,
        name: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Hazard {
        let Some(at) = self.process.given_at(name) else {
            return self.object.hazard(kind, name, &[], problem, remedy);
        };
        Hazard {
            finding: at.finding(kind, name, problem, remedy),
            written_at: DocumentPath {
                file: at.file.clone(),
                object: owner(&at.object).to_owned(),
                path: Vec::new(),
                variable: name.to_owned(),
            },
        }
    }

    /// Checks whether a volume of the pods may outlast them.
    pub(super) fn keeps_files(&self) -> bool {
        let ends = [
            "configMap",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "projected",
            "secret",
        ];
        let outlasts = |volume: &Value| {
            let driver = text_at(volume, "/csi/driver");
            ends.iter().all(|kind| volume[*kind].is_null()) && driver != "secrets-store.csi.k8s.io"
        };
        items(&self.object.value["spec"]["template"]["spec"]["volumes"]).any(outlasts)
            || items(&self.object.value["spec"]["volumeClaimTemplates"])
                .next()
                .is_some()
    }

    /// The most pods that there may be of it.
    pub(super) fn most_pods(&self) -> u64 {
        let count = |whole: &MergedObject, path: &[&str]| whole.find(path).as_u64().unwrap_or(1);
        let scalers = self.group.merged.iter().filter(|scaler| {
            let target = |key| text_at(&scaler.value, key);
            scaler.kind() == "HorizontalPodAutoscaler"
                && scaler.namespace() == self.object.namespace()
                && target("/spec/scaleTargetRef/kind") == self.object.kind()
                && target("/spec/scaleTargetRef/name") == self.object.name()
        });
        let scaled = scalers.map(|scaler| count(scaler, &["spec", "maxReplicas"]));
        scaled.fold(count(self.object, &["spec", "replicas"]), u64::max)
    }
}
