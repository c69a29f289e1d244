//! Probes, by which the kubelet checks a pod.

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::HTTP;
use crate::deploy::service::Probes;

/// Delay, period and time-out of a probe in seconds, and the failures it takes.
pub(crate) type Timing = [i32; 4];

/// The probes of the base. Others rely on these numbers, so they do not change.
pub(crate) const STARTUP: Timing = [0, 5, 3, 30];
/// See [`STARTUP`].
pub(crate) const LIVENESS: Timing = [30, 10, 5, 3];
/// See [`STARTUP`].
pub(crate) const READINESS: Timing = [10, 5, 3, 3];

/// Puts the probes of the base into `container`: one path, patient at the start.
pub(super) fn base(probes: &Probes, container: &mut Container) {
    container.startup_probe = Some(probe(&probes.health, STARTUP));
    container.liveness_probe = Some(probe(&probes.health, LIVENESS));
    container.readiness_probe = Some(probe(&probes.health, READINESS));
}

/// A path for each question, so that a backend that is away does not restart the pods; the
/// startup probe holds the others back, so they need no delay of their own.
pub(super) fn split(probes: &Probes, container: &mut Container) {
    container.startup_probe = Some(probe(&probes.startup, [0, 2, 2, 60]));
    container.liveness_probe = Some(probe(&probes.live, [0, 10, 5, 3]));
    container.readiness_probe = Some(probe(&probes.ready, [0, 5, 3, 3]));
}

/// `path`, asked by that timing.
fn probe(path: &str, [delay, period, timeout, failures]: Timing) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(HTTP.to_owned()),
            ..HTTPGetAction::default()
        }),
        initial_delay_seconds: Some(delay),
        period_seconds: Some(period),
        timeout_seconds: Some(timeout),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}
