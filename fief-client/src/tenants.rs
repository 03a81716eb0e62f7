use std::{fmt, sync::Arc};

use quick_cache::sync::Cache;

use crate::{Fief, FiefBuilder, FiefError};

/// The clients of many tenants in one process, each made when it is first asked for. A cheap clone.
///
/// ```
/// use fief_client::{Fief, Tenants};
///
/// let tenants = Tenants::new(100, |tenant| match tenant {
///     "bretagne" => Some(Fief::builder("https://fief.example.com/bretagne", "CLIENT_ID").client_secret("SECRET")),
///     _ => None,
/// });
/// let fief = tenants.get("bretagne")?.expect("a tenant that is known");
/// assert!(tenants.get("normandie")?.is_none());
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone)]
pub struct Tenants {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Cache<String, Fief>,
    find: Box<Find>,
}

type Find = dyn Fn(&str) -> Option<FiefBuilder> + Send + Sync;

impl Tenants {
    /// Keeps the clients of about `capacity` tenants; the least used make room. `find` knows the tenants.
    ///
    /// What it is asked for may come straight from a request (a host, a path): it must be looked up, not pasted into a
    /// URL. Each client has its own connections, keys and cache of validated tokens, so make
    /// [that](FiefBuilder::token_cache) smaller where there are many.
    pub fn new(
        capacity: usize,
        find: impl Fn(&str) -> Option<FiefBuilder> + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                clients: Cache::new(capacity),
                find: Box::new(find),
            }),
        }
    }

    /// Returns the client of a tenant; none when `find` does not know it, which is asked again the next time.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: the client cannot be made of what `find` returned.
    pub fn get(&self, tenant: &str) -> Result<Option<Fief>, FiefError> {
        if let Some(fief) = self.inner.clients.get(tenant) {
            return Ok(Some(fief));
        }
        let Some(builder) = (self.inner.find)(tenant) else {
            return Ok(None);
        };
        // Two who come at once shall share one client.
        self.inner
            .clients
            .get_or_insert_with(tenant, || builder.build())
            .map(Some)
    }

    /// Forgets a tenant, whose settings have changed. Clones of its client go on as they are.
    pub fn remove(&self, tenant: &str) {
        self.inner.clients.remove(tenant);
    }
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("known", &self.inner.clients.len())
            .finish_non_exhaustive()
    }
}
