//! Lines of the log that clients can cause again and again.

use std::{sync::LazyLock, time::SystemTime};

use fief_client::internal::{LogLimits, unix_seconds};

/// Logs a line at most once in half a minute, for each place in the code and each client of Fief, with how many were
/// `omitted`. What has no client at hand names `process` instead.
macro_rules! limited {
    ($level:ident, process, $($line:tt)+) => {
        if let Some(omitted) = $crate::log::permit_line() {
            tracing::$level!(omitted, $($line)+);
        }
    };
    ($level:ident, $fief:expr, $($line:tt)+) => {
        if let Some(omitted) = fief_client::internal::permit_line($fief) {
            tracing::$level!(omitted, $($line)+);
        }
    };
}

pub(crate) use limited;

/// As that of fief-client, by the clock of the machine.
#[track_caller]
pub(crate) fn permit_line() -> Option<u64> {
    static LIMITS: LazyLock<LogLimits> = LazyLock::new(LogLimits::default);
    LIMITS.permit(unix_seconds(SystemTime::now()))
}
