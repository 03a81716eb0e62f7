use std::fmt;

/// Kind of a [`WebhookEvent`](super::WebhookEvent), `type` in its JSON.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// `client.created`
    ClientCreated,
    /// `client.deleted`
    ClientDeleted,
    /// `client.updated`
    ClientUpdated,
    /// `email_template.updated`
    EmailTemplateUpdated,
    /// `oauth_provider.created`
    OauthProviderCreated,
    /// `oauth_provider.deleted`
    OauthProviderDeleted,
    /// `oauth_provider.updated`
    OauthProviderUpdated,
    /// `permission.created`
    PermissionCreated,
    /// `permission.deleted`
    PermissionDeleted,
    /// `permission.updated`
    PermissionUpdated,
    /// `role.created`
    RoleCreated,
    /// `role.deleted`
    RoleDeleted,
    /// `role.updated`
    RoleUpdated,
    /// `tenant.created`
    TenantCreated,
    /// `tenant.deleted`
    TenantDeleted,
    /// `tenant.updated`
    TenantUpdated,
    /// `user.created`
    UserCreated,
    /// `user.deleted`
    UserDeleted,
    /// `user.forgot_password_requested`
    UserForgotPasswordRequested,
    /// `user.password_reset`
    UserPasswordReset,
    /// `user.updated`, also after the user changed their own profile or password.
    UserUpdated,
    /// `user_field.created`
    UserFieldCreated,
    /// `user_field.deleted`
    UserFieldDeleted,
    /// `user_field.updated`
    UserFieldUpdated,
    /// `user_permission.created`. Permissions that a user gets with a role have no event of their own.
    UserPermissionCreated,
    /// `user_permission.deleted`
    UserPermissionDeleted,
    /// `user_role.created`
    UserRoleCreated,
    /// `user_role.deleted`
    UserRoleDeleted,
    /// Any other kind, as Fief sent it.
    Other(String),
}

impl EventKind {
    /// Returns the kind as Fief writes it, such as `user.updated`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ClientCreated => "client.created",
            Self::ClientDeleted => "client.deleted",
            Self::ClientUpdated => "client.updated",
            Self::EmailTemplateUpdated => "email_template.updated",
            Self::OauthProviderCreated => "oauth_provider.created",
            Self::OauthProviderDeleted => "oauth_provider.deleted",
            Self::OauthProviderUpdated => "oauth_provider.updated",
            Self::PermissionCreated => "permission.created",
            Self::PermissionDeleted => "permission.deleted",
            Self::PermissionUpdated => "permission.updated",
            Self::RoleCreated => "role.created",
            Self::RoleDeleted => "role.deleted",
            Self::RoleUpdated => "role.updated",
            Self::TenantCreated => "tenant.created",
            Self::TenantDeleted => "tenant.deleted",
            Self::TenantUpdated => "tenant.updated",
            Self::UserCreated => "user.created",
            Self::UserDeleted => "user.deleted",
            Self::UserForgotPasswordRequested => "user.forgot_password_requested",
            Self::UserPasswordReset => "user.password_reset",
            Self::UserUpdated => "user.updated",
            Self::UserFieldCreated => "user_field.created",
            Self::UserFieldDeleted => "user_field.deleted",
            Self::UserFieldUpdated => "user_field.updated",
            Self::UserPermissionCreated => "user_permission.created",
            Self::UserPermissionDeleted => "user_permission.deleted",
            Self::UserRoleCreated => "user_role.created",
            Self::UserRoleDeleted => "user_role.deleted",
            Self::Other(kind) => kind,
        }
    }

    /// Returns the member of the data with the id of the user that the event is about, if it is about one.
    pub(super) fn user_id_member(&self) -> Option<&'static str> {
        match self {
            Self::UserCreated
            | Self::UserDeleted
            | Self::UserForgotPasswordRequested
            | Self::UserPasswordReset
            | Self::UserUpdated => Some("id"),
            Self::UserPermissionCreated
            | Self::UserPermissionDeleted
            | Self::UserRoleCreated
            | Self::UserRoleDeleted => Some("user_id"),
            Self::ClientCreated
            | Self::ClientDeleted
            | Self::ClientUpdated
            | Self::EmailTemplateUpdated
            | Self::OauthProviderCreated
            | Self::OauthProviderDeleted
            | Self::OauthProviderUpdated
            | Self::PermissionCreated
            | Self::PermissionDeleted
            | Self::PermissionUpdated
            | Self::RoleCreated
            | Self::RoleDeleted
            | Self::RoleUpdated
            | Self::TenantCreated
            | Self::TenantDeleted
            | Self::TenantUpdated
            | Self::UserFieldCreated
            | Self::UserFieldDeleted
            | Self::UserFieldUpdated
            | Self::Other(_) => None,
        }
    }

    /// Returns the kind that Fief writes like this.
    pub(super) fn parse(kind: &str) -> Self {
        let known = KNOWN.iter().find(|known| known.as_str() == kind);
        known
            .cloned()
            .unwrap_or_else(|| Self::Other(kind.to_owned()))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const KNOWN: [EventKind; 28] = [
    EventKind::ClientCreated,
    EventKind::ClientDeleted,
    EventKind::ClientUpdated,
    EventKind::EmailTemplateUpdated,
    EventKind::OauthProviderCreated,
    EventKind::OauthProviderDeleted,
    EventKind::OauthProviderUpdated,
    EventKind::PermissionCreated,
    EventKind::PermissionDeleted,
    EventKind::PermissionUpdated,
    EventKind::RoleCreated,
    EventKind::RoleDeleted,
    EventKind::RoleUpdated,
    EventKind::TenantCreated,
    EventKind::TenantDeleted,
    EventKind::TenantUpdated,
    EventKind::UserCreated,
    EventKind::UserDeleted,
    EventKind::UserForgotPasswordRequested,
    EventKind::UserPasswordReset,
    EventKind::UserUpdated,
    EventKind::UserFieldCreated,
    EventKind::UserFieldDeleted,
    EventKind::UserFieldUpdated,
    EventKind::UserPermissionCreated,
    EventKind::UserPermissionDeleted,
    EventKind::UserRoleCreated,
    EventKind::UserRoleDeleted,
];
