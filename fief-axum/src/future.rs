use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;

use crate::{Rejection, response::pending::Outgoing};

pin_project! {
    /// The future of a layer or a guard: what is inside of it, or a rejection.
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
        // None when a layer or guard further out finishes the request.
        outgoing: Option<Arc<Outgoing>>,
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
    pub(crate) fn inner(inner: F, outgoing: Option<Arc<Outgoing>>) -> Self {
        let state = State::Inner { inner };
        Self { state, outgoing }
    }

    pub(crate) fn rejected(rejection: Rejection, outgoing: Option<Arc<Outgoing>>) -> Self {
        let rejection = Some(rejection);
        let state = State::Rejected { rejection };
        Self { state, outgoing }
    }

    pub(crate) fn waiting(future: Waiting<E>, outgoing: Option<Arc<Outgoing>>) -> Self {
        let state = State::Waiting { future };
        Self { state, outgoing }
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
        let mut polled = match this.state.project() {
            StateProject::Inner { inner } => inner.poll(cx).map_ok(IntoResponse::into_response),
            // Ready at the first poll; whoever polls again does not get in either.
            StateProject::Rejected { rejection } => {
                let rejection = rejection.take().unwrap_or_else(Rejection::misconfigured);
                Poll::Ready(Ok(rejection.into_response()))
            }
            StateProject::Waiting { future } => future.as_mut().poll(cx),
        };
        if let Poll::Ready(Ok(response)) = &mut polled
            && let Some(outgoing) = this.outgoing.take()
        {
            outgoing.finish(response.headers_mut());
        }
        polled
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
