use std::{error::Error, fmt, sync::Arc};

use axum::{
    Json,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use fief_client::{FiefAcr, FiefError, FiefUserInfo, Requirements};
use serde::Serialize;
use serde_json::json;

use crate::{CurrentSession, Rejection, RejectionKind};

/// Extractor for self-service changes to the current user's account.
///
/// ```
/// use axum::Form;
/// use fief_axum::{Account, AccountError};
///
/// #[derive(serde::Deserialize)]
/// struct NewPassword { password: String }
///
/// async fn change_password(
///     account: Account,
///     Form(new): Form<NewPassword>,
/// ) -> Result<&'static str, AccountError> {
///     account.change_password(&new.password).await?;
///     Ok("Your password was changed.")
/// }
/// ```
///
/// Fief requires the ACR [`LevelOne`](FiefAcr::LevelOne) to change passwords and e-mail addresses; requests with less are
/// rejected with a step-up challenge. Guard the route with [`acr`](crate::RequireLayer::acr) and
/// [`max_age`](crate::RequireLayer::max_age), and the page with the form as well, so that users log in before they fill
/// it in.
#[derive(Clone, Debug)]
pub struct Account {
    session: CurrentSession,
}

/// Error of [`Account`]'s methods.
///
/// As a response, [`Invalid`](Self::Invalid) has Fief's status and a JSON body with `error`, `reason` and `fields`, and
/// [`Rejected`](Self::Rejected) is the rejection's response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AccountError {
    /// Fief rejected the new value: a password that is too weak, an address in use, an invalid field.
    Invalid(FiefError),
    /// The session has ended, the user must step up, or Fief is unreachable.
    Rejected(Arc<Rejection>),
}

impl Account {
    /// Changes fields of the profile. See [`Fief::update_profile`](fief_client::Fief::update_profile).
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Rejected`].
    pub async fn update_profile(
        &self,
        fields: &(impl Serialize + Sync + ?Sized),
    ) -> Result<FiefUserInfo, AccountError> {
        let token = self.session.access_token().await?;
        let fief = self.session.auth().fief();
        self.changed(fief.update_profile(token.access_token(), fields).await)
            .await
    }

    /// Changes the password. See [`Fief::change_password`](fief_client::Fief::change_password).
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Rejected`].
    pub async fn change_password(&self, new_password: &str) -> Result<FiefUserInfo, AccountError> {
        let token = self.session.access_token().await?;
        let fief = self.session.auth().fief();
        let changed = fief.change_password(token.access_token(), new_password);
        self.changed(changed.await).await
    }

    /// Begins to change the e-mail address. See [`Fief::email_change`](fief_client::Fief::email_change).
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Rejected`].
    pub async fn email_change(&self, email: &str) -> Result<FiefUserInfo, AccountError> {
        let token = self.session.access_token().await?;
        let fief = self.session.auth().fief();
        let changed = fief.email_change(token.access_token(), email);
        self.changed(changed.await).await
    }

    /// Finishes changing the e-mail address. See [`Fief::email_verify`](fief_client::Fief::email_verify).
    ///
    /// # Errors
    /// [`AccountError::Invalid`], [`AccountError::Rejected`].
    pub async fn email_verify(&self, code: &str) -> Result<FiefUserInfo, AccountError> {
        let token = self.session.access_token().await?;
        let fief = self.session.auth().fief();
        let changed = fief.email_verify(token.access_token(), code);
        self.changed(changed.await).await
    }

    /// Caches the user info of a successful response.
    async fn changed(
        &self,
        response: Result<FiefUserInfo, FiefError>,
    ) -> Result<FiefUserInfo, AccountError> {
        let auth = self.session.auth();
        let error = match response {
            Ok(user) => {
                auth.users().update(auth.fief(), &user).await;
                return Ok(user);
            }
            Err(error) => error,
        };
        match error.status() {
            Some(StatusCode::FORBIDDEN) => {
                let required = FiefAcr::LevelOne;
                let kind = RejectionKind::AcrTooLow { required };
                let required = Requirements::new().acr(required);
                Err(self.session.reject(kind, &required).into())
            }
            Some(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
                Err(AccountError::Invalid(error))
            }
            _ => Err(self
                .session
                .reject(error.into(), &Requirements::new())
                .into()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Account {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let session = CurrentSession::from_request_parts(parts, state).await?;
        Ok(Self { session })
    }
}

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the account was not changed")
    }
}

impl Error for AccountError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(error) => Some(error),
            Self::Rejected(rejection) => Some(&**rejection),
        }
    }
}

impl From<Rejection> for AccountError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Arc::new(rejection))
    }
}

impl IntoResponse for AccountError {
    fn into_response(self) -> Response {
        let detail = match self {
            Self::Rejected(rejection) => return Arc::unwrap_or_clone(rejection).into_response(),
            Self::Invalid(FiefError::Request { status, detail, .. }) => (status, detail),
            Self::Invalid(_) => return StatusCode::BAD_REQUEST.into_response(),
        };
        let (status, detail) = detail;
        // Without the input, which may be a password.
        let fields: Vec<_> = detail
            .fields()
            .iter()
            .map(|field| json!({ "loc": field["loc"], "type": field["type"], "msg": field["msg"] }))
            .collect();
        let body = json!({
            "error": detail.code().unwrap_or("invalid_request"),
            "reason": detail.reason(),
            "fields": fields,
        });
        (status, Json(body)).into_response()
    }
}
