use std::future::Future;

use axum::BoxError;
use fief_client::webhook::{WebhookEvent, WebhookVerifier};

use crate::FiefAuthBuilder;

/// Settings of webhooks.
impl FiefAuthBuilder {
    /// Adds a route to [`FiefAuth::routes`](crate::FiefAuth::routes) for the webhooks of Fief, by which changes of users take
    /// effect at once. Default: no such route.
    ///
    /// In Fief, create a webhook with the URL of this route and the events of users, user roles, user permissions, roles
    /// and permissions. `verifier` has the secret that Fief shows then. Fief's worker must run.
    ///
    /// | event | what it changes |
    /// | --- | --- |
    /// | `user.deleted`, `user.updated` of an account that is not active | the user's sessions end, and bearer tokens are [denied](crate::FiefAuth::deny_user); of an inactive account until a later `user.updated` |
    /// | `user.password_reset` | the user's sessions end, and bearer tokens of earlier logins are denied |
    /// | `user_role.*`, `user_permission.*` | the user's sessions are refreshed before their next response, and once more after a minute; while Fief is unreachable, that is a 503 |
    /// | `role.*`, `permission.*` | all sessions are refreshed within five minutes |
    /// | each of a user | user info is fetched again |
    ///
    /// With a [session store](Self::session_store), any machine may receive an event. Other machines notice it with the next
    /// request of a session of the user, and for bearer tokens within 5 seconds: configure all machines alike. User info
    /// of users without a session is outdated for up to [`user_cache_ttl`](Self::user_cache_ttl). Without a store, an event
    /// counts in the process that receives it, until that exits: other processes notice it with the next refresh.
    ///
    /// Events are ordered by `updated_at`. An account that is made active in Fief's database needs a later one as well, or
    /// its tokens stay denied.
    ///
    /// Sessions without a refresh token keep their permissions until their token expires: see
    /// [`end_outdated_sessions`](Self::end_outdated_sessions).
    ///
    /// Deliveries that are not signed with the secret are rejected with 401, and old ones with 400. If the store fails, or
    /// more than 100,000 users are denied, the response is a 503, and Fief delivers again. Put the route outside of guards.
    ///
    /// ```
    /// use fief_axum::{FiefAuth, SessionKey, fief_client::{Fief, webhook::WebhookVerifier}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// // The URL in Fief: https://app.example.com/webhooks
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .offline_access()
    ///     .webhooks("/webhooks", WebhookVerifier::new("the secret that Fief showed")?)
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "webhook")]
    pub fn webhooks(mut self, path: impl Into<String>, verifier: WebhookVerifier) -> Self {
        self.webhooks.endpoint = Some((path.into(), verifier));
        self
    }

    /// Calls a hook with each event that [`webhooks`](Self::webhooks) receives, also those that fief-axum does nothing
    /// with. Default: no hook.
    ///
    /// It is called after the event has taken effect. If it fails, panics or takes more than 10 seconds, the response is a
    /// 500, and Fief delivers again, up to five times. Fief itself waits for 5 seconds. If it disconnects, the hook is
    /// dropped at an `await`. So a hook must be idempotent, and compare `updated_at`, since events arrive out of order.
    ///
    /// ```
    /// use fief_axum::{FiefAuth, fief_client::{Fief, webhook::{EventKind, WebhookVerifier}}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .webhooks("/webhooks", WebhookVerifier::new("the secret that Fief showed")?)
    ///     .on_webhook(async |event| {
    ///         if *event.kind() == EventKind::UserDeleted {
    ///             println!("delete the castles of {:?}", event.user_id());
    ///         }
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok(()) }
    /// ```
    pub fn on_webhook<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(WebhookEvent) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.webhooks.on_webhook = Some(Box::new(move |event| Box::pin(hook(event))));
        self
    }

    /// Ends sessions that cannot be refreshed when a webhook says that their user's permissions, or those of a role, have
    /// changed. Default: such a session keeps its permissions until its token expires.
    ///
    /// A session cannot be refreshed without [`offline_access`](Self::offline_access). Whether it is older than the change
    /// is decided by the clocks of the machines.
    pub fn end_outdated_sessions(mut self) -> Self {
        self.marks.ends_outdated = true;
        self
    }
}
