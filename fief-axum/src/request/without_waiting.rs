//! Authenticates requests without awaiting, which is possible for nearly all of them.

use axum::http::{HeaderMap, Method, request::Parts};
use fief_client::FiefAccessTokenInfo;

use super::{
    auth::{CredentialSource, RequestAuth},
    authentication::{AuthOutcome, Credential},
    by_cookie,
    read_from::ReadFrom,
};

impl RequestAuth {
    /// Authenticates a request without awaiting, if possible, and returns its token. This is the fast path of
    /// [`Authenticated`](crate::Authenticated).
    ///
    /// `None` says nothing about the request: [`authenticate`](Self::authenticate) decides.
    #[inline]
    pub(crate) fn try_token(parts: &mut Parts) -> Option<FiefAccessTokenInfo> {
        let state = parts.extensions.get_mut::<Self>()?;
        let outcome = state.try_authenticate(&parts.method, &parts.headers)?;
        Some(outcome.as_ref().ok()?.token().clone())
    }

    /// Authenticates without awaiting, if possible.
    ///
    /// Returns `None` if Fief's keys may have to be fetched or awaited to verify a bearer token. Without one, if cookies are
    /// enabled, for every request but those of a session that there is nothing to do for.
    #[inline]
    pub(crate) fn try_authenticate(
        &mut self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Option<&AuthOutcome> {
        if self.known.is_none() || self.is_copy {
            self.try_read(method, headers)?;
        }
        self.outcome()
    }

    /// Authenticates a request, or one that may have the extensions of another one.
    fn try_read(&mut self, method: &Method, headers: &HeaderMap) -> Option<()> {
        // The sources of the application need more than the headers.
        if self.auth().sources.is_some() {
            return None;
        }
        // Only a copy, since comparing the headers takes longer than what else an extractor does.
        if self.is_copy {
            self.forget_other_request(method, headers, None);
        }
        if self.known.is_none() {
            let (outcome, read_from) = match self.source(headers) {
                Ok(CredentialSource::Bearer(token)) => {
                    let validated = self.auth().fief().try_validate_access_token(token)?;
                    let is_denied = match &validated {
                        Ok(token) => self.auth().marks.try_is_denied(token)?,
                        Err(_) => false,
                    };
                    let outcome = Credential::from_bearer(token, validated)
                        .and_then(|credential| credential.unless(is_denied));
                    (outcome, ReadFrom::Bearer)
                }
                Ok(CredentialSource::Cookies) => {
                    let opened = by_cookie::try_session(self.auth(), method, headers)?;
                    (Ok(Credential::OpenedSession(opened)), ReadFrom::Opened)
                }
                Err(kind) => (Err(kind), ReadFrom::Bearer),
            };
            let read_from = match &outcome {
                Ok(_) => read_from,
                Err(_) => ReadFrom::headers(headers),
            };
            // Of cookies, only a request that changes nothing gets here.
            let is_for_safe = matches!(read_from, ReadFrom::Opened);
            self.record_outcome(outcome, read_from, is_for_safe);
        }
        Some(())
    }
}
