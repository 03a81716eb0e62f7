use std::{any::type_name, fmt, sync::Arc, time::SystemTime};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Extensions, HeaderMap, Method, Uri, request::Parts},
};
use fief_client::{
    FiefAccessTokenInfo, Requirements,
    internal::{Chain, unix_seconds},
};

use serde::de::DeserializeOwned;

use super::optional::{is_unauthenticated, optional};
use crate::{
    Rejection, RejectionKind, SessionId,
    log::limited,
    request::{auth::RequestAuth, authentication::Credential, head::RequestHead},
    response::pending::PendingResponse,
    session::{self, HeldSession, Session, SessionCookies},
    shared::Shared,
};

/// Extractor for the session that authenticated the request.
///
/// It provides access tokens to call other APIs, for as long as the handler needs them:
///
/// ```
/// use fief_axum::{CurrentSession, Rejection};
///
/// async fn call_another_api(session: CurrentSession) -> Result<String, Rejection> {
///     let token = session.access_token().await?;
///     let authorization = format!("Bearer {}", token.access_token());
///     # let _ = authorization;
///     Ok("...".into())
/// }
/// ```
///
/// It also signals the end of the session to what outlives the request, such as WebSockets and server-sent events:
///
/// ```
/// use fief_axum::CurrentSession;
///
/// async fn stream(session: CurrentSession) {
///     tokio::spawn(async move {
///         tokio::select! {
///             () = session.ended() => {}
///             () = send_events() => {}
///         }
///     });
/// }
/// async fn send_events() {}
/// ```
///
/// A request with a bearer token has no session; the methods then refer to the token. It needs
/// [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
#[derive(Clone)]
pub struct CurrentSession {
    auth: Arc<Shared>,
    pending: Arc<PendingResponse>,
    credential: Credential,
    /// The session, which other requests may refresh. `None` for a bearer token.
    held: Option<HeldSession>,
    request: Arc<SentRequest>,
}

/// The parts of the request that a rejection needs.
struct SentRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// Empty, since the request's extensions may hold this session.
    extensions: Extensions,
}

