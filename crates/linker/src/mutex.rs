//! Mutexes around what is remembered: a thread that panicked leaves nothing half done in them.

use std::sync::{Mutex, MutexGuard};

/// Locks it, whatever became of another thread that had it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
