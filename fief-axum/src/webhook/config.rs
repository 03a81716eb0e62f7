use std::{future::Future, pin::Pin};

use axum::BoxError;
use fief_client::webhook::{WebhookEvent, WebhookVerifier};

/// The webhooks of an application.
pub(crate) struct WebhookConfig {
    /// The path of the route.
    pub(crate) route: String,
    pub(crate) verifier: WebhookVerifier,
    pub(crate) on_webhook: Option<OnWebhook>,
}

/// The hook of `FiefAuthBuilder::on_webhook`.
pub(crate) type OnWebhook = Box<dyn Fn(WebhookEvent) -> HookFuture + Send + Sync>;

pub(crate) type HookFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
