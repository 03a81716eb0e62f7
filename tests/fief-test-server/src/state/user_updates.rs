//! Changes of users, each of which is sent to the webhooks.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::{
    State,
    event::{permission_data, user_data},
    user::User,
};

impl State {
    /// Changes a user, and sends `user.updated`.
    pub(crate) fn update_user(
        &mut self,
        id: Uuid,
        now: SystemTime,
        change: impl FnOnce(&mut User),
    ) {
        if let Some(user) = self.users.iter_mut().find(|user| user.id == id) {
            change(user);
            // Later than the last change, although the clock may stand still: it orders events.
            user.updated = now.max(user.updated + Duration::from_micros(1));
        }
        self.send_user_event("user.updated", id);
    }

    /// Adds a user with the default values of fields, and sends `user.created`.
    pub(crate) fn add_user(&mut self, mut user: User, now: SystemTime) {
        (user.created, user.updated) = (now, now);
        for field in &self.fields {
            if let Some(value) = &field.default {
                let entry = user.fields.entry(field.slug.clone());
                entry.or_insert_with(|| value.clone());
            }
        }
        let id = user.id;
        self.users.push(user);
        self.send_user_event("user.created", id);
    }

    /// Replaces a user's permissions, and sends an event for each that is removed or added.
    pub(crate) fn set_permissions(&mut self, id: Uuid, permissions: Vec<String>) {
        let Some(user) = self.users.iter_mut().find(|user| user.id == id) else {
            return;
        };
        for removed in user
            .permissions
            .iter()
            .filter(|it| !permissions.contains(it))
        {
            let data = permission_data(user, removed);
            self.webhooks.send("user_permission.deleted", &data);
        }
        for added in permissions
            .iter()
            .filter(|it| !user.permissions.contains(it))
        {
            let data = permission_data(user, added);
            self.webhooks.send("user_permission.created", &data);
        }
        user.permissions = permissions;
    }

    /// Deletes a user, and sends `user.deleted`.
    pub(crate) fn delete_user(&mut self, id: Uuid) {
        self.send_user_event("user.deleted", id);
        self.users.retain(|user| user.id != id);
        self.verifications.remove(&id);
        self.consents.retain(|(user, _), _| *user != id);
    }

    fn send_user_event(&self, kind: &str, id: Uuid) {
        if self.webhooks.is_empty() {
            return;
        }
        if let Some(user) = self.user(id) {
            let data = user_data(user, self.tenant(&user.tenant));
            self.webhooks.send(kind, &data);
        }
    }
}
