use axum::http::HeaderValue;
use fief_client::{FiefAcr, Requirements};

use crate::{Error, RejectionKind, resource::Resource, site::bad};

/// What every challenge says, whatever is wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenge {
    realm: Option<String>,
    resource_metadata: Option<String>,
}

impl Challenge {
    pub(crate) fn new(realm: Option<String>, resource: Option<&Resource>) -> Result<Self, Error> {
        let is_text = |realm: &String| realm.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if !realm.as_ref().is_none_or(is_text) {
            return Err(bad("realm: ASCII without control characters"));
        }
        let resource_metadata = resource.map(|resource| resource.metadata_url.clone());
        Ok(Self {
            realm,
            resource_metadata,
        })
    }

    /// Writes the `WWW-Authenticate` header
    /// ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3),
    /// [RFC 9470, section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3),
    /// [RFC 9728, section 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)).
    pub(crate) fn header(
        &self,
        kind: &RejectionKind,
        required: &Requirements,
    ) -> Option<HeaderValue> {
        let error = match kind {
            RejectionKind::CrossSite
            | RejectionKind::Misconfigured
            | RejectionKind::Unavailable => return None,
            RejectionKind::MissingCredentials => None,
            RejectionKind::Forbidden | RejectionKind::MissingPermission { .. } => {
                Some("insufficient_scope")
            }
            _ => Some(kind.code()),
        };
        let acr = required.required_acr().filter(|_| kind.is_step_up());
        let max_age = required.required_max_age();
        let max_age = max_age
            .filter(|_| kind.is_step_up())
            .map(|age| age.as_secs().to_string());
        let is_scope = matches!(
            kind,
            RejectionKind::MissingCredentials | RejectionKind::MissingScope { .. }
        );
        let scope = Some(required.required_scopes().join(" "))
            .filter(|scope| is_scope && !scope.is_empty() && scope.bytes().all(is_scope_char));
        let params = [
            ("realm", self.realm.as_deref()),
            ("error", error),
            ("scope", scope.as_deref()),
            ("acr_values", acr.map(FiefAcr::as_str)),
            ("max_age", max_age.as_deref()),
            ("resource_metadata", self.resource_metadata.as_deref()),
        ]
        .map(|(name, value)| value.map(|value| format!("{name}={}", quoted(value))));
        let params = params.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let text = format!("Bearer {params}");
        Some(HeaderValue::from_str(text.trim_end()).unwrap_or(HeaderValue::from_static("Bearer")))
    }
}

/// A scope that is none by [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) cannot be asked
/// for, so it is not named either.
fn is_scope_char(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'
}

/// A quoted string ([RFC 9110, section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
