use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;

use crate::{Rejection, request_auth::RequestAuth};

pin_project! {
    /// The future of a layer or a guard: what is inside of it, or a rejection.
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
        // None when a layer or guard further out finishes the request.
        lent: Option<RequestAuth>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<F, E> {
        Inner { #[pin] inner: F },
        Rejected { rejection: Option<Rejection> },
        Waiting { future: Waiting<E> },
    }
}

pub(crate) type Waiting<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

impl<F, E> ResponseFuture<F, E> {
    pub(crate) fn inner(inner: F, lent: Option<RequestAuth>) -> Self {
        let state = State::Inner { inner };
        Self { state, lent }
    }

    pub(crate) fn rejected(rejection: Rejection, lent: Option<RequestAuth>) -> Self {
        let rejection = Some(rejection);
        let state = State::Rejected { rejection };
        Self { state, lent }
    }

    pub(crate) fn waiting(future: Waiting<E>, lent: Option<RequestAuth>) -> Self {
        let state = State::Waiting { future };
        Self { state, lent }
    }
}

impl<F, R, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.state.project() {
            StateProject::Inner { inner } => ready!(inner.poll(cx))?.into_response(),
            // Ready at the first poll; whoever polls again does not get in either.
            StateProject::Rejected { rejection } => rejection
                .take()
                .unwrap_or_else(Rejection::misconfigured)
                .into_response(),
            StateProject::Waiting { future } => ready!(future.as_mut().poll(cx))?,
        };
        if let Some(request_auth) = this.lent {
            request_auth.finish(response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
