use std::{
    mem,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::{
    http::{Extensions, Method, Request},
    response::{IntoResponse, Response},
};
use tower_service::Service;

use crate::{
    FiefAuth, Rejection, RejectionKind,
    future::{ResponseFuture, Waiting},
    head::Head,
    paths::Table,
    request_auth::RequestAuth,
    rule::Rule,
};

/// The service that [`RequireLayer`](crate::RequireLayer) and [`PathsLayer`](crate::PathsLayer) make.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    auth: FiefAuth,
    guard: Guard,
}

/// Where a guard has its rule from. A cheap clone, since axum clones services for each request.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    One(Arc<Rule>),
    Table(Arc<Table>),
}

/// What a guard says about a request before anyone looks at its credentials.
pub(crate) enum Verdict<'a> {
    Ask(&'a Rule),
    Open,
    Refuse,
}

impl Guard {
    fn verdict(&self, method: &Method, extensions: &Extensions) -> Verdict<'_> {
        match self {
            Self::One(rule) => Verdict::Ask(rule),
            Self::Table(table) => table.verdict(method, extensions),
        }
    }
}

impl<S> RequireService<S> {
    pub(crate) fn new(inner: S, auth: FiefAuth, guard: Guard) -> Self {
        Self { inner, auth, guard }
    }
}

impl<S, B> Service<Request<B>> for RequireService<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let (request_auth, lent) = match RequestAuth::lend(&self.auth, request.extensions_mut()) {
            Ok(found) => found,
            Err(kind) => {
                let rejection = self.auth.rejection(Head::of(&request), kind);
                return ResponseFuture::rejected(rejection, None);
            }
        };
        let rule = match self.guard.verdict(request.method(), request.extensions()) {
            Verdict::Ask(rule) => rule,
            Verdict::Open => return ResponseFuture::inner(self.inner.call(request), lent),
            Verdict::Refuse => {
                let head = Head::of(&request);
                let rejection = self.auth.rejection(head, RejectionKind::Forbidden);
                return ResponseFuture::rejected(rejection, lent);
            }
        };
        // A token that was seen before is checked without waiting: then nothing is boxed.
        let checked = if request_auth.is_far() {
            Poll::Pending
        } else {
            let check = pin!(rule.check(&request_auth, Head::of(&request)));
            check.poll(&mut Context::from_waker(Waker::noop()))
        };
        match checked {
            Poll::Ready(Ok(())) => ResponseFuture::inner(self.inner.call(request), lent),
            Poll::Ready(Err(rejection)) => ResponseFuture::rejected(rejection, lent),
            Poll::Pending => ResponseFuture::waiting(self.wait(request, request_auth), lent),
        }
    }
}

impl<S> RequireService<S> {
    fn wait<B>(&mut self, request: Request<B>, request_auth: RequestAuth) -> Waiting<S::Error>
    where
        S: Service<Request<B>> + Clone + Send + 'static,
        S::Response: IntoResponse,
        S::Future: Send,
        B: Send + 'static,
    {
        // Only the service that was polled is ready, so the clone stays behind.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // The verdict was to ask, or nobody would wait; with any other nobody gets in.
            let Verdict::Ask(rule) = guard.verdict(&parts.method, &parts.extensions) else {
                return Ok(Rejection::misconfigured().into_response());
            };
            if let Err(rejection) = rule.check(&request_auth, Head::of_parts(&parts)).await {
                return Ok(rejection.into_response());
            }
            let request = Request::from_parts(parts, body);
            Ok(inner.call(request).await?.into_response())
        })
    }
}
