use std::sync::Arc;

use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};

use super::{bearer::is_b64token, head::RequestHead};
use crate::{
    Rejection, RejectionKind,
    response::pending::PendingResponse,
    session::{Opened, SealedSession, Session},
    shared::Shared,
};

/// The result of authenticating a request.
pub(crate) type AuthOutcome = Result<Credential, RejectionKind>;

/// Valid credential of a request.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// A bearer token, or the value of the access token cookie.
    Token(FiefAccessTokenInfo),
    /// A session that was opened before.
    /// [`with_session`](super::auth::RequestAuth::with_session) loads it.
    OpenedSession(Arc<Opened>),
    /// A session in a store, whose records were opened before. It is opened by the same function.
    SealedSession(FiefAccessTokenInfo, Arc<SealedSession>),
    Session(FiefAccessTokenInfo, Arc<Session>),
}

/// The result of authenticating a request, as extractors see it.
pub(crate) struct Authentication<'a> {
    pub(crate) auth: &'a Arc<Shared>,
    pub(crate) pending: &'a Arc<PendingResponse>,
    pub(crate) head: RequestHead<'a>,
    pub(crate) outcome: &'a AuthOutcome,
}

impl Credential {
    #[inline]
    pub(crate) fn token(&self) -> &FiefAccessTokenInfo {
        match self {
            Self::OpenedSession(opened) => opened.token(),
            Self::Token(token) | Self::SealedSession(token, _) | Self::Session(token, _) => token,
        }
    }

    /// Returns the session, if it was loaded.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Session(_, session) => Some(session),
            Self::Token(_) | Self::OpenedSession(_) | Self::SealedSession(..) => None,
        }
    }

    /// Opens its session, if that is still sealed.
    pub(super) fn open_session(&mut self, auth: &Shared) -> Result<(), RejectionKind> {
        if let Self::SealedSession(token, sealed) = self {
            let session = auth.sessions();
            let session = session.and_then(|sessions| sessions.open_sealed(sealed));
            *self = Self::Session(token.clone(), session.ok_or(RejectionKind::Expired)?);
        }
        Ok(())
    }

    /// Returns the outcome for a bearer token. Its syntax is checked only if validation failed, since a valid token is
    /// always well-formed.
    #[inline]
    pub(super) fn from_bearer(
        token: &[u8],
        validated: Result<FiefAccessTokenInfo, FiefError>,
    ) -> AuthOutcome {
        match validated {
            Ok(token) => Ok(Self::Token(token)),
            Err(_) if !is_b64token(token) => Err(RejectionKind::Malformed),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the credential, unless it is denied.
    #[inline]
    pub(super) fn unless(self, is_denied: bool) -> AuthOutcome {
        if is_denied {
            Err(RejectionKind::Denied)
        } else {
            Ok(self)
        }
    }
}

impl<'a> Authentication<'a> {
    /// Returns the credential, or a rejection if the request has no valid one.
    pub(crate) fn credential(&self) -> Result<&'a Credential, Rejection> {
        self.outcome
            .as_ref()
            .map_err(|kind| self.reject(kind.clone(), &Requirements::new()))
    }

    /// Returns the credential if it meets the requirements.
    pub(crate) fn require(&self, required: &Requirements) -> Result<&'a Credential, Rejection> {
        check_requirements(self.auth, self.outcome, required)
            .map_err(|kind| self.reject(kind, required))
    }

    /// Returns the rejection. Its response says how to meet the requirements.
    pub(crate) fn reject(&self, kind: RejectionKind, required: &Requirements) -> Rejection {
        let token = self.outcome.as_ref().ok();
        let token = token.map(Credential::token);
        self.auth.reject(self.head, kind, required, token)
    }
}

/// Returns the credential of an outcome if it meets the requirements.
#[inline]
pub(crate) fn check_requirements<'a>(
    auth: &Arc<Shared>,
    outcome: &'a AuthOutcome,
    required: &Requirements,
) -> Result<&'a Credential, RejectionKind> {
    let credential = outcome.as_ref().map_err(Clone::clone)?;
    auth.fief()
        .check_requirements(credential.token(), required)?;
    Ok(credential)
}
