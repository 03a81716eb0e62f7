//! References that threads keep, so that requests count none.

use std::{cell::Cell, fmt, ops::Deref, sync::Arc, thread::LocalKey};

/// Reference to what a service shares with its clones.
///
/// axum clones services for each request. Counting these references would make all cores write to the same place in
/// memory for each request. So each thread keeps references that were dropped there, and clones take one of them.
pub(crate) struct Kept<T: Keep>(
    // `None` only while it is dropped.
    Option<Arc<T>>,
);

/// What threads keep references to.
pub(crate) trait Keep: Sized + 'static {
    fn references() -> &'static LocalKey<References<Self>>;
}

/// The references that a thread keeps, two in each place. A value's place is found by its address.
pub(crate) struct References<T>([Place<T>; PLACES]);

type Place<T> = [Cell<Option<Arc<T>>>; 2];

impl<T: Keep> Kept<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(Some(value))
    }
}

impl<T: Keep> Deref for Kept<T> {
    type Target = Arc<T>;

    fn deref(&self) -> &Arc<T> {
        match &self.0 {
            Some(value) => value,
            None => unreachable!("it is dropped"),
        }
    }
}

impl<T: Keep> Clone for Kept<T> {
    #[inline]
    fn clone(&self) -> Self {
        // Fails only while the thread exits.
        let kept = T::references().try_with(|references| references.take(self));
        Self(Some(
            kept.ok().flatten().unwrap_or_else(|| Arc::clone(self)),
        ))
    }
}

impl<T: Keep> Drop for Kept<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            // Fails only while the thread exits.
            let _ = T::references().try_with(|references| references.put(value));
        }
    }
}

impl<T: Keep + fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> References<T> {
    pub(crate) const fn new() -> Self {
        Self([const { [const { Cell::new(None) }; 2] }; PLACES])
    }

    /// Takes a reference to a value, if there is one.
    #[inline]
    fn take(&self, value: &Arc<T>) -> Option<Arc<T>> {
        self.place(value)?.iter().find_map(|cell| {
            let kept = cell.take()?;
            if Arc::ptr_eq(&kept, value) {
                return Some(kept);
            }
            cell.set(Some(kept));
            None
        })
    }

    /// Keeps a reference, in place of one that was dropped before.
    #[inline]
    fn put(&self, value: Arc<T>) {
        if let Some([newer, older]) = self.place(&value)
            && let Some(before) = newer.replace(Some(value))
        {
            older.set(Some(before));
        }
    }

    fn place(&self, value: &Arc<T>) -> Option<&Place<T>> {
        let Self(places) = self;
        // Addresses of allocations are multiples of 16.
        places.get((Arc::as_ptr(value).addr() / 16) % PLACES)
    }
}

const PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    struct Number(usize);

    thread_local! {
        static NUMBERS: References<Number> = const { References::new() };
    }

    impl Keep for Number {
        fn references() -> &'static LocalKey<References<Self>> {
            &NUMBERS
        }
    }

    #[test]
    fn clones_of_requests_count_nothing() {
        let kept = Kept::new(Arc::new(Number(1)));
        for _ in 0..3 {
            drop((kept.clone(), kept.clone()));

            // Two of them are the thread's.
            assert_eq!(Arc::strong_count(&kept), 3);
        }
    }

    #[test]
    fn a_clone_is_of_the_same_value_and_a_thread_keeps_few() {
        let values: Vec<_> = (0..100).map(|it| Arc::new(Number(it))).collect();
        let weak: Vec<_> = values.iter().map(Arc::downgrade).collect();
        let ended = thread::spawn(move || {
            let kept: Vec<_> = values.into_iter().map(Kept::new).collect();
            for round in 0..5 {
                let clones: Vec<_> = kept.iter().chain(&kept).cloned().collect();
                for (at, clone) in clones.iter().enumerate() {
                    assert_eq!(clone.0.as_ref().map(|it| it.0), Some(at % 100), "{round}");
                }
            }
            drop(kept);
            let alive = weak.iter().filter(|it| it.strong_count() > 0).count();
            assert!(alive <= 2 * PLACES, "{alive}");
            weak
        });

        let weak = ended.join().unwrap_or_default();
        let dropped = weak.iter().filter(|it| it.strong_count() == 0);
        assert_eq!(dropped.count(), 100);
    }
}
