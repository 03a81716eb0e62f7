//! The configurations that are explored.

use super::{cookies, replay::Version, state};

const CURRENT: Version = Version {
    keys: &[0],
    is_old: false,
    has_marks: false,
};
const ONE: &[Version] = &[CURRENT];
pub(super) const TWO: &[Version] = &[CURRENT, CURRENT];
const THREE: &[Version] = &[CURRENT, CURRENT, CURRENT];
/// A process of the release before, and one of this.
const DEPLOYMENT: &[Version] = &[
    Version {
        keys: &[0],
        is_old: true,
        has_marks: false,
    },
    CURRENT,
];
const MARKS: Version = Version {
    has_marks: true,
    ..CURRENT
};
pub(super) const TWO_WITH_MARKS: &[Version] = &[MARKS, MARKS];
/// While the session key 0 is replaced by 1: a process that does not seal with
/// the new one yet, and one that does.
const ROTATION: &[Version] = &[
    Version {
        keys: &[0, 1],
        is_old: false,
        has_marks: false,
    },
    Version {
        keys: &[1, 0],
        is_old: false,
        has_marks: false,
    },
];

/// Returns the axes of one login, which is refreshed, logged out and revoked,
/// with this change.
pub(super) fn store(
    processes: &'static [Version],
    change: impl FnOnce(&mut state::Axes),
) -> state::Axes {
    let mut axes = state::Axes {
        processes,
        overwrites: false,
        saves_missing: false,
        budget: state::Budget {
            logins: 1,
            refreshes: 1,
            logouts: 1,
            revocations: 1,
            ..state::Budget::default()
        },
        tasks: 2,
        plant: None,
    };
    change(&mut axes);
    axes
}

/// Returns the axes of a session that is refreshed twice, by pages in any
/// order, and logged out, with this change.
pub(super) fn browser(
    processes: &'static [Version],
    change: impl FnOnce(&mut cookies::Axes),
) -> cookies::Axes {
    let mut axes = cookies::Axes {
        processes,
        ahead: &[0, 0, 0],
        budget: cookies::Budget {
            logins: 1,
            pages: 3,
            logouts: 1,
            due: 2,
            ..cookies::Budget::default()
        },
        plant: None,
    };
    change(&mut axes);
    axes
}

pub(super) fn stores() -> Vec<(&'static str, state::Axes)> {
    let logins = store(ONE, |axes| axes.budget.logins = 2);
    let refreshes = store(TWO, |axes| axes.budget.refreshes = 2);
    let two_logins = store(TWO, |axes| {
        axes.budget.logins = 2;
        axes.budget.refreshes = 0;
    });
    let revocations = store(TWO, |axes| {
        *axes = two_logins;
        axes.budget.logouts = 0;
        axes.budget.revocations = 2;
    });
    let replaces = store(TWO, |axes| {
        *axes = refreshes;
        axes.overwrites = true;
        axes.saves_missing = true;
    });
    let at_once = store(TWO, |axes| {
        *axes = refreshes;
        axes.budget.revocations = 0;
        axes.tasks = 3;
    });
    let fails = store(TWO, |axes| {
        *axes = refreshes;
        axes.budget.revocations = 0;
        axes.budget.failures = 1;
    });
    let cut = store(TWO, |axes| {
        *axes = refreshes;
        axes.budget.logouts = 0;
        axes.budget.revocations = 0;
        axes.budget.cuts = 1;
    });
    let fails_to_revoke = store(TWO, |axes| {
        *axes = two_logins;
        axes.budget.logouts = 0;
        axes.budget.failures = 1;
    });
    let no_keys = store(TWO, |axes| {
        *axes = refreshes;
        axes.budget.revocations = 0;
        axes.budget.unverified = 1;
    });
    let rotation = store(ROTATION, |axes| {
        axes.budget.logins = 2;
        axes.budget.refreshes = 0;
    });
    let denied = store(TWO_WITH_MARKS, |axes| {
        axes.budget.refreshes = 0;
        axes.budget.logouts = 0;
        axes.budget.revocations = 0;
        axes.budget.marks = 1;
    });
    let marks = store(TWO_WITH_MARKS, |axes| {
        *axes = denied;
        axes.budget.logouts = 1;
        axes.budget.refreshes = 1;
        axes.budget.evictions = 1;
    });
    vec![
        ("one process, two logins", logins),
        ("two processes, two refreshes", refreshes),
        ("two processes, two logins", two_logins),
        ("two processes, two revocations", revocations),
        (
            "three processes",
            store(THREE, |axes| axes.budget.logouts = 0),
        ),
        ("a store whose `create` replaces", replaces),
        ("three tasks at once", at_once),
        ("evictions", store(TWO, |axes| axes.budget.evictions = 2)),
        ("crashes", store(TWO, |axes| axes.budget.crashes = 1)),
        ("a store that fails", fails),
        ("a process that loses the store", cut),
        ("a store that fails to revoke", fails_to_revoke),
        (
            "a store that writes late",
            store(TWO, |axes| axes.budget.late = 1),
        ),
        ("keys that cannot be fetched", no_keys),
        ("a session key that is replaced", rotation),
        ("a login of a user that is denied", denied),
        ("marks, and evictions", marks),
        (
            "a deployment",
            store(DEPLOYMENT, |axes| axes.budget.refreshes = 2),
        ),
    ]
}

pub(super) fn browsers() -> Vec<(&'static str, cookies::Axes)> {
    let one = browser(ONE, |axes| {
        axes.budget.logins = 2;
        axes.budget.pages = 2;
        axes.budget.forgets = 1;
    });
    let revocations = browser(TWO, |axes| {
        axes.budget.logins = 2;
        axes.budget.pages = 2;
        axes.budget.due = 1;
        axes.budget.revocations = 1;
    });
    let clocks = browser(TWO, |axes| {
        *axes = revocations;
        axes.budget.pages = 1;
        axes.ahead = &[0, 50];
    });
    let crashes = browser(TWO, |axes| {
        axes.budget.pages = 2;
        axes.budget.crashes = 1;
    });
    vec![
        ("one process", one),
        (
            "two processes",
            browser(TWO, |axes| axes.budget.forgets = 1),
        ),
        (
            "three processes",
            browser(THREE, |axes| axes.budget.logouts = 0),
        ),
        ("revocations", revocations),
        ("clocks that differ", clocks),
        ("crashes", crashes),
        (
            "responses that are lost",
            browser(TWO, |axes| axes.budget.lost = 1),
        ),
        (
            "keys that cannot be fetched",
            browser(TWO, |axes| axes.budget.unverified = 2),
        ),
        ("a session key that is replaced", browser(ROTATION, |_| ())),
    ]
}
