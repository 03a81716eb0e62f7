//! The layer that lends each request what extractors look up.

use std::{
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
    request::{auth::RequestAuth, head::RequestHead},
    shared::Shared,
};

/// Makes extractors work inside of it and writes the session's cookies. Made by
/// [`FiefAuth::layer`](crate::FiefAuth::layer).
///
/// It lets every request through: what is required is said by [`FiefAuth::require`](crate::FiefAuth::require) and by
/// extractors. Credentials are read when the first of them asks, and once.
#[derive(Clone, Debug)]
#[must_use]
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

/// The service that [`AuthLayer`] makes.
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match RequestAuth::attach(&self.auth, request.extensions_mut()) {
            Ok((_, pending)) => ResponseFuture::inner(self.inner.call(request), pending),
            Err(kind) => {
                let rejection = self.auth.rejection(RequestHead::of(&request), kind);
                ResponseFuture::rejected(rejection, None)
            }
        }
    }
}
