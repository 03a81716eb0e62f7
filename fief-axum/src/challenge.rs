use axum::http::HeaderValue;

use crate::RejectionKind;

/// Writes the `WWW-Authenticate` header
/// ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3),
/// [RFC 9470, section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
pub(crate) fn challenge(kind: &RejectionKind) -> Option<HeaderValue> {
    let text = match kind {
        RejectionKind::MissingCredentials => "Bearer".to_owned(),
        RejectionKind::Expired | RejectionKind::Invalid | RejectionKind::Malformed => {
            format!("Bearer error={}", quoted(kind.code()))
        }
        RejectionKind::MissingScope { scope } => {
            format!(
                "Bearer error={}, scope={}",
                quoted(kind.code()),
                quoted(scope)
            )
        }
        RejectionKind::AcrTooLow { required } => {
            format!(
                "Bearer error={}, acr_values={}",
                quoted(kind.code()),
                quoted(required.as_str())
            )
        }
        RejectionKind::AuthTooOld { max_age } => {
            format!(
                "Bearer error={}, max_age={}",
                quoted(kind.code()),
                max_age.as_secs()
            )
        }
        RejectionKind::MissingPermission { .. } | RejectionKind::Forbidden => {
            "Bearer error=\"insufficient_scope\"".to_owned()
        }
        RejectionKind::CrossSite | RejectionKind::Misconfigured | RejectionKind::Unavailable => {
            return None;
        }
    };
    HeaderValue::from_str(&text).ok()
}

/// A quoted string ([RFC 9110, section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
