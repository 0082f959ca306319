//! The thread that syncs groups of commits and builds indexes anew when the overlay has grown.

use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use super::finalize::Scope;
use super::inner::Inner;
use super::state::guard;

/// How long commits are gathered before they are synced together.
const GROUP_INTERVAL: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct Requests {
    sync: bool,
    finalize: bool,
    stop: bool,
}

#[derive(Debug, Default)]
struct Signal {
    requests: Mutex<Requests>,
    changed: Condvar,
}

/// Handle of the thread, which is started when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Background {
    signal: Arc<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Background {
    pub(super) fn request_sync(&self, inner: &Arc<Inner>) {
        self.request(inner, |requests| {
            std::mem::replace(&mut requests.sync, true)
        });
    }

    pub(super) fn request_finalize(&self, inner: &Arc<Inner>) {
        self.request(inner, |requests| {
            std::mem::replace(&mut requests.finalize, true)
        });
    }

    fn request(&self, inner: &Arc<Inner>, set: impl Fn(&mut Requests) -> bool) {
        if set(&mut guard(&self.signal.requests)) {
            return;
        }
        let mut thread = guard(&self.thread);
        if thread.is_none() {
            let (signal, inner) = (Arc::clone(&self.signal), Arc::downgrade(inner));
            let spawned = std::thread::Builder::new()
                .name("rfdb".to_owned())
                .spawn(move || run(&signal, &inner));
            // Without a thread, closing the database does the work.
            *thread = spawned.ok();
        }
        self.signal.changed.notify_one();
    }

    /// Ends the thread and waits for it.
    pub(super) fn stop(&self) {
        guard(&self.signal.requests).stop = true;
        self.signal.changed.notify_one();
        let thread = guard(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn run(signal: &Signal, inner: &Weak<Inner>) {
    loop {
        let (sync, finalize) = {
            let mut requests = guard(&signal.requests);
            while !requests.sync && !requests.finalize && !requests.stop {
                requests = signal
                    .changed
                    .wait(requests)
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            if requests.stop {
                return;
            }
            (requests.sync, requests.finalize)
        };
        if finalize {
            let Some(inner) = inner.upgrade() else { return };
            // A failure leaves the overlay as it is; the next commit asks again.
            let _ = inner.finalize(Scope::Overlay);
            guard(&signal.requests).finalize = false;
        }
        if sync {
            // Whoever stops the thread waits for what follows, so it is done at once then.
            drop(signal.changed.wait_timeout_while(
                guard(&signal.requests),
                GROUP_INTERVAL,
                |requests| !requests.stop,
            ));
            let Some(inner) = inner.upgrade() else { return };
            guard(&signal.requests).sync = false;
            let _syncing = guard(&inner.syncing);
            let work = guard(&inner.writer)
                .files
                .as_mut()
                .map(super::files::Files::take_sync_work);
            match work {
                None => {}
                // A load has no room left. It may get some, and then the rest can be synced.
                Some(Err(_)) => guard(&signal.requests).sync = true,
                Some(Ok(work)) => {
                    if let Err(error) = work.run() {
                        guard(&inner.writer).stopped = Some(error.to_string());
                    }
                }
            }
        }
    }
}