impl CurrentSession {
    /// Returns the id of the session, for [`FiefAuth::revoke_session`](crate::FiefAuth::revoke_session). `None` for a
    /// bearer token. The id is not a secret.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.session().map(|session| session.id.into())
    }

    /// Returns when the session was created by a login. `None` for a bearer token.
    #[must_use]
    pub fn created_at(&self) -> Option<SystemTime> {
        Some(self.session()?.created_at())
    }

    /// Returns the value that [`on_login`](crate::FiefAuthBuilder::on_login) has put into the session. `None` if it has put
    /// none, and for a bearer token.
    ///
    /// The value is JSON, of which a type may read a part. After an update of the application, sessions still have values
    /// of before: give new fields `#[serde(default)]`.
    ///
    /// ```
    /// use fief_axum::{CurrentSession, Rejection};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Member {
    ///     number: u64,
    /// }
    ///
    /// async fn number(session: CurrentSession) -> Result<String, Rejection> {
    ///     let member: Option<Member> = session.data()?;
    ///     Ok(member.map_or_else(String::new, |member| member.number.to_string()))
    /// }
    /// ```
    ///
    /// # Errors
    /// A rejection to be returned from the handler: 500 if the value is not of this type. The log names the type, and
    /// not the value.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, Rejection> {
        let Some(session) = self.session() else {
            return Ok(None);
        };
        session.extra.data().map_err(|error| {
            // The text of the error may have a part of the value.
            limited!(
                error,
                self.auth.fief(),
                expected = type_name::<T>(),
                column = error.column(),
                "the value of a session is of another type"
            );
            self.reject(RejectionKind::Misconfigured, &Requirements::new())
        })
    }

    /// Returns an access token that is valid now. Refreshes it first if it is about to expire.
    ///
    /// With a session store the session is loaded, since another machine may have refreshed or revoked it. The idle timeout
    /// does not apply.
    ///
    /// Without a session store, the refreshed session is sent to the browser with the response to this request. So call
    /// this before the response begins: streams must get the token before they start, or use a store.
    ///
    /// # Errors
    /// A rejection to be returned from the handler: 401 if the session has ended, 503 if Fief or the session store is
    /// unreachable.
    pub async fn access_token(&self) -> Result<FiefAccessTokenInfo, Rejection> {
        let auth = &self.auth;
        let (Some(sessions), Some(session), Some(held)) =
            (auth.sessions(), self.session(), &self.held)
        else {
            let token = self.credential.token().access_token();
            let any = Requirements::new();
            let reject = |kind| self.reject(kind, &Requirements::new());
            let token = auth.fief().validate_access_token(token, &any).await;
            let token = token.map_err(|error| reject(error.into()))?;
            let is_denied = session::is_denied(&auth.marks, auth.sessions(), &token).await;
            return if is_denied.map_err(|error| reject(error.into()))? {
                Err(reject(RejectionKind::Denied))
            } else {
                Ok(token)
            };
        };
        let now = unix_seconds(auth.fief().now());
        let (token, fresh) = session::current_token(sessions, held, now)
            .await
            .map_err(|kind| self.reject(kind, &Requirements::new()))?;
        if fresh.generation > session.generation && sessions.store.is_none() {
            match session::write_refreshed(sessions, &fresh, &self.request.headers) {
                Ok(cookies) => {
                    let cookies = SessionCookies {
                        session: cookies,
                        ..SessionCookies::default()
                    };
                    self.pending.set_session_cookies(sessions, &fresh, cookies);
                }
                Err(error) => {
                    limited!(error, auth.fief(),
                        error = %Chain(&error),
                        "failed to write the cookies of a refreshed session"
                    );
                }
            }
        }
        Ok(token)
    }

    /// Completes when the session has ended: the user logged out, the session was revoked
    /// ([`FiefAuth::revoke_user_sessions`](crate::FiefAuth::revoke_user_sessions)), or it expired. For a bearer token,
    /// when the token has expired.
    ///
    /// Revocations by other machines are noticed within 30 seconds, if they share a session store. A session that is
    /// refreshed goes on, and the idle timeout does not apply.
    ///
    /// Waiting costs next to nothing: nothing is woken before the end, and with a session store each session is loaded
    /// once in 30 seconds, however many streams wait for it. The clock is read once a second. Without a tokio runtime it
    /// completes at once.
    #[doc(alias = "websocket")]
    pub async fn ended(&self) {
        let (auth, token) = (self.auth(), self.credential.token());
        let (fief, sessions) = (auth.fief(), auth.sessions());
        let session = self.held.as_ref().map(HeldSession::newest);
        session::wait_for_end(&auth.waiters, fief, sessions, session.as_ref(), token).await;
    }

    pub(crate) fn auth(&self) -> &Arc<Shared> {
        &self.auth
    }

    fn session(&self) -> Option<&Arc<Session>> {
        self.credential.session()
    }

    pub(crate) fn reject(&self, kind: RejectionKind, required: &Requirements) -> Rejection {
        let head = RequestHead {
            method: &self.request.method,
            uri: &self.request.uri,
            headers: &self.request.headers,
            extensions: &self.request.extensions,
        };
        let token = self.credential.token();
        self.auth().reject(head, kind, required, Some(token))
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let authentication = RequestAuth::with_session(parts).await?;
        let credential = authentication.credential()?;
        let sessions = authentication.auth.sessions();
        let held = sessions
            .zip(credential.session())
            .map(|(sessions, session)| sessions.held.hold(session));
        let request = authentication.head;
        Ok(Self {
            auth: authentication.auth.clone(),
            pending: Arc::clone(authentication.pending),
            credential: credential.clone(),
            held,
            request: Arc::new(SentRequest {
                method: request.method.clone(),
                uri: request.original_uri().clone(),
                headers: request.headers.clone(),
                extensions: Extensions::new(),
            }),
        })
    }
}

impl fmt::Debug for CurrentSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentSession")
            .field("id", &self.id())
            .field("token", self.credential.token())
            .finish_non_exhaustive()
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentSession {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        optional(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}
