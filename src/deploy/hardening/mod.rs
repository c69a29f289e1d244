//! The artefact `hardening`: the demands of scanners on manifests, and which of them each
//! environment meets.
//!
//! A rule is data and a look at the finished objects. Nothing is claimed that was not looked at: a
//! rule that is not met, and that is not waived, is shown as such. Sources are the rules of
//! kube-linter, kube-score, Polaris, kubesec, checkov and Kubescape, and the Pod Security Standards
//! of Kubernetes (PSS). From ground to roof:

/// The finished objects of one environment.
mod objects;

/// Looks at parts of the objects.
mod look;

/// A rule, and its outcome in one environment.
mod rule;

/// Pods as a whole.
mod pod;

/// Containers.
mod container;

/// Images and resources.
mod resources;

/// Probes.
mod probes;

/// Number, place and replacement of pods.
mod scale;

/// Traffic.
mod network;

/// Names, labels and kinds.
mod metadata;

/// Rules that no environment follows.
mod left_out;

/// Every rule, and its outcome for manifests that were given rather than rendered here.
pub(crate) mod rules;

/// The page.
mod page;

#[cfg(test)]
mod tests;

pub(crate) use page::ARTEFACT;
