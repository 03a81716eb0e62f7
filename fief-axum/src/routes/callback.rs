//! The callback route, to which Fief redirects the browser with a code or an
//! error.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use fief_client::{LoginAttempt, internal::unix_seconds};

use super::{
    attempt::Attempt,
    callback_query::CallbackQuery,
    callback_response::{Begun, Callback},
    exchange::Exchange,
    login_hook::CallbackRequest,
    outcome::Outcome,
    page::LoginPageKind,
    show::show,
};
use crate::{
    cookie::Jar,
    request::{head::RequestHead, owned::OwnedHead},
    shared::Shared,
};

/// Finishes the login that the `state` in the query identifies, and redirects
/// to the page that the login was started for, or shows why it failed.
pub(super) async fn callback(
    State(auth): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let headers = &parts.headers;
    let Some(site) = auth.site() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(query) = CallbackQuery::parse(query.as_deref().unwrap_or_default()) else {
        return show(site, LoginPageKind::Expired, None);
    };
    let attempt = Attempt::read(
        &site.sessions.cookies,
        Jar::new(headers),
        query.response.state(),
        auth.fief().now(),
    );
    let now = unix_seconds(auth.fief().now());
    let callback = Callback {
        auth: &auth,
        site,
        headers,
        query: &query,
        now,
    };
    let Some(attempt) = attempt else {
        site.address.log_other_host();
        return callback.without_login(None).await;
    };
    let is_late = attempt.is_late(auth.fief().now());
    let Attempt {
        login,
        return_to,
        is_silent,
        without_consent,
        remember,
        ..
    } = attempt;
    let begun = Begun {
        return_to: site
            .return_to(&return_to)
            .unwrap_or_else(|| site.after_login.clone()),
        is_silent,
        without_consent,
    };
    if is_late {
        return callback.late(&begun).await;
    }
    let request = CallbackRequest {
        head: OwnedHead::of(RequestHead::of_parts(&parts)),
        return_to: begun.return_to.clone(),
        is_silent,
        remember,
    };
    let outcome = outcome(&callback, login, request).await;
    callback.response(outcome, &begun).await
}

/// Exchanges the code, if there is one.
async fn outcome(
    callback: &Callback<'_>,
    login: LoginAttempt,
    request: CallbackRequest,
) -> Outcome {
    let Some(key) = callback.query.key() else {
        // Nothing is sent without a code.
        let fief = &callback.site.sessions.fief;
        return match fief
            .request_login_tokens(&login, &callback.query.response)
            .await
        {
            Err(error) => Outcome::NotSent(error.into()),
            Ok(_) => Outcome::OtherCode,
        };
    };
    let response = callback.query.response.clone();
    let exchange = Exchange::new(callback.site, key, login, response, request);
    exchange.run().await
}
