//! A club whose members log in with Fief: a table of its own for them, logins that are rejected, sessions that are
//! remembered, and pages of its own.

mod members;
mod pages;

use std::time::Duration;

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use fief_axum::{AcceptedLogin, FiefAuth, Login, SessionKey, SessionRefresh, fief_client::Fief};

pub use crate::members::Members;
use crate::members::{DatabaseError, Membership};

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// The application, given the parts that a test brings too.
pub fn app(
    fief: Fief,
    app_url: &str,
    session_key: SessionKey,
    members: Members,
) -> Result<Router, fief_axum::Error> {
    let (at_login, at_refresh) = (members.clone(), members.clone());
    let auth = FiefAuth::builder(fief)
        .login(app_url, session_key)
        .offline_access()
        .remember_me(MONTH)
        .on_login(move |login| admit(at_login.clone(), login))
        .on_refresh(move |refresh| may_stay(at_refresh.clone(), refresh))
        .on_login_page(pages::of_login)
        .on_rejection(pages::of_rejection)
        .build()?;
    Ok(Router::new()
        .route("/members", get(pages::members))
        .route("/welcome", get(pages::welcome))
        .route("/name", post(pages::rename))
        .route_layer(auth.require())
        .route("/", get(pages::home))
        .fallback(pages::not_found)
        .merge(auth.routes())
        .layer(auth.layer())
        .with_state(members))
}

/// Enters a user into the table of members, which is done again if the login is tried again. Those with an address of
/// another domain, and those who are banned, get a page instead of a session.
async fn admit(members: Members, login: Login) -> Result<AcceptedLogin, Response> {
    let Some(email) = members.address_of(login.user()) else {
        return Err(pages::outsider(login.user(), members.domain()));
    };
    let member = members.join(login.user().sub, email).await?;
    if member.is_banned {
        return Err(pages::banned());
    }
    let number = member.number;
    let accepted = AcceptedLogin::new().data(&Membership { number });
    Ok(if member.name.is_empty() {
        accepted.redirect_to("/welcome")
    } else {
        accepted
    })
}

/// Ends the sessions of members that were banned since their login. No session ends if the database is down for now.
async fn may_stay(members: Members, refresh: SessionRefresh) -> Result<bool, DatabaseError> {
    let is_banned = members.is_banned(refresh.user_id()).await?;
    Ok(!is_banned)
}
