//! Timings of requests, kept when the server is told to.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rfdb_protocol::{ErrorCode, Response, SlowQuery, Stats};

/// A request that takes longer is slow.
pub(crate) const SLOW: Duration = Duration::from_millis(100);

/// Requests that the percentiles look back on.
const WINDOW: usize = 1000;

/// Slow requests that are remembered.
const SLOWEST: usize = 10;

#[derive(Debug, Default)]
struct Timings {
    count: u64,
    slow_count: u64,
    timed_out: u64,
    cancelled: u64,
    recent: VecDeque<Duration>,
    slow: VecDeque<SlowQuery>,
}

/// Timings of all requests of a server.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Timings>);

impl Metrics {
    pub(crate) fn record(&self, operation: &str, duration: Duration, response: &Response) {
        let mut timings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        timings.count += 1;
        if timings.recent.len() == WINDOW {
            timings.recent.pop_front();
        }
        timings.recent.push_back(duration);
        match response {
            Response::Error {
                code: Some(ErrorCode::QueryTimeout),
                ..
            } => timings.timed_out += 1,
            Response::Error {
                code: Some(ErrorCode::QueryCancelled),
                ..
            } => timings.cancelled += 1,
            _ => {}
        }
        if duration >= SLOW {
            timings.slow_count += 1;
            if timings.slow.len() == SLOWEST {
                timings.slow.pop_front();
            }
            timings.slow.push_back(SlowQuery {
                operation: operation.to_owned(),
                duration_ms: millis(duration),
                timestamp_ms: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, millis),
            });
        }
    }

    /// Fills the timings of `getStats` in.
    pub(crate) fn fill(&self, stats: &mut Stats) {
        let timings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut recent: Vec<_> = timings.recent.iter().copied().collect();
        recent.sort_unstable();
        let percentile = |share: usize| {
            recent
                .get((recent.len() * share / 100).min(recent.len().saturating_sub(1)))
                .map_or(0, |duration| millis(*duration))
        };
        stats.query_count = timings.count;
        stats.slow_query_count = timings.slow_count;
        stats.query_p50_ms = percentile(50);
        stats.query_p95_ms = percentile(95);
        stats.query_p99_ms = percentile(99);
        stats.timed_out_count = timings.timed_out;
        stats.cancelled_count = timings.cancelled;
        stats.top_slow_queries = timings.slow.iter().cloned().collect();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Share of the machine's memory that is in use, in percent; 0 where the system does not tell.
pub(crate) fn memory_percent() -> f32 {
    let Ok(text) = std::fs::read_to_string("/proc/meminfo") else {
        return 0.0;
    };
    let kilobytes = |key: &str| {
        text.lines().find_map(|line| {
            line.strip_prefix(key)?
                .split_whitespace()
                .next()?
                .parse::<f32>()
                .ok()
        })
    };
    match (kilobytes("MemTotal:"), kilobytes("MemAvailable:")) {
        (Some(total), Some(available)) if total > 0.0 => (total - available) / total * 100.0,
        _ => 0.0,
    }
}
