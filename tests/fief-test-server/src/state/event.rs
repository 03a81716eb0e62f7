//! Data of webhook events about users.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{
    tenant::{DEFAULT_SLUG, Tenant},
    user::User,
};

/// Returns the data of a `user.*` event.
pub(crate) fn user_data(user: &User, tenant: Option<&Tenant>) -> Value {
    json!({
        "created_at": rfc3339(user.created),
        "updated_at": rfc3339(user.updated),
        "id": user.id,
        "email": user.email,
        "email_verified": user.is_email_verified,
        "is_active": user.is_active,
        "tenant_id": tenant.map(|tenant| tenant.id),
        "tenant": tenant.map(tenant_data),
        "fields": user.fields,
    })
}

/// Returns the data of a `user_permission.*` event.
pub(crate) fn permission_data(user: &User, codename: &str) -> Value {
    let changed = rfc3339(user.updated);
    let id = Uuid::new_v4();
    json!({
        "created_at": changed,
        "updated_at": changed,
        "user_id": user.id,
        "permission_id": id,
        "from_role_id": null,
        "permission": {
            "created_at": changed,
            "updated_at": changed,
            "id": id,
            "name": codename,
            "codename": codename,
        },
        "from_role": null,
    })
}

fn tenant_data(tenant: &Tenant) -> Value {
    let is_default = tenant.slug.is_empty();
    let slug = if is_default {
        DEFAULT_SLUG
    } else {
        &tenant.slug
    };
    json!({
        "created_at": rfc3339(tenant.created),
        "updated_at": rfc3339(tenant.created),
        "id": tenant.id,
        "name": slug,
        "default": is_default,
        "slug": slug,
        "registration_allowed": true,
        "theme_id": null,
        "logo_url": null,
        "application_url": null,
    })
}

/// Formats a time. Returns an empty string if it is out of range.
fn rfc3339(time: SystemTime) -> String {
    let nanoseconds = time
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i128::try_from(since.as_micros() * 1000).ok());
    nanoseconds
        .and_then(|nanoseconds| OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}
