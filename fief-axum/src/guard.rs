use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
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
    guard: Arc<Guard>,
}

/// One pointer for a service, since axum clones it for each request.
#[derive(Debug)]
struct Guard {
    auth: FiefAuth,
    rules: Rules,
}

/// Where a guard has its rule from.
#[derive(Debug)]
pub(crate) enum Rules {
    One(Arc<Rule>),
    Table(Arc<Table>),
}

/// What a guard says about a request before anyone looks at its credentials.
pub(crate) enum Verdict<'a> {
    Ask(&'a Rule),
    Open,
    Refuse(RejectionKind),
}

impl Rules {
    fn verdict(&self, method: &Method, extensions: &Extensions) -> Verdict<'_> {
        match self {
            Self::One(rule) => Verdict::Ask(rule),
            Self::Table(table) => table.verdict(method, extensions),
        }
    }
}

impl<S> RequireService<S> {
    pub(crate) fn new(inner: S, auth: FiefAuth, rules: Rules) -> Self {
        let guard = Arc::new(Guard { auth, rules });
        Self { inner, guard }
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
        let Guard { auth, rules } = &*self.guard;
        let lent = match RequestAuth::lend(auth, request.extensions_mut()) {
            Ok(lent) => lent,
            Err(kind) => {
                let rejection = auth.rejection(Head::of(&request), kind);
                return ResponseFuture::rejected(rejection, None);
            }
        };
        let checked = match rules.verdict(request.method(), request.extensions()) {
            Verdict::Ask(rule) => rule.check_known(Head::of(&request)),
            Verdict::Open => Some(Ok(())),
            Verdict::Refuse(kind) => {
                let head = Head::of(&request);
                Some(RequestAuth::of(head.extensions).and_then(|lent| Err(lent.refuse(head, kind))))
            }
        };
        match checked {
            Some(Ok(())) => ResponseFuture::inner(self.inner.call(request), lent),
            Some(Err(rejection)) => ResponseFuture::rejected(rejection, lent),
            None => ResponseFuture::waiting(self.wait(request), lent),
        }
    }
}

impl<S> RequireService<S> {
    fn wait<B>(&mut self, request: Request<B>) -> Waiting<S::Error>
    where
        S: Service<Request<B>> + Clone + Send + 'static,
        S::Response: IntoResponse,
        S::Future: Send,
        B: Send + 'static,
    {
        // Only the service that was polled is ready, so the clone stays behind.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // The verdict was to ask, or nobody would wait; with any other nobody gets in.
            let Verdict::Ask(rule) = guard.rules.verdict(&parts.method, &parts.extensions) else {
                return Ok(Rejection::misconfigured().into_response());
            };
            if let Err(rejection) = rule.check(Head::of_parts(&parts)).await {
                return Ok(rejection.into_response());
            }
            let request = Request::from_parts(parts, body);
            Ok(inner.call(request).await?.into_response())
        })
    }
}
