use std::{ops::Deref, sync::Arc};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use fief_client::{
    FiefUserInfo, Requirements,
    internal::{Chain, unix_seconds},
};

use super::optional::{is_unauthenticated, optional};
use crate::{Rejection, RejectionKind, request::auth::RequestAuth, shared::Shared, user::Users};

/// Extractor for the user info of the request's user.
///
/// User info is fetched from Fief, cached for five minutes
/// ([`user_cache_ttl`](crate::FiefAuthBuilder::user_cache_ttl)), and filled in by each login. [`FreshUser`] skips the
/// cache. It needs [`FiefAuth::layer`](crate::FiefAuth::layer) or a guard around the route. Requests share it behind an
/// [`Arc`], so that nothing is copied.
///
/// Rejects unauthenticated requests and inactive users with 401. If Fief is unreachable or fails, the user that was fetched
/// last is returned, for up to 24 hours after that; without one the response is 503. Fief is requested again after 5
/// seconds.
///
/// # As an option
///
/// `Option<CurrentUser>` is `None` if credentials are missing, invalid or expired, if the user is inactive, or if user info
/// is unavailable, so that a public page stays up. That is logged once a minute. So `None` does not mean that the request is
/// anonymous: use `Option<Authenticated>` for that.
///
/// A session store that fails is a 503 also for an option, after 5 seconds. A public page that must stay up takes
/// `Result<CurrentUser, Rejection>`.
///
/// # Example
///
/// ```
/// use fief_axum::CurrentUser;
///
/// async fn hello(CurrentUser(user): CurrentUser) -> String {
///     format!("Hello, {}", user.email.as_deref().unwrap_or("you"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser(pub Arc<FiefUserInfo>);

/// Extractor for the user info of the request's user, fetched from Fief for each request.
///
/// Use it if five minutes old data does not suffice, such as for a form to edit the profile. Otherwise as
/// [`CurrentUser`], whose cache it updates. If Fief is unreachable or fails, the response is 503, also for
/// `Option<FreshUser>`.
///
/// ```
/// use fief_axum::FreshUser;
///
/// async fn profile(FreshUser(user): FreshUser) -> String {
///     format!("Your address is {}", user.email.as_deref().unwrap_or("unknown"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FreshUser(pub Arc<FiefUserInfo>);

impl Deref for CurrentUser {
    type Target = FiefUserInfo;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Deref for FreshUser {
    type Target = FiefUserInfo;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        user_info(parts, false).await.map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        let authentication = RequestAuth::authenticate(parts).await?;
        let token = authentication.credential()?.token();
        let auth = authentication.auth;
        let found = Users::get(auth.users(), auth.fief(), token).await;
        match found.map_err(RejectionKind::from) {
            Ok(user) => Ok(Some(Self(user))),
            Err(RejectionKind::Unavailable) => {
                warn_of_unavailable_user(auth);
                Ok(None)
            }
            Err(kind) if kind.is_unauthenticated() => Ok(None),
            Err(kind) => Err(authentication.reject(kind, &Requirements::new())),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for FreshUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        user_info(parts, true).await.map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for FreshUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        if is_unauthenticated(parts).await? {
            return Ok(None);
        }
        optional(user_info(parts, true).await.map(Self))
    }
}

async fn user_info(parts: &mut Parts, is_fresh: bool) -> Result<Arc<FiefUserInfo>, Rejection> {
    let authentication = RequestAuth::authenticate(parts).await?;
    let token = authentication.credential()?.token();
    let auth = authentication.auth;
    // Boxed: these futures are large, and most users are in memory.
    let found = if is_fresh {
        Box::pin(Users::get_fresh(auth.users(), auth.fief(), token)).await
    } else if let Some(user) = auth.users().in_memory(auth.fief(), token.id()) {
        Ok(user)
    } else {
        Box::pin(Users::get(auth.users(), auth.fief(), token)).await
    };
    found.map_err(|error| {
        tracing::debug!(error = %Chain(&error), user = %token.id(), "failed to get user info");
        authentication.reject(error.into(), &Requirements::new())
    })
}

/// Logs that an optional user is `None` although the request is authenticated.
fn warn_of_unavailable_user(auth: &Shared) {
    if let Some(omitted) = auth
        .users()
        .unavailable
        .permit(unix_seconds(auth.fief().now()))
    {
        tracing::warn!(
            omitted,
            "user info is unavailable and none is known: `Option<CurrentUser>` is `None` for users \
             that are logged in"
        );
    }
}
