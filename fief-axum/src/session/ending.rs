use uuid::Uuid;

use crate::{
    Error, FiefAuth,
    session::{end, seconds},
    site::{Site, bad},
};

/// Sessions that end before their time.
impl FiefAuth {
    /// Ends one session ([`CurrentSession::id`](crate::CurrentSession::id)), whoever has its cookies.
    ///
    /// Without a session store this is known to this process only, until it ends, and for the last 100 000 sessions.
    ///
    /// # Errors
    /// [`Error::SessionStore`]: the session is ended in this process only. [`Error::Configuration`]: logging in is not
    /// set up.
    pub async fn end_session(&self, id: Uuid) -> Result<(), Error> {
        end(self, self.login_site()?, id, None).await
    }

    /// Ends all sessions that a user has now, on all of the user's devices.
    ///
    /// Without a session store this is known to this process only, until it ends, and for the last 100 000 users.
    /// Bearer tokens are not sessions: Fief cannot take those back.
    ///
    /// # Errors
    /// [`Error::SessionStore`]: the sessions are ended in this process only. [`Error::Fief`]: nor is there an issuer
    /// yet, which the store needs. [`Error::Configuration`]: logging in is not set up.
    pub async fn end_sessions(&self, user: Uuid) -> Result<(), Error> {
        let site = self.login_site()?;
        let now = seconds(self.fief().now());
        site.ended.user(user, site.absolute, now);
        self.forget_user(user).await;
        match &site.store {
            Some(store) => {
                let issuer = self.fief().issuer().await?;
                store.end_user(site, issuer, user, now).await
            }
            None => Ok(()),
        }
    }

    fn login_site(&self) -> Result<&Site, Error> {
        self.site().ok_or_else(|| bad("login: is not set up"))
    }
}
