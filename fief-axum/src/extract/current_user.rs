use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::{FiefUserInfo, Requirements};

use super::optional::optional;
use crate::{Rejection, request::auth::RequestAuth, user::Users};

/// The user who sent the request, as Fief described them in the last five minutes.
///
/// As `Option<CurrentUser>` it is none for no, invalid and expired credentials, and for users who are not active; what
/// else is wrong is still rejected, as by [`Authenticated`](crate::Authenticated). Needs
/// [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route.
///
/// ```
/// use fief_axum::CurrentUser;
///
/// async fn hello(CurrentUser(user): CurrentUser) -> String {
///     format!("Hello, {}", user.email.unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser(pub FiefUserInfo);

/// The user who sent the request, as Fief describes them now: one request to Fief each time.
///
/// Otherwise as [`CurrentUser`], which gets to know what this one learns.
///
/// ```
/// use fief_axum::FreshUser;
///
/// async fn profile(FreshUser(user): FreshUser) -> String {
///     format!("Your address is {}", user.email.unwrap_or_default())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FreshUser(pub FiefUserInfo);

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        find(parts, false).await.map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        optional(find(parts, false).await.map(Self))
    }
}

impl<S: Sync> FromRequestParts<S> for FreshUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        find(parts, true).await.map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for FreshUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        optional(find(parts, true).await.map(Self))
    }
}

async fn find(parts: &mut Parts, is_fresh: bool) -> Result<FiefUserInfo, Rejection> {
    let authentication = RequestAuth::authenticate(parts).await?;
    let token = &authentication.credential()?.token;
    let auth = authentication.auth;
    let found = if is_fresh {
        auth.users().fetch(auth.fief(), token).await
    } else {
        Users::get(auth.users(), auth.fief(), token).await
    };
    found.map_err(|error| {
        tracing::debug!(%error, user = %token.id(), "no user info");
        authentication.reject(error.into(), &Requirements::new())
    })
}
