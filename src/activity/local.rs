//! Counts of this process: the last hour, a minute a slot, and the part that other processes know.

use std::collections::BTreeMap;

use super::counts::Counts;
use crate::clock::Timestamp;

/// Minutes that are kept.
pub(super) const MINUTES: i64 = 60;

/// The minutes since the epoch at `now`.
pub(super) const fn minute(now: Timestamp) -> i64 {
    now.seconds().div_euclid(60)
}

/// When `minute` began.
pub(super) const fn beginning(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute.saturating_mul(60_000))
}

/// The hour of this process.
#[derive(Debug, Default)]
pub(super) struct LocalHour {
    minutes: BTreeMap<i64, Slot>,
    /// The totals when they were last looked at.
    totals: Counts,
}

#[derive(Debug, Default)]
struct Slot {
    counts: Counts,
    /// The part of it that Redis has.
    reported: Option<Counts>,
}

impl LocalHour {
    /// Credits what the `totals` have risen to the minute of `now`, and forgets what is older than
    /// an hour.
    pub(super) fn sample(&mut self, now: Timestamp, totals: Counts) {
        let now = minute(now);
        let risen = totals.since(self.totals);
        self.totals = totals;
        let slot = self.minutes.entry(now).or_default();
        slot.counts = slot.counts.with(risen);
        // A clock that was set back leaves future minutes behind: drop all beyond an hour.
        self.minutes
            .retain(|minute, _| (now - minute).abs() < MINUTES);
    }

    /// The counts of `minute`.
    pub(super) fn at(&self, minute: i64) -> Counts {
        self.minutes
            .get(&minute)
            .map(|slot| slot.counts)
            .unwrap_or_default()
    }

    /// The minutes whose counts Redis does not have as they are.
    pub(super) fn unreported(&self) -> Vec<(i64, Counts)> {
        let unreported = self
            .minutes
            .iter()
            .filter(|(_, slot)| slot.reported.unwrap_or_default() != slot.counts);
        unreported
            .map(|(minute, slot)| (*minute, slot.counts))
            .collect()
    }

    /// Notes that Redis has the counts of `minutes`.
    pub(super) fn mark_reported(&mut self, minutes: &[(i64, Counts)]) {
        for (minute, counts) in minutes {
            if let Some(slot) = self.minutes.get_mut(minute) {
                slot.reported = Some(*counts);
            }
        }
    }

    /// Notes that Redis has lost all counts.
    pub(super) fn mark_lost(&mut self) {
        for slot in self.minutes.values_mut() {
            slot.reported = None;
        }
    }
}

#[cfg(test)]
mod tests;
