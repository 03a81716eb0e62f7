//! Authenticates requests by the tokens that the sources of the application found.

use axum::http::request::Parts;
use fief_client::Requirements;
use secrecy::ExposeSecret;

use super::{
    auth::RequestAuth,
    authentication::{AuthOutcome, Credential},
    by_cookie, csrf,
    head::RequestHead,
    read_from::ReadFrom,
    token_source::{FoundTokens, TokenResult},
};

impl RequestAuth {
    /// Authenticates by what the sources of the application found, unless that was done before.
    pub(super) async fn authenticate_by_found(parts: &mut Parts, found: TokenResult) {
        if let Some(state) = parts.extensions.get_mut::<Self>() {
            state.forget_other_request(&parts.method, &parts.headers, Some(&found));
        }
        let Some(state) = parts.extensions.get::<Self>() else {
            return;
        };
        if state.outcome().is_some() {
            return;
        }
        state.mark_varies();
        let outcome = match &found {
            Ok(found) => {
                let head = RequestHead::of_parts(parts);
                state.authenticate_by_tokens(head, found).await
            }
            Err(kind) => Err(kind.clone()),
        };
        if let Some(state) = parts.extensions.get_mut::<Self>() {
            let read_from = ReadFrom::sources(&parts.headers, found);
            let is_for_safe = csrf::is_safe(&parts.method, &parts.headers);
            state.record_outcome(outcome, read_from, is_for_safe);
        }
    }

    /// Authenticates by the tokens of the application's sources, of which an explicit one counts like a bearer token, and
    /// any other like a cookie.
    async fn authenticate_by_tokens(
        &self,
        head: RequestHead<'_>,
        found: &FoundTokens,
    ) -> AuthOutcome {
        let FoundTokens {
            explicit,
            by_browser,
        } = found;
        let Some(token) = explicit else {
            return by_cookie::authenticate(&self.pending, head, by_browser.as_ref()).await;
        };
        let (token, auth) = (token.expose_secret(), self.auth());
        let no_requirements = Requirements::new();
        let validated = auth
            .fief()
            .validate_access_token(token, &no_requirements)
            .await;
        let credential = Credential::from_bearer(token.as_bytes(), validated)?;
        by_cookie::unless_denied(auth, credential).await
    }
}
