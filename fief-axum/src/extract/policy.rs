use std::{any::TypeId, sync::OnceLock};

use fief_client::{FiefAccessTokenInfo, Requirements};

/// What a handler requires, named by a type.
pub trait Policy: Send + Sync + 'static {
    /// Returns what the token must have. [`Authorized`](crate::Authorized) asks once, a guard when it is made.
    fn requirements() -> Requirements;

    /// Returns whether whoever meets the requirements may pass. Default: yes.
    #[must_use]
    fn allows(token: &FiefAccessTokenInfo) -> bool {
        let _ = token;
        true
    }
}

/// The requirements of the policies that were asked for, each built once: a list that only grows, so that looking one
/// up takes no lock.
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
