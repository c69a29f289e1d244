//! Pods without numeric ids, for clusters whose admission assigns them (`restricted-v2`
//! of `OpenShift`): the rest of the restricted standard stays.

use super::folder::{Folder, Operation, Target};
use super::names;
use crate::deploy::emit::EmitError;
use crate::deploy::plan::{Component, Environment, RunAs};
use crate::deploy::service::Service;

/// The patch of the Job that migrates; what is in it is part of the Job's name.
pub(super) const JOB_FILE: &str = "run-as-job.yaml";

/// Takes the ids out of every pod of `environment`, where the cluster is to assign them.
pub(super) fn patches(
    folder: &mut Folder,
    service: &Service,
    environment: &Environment,
) -> Result<(), EmitError> {
    if environment.placement.run_as != RunAs::Cluster {
        return Ok(());
    }
    let files = environment.has(Component::SecretFiles);
    let deployment = Target {
        kind: "Deployment",
        name: service.name.clone(),
    };
    folder.operations("run-as.yaml", deployment, &without_ids(files))?;
    if environment.has(Component::MigrateJob) {
        let job = Target {
            kind: "Job",
            name: names::job(service),
        };
        folder.operations(JOB_FILE, job, &without_ids(files))?;
    }
    Ok(())
}

/// The steps for a pod of one container, which has a group of files where it has secret `files`.
fn without_ids(files: bool) -> Vec<Operation> {
    const POD: &str = "/spec/template/spec";
    let group = files.then(|| format!("{POD}/securityContext/fsGroup"));
    let ids = ["", "/containers/0"].into_iter().flat_map(|owner| {
        ["runAsUser", "runAsGroup"].map(|id| format!("{POD}{owner}/securityContext/{id}"))
    });
    let remove = |path| Operation {
        op: "remove",
        path,
        value: None,
    };
    ids.chain(group).map(remove).collect()
}
