use std::{any::TypeId, sync::OnceLock};

use fief_client::{FiefAccessTokenInfo, Requirements};

/// Trait of types that name the requirements of a handler.
///
/// The extractor [`Authorized`](crate::Authorized) and the guard
/// [`RequireLayer::policy`](crate::RequireLayer::policy) check them, so that they are declared once.
///
/// ```
/// use fief_axum::{Policy, fief_client::{FiefAccessTokenInfo, Requirements}};
///
/// struct IsStaff;
///
/// impl Policy for IsStaff {
///     fn requirements() -> Requirements {
///         Requirements::new().scope("openid")
///     }
///
///     fn allows(token: &FiefAccessTokenInfo) -> bool {
///         token.permissions().iter().any(|permission| permission.starts_with("staff:"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a policy",
    label = "the trait `Policy` is not implemented for `{Self}`",
    note = "implement `fief_axum::Policy` for a type that names the requirements of the handler"
)]
pub trait Policy: Send + Sync + 'static {
    /// Returns the requirements. They are evaluated once and then kept, so they must not depend on anything that changes.
    fn requirements() -> Requirements;

    /// Returns whether to accept a token that meets the requirements; otherwise it is rejected with 403. Default: `true`.
    #[must_use]
    fn allows(token: &FiefAccessTokenInfo) -> bool {
        let _ = token;
        true
    }
}

/// The requirements of policies, evaluated at their first use.
///
/// A list that only grows, so that a lookup takes no lock. Applications have few policies.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    first: OnceLock<Box<Entry>>,
}

#[derive(Debug)]
struct Entry {
    policy: TypeId,
    requirements: Requirements,
    next: OnceLock<Box<Entry>>,
}

impl Policies {
    pub(crate) fn requirements<P: Policy>(&self) -> &Requirements {
        let policy = TypeId::of::<P>();
        let mut slot = &self.first;
        loop {
            let entry = slot.get_or_init(|| {
                Box::new(Entry {
                    policy,
                    requirements: P::requirements(),
                    next: OnceLock::new(),
                })
            });
            if entry.policy == policy {
                return &entry.requirements;
            }
            slot = &entry.next;
        }
    }
}
