use std::{
    mem,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    http::{Request, request::Parts},
    response::{IntoResponse, Response},
};
use tower_service::Service;

use super::table::{Decision, Rules};
use crate::{
    Rejection,
    future::{BoxFuture, ResponseFuture},
    request::{
        auth::RequestAuth, authentication::Credential, head::RequestHead,
        token_request::TokenRequest,
    },
    shared::Shared,
};

/// Middleware that rejects requests which do not meet requirements. See [`RequireLayer`](crate::RequireLayer) and
/// [`PathsLayer`](crate::PathsLayer).
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    guard: Arc<Guard>,
}

/// Behind one pointer, since axum clones services for each request.
#[derive(Debug)]
struct Guard {
    auth: Arc<Shared>,
    rules: Rules,
}

impl<S> RequireService<S> {
    pub(crate) fn new(inner: S, auth: Arc<Shared>, rules: Rules) -> Self {
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
        let decision = rules.decide(request.method(), request.extensions());
        // Taken out, so that they can be borrowed mutably while the headers are borrowed.
        let mut extensions = mem::take(request.extensions_mut());
        let (passes, pending) = match RequestAuth::attach(auth, &mut extensions) {
            Ok((state, pending)) => {
                let headers = request.headers();
                let pending = pending.or_else(|| state.reattach(TokenRequest::of(&request)));
                let checked = decision.try_check(auth, state, request.method(), headers);
                (checked, pending)
            }
            Err(kind) => (Some(Err(kind)), None),
        };
        *request.extensions_mut() = extensions;
        match passes {
            Some(Ok(())) => ResponseFuture::inner(self.inner.call(request), pending),
            Some(Err(kind)) => {
                let rejection = decision.reject(auth, RequestHead::of(&request), kind);
                if rejection.needs_user() {
                    ResponseFuture::waiting(Box::pin(reject(Arc::clone(auth), rejection)), pending)
                } else {
                    ResponseFuture::rejected(rejection, pending)
                }
            }
            None => ResponseFuture::waiting(self.wait(request), pending),
        }
    }
}

impl<S> RequireService<S> {
    /// Authenticates the request, which needs to await, and then calls the inner service or rejects.
    fn wait<B>(&mut self, request: Request<B>) -> BoxFuture<S::Error>
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
            let (mut parts, body) = request.into_parts();
            if let Err(rejection) = guard.check(&mut parts).await {
                return reject(Arc::clone(&guard.auth), rejection).await;
            }
            let request = Request::from_parts(parts, body);
            Ok(inner.call(request).await?.into_response())
        })
    }
}

/// Returns the response of a rejection, which may show the user.
async fn reject<E>(auth: Arc<Shared>, rejection: Rejection) -> Result<Response, E> {
    let rejection = rejection.with_user(auth.users(), auth.fief()).await;
    Ok(rejection.into_response())
}

impl Guard {
    /// Authenticates a request and checks it.
    async fn check(&self, parts: &mut Parts) -> Result<(), Rejection> {
        RequestAuth::authenticate_async(parts).await;
        let authentication = RequestAuth::authentication(parts)?;
        // Only this decision needs to await.
        let Decision::Check(rule) = self.rules.decide(&parts.method, &parts.extensions) else {
            return Err(Rejection::misconfigured(Some(authentication.head)));
        };
        let passes = rule.check(&self.auth, authentication.outcome);
        let token = authentication.outcome.as_ref().ok();
        let token = token.map(Credential::token);
        let required = &rule.requirements;
        passes.map_err(|kind| {
            self.auth
                .reject_by_guard(authentication.head, kind, required, token)
        })
    }
}
