use std::{fmt, sync::Arc};

use quick_cache::sync::Cache;

use crate::{Fief, FiefBuilder, FiefError};

/// Clients of many tenants in one process, each made at its first use. Cloning is cheap.
///
/// For applications that serve each customer from an own tenant of Fief, chosen by the host or the path of
/// a request.
///
/// ```
/// use fief_client::{Fief, Tenants};
///
/// let tenants = Tenants::new(100, |tenant| match tenant {
///     "bretagne" => {
///         let fief = Fief::builder("https://fief.example.com/bretagne", "CLIENT_ID");
///         Some(fief.client_secret("SECRET"))
///     }
///     _ => None,
/// });
/// let fief = tenants.get("bretagne")?.expect("a known tenant");
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
    /// Caches up to about `capacity` clients and evicts the least used. `find` returns the builder of a
    /// tenant's client, or `None` for an unknown tenant.
    ///
    /// The argument of `find` may be untrusted, straight from a request: look it up, do not insert it into a
    /// URL. Each client has its own connections, keys and cache of validated tokens: with many tenants, make
    /// [that cache](FiefBuilder::token_cache) smaller.
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

    /// Returns the client of a tenant, or `None` if `find` does not know the tenant.
    ///
    /// The client is built at the first call and shared from then on. Unknown tenants are not cached: each
    /// call for one calls `find`.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: the builder that `find` returned cannot be built.
    pub fn get(&self, tenant: &str) -> Result<Option<Fief>, FiefError> {
        if let Some(fief) = self.inner.clients.get(tenant) {
            return Ok(Some(fief));
        }
        let Some(builder) = (self.inner.find)(tenant) else {
            return Ok(None);
        };
        // Concurrent callers share one client.
        self.inner
            .clients
            .get_or_insert_with(tenant, || builder.build())
            .map(Some)
    }

    /// Removes the client of a tenant, whose settings have changed: the next [`get`](Self::get) calls `find`.
    ///
    /// Clones of the removed client stay usable, with the old settings.
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
