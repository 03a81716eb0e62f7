use std::time::{SystemTime, UNIX_EPOCH};

use fief_client::FiefAccessTokenInfo;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is known of the changes of a user. Merged in any order, the facts are
/// the same.
///
/// Times are in microseconds of Unix time, by the clock of Fief, except for those
/// of the application.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct UserMark {
    is_deleted: bool,
    /// Whether the account is active.
    account: Switch,
    /// Whether the application accepts the user.
    application: Switch,
    /// When the password was reset.
    reset_at: Option<u64>,
    /// Up to which change the user's sessions were revoked.
    revoked_at: Option<u64>,
    /// When the latest denial was said, in seconds of Unix time, by the clock of the
    /// machine that received it: later than it was changed at Fief.
    said_at: Option<u64>,
    /// Random: another one means that user info has changed.
    info: Option<Uuid>,
    permissions: Option<Change>,
}

/// When something was last reported to be off, and to be on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
struct Switch {
    off_at: Option<u64>,
    on_at: Option<u64>,
}

/// Change of a user's permissions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Change {
    /// Random: another one means another change.
    pub(super) id: Uuid,
    /// When it was reported, in seconds of Unix time, by the clock of the machine.
    pub(super) at: u64,
}

impl UserMark {
    pub(crate) fn denied(at: u64) -> Self {
        let mut mark = Self::default();
        mark.application.off_at = Some(at);
        mark
    }

    pub(crate) fn allowed(at: u64) -> Self {
        let mut mark = Self::default();
        mark.application.on_at = Some(at);
        mark
    }

    /// Returns whether a token is denied.
    pub(super) fn denies(&self, token: &FiefAccessTokenInfo) -> bool {
        // An unknown login is as old as any.
        let is_before_reset = token
            .auth_time()
            .is_none_or(|login| self.is_before_reset(login));
        self.is_deleted || self.account.is_off() || self.application.is_off() || is_before_reset
    }

    /// Returns whether a login creates no session, by its token: that of a deleted
    /// user, one of before a user became inactive, since Fief issues no others then,
    /// and one of before the password was reset. Fief's own session outlasts a reset,
    /// so the token may be newer than that.
    pub(super) fn denies_login(&self, token: &FiefAccessTokenInfo) -> bool {
        let is_before = |off: u64| microseconds(token.issued_at()) <= off;
        let off_at = self.account.off_at.filter(|_| self.account.is_off());
        let is_before_reset = token
            .auth_time()
            .is_some_and(|login| self.is_before_reset(login));
        self.is_deleted || off_at.is_some_and(is_before) || is_before_reset
    }

    fn is_before_reset(&self, login: SystemTime) -> bool {
        self.reset_at
            .is_some_and(|reset| microseconds(login) <= reset)
    }

    /// Returns since when tokens may be denied, in seconds, but not after `now`. A user that
    /// was deleted never comes back.
    pub(super) fn denied_at(&self, now: u64) -> Option<u64> {
        let off_at = |switch: Switch| switch.off_at.filter(|_| switch.is_off());
        let since = off_at(self.account)
            .max(off_at(self.application))
            .max(self.reset_at);
        let said_at = self.said_at.unwrap_or(0);
        let since = since.map(|at| (at / 1_000_000).max(said_at).min(now));
        if self.is_deleted { Some(now) } else { since }
    }

    /// Adds when a denial was said, unless it was known: Fief may deliver an event again.
    pub(super) fn said(mut self, now: u64, known: &Self) -> Self {
        let mut merged = known.clone();
        merged.merge(&self);
        let denials = |mark: &Self| {
            let Self {
                is_deleted,
                account,
                application,
                reset_at,
                ..
            } = *mark;
            (is_deleted, account, application, reset_at)
        };
        if denials(&merged) != denials(known) {
            self.said_at = Some(now);
        }
        self
    }

    pub(super) fn info(&self) -> Option<Uuid> {
        self.info
    }

    pub(super) fn permissions(&self) -> Option<Change> {
        self.permissions
    }

    /// Returns the mark with what another one says.
    #[cfg(feature = "webhooks")]
    pub(crate) fn merged(mut self, newer: &Self) -> Self {
        self.merge(newer);
        self
    }

    /// Adds what another mark says. Its changes replace those that are there.
    pub(super) fn merge(&mut self, newer: &Self) {
        let Self {
            is_deleted,
            account,
            application,
            reset_at,
            revoked_at,
            said_at,
            info,
            permissions,
        } = newer;
        self.is_deleted |= is_deleted;
        self.account.merge(*account);
        self.application.merge(*application);
        self.reset_at = self.reset_at.max(*reset_at);
        self.revoked_at = self.revoked_at.max(*revoked_at);
        self.said_at = self.said_at.max(*said_at);
        self.info = info.or(self.info);
        let known = self.permissions.map_or(0, |change| change.at);
        let change = permissions.map(|change| Change {
            id: change.id,
            at: change.at.max(known),
        });
        self.permissions = change.or(self.permissions);
    }

    /// Returns the mark without its changes: a later one may have been written.
    pub(super) fn without_changes(mut self) -> Self {
        self.info = None;
        self.permissions = None;
        self
    }

    /// Orders what the application says after what it has said before, although
    /// clocks differ.
    pub(super) fn after(mut self, known: &Self) -> Self {
        let Switch { off_at, on_at } = known.application;
        let later = |at: Option<u64>, than: Option<u64>| {
            at.map(|at| than.map_or(at, |than| at.max(than.saturating_add(1))))
        };
        self.application = Switch {
            off_at: later(self.application.off_at, on_at),
            on_at: later(self.application.on_at, off_at),
        };
        self
    }
}

#[cfg(feature = "webhooks")]
impl UserMark {
    pub(crate) fn active(at: u64) -> Self {
        let mut mark = Self::default();
        mark.account.on_at = Some(at);
        mark
    }

    pub(crate) fn inactive(at: u64) -> Self {
        let mut mark = Self::default();
        mark.account.off_at = Some(at);
        mark
    }

    pub(crate) fn deleted() -> Self {
        Self {
            is_deleted: true,
            ..Self::default()
        }
    }

    pub(crate) fn password_reset(at: u64) -> Self {
        Self {
            reset_at: Some(at),
            ..Self::default()
        }
    }

    pub(crate) fn revoked(at: u64) -> Self {
        Self {
            revoked_at: Some(at),
            ..Self::default()
        }
    }

    /// Adds that user info has changed. `id` is random.
    pub(crate) fn with_info(mut self, id: Uuid) -> Self {
        self.info = Some(id);
        self
    }

    /// Adds that permissions have changed. `id` is random, `at` in seconds.
    pub(crate) fn with_permissions(mut self, id: Uuid, at: u64) -> Self {
        self.permissions = Some(Change { id, at });
        self
    }

    /// Returns whether the account is not active, as far as that is known.
    pub(crate) fn is_inactive(&self) -> bool {
        self.account.is_off()
    }

    /// Returns whether the sessions of before a change were revoked.
    pub(crate) fn is_revoked(&self, at: u64) -> bool {
        self.revoked_at.is_some_and(|revoked| revoked >= at)
    }
}

impl Switch {
    /// Returns whether it is off. Of two reports of the same time that counts.
    fn is_off(self) -> bool {
        self.off_at.is_some() && self.off_at >= self.on_at
    }

    fn merge(&mut self, newer: Self) {
        let Self { off_at, on_at } = newer;
        self.off_at = self.off_at.max(off_at);
        self.on_at = self.on_at.max(on_at);
    }
}

/// Returns microseconds of Unix time, which is what Fief stores.
pub(crate) fn microseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
