use axum::http::HeaderValue;
use fief_client::{FiefAcr, Requirements, internal::RequirementsParts};

use crate::RejectionKind;

/// Constant parts of the `WWW-Authenticate` challenges.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenge {
    /// `None` is `Bearer`.
    scheme: Option<String>,
    realm: Option<String>,
    resource_metadata: Option<String>,
}

impl Challenge {
    pub(crate) fn new(
        scheme: Option<String>,
        realm: Option<String>,
        resource_metadata: Option<String>,
    ) -> Self {
        Self {
            scheme,
            realm,
            resource_metadata,
        }
    }

    /// Returns the `WWW-Authenticate` header of a rejection, if it has one
    /// ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3),
    /// [RFC 9470, section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3),
    /// [RFC 9728, section 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)). Without a parameter it is the scheme alone.
    pub(crate) fn header_value(
        &self,
        kind: &RejectionKind,
        required: &Requirements,
    ) -> Option<HeaderValue> {
        let error = match kind {
            RejectionKind::CrossSite
            | RejectionKind::Misconfigured
            | RejectionKind::Unavailable => return None,
            // No `error` if no credentials were sent (RFC 6750, section 3.1).
            RejectionKind::MissingCredentials => None,
            // RFC 6750 defines no other code for 403.
            RejectionKind::Forbidden | RejectionKind::MissingPermission { .. } => {
                Some("insufficient_scope")
            }
            RejectionKind::AcrTooLow { .. }
            | RejectionKind::AuthTooOld { .. }
            | RejectionKind::Denied
            | RejectionKind::Expired
            | RejectionKind::Invalid
            | RejectionKind::Malformed
            | RejectionKind::MissingScope { .. } => Some(kind.code()),
        };
        let ChallengeParams {
            scope,
            acr,
            max_age,
        } = ChallengeParams::new(kind, required);
        let params = [
            ("realm", self.realm.as_deref()),
            ("error", error),
            ("scope", scope.as_deref()),
            ("acr_values", acr),
            ("max_age", max_age.as_deref()),
            ("resource_metadata", self.resource_metadata.as_deref()),
        ]
        .map(|(name, value)| value.map(|value| format!("{name}={}", quoted(value))));
        let params = params.into_iter().flatten().collect::<Vec<_>>().join(", ");
        // Always a valid value: the builder checks scheme and realm, and the other parameters are ASCII.
        let scheme = self.scheme.as_deref().unwrap_or("Bearer");
        let text = format!("{scheme} {params}");
        Some(HeaderValue::from_str(text.trim_end()).unwrap_or(HeaderValue::from_static("Bearer")))
    }
}

/// What a rejected client should request from Fief, as far as the rejection is about it.
pub(crate) struct ChallengeParams {
    pub(crate) scope: Option<String>,
    pub(crate) acr: Option<&'static str>,
    /// In seconds, as sent.
    pub(crate) max_age: Option<String>,
}

impl ChallengeParams {
    pub(crate) fn new(kind: &RejectionKind, required: &Requirements) -> Self {
        let RequirementsParts {
            scopes,
            acr,
            max_age,
            // A client cannot request permissions.
            permissions: _,
        } = required.parts();
        let (mut needs_scope, mut needs_login) = (false, false);
        match kind {
            RejectionKind::AcrTooLow { .. } | RejectionKind::AuthTooOld { .. } => {
                needs_login = true;
            }
            RejectionKind::MissingCredentials | RejectionKind::MissingScope { .. } => {
                needs_scope = true;
            }
            RejectionKind::CrossSite
            | RejectionKind::Denied
            | RejectionKind::Expired
            | RejectionKind::Forbidden
            | RejectionKind::Invalid
            | RejectionKind::Malformed
            | RejectionKind::Misconfigured
            | RejectionKind::MissingPermission { .. }
            | RejectionKind::Unavailable => {}
        }
        let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(is_scope_param_char);
        let max_age = max_age.filter(|_| needs_login);
        Self {
            scope: needs_scope.then(|| scopes.join(" ")).filter(is_scope),
            acr: acr.filter(|_| needs_login).map(FiefAcr::as_str),
            max_age: max_age.map(|age| age.as_secs().to_string()),
        }
    }
}

/// Returns whether a byte may occur in a `scope` parameter
/// ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)). A `scope` with any other byte is left out
/// of the challenge.
fn is_scope_param_char(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'
}

/// Quotes a string ([RFC 9110, section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
