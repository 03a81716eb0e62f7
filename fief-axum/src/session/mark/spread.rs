use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::session::data::SKEW;

/// When permissions of any user have changed within the last ten minutes, and the
/// last time before that, in seconds of Unix time, in steps of half a minute.
///
/// It is also the content of the record.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct ChangesForAll(Vec<u64>);

impl ChangesForAll {
    /// Adds the changes of another one, and removes those that are too old.
    /// Returns whether there are others now.
    pub(super) fn merge(&mut self, other: &Self, now: u64) -> bool {
        let before = self.0.clone();
        self.0.extend(&other.0);
        // The latest of the old ones stays: sessions that were not used since are due.
        let old = now.saturating_sub(KEPT);
        let latest = self.0.iter().copied().filter(|at| *at <= old).max();
        self.0.retain(|at| *at > old || Some(*at) == latest);
        self.0.sort_unstable();
        self.0.dedup();
        // Of a clock that is wrong.
        let surplus = self.0.len().saturating_sub(MAX);
        self.0.drain(..surplus);
        self.0 != before
    }

    /// Returns whether a session that was last refreshed then is due for a refresh
    /// because of a change.
    ///
    /// The refreshes are spread by the ids of sessions. Each is after the first
    /// minute, so that each is later than the change by the clock of any machine.
    pub(super) fn is_due(&self, session: Uuid, refreshed_at: u64, now: u64) -> bool {
        let offset = session.as_u128() % u128::from(LAST - FIRST);
        let delay = FIRST + u64::try_from(offset).unwrap_or_default();
        self.0
            .iter()
            .any(|at| refreshed_at <= at.saturating_add(SKEW) && now >= at.saturating_add(delay))
    }
}

#[cfg(feature = "webhooks")]
impl ChangesForAll {
    /// Returns a change that is reported now.
    pub(super) fn at(now: u64) -> Self {
        Self(vec![now.checked_next_multiple_of(STEP).unwrap_or(now)])
    }

    pub(super) fn contains(&self, other: &Self) -> bool {
        other.0.iter().all(|at| self.0.contains(at))
    }
}

#[cfg(feature = "webhooks")]
const STEP: u64 = 30;
/// How long after the step a session is refreshed: with the step, within five
/// minutes.
const FIRST: u64 = SKEW + 1;
const LAST: u64 = 270;
/// How long each change is kept, and how many of them.
const KEPT: u64 = 600;
const MAX: usize = 32;

#[cfg(all(test, feature = "webhooks"))]
mod tests {
    use super::*;

    /// A flood of changes refreshes each session within five minutes, and again only
    /// because of later changes.
    #[test]
    fn no_change_postpones_a_refresh() {
        for id in [0, 1, 77, 208, u128::MAX] {
            let id = Uuid::from_u128(id);
            let (mut changes, mut refreshed_at) = (ChangesForAll::default(), 1000);
            let mut refreshes = 0;
            for now in 1000..4600 {
                changes.merge(&ChangesForAll::at(now), now);
                assert!(changes.0.len() <= 23);
                if changes.is_due(id, refreshed_at, now) {
                    assert!(now - refreshed_at <= 300, "{}", now - refreshed_at);
                    refreshed_at = now;
                    refreshes += 1;
                }
            }
            assert!((12..=120).contains(&refreshes), "{refreshes}");
        }
    }
}
