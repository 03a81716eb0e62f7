use fief_client::webhook::WebhookVerifier;

use super::check;
use crate::{
    Error,
    webhook::config::{OnWebhook, WebhookConfig},
};

/// Settings of webhooks, not validated yet.
#[derive(Default)]
pub(super) struct WebhookSettings {
    pub(super) endpoint: Option<(String, WebhookVerifier)>,
    pub(super) on_webhook: Option<OnWebhook>,
}

impl WebhookSettings {
    /// Validates the settings. `needs_webhooks` is the name of another setting that has no effect without them.
    pub(super) fn build(
        self,
        needs_webhooks: Option<&'static str>,
    ) -> Result<Option<WebhookConfig>, Error> {
        let Self {
            endpoint,
            on_webhook,
        } = self;
        let Some((route, verifier)) = endpoint else {
            let hook = on_webhook.map(|_| "on_webhook");
            let without = hook.or(needs_webhooks);
            return match without {
                Some(name) => Err(check::without_effect(name, "webhooks")),
                None => Ok(None),
            };
        };
        Ok(Some(WebhookConfig {
            route: check::route("webhooks", &route)?,
            verifier,
            on_webhook,
        }))
    }
}
