//! The layer that lends each request what extractors look up.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    http::Request,
    response::{IntoResponse, Response},
};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{FiefAuth, request_auth::RequestAuth};

/// Makes extractors work inside of it and writes the session's cookies. Made by [`FiefAuth::layer`].
///
/// It lets every request through: what is required is said by [`FiefAuth::require`] and by extractors. Credentials
/// are read when the first of them asks, and once.
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthLayer {
    auth: FiefAuth,
}

impl AuthLayer {
    pub(crate) fn new(auth: FiefAuth) -> Self {
        Self { auth }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService {
            inner,
            auth: self.auth.clone(),
        }
    }
}

/// The service that [`AuthLayer`] makes.
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    inner: S,
    auth: FiefAuth,
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>>,
    S::Response: IntoResponse,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let request_auth = RequestAuth::lend(&self.auth, request.extensions_mut());
        ResponseFuture {
            inner: self.inner.call(request),
            request_auth,
        }
    }
}

pin_project! {
    /// The future of [`AuthService`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // None when a layer or guard further out has it.
        request_auth: Option<RequestAuth>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?.into_response();
        if let Some(request_auth) = this.request_auth {
            request_auth.finish(response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}
