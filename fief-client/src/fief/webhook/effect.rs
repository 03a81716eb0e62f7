use std::time::SystemTime;

use uuid::Uuid;

use super::{EventData, EventKind, SIGNATURE_NAME, TIMESTAMP_NAME, WebhookEvent};
use crate::{FiefError, Reason};

/// What an event means for what an application knows of users.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WebhookEffect {
    /// Permissions of any user may have changed.
    AllPermissions,
    /// Nothing that an application knows has changed.
    None,
    /// The permissions of a user may have changed.
    Permissions(Uuid),
    /// A user has changed, at this time if the event says so.
    User(Uuid, UserChange, Option<SystemTime>),
}

/// How a user has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserChange {
    /// The account is active now.
    Active,
    /// The account was deleted.
    Deleted,
    /// The account is not active any more.
    Inactive,
    /// User info has changed.
    Info,
    /// The password was reset.
    PasswordReset,
}

impl WebhookEffect {
    /// Returns what an event means.
    #[must_use]
    pub fn of(event: &WebhookEvent) -> Self {
        let user = |change: UserChange| {
            let id = event.user_id();
            id.map_or(Self::None, |id| Self::User(id, change, updated_at(event)))
        };
        match event.kind() {
            EventKind::UserUpdated => user(activity(event)),
            EventKind::UserDeleted => user(UserChange::Deleted),
            EventKind::UserPasswordReset => user(UserChange::PasswordReset),
            EventKind::UserPermissionCreated
            | EventKind::UserPermissionDeleted
            | EventKind::UserRoleCreated
            | EventKind::UserRoleDeleted => event.user_id().map_or(Self::None, Self::Permissions),
            EventKind::PermissionCreated
            | EventKind::PermissionDeleted
            | EventKind::PermissionUpdated
            | EventKind::RoleCreated
            | EventKind::RoleDeleted
            | EventKind::RoleUpdated => Self::AllPermissions,
            EventKind::ClientCreated
            | EventKind::ClientDeleted
            | EventKind::ClientUpdated
            | EventKind::EmailTemplateUpdated
            | EventKind::OauthProviderCreated
            | EventKind::OauthProviderDeleted
            | EventKind::OauthProviderUpdated
            | EventKind::TenantCreated
            | EventKind::TenantDeleted
            | EventKind::TenantUpdated
            | EventKind::UserFieldCreated
            | EventKind::UserFieldDeleted
            | EventKind::UserCreated
            | EventKind::UserFieldUpdated
            | EventKind::UserForgotPasswordRequested
            | EventKind::Other(_) => Self::None,
        }
    }
}

/// Returns whether a delivery was rejected since it is not signed with a known secret.
#[must_use]
pub fn is_unsigned_webhook(error: &FiefError) -> bool {
    matches!(
        error,
        FiefError::WebhookInvalid(
            Reason::WrongSignature
                | Reason::Missing {
                    name: SIGNATURE_NAME | TIMESTAMP_NAME
                }
                | Reason::Malformed {
                    name: SIGNATURE_NAME
                }
        )
    )
}

/// Returns whether the account of an event is active, if it says so.
fn activity(event: &WebhookEvent) -> UserChange {
    // Also if other data have an unexpected form.
    match event
        .raw_data()
        .get("is_active")
        .and_then(serde_json::Value::as_bool)
    {
        Some(true) => UserChange::Active,
        Some(false) => UserChange::Inactive,
        None => UserChange::Info,
    }
}

fn updated_at(event: &WebhookEvent) -> Option<SystemTime> {
    match event.data() {
        EventData::User(user) => Some(user.updated_at),
        EventData::UserPermission(permission) => Some(permission.updated_at),
        EventData::UserRole(role) => Some(role.updated_at),
        EventData::Other => None,
    }
}
