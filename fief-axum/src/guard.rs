use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    http::{Extensions, Method, Request, request::Parts},
    response::{IntoResponse, Response},
};
use fief_client::Requirements;
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Guard { auth, rules } = &*self.guard;
        let (mut parts, body) = request.into_parts();
        let verdict = rules.verdict(&parts.method, &parts.extensions);
        let reject = |parts: &Parts, kind, required: &Requirements| {
            Rejection::new(auth, Head::of_parts(parts), kind, required)
        };
        let (lent, outgoing) = match RequestAuth::lend(auth, &mut parts.extensions) {
            Ok(lent) => lent,
            Err(kind) => {
                let rejection = reject(&parts, kind, &Requirements::new());
                return ResponseFuture::rejected(rejection, None);
            }
        };
        let refused = match verdict {
            Verdict::Open => None,
            Verdict::Refuse(kind) => {
                lent.touch();
                Some(reject(&parts, kind, &Requirements::new()))
            }
            Verdict::Ask(rule) => match lent.known(&parts.headers) {
                Some(found) => match rule.check(auth, found) {
                    Ok(()) => None,
                    Err(kind) => Some(reject(&parts, kind, &rule.requirements)),
                },
                None => return ResponseFuture::waiting(self.wait(parts, body), outgoing),
            },
        };
        match refused {
            None => {
                let request = Request::from_parts(parts, body);
                ResponseFuture::inner(self.inner.call(request), outgoing)
            }
            Some(rejection) => ResponseFuture::rejected(rejection, outgoing),
        }
    }
}

impl<S> RequireService<S> {
    /// Lets the request through when it is known who sent it.
    fn wait<B>(&mut self, mut parts: Parts, body: B) -> Waiting<S::Error>
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
            if let Err(rejection) = guard.check(&mut parts).await {
                return Ok(rejection.into_response());
            }
            let request = Request::from_parts(parts, body);
            Ok(inner.call(request).await?.into_response())
        })
    }
}

impl Guard {
    /// Finds out who sent a request of which nothing is known, and whether they may pass.
    async fn check(&self, parts: &mut Parts) -> Result<(), Rejection> {
        RequestAuth::find(parts).await;
        let asked = RequestAuth::asked(parts)?;
        // The verdict was to ask, or nobody would wait; with any other nobody gets in.
        let Verdict::Ask(rule) = self.rules.verdict(&parts.method, &parts.extensions) else {
            return Err(Rejection::misconfigured());
        };
        let passes = rule.check(&self.auth, asked.found);
        passes.map_err(|kind| asked.reject(kind, &rule.requirements))
    }
}
