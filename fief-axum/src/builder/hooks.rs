use std::sync::Arc;

use axum::response::IntoResponse;

use crate::{AcceptedLogin, FiefAuthBuilder, Login, RefreshDecision, SessionRefresh};

/// Hooks of logins and sessions, which need [`login`](FiefAuthBuilder::login).
impl FiefAuthBuilder {
    /// Calls `hook` with each login whose tokens were verified, before its session
    /// is created. Default: every login is accepted.
    ///
    /// The hook may create or look up a user in a database, and returns
    ///
    /// - `Ok(())` or `Ok(AcceptedLogin)` to accept the login. An [`AcceptedLogin`]
    ///   may hold a small value for the session, which
    ///   [`CurrentSession::data`](crate::CurrentSession::data) returns, and a page
    ///   to redirect to;
    /// - `Err` with a response to reject it, such as a page that says why. There is
    ///   no session then, and the one that the browser had before stays. A body may
    ///   have 256 KiB. If the login was silent (`prompt=none`), the browser goes back
    ///   to its page instead.
    ///
    /// The user is still logged in to Fief: the link to another attempt needs
    /// `?prompt=login`, so that another account can be chosen.
    ///
    /// # When it is called
    ///
    /// It is called for each login, also for a step-up and a silent one, and never
    /// for a refresh: see [`on_refresh`](Self::on_refresh). It is called once for a
    /// login whose callback is requested several times, and a browser that
    /// disconnects does not cancel it.
    ///
    /// Sessions count only in the application whose hook accepted them: those of
    /// another `FiefAuth` with the same client and session key are not opened, nor are
    /// those of before the hook was set.
    ///
    /// It must be idempotent: it is called again if it took too long, or
    /// if the session could not be stored afterwards, and the login is tried again.
    ///
    /// # When it fails
    ///
    /// It may take 10 seconds. Then it is dropped at an `await`, and the browser gets
    /// a page with status 503 whose link tries the same login again, for ten
    /// minutes. If it panics, or its value does not fit into the session, the browser
    /// gets a page with status 500 and has to begin another login. Each is logged
    /// as an error, and there is no session.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use fief_axum::{AcceptedLogin, CurrentSession, FiefAuth, Login, Rejection, SessionKey};
    /// # use fief_client::Fief;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Deserialize, Serialize)]
    /// struct Member {
    ///     number: u64,
    /// }
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .on_login(|login: Login| async move {
    ///         let user = login.user();
    ///         let email = user.email.as_deref().unwrap_or_default();
    ///         if user.email_verified != Some(true) || !email.ends_with("@example.com") {
    ///             return Err((StatusCode::FORBIDDEN, "Members only."));
    ///         }
    ///         // Insert the user into a database here.
    ///         Ok(AcceptedLogin::new().data(&Member { number: 7 }))
    ///     })
    ///     .build()?;
    ///
    /// async fn number(session: CurrentSession) -> Result<String, Rejection> {
    ///     let member: Option<Member> = session.data()?;
    ///     Ok(member.map_or_else(String::new, |member| member.number.to_string()))
    /// }
    /// # let _ = (auth, number);
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "afterCallback")]
    #[doc(alias = "signIn")]
    pub fn on_login<F, Fut, A, R>(mut self, hook: F) -> Self
    where
        F: Fn(Login) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, R>> + Send + 'static,
        A: Into<AcceptedLogin>,
        R: IntoResponse,
    {
        self.routes.on_login = Some(Arc::new(move |login| {
            let accepted = hook(login);
            Box::pin(async move {
                let accepted = accepted.await;
                accepted
                    .map(Into::into)
                    .map_err(IntoResponse::into_response)
            })
        }));
        self
    }

    /// Calls `hook` before the tokens of a session are refreshed. The session goes
    /// on if it returns `true` or `Ok(true)`, and ends if it returns `false` or `Ok(false)`.
    /// Default: every session goes on. It needs [`offline_access`](Self::offline_access).
    ///
    /// Use it for what Fief does not know, such as a user that the application has
    /// banned. A session that has ended does not keep the user from logging in again:
    /// that is for [`on_login`](Self::on_login). To end sessions at once, use
    /// [`FiefAuth::revoke_user_sessions`](crate::FiefAuth::revoke_user_sessions).
    ///
    /// It may take 5 seconds, for which the requests of the session wait. If it takes
    /// longer, panics, or returns an `Err`, since a database is unavailable for example, an
    /// error is logged, and it is as if Fief was unreachable:
    /// nothing is sent, the session stays, and its requests are accepted until the access
    /// token expires, and rejected with 503 from then on. It is called again
    /// after 5 seconds.
    ///
    /// # Example
    ///
    /// ```
    /// use std::{collections::HashSet, sync::{Arc, RwLock}};
    /// use fief_axum::{FiefAuth, SessionKey, SessionRefresh};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let banned = Arc::new(RwLock::new(HashSet::<uuid::Uuid>::new()));
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .offline_access()
    ///     .on_refresh(move |refresh: SessionRefresh| {
    ///         let banned = Arc::clone(&banned);
    ///         async move { !banned.read().unwrap().contains(&refresh.user_id()) }
    ///     })
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn on_refresh<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(SessionRefresh) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: RefreshDecision> + Send + 'static,
    {
        self.session.on_refresh = Some(Arc::new(move |refresh| {
            let decision = hook(refresh);
            Box::pin(async { decision.await.into_decision() })
        }));
        self
    }
}
