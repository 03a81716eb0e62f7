use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, RawQuery, Request},
    response::{IntoResponse, Response},
};
use fief_client::{FiefAccessTokenInfo, FiefUserInfo};
use serde::Serialize;
use url::form_urlencoded;

use crate::{Authenticated, CurrentUser, FreshUser, Rejection};

/// JSON of the user route. Both are `null` if no user is logged in.
///
/// The names are those of Fief's JavaScript client.
#[derive(Default, Serialize)]
struct User {
    userinfo: Option<Arc<FiefUserInfo>>,
    access_token_info: Option<FiefAccessTokenInfo>,
}

/// Returns the current user, from the cache or with `?refresh=true` from Fief.
pub(super) async fn user(
    token: Option<Authenticated>,
    query: RawQuery,
    request: Request,
) -> Result<Response, Rejection> {
    let Some(Authenticated(token)) = token else {
        return Ok(Json(User::default()).into_response());
    };
    let query = query.0.unwrap_or_default();
    let is_fresh = form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "refresh" && value == "true");
    let (mut parts, _) = request.into_parts();
    let found = if is_fresh {
        let found = FreshUser::from_request_parts(&mut parts, &()).await;
        found.map(|FreshUser(user)| user)
    } else {
        let found = CurrentUser::from_request_parts(&mut parts, &()).await;
        found.map(|CurrentUser(user)| user)
    };
    let userinfo = match found {
        Ok(user) => Some(user),
        // Fief no longer accepts the token: not logged in.
        Err(rejection) if rejection.kind().is_unauthenticated() => None,
        // An optional user would be `None` while Fief fails, which is not to be logged out.
        Err(rejection) => return Err(rejection),
    };
    let access_token_info = userinfo.is_some().then_some(token);
    let user = User {
        userinfo,
        access_token_info,
    };
    Ok(Json(user).into_response())
}
