use std::{fmt, time::SystemTime};

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::EventKind;
use crate::Reason;

/// Event that Fief delivered by a webhook, verified by [`WebhookVerifier::verify`](super::WebhookVerifier::verify).
#[derive(Clone, PartialEq)]
pub struct WebhookEvent {
    kind: EventKind,
    data: EventData,
    raw: Map<String, Value>,
}

/// Data of a [`WebhookEvent`] that have a type of their own.
///
/// Which it is depends on the kind of the event. Data that do not have the expected form are `Other`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventData {
    /// Of `user.*`.
    User(WebhookUser),
    /// Of `user_permission.*`.
    UserPermission(WebhookUserPermission),
    /// Of `user_role.*`.
    UserRole(WebhookUserRole),
    /// Of all other kinds: see [`WebhookEvent::raw_data`].
    Other,
}

/// User, as events describe one.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WebhookUser {
    /// The user's id, `sub` in tokens.
    pub id: Uuid,
    /// When the account was last changed: it orders the events of a user. A change of custom fields alone leaves it as it
    /// was.
    #[serde(deserialize_with = "rfc3339")]
    pub updated_at: SystemTime,
    /// When the user was created.
    #[serde(deserialize_with = "rfc3339")]
    pub created_at: SystemTime,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the address has been verified.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// Whether the account is active.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// The tenant that the user belongs to.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    /// The custom fields by their slugs.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

/// Permission of a user, as events describe one.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WebhookUserPermission {
    /// The user's id, `sub` in tokens.
    pub user_id: Uuid,
    /// The permission's id.
    pub permission_id: Uuid,
    /// The permission.
    #[serde(default)]
    pub permission: Option<WebhookPermission>,
    /// The role that the user has the permission by, if it is one.
    #[serde(default)]
    pub from_role_id: Option<Uuid>,
    /// When it was last changed.
    #[serde(deserialize_with = "rfc3339")]
    pub updated_at: SystemTime,
}

/// Permission, as events describe one.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WebhookPermission {
    /// The name that people see.
    pub name: String,
    /// The name in tokens, such as `castles:create`.
    pub codename: String,
}

/// Role of a user, as events describe one.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WebhookUserRole {
    /// The user's id, `sub` in tokens.
    pub user_id: Uuid,
    /// The role's id.
    pub role_id: Uuid,
    /// The role.
    #[serde(default)]
    pub role: Option<WebhookRole>,
    /// When it was last changed.
    #[serde(deserialize_with = "rfc3339")]
    pub updated_at: SystemTime,
}

/// Role, as events describe one.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WebhookRole {
    /// The name.
    pub name: String,
    /// Whether new users get it.
    pub granted_by_default: bool,
}

impl WebhookEvent {
    /// Parses the body of a delivery.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Reason> {
        #[derive(Deserialize)]
        struct Body {
            r#type: Option<Value>,
            data: Option<Value>,
        }
        let malformed = Reason::Malformed { name: "document" };
        let Body { r#type, data } = serde_json::from_slice(body).map_err(|_| malformed)?;
        let kind = match r#type {
            Some(Value::String(kind)) => EventKind::parse(&kind),
            Some(_) => return Err(Reason::WrongType { name: "type" }),
            None => return Err(Reason::Missing { name: "type" }),
        };
        let raw = match data {
            Some(Value::Object(raw)) => raw,
            Some(_) => return Err(Reason::WrongType { name: "data" }),
            None => return Err(Reason::Missing { name: "data" }),
        };
        Ok(Self {
            data: EventData::of(&kind, &raw),
            kind,
            raw,
        })
    }

    /// Returns the kind of the event.
    #[must_use]
    pub fn kind(&self) -> &EventKind {
        &self.kind
    }

    /// Returns the data, if they have a type of their own.
    #[must_use]
    pub fn data(&self) -> &EventData {
        &self.data
    }

    /// Returns the data as Fief sent them, also those without a type.
    ///
    /// # Danger
    /// The data of `client.*` contain the client's secret: do not log them.
    #[must_use]
    pub fn raw_data(&self) -> &Map<String, Value> {
        &self.raw
    }

    /// Returns the id of the user that the event is about, if it is about one.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        match &self.data {
            EventData::User(user) => Some(user.id),
            EventData::UserPermission(permission) => Some(permission.user_id),
            EventData::UserRole(role) => Some(role.user_id),
            // Its data have another form, but may say whose they are.
            EventData::Other => {
                let id = self.raw.get(self.kind.user_id_member()?)?.as_str()?;
                Uuid::try_parse(id).ok()
            }
        }
    }
}

impl EventData {
    fn of(kind: &EventKind, raw: &Map<String, Value>) -> Self {
        let data = || Value::Object(raw.clone());
        let parsed = match kind {
            EventKind::UserCreated
            | EventKind::UserDeleted
            | EventKind::UserForgotPasswordRequested
            | EventKind::UserPasswordReset
            | EventKind::UserUpdated => WebhookUser::deserialize(data()).map(Self::User),
            EventKind::UserPermissionCreated | EventKind::UserPermissionDeleted => {
                WebhookUserPermission::deserialize(data()).map(Self::UserPermission)
            }
            EventKind::UserRoleCreated | EventKind::UserRoleDeleted => {
                WebhookUserRole::deserialize(data()).map(Self::UserRole)
            }
            EventKind::ClientCreated
            | EventKind::ClientDeleted
            | EventKind::ClientUpdated
            | EventKind::EmailTemplateUpdated
            | EventKind::OauthProviderCreated
            | EventKind::OauthProviderDeleted
            | EventKind::OauthProviderUpdated
            | EventKind::PermissionCreated
            | EventKind::PermissionDeleted
            | EventKind::PermissionUpdated
            | EventKind::RoleCreated
            | EventKind::RoleDeleted
            | EventKind::RoleUpdated
            | EventKind::TenantCreated
            | EventKind::TenantDeleted
            | EventKind::TenantUpdated
            | EventKind::UserFieldCreated
            | EventKind::UserFieldDeleted
            | EventKind::UserFieldUpdated
            | EventKind::Other(_) => Ok(Self::Other),
        };
        parsed.unwrap_or(Self::Other)
    }
}

/// Shows the kind and the user alone: the data may contain secrets.
impl fmt::Debug for WebhookEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEvent")
            .field("kind", &self.kind)
            .field("user_id", &self.user_id())
            .finish_non_exhaustive()
    }
}

/// Deserializes a time as Fief writes it ([RFC 3339](https://www.rfc-editor.org/rfc/rfc3339)).
fn rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time = OffsetDateTime::parse(&text, &Rfc3339);
    time.map(SystemTime::from)
        .map_err(|_| D::Error::custom("not a time of RFC 3339"))
}
