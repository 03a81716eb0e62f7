use std::time::Duration;

use crate::FiefAuthBuilder;

/// Settings of denied users: see [`FiefAuth::deny_user`](crate::FiefAuth::deny_user).
impl FiefAuthBuilder {
    /// Sets how long a denial is kept, in whole seconds. It should be at least as long as access tokens are valid. Default:
    /// 24 hours, the lifetime of Fief's access tokens. At most 400 days.
    ///
    /// What webhooks have said is kept in the session store for the same time.
    ///
    /// Fief refreshes tokens of users that are not active. If other clients than this application have refresh tokens, set
    /// it to the lifetime of those, which is 30 days by default: a client that refreshes later is accepted again.
    pub fn denial_lifetime(mut self, lifetime: Duration) -> Self {
        self.marks.denial_lifetime = Some(lifetime);
        self
    }

    /// Looks up users of bearer tokens in the session store, for denials by other machines. Default: a denial counts in the
    /// process that made it.
    ///
    /// Each user is looked up once in 5 seconds. If the store fails, requests with a bearer token are rejected with 503.
    /// Set it on all machines. `webhooks` includes it.
    pub fn shared_denials(mut self) -> Self {
        self.marks.is_shared = true;
        self
    }
}
