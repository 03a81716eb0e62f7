//! What an event changes: see [`session`](crate::session) for how other
//! machines find it.

use std::{sync::Arc, time::SystemTime};

use fief_client::{
    internal::{UserChange, WebhookEffect, unix_seconds},
    webhook::WebhookEvent,
};
use uuid::Uuid;

use crate::{
    Error,
    session::{self, UserMark, change_all, change_user, microseconds, random_id},
    shared::Shared,
};

/// Acts on an event. Doing it again, or after later events, changes nothing.
///
/// # Errors
///
/// The store failed, or too many users are denied: Fief has to deliver again.
pub(super) async fn handle(auth: &Arc<Shared>, event: &WebhookEvent) -> Result<(), Error> {
    let effect = WebhookEffect::of(event);
    if effect == WebhookEffect::None {
        return Ok(());
    }
    let auth = Arc::clone(auth);
    // Fief may disconnect.
    session::detached(async move { apply(&auth, effect).await }).await
}

async fn apply(auth: &Arc<Shared>, effect: WebhookEffect) -> Result<(), Error> {
    let (marks, store) = (&auth.marks, auth.store());
    match effect {
        WebhookEffect::AllPermissions => change_all(marks, store).await,
        WebhookEffect::None => Ok(()),
        WebhookEffect::Permissions(user) => {
            let (id, now) = (random_id()?, unix_seconds(auth.fief.now()));
            let mark = UserMark::default().with_permissions(id, now).with_info(id);
            change_user(marks, store, user, &mark).await.map(drop)
        }
        WebhookEffect::User(user, change, at) => apply_to_user(auth, user, change, at).await,
    }
}

/// Marks a user first, and revokes the sessions afterwards: a login in between
/// finds the mark, and one before that the revocation.
async fn apply_to_user(
    auth: &Arc<Shared>,
    user: Uuid,
    change: UserChange,
    at: Option<SystemTime>,
) -> Result<(), Error> {
    let (marks, store) = (&auth.marks, auth.store());
    let time = microseconds(at.unwrap_or_else(|| auth.fief.now()));
    let mark = match change {
        // What does not say when it was is later than nothing.
        UserChange::Active if at.is_none() => UserMark::default(),
        UserChange::Active => UserMark::active(time),
        UserChange::Deleted => UserMark::deleted(),
        UserChange::Inactive => UserMark::inactive(time),
        UserChange::Info => UserMark::default(),
        UserChange::PasswordReset => UserMark::password_reset(time),
    };
    let mark = mark.with_info(random_id()?);
    let changed = change_user(marks, store, user, &mark).await;
    let known = match &changed {
        Ok(known) => known.clone(),
        // This process acts nevertheless, also if it has no room for the mark.
        Err(_) => marks.of_user(user).unwrap_or_default().merged(&mark),
    };
    let is_end = match change {
        UserChange::Active | UserChange::Info => false,
        // The time of a deletion is that of the last change before it.
        UserChange::Deleted => true,
        UserChange::Inactive => known.is_inactive() && !known.is_revoked(time),
        UserChange::PasswordReset => !known.is_revoked(time),
    };
    if let Some(sessions) = auth.sessions().filter(|_| is_end) {
        session::revoke_user(sessions, user).await?;
        let revoked = UserMark::revoked(time);
        return match changed {
            Ok(_) => change_user(marks, store, user, &revoked).await.map(drop),
            Err(error) => Err(error),
        };
    }
    changed.map(drop)
}
