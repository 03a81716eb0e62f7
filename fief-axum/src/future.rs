use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
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
        // `None` if the inner service is not called, or only later.
        #[pin]
        inner: Option<F>,
        instead: Option<Instead<E>>,
        // `None` if a layer or guard further out applies it.
        pending: Option<Arc<PendingResponse>>,
    }
}

/// What gives the response if not the future of the inner service.
enum Instead<E> {
    Rejection(Rejection),
    Future(BoxFuture<E>),
}

pub(crate) type BoxFuture<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

impl<F, E> ResponseFuture<F, E> {
    pub(crate) fn inner(inner: F, pending: Option<Arc<PendingResponse>>) -> Self {
        Self {
            inner: Some(inner),
            instead: None,
            pending,
        }
    }

    pub(crate) fn rejected(rejection: Rejection, pending: Option<Arc<PendingResponse>>) -> Self {
        Self {
            inner: None,
            instead: Some(Instead::Rejection(rejection)),
            pending,
        }
    }

    pub(crate) fn waiting(future: BoxFuture<E>, pending: Option<Arc<PendingResponse>>) -> Self {
        Self {
            inner: None,
            instead: Some(Instead::Future(future)),
            pending,
        }
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
        let mut response = match this.inner.as_pin_mut() {
            Some(inner) => match inner.poll(cx) {
                Poll::Ready(Ok(response)) => response.into_response(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            },
            None => match this.instead {
                Some(Instead::Future(future)) => ready!(future.as_mut().poll(cx)?),
                instead => {
                    // Ready at the first poll. A second poll is rejected as well.
                    let rejection = match instead.take() {
                        Some(Instead::Rejection(rejection)) => rejection,
                        _ => Rejection::misconfigured(None),
                    };
                    rejection.into_response()
                }
            },
        };
        if let Some(pending) = this.pending.take() {
            pending.apply(&mut response);
        }
        Poll::Ready(Ok(response))
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
