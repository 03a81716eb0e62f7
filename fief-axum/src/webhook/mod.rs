//! Webhooks: an extractor for events of Fief, and a route that acts on them.
//!
//! What an event changes, in this process and on other machines, is a mark:
//! [`session`](crate::session) has the details.

pub(crate) mod config;
mod extract;
mod handle;
pub(crate) mod route;

pub use self::extract::{Webhook, WebhookRejection};
