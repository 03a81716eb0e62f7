//! Middleware that makes authentication available to guards and extractors.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    http::Request,
    response::{IntoResponse, Response},
};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    future::ResponseFuture,
    request::{auth::RequestAuth, head::RequestHead, token_request::TokenRequest},
    response::pending::PendingResponse,
    shared::Shared,
};

/// Layer that applies the [`AuthService`] middleware: it enables the extractors and sets the session cookies on
/// responses.
///
/// Created by [`FiefAuth::layer`](crate::FiefAuth::layer). Apply it to the whole application with
/// [`Router::layer`](axum::Router::layer), after the routes have been added.
///
/// It rejects no request. Routes are protected by guards ([`FiefAuth::require`](crate::FiefAuth::require),
/// [`FiefAuth::paths`](crate::FiefAuth::paths)) and by extractors such as [`Authenticated`](crate::Authenticated).
/// Credentials are read and verified when the first of them needs them, and only once.
///
/// What was found belongs to the headers that it was read from. A request with the copied extensions of another one, such as
/// a part of a batch, is authenticated by its own headers. Clone them for that: extractors take extensions that were moved for
/// those of the same request. Guards compare the headers in any case.
///
/// ```
/// use axum::{Router, routing::get};
/// use fief_axum::{Authenticated, FiefAuth, fief_client::Fief};
///
/// async fn me(Authenticated(token): Authenticated) -> String {
///     token.id().to_string()
/// }
///
/// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
/// let auth = FiefAuth::new(fief);
/// let app: Router = Router::new().route("/me", get(me)).layer(auth.layer());
/// # Ok::<(), fief_axum::fief_client::FiefError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied with `Router::layer`"]
pub struct AuthLayer {
    auth: Arc<Shared>,
}

impl AuthLayer {
    pub(crate) fn new(auth: Arc<Shared>) -> Self {
        Self { auth }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService {
            inner,
            auth: Arc::clone(&self.auth),
        }
    }
}

/// Middleware that attaches the authentication state to requests. See [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    inner: S,
    auth: Arc<Shared>,
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>>,
    S::Response: IntoResponse,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    // Inlined, the future would be moved twice as often.
    #[inline(never)]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let attached = RequestAuth::attach(&self.auth, request.extensions_mut());
        let pending = match attached.map(|(_, pending)| pending) {
            Ok(Some(pending)) => Some(pending),
            Ok(None) => reattach(&mut request),
            Err(kind) => {
                let rejection = self.auth.rejection(RequestHead::of(&request), kind);
                return ResponseFuture::rejected(rejection, None);
            }
        };
        // In one place, since the request is moved.
        ResponseFuture::inner(self.inner.call(request), pending)
    }
}

/// Drops the outcome of another request, whose extensions this one has.
fn reattach<B>(request: &mut Request<B>) -> Option<Arc<PendingResponse>> {
    // Taken out, so that they can be borrowed mutably while the headers are borrowed.
    let mut extensions = mem::take(request.extensions_mut());
    let state = extensions.get_mut::<RequestAuth>();
    let pending = state.and_then(|state| state.reattach(TokenRequest::of(request)));
    *request.extensions_mut() = extensions;
    pending
}
