//! Is all well? What the server stands on, what it did in the last hour, and who else runs.

use std::collections::BTreeMap;

use poem_openapi::Object;
use time::OffsetDateTime;

use crate::activity::{Activity, Counts};
use crate::health::{Health, Report, Status};

/// All that is seen at a glance.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "AdminOverview")]
pub struct Overview {
    /// `unhealthy` where the database does not answer, `degraded` where anything else does not.
    pub status: Status,
    /// The version of the server that answers.
    pub version: String,
    /// When it started.
    pub started_at: OffsetDateTime,
    /// Seconds since then.
    pub uptime_seconds: i64,
    /// Reports of the checks, by name.
    pub checks: BTreeMap<String, Report>,
    /// Counters of the last hour.
    pub last_hour: LastHour,
    /// The servers that run, in the order of their start. One that is silent for 30 seconds is
    /// gone.
    pub replicas: Vec<Replica>,
}

/// Counters of the last hour.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct LastHour {
    /// True for the numbers of all replicas. While Redis is away, or switched off, they
    /// are those of the server that answers.
    pub shared: bool,
    /// All minutes together.
    pub total: Counts,
    /// The 60 minutes, the oldest first; the last one is not over yet.
    pub minutes: Vec<Minute>,
}

/// A minute of the last hour.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Minute {
    /// When it began.
    pub at: OffsetDateTime,
    /// Counters of the minute.
    #[oai(flatten)]
    pub counts: Counts,
}

/// A server that runs.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct Replica {
    /// Names it among the others; another start is another replica.
    pub id: String,
    /// The machine that it runs on; in Kubernetes the name of the pod.
    pub host: String,
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: OffsetDateTime,
    /// When it was last heard of.
    pub last_seen_at: OffsetDateTime,
    /// True for the one that answers.
    pub this_one: bool,
}

impl Overview {
    /// Looks at everything, side by side; within a second, whatever hangs.
    pub async fn look(health: &Health, activity: &Activity) -> Self {
        let (reports, hour) = tokio::join!(health.all(), activity.last_hour());
        let status = roll_up(reports.iter().map(|(name, report)| {
            // As in `/health`: only the database makes the whole unhealthy.
            let vital = *name == crate::health::CheckName::Database;
            (vital, report.status)
        }));
        let checks = reports.into_iter();
        let replicas = hour.replicas.iter().map(|replica| Replica {
            id: replica.id.clone(),
            host: replica.host.clone(),
            version: replica.version.clone(),
            started_at: replica.started_at.to_utc(),
            last_seen_at: replica.last_seen_at.to_utc(),
            this_one: replica.this_one,
        });
        let minutes = hour.minutes.iter().map(|minute| Minute {
            at: minute.at.to_utc(),
            counts: minute.counts,
        });
        Self {
            status,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: activity.started_at().to_utc(),
            uptime_seconds: activity.uptime_seconds(),
            checks: checks
                .map(|(name, report)| (name.as_str().to_owned(), report))
                .collect(),
            last_hour: LastHour {
                shared: hour.shared,
                total: hour.total(),
                minutes: minutes.collect(),
            },
            replicas: replicas.collect(),
        }
    }
}

/// The whole, of checks that are vital or not.
fn roll_up(checks: impl Iterator<Item = (bool, Status)>) -> Status {
    let mut whole = Status::Healthy;
    for (vital, status) in checks {
        match status {
            Status::Healthy | Status::Disabled => {}
            Status::Unhealthy if vital => return Status::Unhealthy,
            Status::Unhealthy | Status::Degraded => whole = Status::Degraded,
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_as_bad_as_what_it_stands_on() {
        use Status::{Degraded, Disabled, Healthy, Unhealthy};
        for (checks, whole) in [
            (vec![], Healthy),
            (vec![(true, Healthy), (false, Disabled)], Healthy),
            (vec![(true, Healthy), (false, Degraded)], Degraded),
            (vec![(true, Healthy), (false, Unhealthy)], Degraded),
            (vec![(false, Unhealthy), (true, Unhealthy)], Unhealthy),
        ] {
            assert_eq!(roll_up(checks.clone().into_iter()), whole, "{checks:?}");
        }
    }
}
