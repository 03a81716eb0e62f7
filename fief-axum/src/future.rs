use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;

use crate::{Rejection, response::pending::PendingResponse};

pin_project! {
    /// Response future of [`AuthService`](crate::AuthService) and [`RequireService`](crate::RequireService).
    ///
    /// It resolves to the response of the inner service or to a rejection, and never fails unless the inner service
    /// does.
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
        // `None` if a layer or guard further out applies it.
        pending: Option<Arc<PendingResponse>>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<F, E> {
        Inner { #[pin] inner: F },
        Rejected { rejection: Option<Rejection> },
        Waiting { future: BoxFuture<E> },
    }
}

pub(crate) type BoxFuture<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

impl<F, E> ResponseFuture<F, E> {
    pub(crate) fn inner(inner: F, pending: Option<Arc<PendingResponse>>) -> Self {
        let state = State::Inner { inner };
        Self { state, pending }
    }

    pub(crate) fn rejected(rejection: Rejection, pending: Option<Arc<PendingResponse>>) -> Self {
        let rejection = Some(rejection);
        let state = State::Rejected { rejection };
        Self { state, pending }
    }

    pub(crate) fn waiting(future: BoxFuture<E>, pending: Option<Arc<PendingResponse>>) -> Self {
        let state = State::Waiting { future };
        Self { state, pending }
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
            // Ready at the first poll. A second poll is rejected as well.
            StateProject::Rejected { rejection } => {
                let rejection = rejection
                    .take()
                    .unwrap_or_else(|| Rejection::misconfigured(None));
                Poll::Ready(Ok(rejection.into_response()))
            }
            StateProject::Waiting { future } => future.as_mut().poll(cx),
        };
        if let Poll::Ready(Ok(response)) = &mut polled
            && let Some(pending) = this.pending.take()
        {
            pending.apply(response);
        }
        polled
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
