//! The next steps once the manifests are written: the commands that apply them, and those that
//! must go before because a component came or went.

use std::path::Path;

use super::project::{quoted, read};
use crate::deploy::artefact::Project;
use crate::deploy::plan::Plan;
use crate::deploy::plan::{Component, Environment, GitOps};

/// One way of applying, from the first time on: the server keeps who set which field.
const APPLY: &str = "kubectl apply --server-side --field-manager aura";

/// The way of the manifests below `dir` into a cluster, which may be empty: those of the environments
/// that deploy.toml mentions, or of the last one.
pub(super) fn steps(dir: &Path, plan: &Plan) -> String {
    let last = plan.environments.last().map(|last| &last.name);
    let wanted = |environment: &&Environment| match plan.mentioned.as_slice() {
        [] => Some(&environment.name) == last,
        names => names.contains(&environment.name),
    };
    let mut lines = Vec::new();
    for environment in plan.environments.iter().filter(wanted) {
        let overlay = dir.join("k8s/overlays").join(&environment.name);
        let namespace = quoted(&overlay.join("namespace.yaml"));
        let overlay = quoted(&overlay);
        let by = environment.gitops.map(|gitops| match gitops {
            GitOps::ArgoCd => "Argo CD",
            GitOps::Flux => "Flux",
        });
        if let Some(by) = by {
            let tree = quoted(&dir.join("k8s"));
            lines.push(format!("commit {tree}; {by} applies {overlay}"));
            continue;
        }
        // Without a namespace there is nothing in the cluster to compare with.
        lines.push(format!("{APPLY} -f {namespace}"));
        let diff = APPLY.replace("apply", "diff");
        lines.push(format!("{diff} -k {overlay}"));
        lines.push(format!("{APPLY} -k {overlay}"));
    }
    format!("next: {}", lines.join("\n      "))
}

/// The steps before the manifests of `project` are applied over those that are below `dir`
/// now, so that the number of pods does not fall.
pub(super) fn handovers(dir: &Path, project: &Project) -> Vec<String> {
    let environments = project.plan.environments.iter();
    let steps = environments.filter_map(|environment| {
        let overlay = dir.join("k8s/overlays").join(&environment.name);
        let before = read(&overlay.join("kustomization.yaml")).ok()?;
        let had = before
            .lines()
            .any(|line| line.trim() == "- ../../components/ha");
        match (had, environment.has(Component::Ha)) {
            (false, true) => Some(to_the_autoscaler(&project.service.name, environment)),
            // GitOps tools that prune delete the autoscaler with the commit that sets the number.
            (true, false) if environment.gitops.is_some() => None,
            (true, false) => Some(from_the_autoscaler(&project.service.name, environment)),
            _ => None,
        }
    });
    steps.collect()
}

/// A field that its only manager gives up is set to its default. So another one takes it first.
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership>
fn to_the_autoscaler(service: &str, environment: &Environment) -> String {
    let (name, namespace) = (&environment.name, &environment.namespace);
    let replicas = serde_json::json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": service, "namespace": namespace },
        "spec": { "replicas": environment.replicas },
    });
    format!(
        "{name}: the component ha is new. Before the next apply, keep the number of pods, which \
         would be 1 until the autoscaler acts:\n      \
         printf '%s' '{replicas}' | {APPLY}-replicas --force-conflicts --validate=false -f -"
    )
}

fn from_the_autoscaler(service: &str, environment: &Environment) -> String {
    let (name, namespace) = (&environment.name, &environment.namespace);
    format!(
        "{name}: the component ha is gone, and its objects stay in the cluster. Before the next \
         apply, delete them; then apply once with --force-conflicts, because the autoscaler set \
         the number of pods:\n      kubectl delete hpa,pdb {service} -n {namespace}"
    )
}
