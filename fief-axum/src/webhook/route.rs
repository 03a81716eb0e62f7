//! The route that Fief delivers events to.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use fief_client::{internal::Chain, webhook::WebhookEvent};
use tokio::time::timeout;

use super::{
    config::{OnWebhook, WebhookConfig},
    extract::Webhook,
    handle::handle,
};
use crate::{
    catch_panic::{call_hook, catch_panic},
    log::limited,
    metrics,
    shared::Shared,
};

/// Verifies a delivery, acts on its event, and calls the hook. Without a success
/// Fief delivers again.
pub(crate) async fn receive(State(auth): State<Arc<Shared>>, request: Request) -> Response {
    let Some(webhooks) = &auth.webhooks else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (outcome, response) = receive_event(&auth, webhooks, request).await;
    metrics::webhook(outcome);
    response
}

async fn receive_event(
    auth: &Arc<Shared>,
    webhooks: &WebhookConfig,
    request: Request,
) -> (&'static str, Response) {
    let event = match Webhook::verify(&webhooks.verifier, request).await {
        Ok(Webhook(event)) => event,
        Err(rejection) => return ("rejected", rejection.into_response()),
    };
    if let Err(error) = handle(auth, &event).await {
        limited!(error, &auth.fief,
            error = %Chain(&error), kind = %event.kind(),
            "failed to act on a webhook: Fief delivers it again"
        );
        return ("failed", StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    let result = match &webhooks.on_webhook {
        Some(hook) => call(hook, event).await,
        None => Ok(()),
    };
    match result {
        Ok(()) => ("handled", StatusCode::NO_CONTENT.into_response()),
        Err(error) => {
            limited!(
                error,
                &auth.fief,
                error,
                "the hook of a webhook failed: Fief delivers it again"
            );
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            ("failed", status.into_response())
        }
    }
}

/// Calls the hook of the application, which may fail, hang or panic.
async fn call(hook: &OnWebhook, event: WebhookEvent) -> Result<(), String> {
    let panicked = || "it panicked".to_owned();
    let future = call_hook(|| hook(event)).map_err(|_| panicked())?;
    match timeout(HOOK_TIMEOUT, catch_panic(future)).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err(Chain(&*error).to_string()),
        Ok(Err(_)) => Err(panicked()),
        Err(_) => Err("it took more than 10 seconds".to_owned()),
    }
}

const HOOK_TIMEOUT: Duration = Duration::from_secs(10);
