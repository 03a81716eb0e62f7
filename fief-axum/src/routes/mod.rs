//! The login, callback and logout routes of a web application, the route of its
//! current user, and the route of its resource metadata.
//!
//! A login takes two requests. The login route redirects to Fief and stores an
//! [`Attempt`](attempt::Attempt) in a cookie; the callback route verifies the
//! response against it and creates the session. What goes wrong is shown as a
//! [`LoginPage`].
//!
//! # The states of an attempt
//!
//! A code can be used once, so the code of an attempt is sent to Fief once, and
//! what Fief returns for it is not lost. The attempt and its code together are
//! the key: with another code, an attempt that is no longer *begun* is rejected.
//!
//! | state | where it is | the same callback |
//! | --- | --- | --- |
//! | begun | the attempt's cookie, for 10 minutes | exchanges the code |
//! | late | the attempt's cookie, for an hour | the attempt's page if a session is active, else 400 with a link to a login that returns there |
//! | exchanging | a task of this process, which also calls the application's hook, and the attempt's record | joins the task; on another machine it waits 2 seconds, then 503 |
//! | kept | the tokens in this process, and in the record if they cannot be verified yet | verifies them again; 503 until that succeeds, for 10 minutes |
//! | finished | the session's cookies in this process, the ticket in the record | gets the same session, for 30 seconds, and on other machines for a minute more |
//! | used | a hash of state and code in this process, the record | the attempt's page if a session is active, else 400 |
//!
//! With a store, the process that exchanges the code creates the attempt's record
//! before, and reads it back. It saves the record when the exchange has ended.
//! Of several machines that complete a kept login, one creates the session: the
//! one that has created the record of the completion. If a store's `create` is
//! not atomic, two machines that act in the same instant may both succeed; Fief
//! then accepts the code of one, or the browser has the later session.
//!
//! The cookie of a late attempt stays if a page is shown, so that a reload shows
//! the same link. Without the cookie the page after the login is used instead of
//! the attempt's.
//!
//! This process remembers each attempt for 11 minutes, which is as long as its
//! code is exchanged here: at most 100,000. At most 1000 are exchanging or kept,
//! and the sessions of the last 1000 are joined. If there is no room, the response
//! is 503, and no code is sent. Times are those of [`Fief::now`](fief_client::Fief::now). The
//! clocks of two machines may differ by a minute, for which tokens and sessions in a
//! record of another one count longer.
//!
//! # What each failure leads to
//!
//! | failure | response | the attempt |
//! | --- | --- | --- |
//! | Fief is unreachable or has no keys before the code is sent; the store cannot have the record | 503, a link to the same callback | begun |
//! | Fief sent an error instead of a code, or the callback is that of another issuer | 400, or back to the page (`prompt=none`) | its cookie is removed |
//! | Fief rejects `prompt=consent`, since the user is not logged in there | a redirect to a login without it | its cookie is removed |
//! | the token request fails, or Fief rejects the code | 503, 400 or 500 | used |
//! | the keys cannot be fetched or lack the key of the tokens; the store fails when the session is created | 503, a link to the same callback | kept |
//! | the application's hook takes too long | 503, a link to the same callback, which calls it again | kept |
//! | the hook rejects the login | its response, or back to the page (`prompt=none`) | used |
//! | the hook panics, or its value or response cannot be used | 500 | used |
//! | the tokens are invalid, the user is inactive, the session is too large | 502, 400 or 500 | used |
//! | the browser disconnects | | the task goes on, and a reload joins it |
//! | the browser logs out | | used; its session is revoked if it was created, since the response may be on its way |
//! | the browser finishes another login while this one is kept and not in flight | | used |
//! | the process ends | | without a store, or before the tokens are in it, the code is lost: used |
//!
//! The attempt's cookie is removed when the attempt is finished or used, and
//! stays otherwise. Without a store other machines know nothing of it: a reload
//! that reaches another one finds that Fief has used the code.

