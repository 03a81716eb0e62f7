//! What is counted, where the feature `metrics` is on.

/// Somebody was asked who sent a request: `authenticated`, or the `error` of the answer.
pub(crate) fn request(outcome: &'static str) {
    count("fief_axum_requests_total", "outcome", outcome);
}

/// A request did not reach its handler.
pub(crate) fn rejection(error: &'static str) {
    count("fief_axum_rejections_total", "error", error);
}

/// User info was asked for, and came from `cache` or `fief`.
pub(crate) fn user(from: &'static str) {
    count("fief_axum_users_total", "from", from);
}

/// A session was refreshed: `refreshed`, `refused`, `ended` or `failed`.
pub(crate) fn refresh(outcome: &'static str) {
    count("fief_axum_refreshes_total", "outcome", outcome);
}

#[cfg(feature = "metrics")]
fn count(name: &'static str, label: &'static str, value: &'static str) {
    metrics::counter!(name, label => value).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_: &'static str, _: &'static str, _: &'static str) {}
