//! The login, callback and logout routes of a web application, the route of its
//! current user, and the route of its resource metadata.
//!
//! A login takes two requests. The login route redirects to Fief and stores an
//! [`Attempt`](attempt::Attempt) in a cookie; the callback route verifies the
//! response against it and creates the session. What goes wrong is shown as a
//! [`LoginPage`].

mod attempt;
mod callback;
mod callback_query;
mod completion;
pub(crate) mod config;
mod discard;
mod exchange;
mod exchange_store;
pub(crate) mod exchanges;
mod failure;
mod login;
mod logout;
mod loop_guard;
mod page;
mod resource;
mod show;
mod user;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::set_header::SetResponseHeaderLayer;

pub use self::page::{LoginPage, LoginPageKind};
pub(crate) use self::{page::OnLoginPage, resource::resource_metadata};
use crate::{AuthLayer, request::head::RequestHead, shared::Shared};

/// Returns the routes, or an empty router if
/// [`login`](crate::FiefAuthBuilder::login) was not called.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(auth: &Arc<Shared>) -> Router<S> {
    let Some(site) = auth.site() else {
        return Router::new();
    };
    let router = match &site.user_route {
        Some(path) => Router::new().route(
            path,
            get(user::user).route_layer(AuthLayer::new(Arc::clone(auth))),
        ),
        None => Router::new(),
    };
    router
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
        .layer(middleware::from_fn(reject_prefetch))
        .layer(secure_headers())
        .with_state(Arc::clone(auth))
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
/// end a session.
async fn reject_prefetch(request: Request, next: Next) -> Response {
    if RequestHead::of(&request).is_prefetch() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    }
}

/// Rejects HEAD, which a router would otherwise pass to the handler of GET: it
/// must not start or use up a login.
async fn method_not_allowed() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}