mod accepted_login;
pub(crate) mod address;
mod attempt;
mod callback;
mod callback_query;
mod callback_response;
mod completion;
pub(crate) mod config;
mod discard;
mod exchange;
mod exchange_store;
pub(crate) mod exchanges;
mod failure;
mod login;
pub(crate) mod login_hook;
mod logout;
pub(crate) mod loop_guard;
mod outcome;
mod page;
mod ready;
mod redirect;
mod resource;
mod show;
mod user;
mod verified_login;

use std::sync::Arc;

#[cfg(feature = "webhooks")]
use axum::routing::post;
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::set_header::SetResponseHeaderLayer;

use self::config::LoginConfig;
pub use self::{
    accepted_login::AcceptedLogin,
    page::{LoginPage, LoginPageKind},
    verified_login::Login,
};
pub(crate) use self::{page::OnLoginPage, resource::resource_metadata};
#[cfg(feature = "webhooks")]
use crate::webhook;
use crate::{AuthLayer, request::head::RequestHead, shared::Shared};

/// Returns the routes that are configured.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(auth: &Arc<Shared>) -> Router<S> {
    let router = match auth.site() {
        Some(site) => login_routes(auth, site),
        None => Router::new(),
    };
    let router = router.merge(ready_route(auth));
    #[cfg(feature = "webhooks")]
    let router = match &auth.webhooks {
        Some(webhooks) => router.merge(
            Router::new()
                .route(&webhooks.route, post(webhook::route::receive))
                .layer(secure_headers()),
        ),
        None => router,
    };
    router.with_state(Arc::clone(auth))
}

/// Returns the ready route, or an empty router if [`ready_route`](crate::FiefAuthBuilder::ready_route) was not called.
fn ready_route(auth: &Arc<Shared>) -> Router<Arc<Shared>> {
    match &auth.ready_route {
        Some(path) => Router::new()
            .route(path, get(ready::ready))
            .layer(secure_headers()),
        None => Router::new(),
    }
}

/// Returns the routes of the login, and the user route.
fn login_routes(auth: &Arc<Shared>, site: &LoginConfig) -> Router<Arc<Shared>> {
    let router = Router::new()
        .route(
            &site.login_route,
            get(login::login).head(method_not_allowed),
        )
        .route(
            &site.callback_route,
            get(callback::callback).head(method_not_allowed),
        )
        .route(
            &site.logout_route,
            get(logout::get_logout)
                .post(logout::post_logout)
                .head(method_not_allowed),
        )
        .layer(middleware::from_fn(reject_prefetch));
    let router = match &site.user_route {
        Some(path) => router.route(
            path,
            get(user::user).route_layer(AuthLayer::new(Arc::clone(auth))),
        ),
        None => router,
    };
    router
        .layer(middleware::from_fn_with_state(
            Arc::clone(auth),
            show::render,
        ))
        .layer(secure_headers())
}

/// Sets the headers of all responses of the routes.
fn secure_headers() -> (
    SetResponseHeaderLayer<HeaderValue>,
    SetResponseHeaderLayer<HeaderValue>,
    SetResponseHeaderLayer<HeaderValue>,
) {
    let value = HeaderValue::from_static;
    (
        SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, value("no-store")),
        SetResponseHeaderLayer::if_not_present(header::REFERRER_POLICY, value("no-referrer")),
        SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, value("nosniff")),
    )
}

/// Middleware that does not pass prefetches on: they must not start, finish or
/// end a session. Browsers keep any success, also one without a content, and
/// show it when the user follows the link.
async fn reject_prefetch(request: Request, next: Next) -> Response {
    if RequestHead::of(&request).is_prefetch() {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    } else {
        next.run(request).await
    }
}

/// Rejects HEAD, which a router would otherwise pass to the handler of GET: it
/// must not start or use up a login.
async fn method_not_allowed() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}
