//! Work for the moments in which the threads of a pool have nothing else to do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::Yield;

/// Is set in any case, whatever happens to the thread that is to set it.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Does work on the current thread, which is one of the pool, and pieces of other work on whichever thread of it would be idle:
/// when the work cannot be shared, or waits for a disk. What is left of them is done when the work is. Pieces are to be small,
/// because the work may come to wait for one that has begun.
pub(super) fn fill<T>(
    pool: &rayon::ThreadPool,
    pieces: impl Iterator<Item = impl FnOnce() + Send> + Send,
    work: impl FnOnce() -> T,
) -> T {
    let done = AtomicBool::new(false);
    let (result, pieces) = std::thread::scope(|threads| {
        let pieces = threads.spawn(|| {
            let _done = SetAtEnd(&done);
            // What a thread outside of a pool gives it lies in a queue where threads of the pool look last.
            pool.in_place_scope(|queue| pieces.for_each(|piece| queue.spawn(|_| piece())));
        });
        // Without this thread the pool may have none for the pieces, so it helps also when the work has panicked.
        let result = catch_unwind(AssertUnwindSafe(work));
        while !done.load(Ordering::Acquire) {
            if rayon::yield_now() != Some(Yield::Executed) {
                std::thread::yield_now();
            }
        }
        (result, pieces.join())
    });
    let result = result.unwrap_or_else(|panic| resume_unwind(panic));
    pieces.unwrap_or_else(|panic| resume_unwind(panic));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn on_pool<T: Send>(threads: usize, work: impl FnOnce(&rayon::ThreadPool) -> T + Send) -> T {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| work(&pool))
    }

    #[test]
    fn all_pieces_are_done_whatever_the_work_does() {
        for threads in 1..4 {
            for panics in [false, true] {
                let count = AtomicUsize::new(0);
                let pieces = (0..100).map(|_| || _ = count.fetch_add(1, Ordering::Relaxed));
                let result = catch_unwind(AssertUnwindSafe(|| {
                    on_pool(threads, |pool| {
                        fill(pool, pieces, || {
                            let (a, b) = rayon::join(|| 1, || 2);
                            assert!(!panics);
                            a + b
                        })
                    })
                }));
                assert_eq!(result.ok(), (!panics).then_some(3));
                assert_eq!(count.into_inner(), 100);
            }
        }
    }

    #[test]
    fn a_piece_that_panics_is_told() {
        let pieces = (0..10).map(|n| move || assert!(n != 5, "the fifth"));
        let result = catch_unwind(|| on_pool(1, |pool| fill(pool, pieces, || ())));
        let panic = result.unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"the fifth"));
    }

    #[test]
    fn pieces_are_done_while_the_work_waits() {
        const LONG: std::time::Duration = std::time::Duration::from_secs(20);
        let (sender, receiver) = std::sync::mpsc::channel();
        let piece = move || sender.send(()).unwrap();
        on_pool(2, move |pool| {
            fill(pool, std::iter::once(piece), || {
                receiver.recv_timeout(LONG).unwrap()
            });
        });
    }
}
