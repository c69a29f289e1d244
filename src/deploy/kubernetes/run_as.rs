//! Pods without numeric ids, for clusters whose admission assigns them (`restricted-v2`
//! of `OpenShift`): the rest of the restricted standard stays.

use super::folder::{Folder, Operation, Target};
use crate::deploy::plan::{Component, Environment, RunAs};
use crate::deploy::service::Service;

/// The patch of the Job that migrates; what is in it is part of the Job's name.
pub(super) const JOB_FILE: &str = "run-as-job.yaml";

/// Removes the ids of every pod of `environment`, where the cluster is to assign them.
pub(super) fn patches(folder: &mut Folder, service: &Service, environment: &Environment) {
    if environment.placement.run_as != RunAs::Cluster {
        return;
    }
    let operations = without_ids(environment.has(Component::SecretFiles));
    folder.operations("run-as.yaml", Target::deployment(service), &operations);
    if environment.has(Component::MigrateJob) {
        folder.operations(JOB_FILE, Target::job(service), &operations);
    }
}

/// The steps for a pod of one container, which has a group of files where it has secret `files`.
fn without_ids(files: bool) -> Vec<Operation> {
    const POD: &str = "/spec/template/spec";
    let group = files.then(|| format!("{POD}/securityContext/fsGroup"));
    let ids = ["", "/containers/0"].into_iter().flat_map(|owner| {
        ["runAsUser", "runAsGroup"].map(|id| format!("{POD}{owner}/securityContext/{id}"))
    });
    ids.chain(group).map(Operation::remove).collect()
}
