//! Guards: what a request must bring to reach what is behind them.

use std::{
    fmt,
    future::{Ready, ready},
    mem,
    pin::{Pin, pin},
    sync::Arc,
    task::{self, Context, Poll, Waker},
    time::Duration,
};

use axum::{
    http::Request,
    response::{IntoResponse, Response},
};
use fief_client::{FiefAcr, Requirements};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{FiefAuth, Rejection, RejectionKind, head::Head, request_auth::RequestAuth};

/// A guard. Made by [`FiefAuth::require`]; without more, everyone who is logged in may pass.
///
/// ```
/// # use axum::{Router, routing::{delete, get}};
/// # use fief_axum::FiefAuth;
/// # use fief_client::{Fief, FiefAcr};
/// # use std::time::Duration;
/// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
/// # async fn list() {} async fn remove() {}
/// let admin = auth.require().permission("castles:delete").acr(FiefAcr::LevelOne).max_age(Duration::from_secs(300));
/// let app: Router = Router::new()
///     .route("/castles", get(list))
///     .route("/castles/{id}", delete(remove).route_layer(admin))
///     .route_layer(auth.require());
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer {
    auth: FiefAuth,
    requirements: Requirements,
}

impl RequireLayer {
    pub(crate) fn new(auth: FiefAuth) -> Self {
        Self {
            auth,
            requirements: Requirements::new(),
        }
    }

    /// Requires a scope. Repeated calls require all of them.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.requirements = self.requirements.scope(scope);
        self
    }

    /// Requires at least this level of authentication. Default: any.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.requirements = self.requirements.acr(acr);
        self
    }

    /// Requires a login no longer ago than this (whole seconds). Default: any age.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.requirements = self.requirements.max_age(max_age);
        self
    }

    /// Requires a permission. Repeated calls require all of them.
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        self.requirements = self.requirements.permission(permission);
        self
    }

    /// Requires at least one of these permissions. An empty list is never met.
    pub fn any_permission<P: Into<String>>(
        mut self,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        self.requirements = self.requirements.any_permission(permissions);
        self
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService {
            inner,
            auth: self.auth.clone(),
            requirements: Arc::new(self.requirements.clone()),
        }
    }
}

/// The service that [`RequireLayer`] makes.
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    auth: FiefAuth,
    requirements: Arc<Requirements>,
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
        let lent = RequestAuth::lend(&self.auth, request.extensions_mut());
        let Some(request_auth) = RequestAuth::of(request.extensions(), Some(&self.auth)) else {
            let rejection =
                Rejection::new(&self.auth, Head::of(&request), RejectionKind::Misconfigured);
            return ResponseFuture {
                state: State::rejected(rejection),
                lent,
            };
        };
        // A token that was seen before is checked without waiting: then nothing is boxed.
        let checked = {
            let check = pin!(request_auth.check(Head::of(&request), &self.requirements));
            check.poll(&mut Context::from_waker(Waker::noop()))
        };
        let state = match checked {
            Poll::Ready(Ok(_)) => State::Inner {
                inner: self.inner.call(request),
            },
            Poll::Ready(Err(rejection)) => State::rejected(rejection),
            Poll::Pending => State::Waiting {
                future: self.wait(request, request_auth),
            },
        };
        ResponseFuture { state, lent }
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
        let requirements = Arc::clone(&self.requirements);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let checked = request_auth
                .check(Head::of_parts(&parts), &requirements)
                .await;
            match checked {
                Ok(_) => Ok(inner
                    .call(Request::from_parts(parts, body))
                    .await?
                    .into_response()),
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}

type Waiting<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

pin_project! {
    /// The future of [`RequireService`].
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
        // None when a layer or guard further out has it.
        lent: Option<RequestAuth>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<F, E> {
        Inner { #[pin] inner: F },
        Rejected { response: Ready<Response> },
        Waiting { future: Waiting<E> },
    }
}

impl<F, E> State<F, E> {
    fn rejected(rejection: Rejection) -> Self {
        Self::Rejected {
            response: ready(rejection.into_response()),
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
        let mut response = match this.state.project() {
            StateProject::Inner { inner } => task::ready!(inner.poll(cx))?.into_response(),
            StateProject::Rejected { response } => task::ready!(Pin::new(response).poll(cx)),
            StateProject::Waiting { future } => task::ready!(future.as_mut().poll(cx))?,
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
