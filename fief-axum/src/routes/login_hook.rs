//! Runs the application's hook of a login.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{self, Body, Bytes},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use fief_client::Fief;
use tokio::time::timeout;

use super::{accepted_login::AcceptedLogin, verified_login::Login};
use crate::{catch_panic::catch_panic, log::limited, request::owned::OwnedHead};

/// The hook of `FiefAuthBuilder::on_login`.
pub(crate) type OnLogin = Arc<dyn Fn(Login) -> HookFuture + Send + Sync>;

pub(crate) type HookFuture = Pin<Box<dyn Future<Output = Result<AcceptedLogin, Response>> + Send>>;

/// Request of the callback that completes a login, and what the login began with.
pub(super) struct CallbackRequest {
    pub(super) head: OwnedHead,
    pub(super) return_to: String,
    pub(super) is_silent: bool,
    /// Whether the session is to be remembered. `None` keeps that of the browser's
    /// session.
    pub(super) remember: Option<bool>,
}

/// Why a hook accepts no login.
pub(super) enum NotAccepted {
    /// It panicked, or its response cannot be sent.
    Failed,
    Rejected(BufferedResponse),
    /// It took too long, and may succeed later.
    TimedOut,
}

/// Response with its whole body, for all callbacks that join a login.
#[derive(Clone)]
pub(super) struct BufferedResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Calls the hook. What it panics with or waits for too long is logged.
pub(super) async fn call(
    hook: &OnLogin,
    login: Login,
    fief: &Fief,
) -> Result<AcceptedLogin, NotAccepted> {
    let call = async {
        match hook(login).await {
            Ok(accepted) => Ok(accepted),
            Err(response) => Err(BufferedResponse::read(response, fief).await),
        }
    };
    match timeout(HOOK_TIMEOUT, catch_panic(call)).await {
        Ok(Ok(Ok(accepted))) => Ok(accepted),
        Ok(Ok(Err(Some(response)))) => Err(NotAccepted::Rejected(response)),
        Ok(Ok(Err(None))) => Err(NotAccepted::Failed),
        Ok(Err(panicked)) => {
            limited!(error, fief, error = %panicked, "`on_login` failed: there is no session");
            Err(NotAccepted::Failed)
        }
        Err(_) => {
            limited!(
                error,
                fief,
                "`on_login` takes longer than 10 seconds: the login can be tried again"
            );
            Err(NotAccepted::TimedOut)
        }
    }
}

impl BufferedResponse {
    /// Reads the body. Returns `None` if it is too long or fails, which is logged.
    async fn read(response: Response, fief: &Fief) -> Option<Self> {
        let (parts, body) = response.into_parts();
        match body::to_bytes(body, MAX_BODY_LEN).await {
            Ok(body) => Some(Self {
                status: parts.status,
                headers: parts.headers,
                body,
            }),
            Err(error) => {
                limited!(error, fief, %error, "the response of `on_login` cannot be sent");
                None
            }
        }
    }

    /// Returns whether it redirects, perhaps to a page that begins another login.
    pub(super) fn is_redirect(&self) -> bool {
        self.status.is_redirection()
    }
}

impl IntoResponse for BufferedResponse {
    fn into_response(self) -> Response {
        let Self {
            status,
            headers,
            body,
        } = self;
        (status, headers, Body::from(body)).into_response()
    }
}

/// How long the hook may take, with the body of its response.
pub(crate) const HOOK_TIMEOUT: Duration = Duration::from_secs(10);
/// In bytes.
const MAX_BODY_LEN: usize = 256 * 1024;
