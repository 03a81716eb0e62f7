//! Webhooks: signed deliveries of events, with retries.

use std::time::Duration;

use aws_lc_rs::hmac;
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet, time::sleep};
use url::Url;

use crate::clock::Clock;

/// The webhooks, and the queue of deliveries to them.
#[derive(Clone, Debug)]
pub(crate) struct Webhooks {
    webhooks: Vec<Webhook>,
    queue: mpsc::Sender<Delivery>,
}

#[derive(Clone, Debug)]
struct Webhook {
    url: Url,
    secret: String,
}

/// Event to be sent to a webhook.
#[derive(Debug)]
pub(crate) struct Delivery {
    webhook: Webhook,
    body: String,
}

impl Webhooks {
    pub(crate) fn new(queue: mpsc::Sender<Delivery>) -> Self {
        Self {
            webhooks: Vec::new(),
            queue,
        }
    }

    pub(crate) fn add(&mut self, url: Url, secret: String) {
        self.webhooks.push(Webhook { url, secret });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.webhooks.is_empty()
    }

    /// Queues an event for each webhook. Events are dropped if the queue is full.
    pub(crate) fn send(&self, kind: &str, data: &Value) {
        let body = json!({ "type": kind, "data": data }).to_string();
        for webhook in &self.webhooks {
            let delivery = Delivery {
                webhook: webhook.clone(),
                body: body.clone(),
            };
            let _ = self.queue.try_send(delivery);
        }
    }
}

/// Sends queued deliveries, each in its own task, until the queue is closed.
pub(crate) async fn deliver(mut queue: mpsc::Receiver<Delivery>, clock: Clock) {
    let mut in_flight = JoinSet::new();
    let mut client = None;
    while let Some(delivery) = queue.recv().await {
        while in_flight.try_join_next().is_some() {}
        // Most servers have no webhooks.
        let client = match &client {
            Some(client) => Client::clone(client),
            None => match new_client() {
                Ok(new) => client.insert(new).clone(),
                Err(_) => continue,
            },
        };
        if in_flight.len() < QUEUE_CAPACITY {
            in_flight.spawn(delivery.send(client, clock.clone()));
        }
    }
}

/// Returns a client for any application on a development machine, whose certificate is seldom one of a known authority.
fn new_client() -> reqwest::Result<Client> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(ATTEMPT_TIMEOUT)
        .tls_danger_accept_invalid_certs(true)
        .user_agent("fief-server-webhooks/0.30.0")
        .build()
}

impl Delivery {
    /// Sends the event until the response is a 2xx, with Fief's delays.
    async fn send(self, client: Client, clock: Clock) {
        for delay in RETRY_DELAYS {
            sleep(delay).await;
            let attempt = self.attempt(&client, clock.seconds()).await;
            if attempt.is_ok_and(|status| status.is_success()) {
                return;
            }
        }
    }

    /// Sends the event once, signed with the time of this attempt. Returns the status of the response.
    async fn attempt(&self, client: &Client, now: u64) -> reqwest::Result<StatusCode> {
        let Webhook { url, secret } = &self.webhook;
        let request = client
            .post(url.clone())
            .header("content-type", "application/json")
            .header("x-fief-webhook-timestamp", now)
            .header(
                "x-fief-webhook-signature",
                signature(secret, now, &self.body),
            )
            .body(self.body.clone());
        Ok(request.send().await?.status())
    }
}

/// Returns the HMAC-SHA256 of timestamp and body, in hexadecimal.
fn signature(secret: &str, timestamp: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    let digits = tag.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Maximum of queued deliveries, and of those in flight.
pub(crate) const QUEUE_CAPACITY: usize = 1024;
/// As long as Fief waits.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const RETRY_DELAYS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(240),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_a_real_delivery() {
        let body = r#"{"type":"user_role.created","data":{"created_at":"2026-11-23T15:40:07.138806Z","updated_at":"2026-11-23T15:40:07.138809Z","user_id":"2839ad22-e587-4ce3-bcd2-ed3654e4f012","role_id":"0d2771aa-fa90-4299-8d8c-dee597c2695f","role":{"created_at":"2026-11-23T15:39:56.472116Z","updated_at":"2026-11-23T15:39:57.546603Z","id":"0d2771aa-fa90-4299-8d8c-dee597c2695f","name":"castles","granted_by_default":false}}}"#;
        let secret = "Mj3moMev93UYxQhumtsHoE82dCK1ShXQtVsQjSkaNjY";
        assert_eq!(
            signature(secret, 1_795_448_407, body),
            "627fd9f5f4d8a07eb8a05ae31a0b56eb686aed094105b71dc1ae471d33b2271b"
        );
    }
}
