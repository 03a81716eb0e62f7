//! Metrics, with the feature `metrics`. Without it the functions do nothing.

#[cfg(not(feature = "metrics"))]
pub(crate) use self::off::{keys, rejection, request, token};
#[cfg(feature = "metrics")]
pub(crate) use self::on::{keys, rejection, request, token};

#[cfg(feature = "metrics")]
mod on {
    use http::StatusCode;
    use metrics::{counter, gauge};

    /// Counts an access token: `cached`, `verified`, `expired`, `rejected` or `failed`.
    pub(crate) fn token(outcome: &'static str) {
        counter!("fief_client_access_tokens_total", "outcome" => outcome).increment(1);
    }

    /// Counts what was rejected: an `access_token`, an `id_token` or a `discovery` document. Reasons are few.
    pub(crate) fn rejection(of: &'static str, reason: &'static str) {
        counter!("fief_client_rejections_total", "of" => of, "reason" => reason).increment(1);
    }

    /// Counts a request. There are only as many paths as endpoints.
    pub(crate) fn request(path: String, status: Option<StatusCode>) {
        let status = status.map_or("none".to_owned(), |status| status.as_u16().to_string());
        counter!("fief_client_requests_total", "path" => path, "status" => status).increment(1);
    }

    /// Records that a key set was fetched.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of Unix time are exact for longer than Fief lasts"
    )]
    pub(crate) fn keys(fetched_at: u64) {
        gauge!("fief_client_keys_fetched_at_seconds").set(fetched_at as f64);
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use http::StatusCode;

    pub(crate) fn token(_: &'static str) {}

    pub(crate) fn rejection(_: &'static str, _: &'static str) {}

    pub(crate) fn request(_: String, _: Option<StatusCode>) {}

    pub(crate) fn keys(_: u64) {}
}
