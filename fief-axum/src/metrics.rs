//! Counters on the `metrics` facade. Without the feature `metrics` they do
//! nothing.

/// Counts a request that was authenticated. `outcome` is `authenticated` or the
/// label of a rejection.
pub(crate) fn request(outcome: &'static str) {
    count("fief_axum_requests_total", "outcome", outcome);
}

/// Counts a rejected request by its label.
pub(crate) fn rejection(error: &'static str) {
    count("fief_axum_rejections_total", "error", error);
}

/// Counts user info that was returned from the `cache` or fetched from `fief`.
pub(crate) fn user(from: &'static str) {
    count("fief_axum_users_total", "from", from);
}

/// Counts a refresh of a session: `refreshed`, `rejected`, `ended` or `failed`.
pub(crate) fn refresh(outcome: &'static str) {
    count("fief_axum_refreshes_total", "outcome", outcome);
}

/// Counts a delivery of a webhook: `handled`, `rejected` or `failed`.
#[cfg(feature = "webhooks")]
pub(crate) fn webhook(outcome: &'static str) {
    count("fief_axum_webhooks_total", "outcome", outcome);
}

#[cfg(feature = "metrics")]
fn count(name: &'static str, label: &'static str, value: &'static str) {
    metrics::counter!(name, label => value).increment(1);
}

#[cfg(not(feature = "metrics"))]
fn count(_: &'static str, _: &'static str, _: &'static str) {}
