//! Which thread links which modules.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::Linker;
use crate::eval::{Arena, Eval};
use crate::program::ModuleIx;
use crate::reads;

/// A module is small if its calls are a smaller part of what each thread has to do.
const SMALL_PART: usize = 32;

/// Places of modules that are still to be taken. The large ones go first, to whoever comes, so that no thread begins one when
/// the others are done. The rest is cut into as many runs of neighbours as there are threads: neighbours ask the same of others,
/// and each thread remembers the answers that it found itself.
struct Shares {
    large: Vec<u32>,
    next_large: AtomicUsize,
    small: Vec<u32>,
    /// The run of each thread in `small`: what is left of it, its start in the upper half.
    runs: Vec<AtomicU64>,
}

fn run(start: u32, end: u32) -> u64 {
    u64::from(start) << 32 | u64::from(end)
}

fn ends(run: u64) -> (u32, u32) {
    ((run >> 32) as u32, run as u32)
}

impl Shares {
    /// `sizes` of the modules tell the large ones, and cut runs of the same size.
    fn new(sizes: &[usize], threads: usize) -> Self {
        let all: usize = sizes.iter().sum();
        let is_large = |&i: &u32| sizes[i as usize] > all / (threads * SMALL_PART);
        let (mut large, small): (Vec<u32>, Vec<u32>) = (0..sizes.len() as u32).partition(is_large);
        large.sort_by_key(|&i| Reverse(sizes[i as usize]));
        // Even a module without calls takes some time.
        let weight = |&i: &u32| sizes[i as usize] + 1;
        let total: usize = small.iter().map(weight).sum();
        let (mut runs, mut start, mut seen) = (Vec::new(), 0, 0);
        for (at, i) in (0..).zip(&small) {
            seen += weight(i);
            if seen * threads >= total * (runs.len() + 1) {
                runs.push(AtomicU64::new(run(start, at + 1)));
                start = at + 1;
            }
        }
        runs.resize_with(threads, AtomicU64::default);
        Shares {
            large,
            next_large: AtomicUsize::new(0),
            small,
            runs,
        }
    }

    /// The next module for a thread.
    fn take(&self, thread: usize) -> Option<u32> {
        let next = self.next_large.fetch_add(1, Ordering::Relaxed);
        if let Some(&large) = self.large.get(next) {
            return Some(large);
        }
        if let Some((start, _)) = self.shorten(thread, |start, end| run(start + 1, end)) {
            return self.small.get(start as usize).copied();
        }
        // From the end of the longest run of the others, which its thread comes to last.
        loop {
            let left = |of: &usize| {
                let (start, end) = ends(self.runs[*of].load(Ordering::Relaxed));
                end.saturating_sub(start)
            };
            let longest = (0..self.runs.len()).max_by_key(left)?;
            if left(&longest) == 0 {
                return None;
            }
            if let Some((_, end)) = self.shorten(longest, |start, end| run(start, end - 1)) {
                return self.small.get(end as usize - 1).copied();
            }
        }
    }

    /// Takes a module off a run; the run as it was, unless nothing was left of it.
    fn shorten(&self, thread: usize, less: impl Fn(u32, u32) -> u64) -> Option<(u32, u32)> {
        let less = |before| {
            let (start, end) = ends(before);
            (start < end).then(|| less(start, end))
        };
        let of = self.runs.get(thread)?;
        let before = of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        before.ok().map(ends)
    }
}

/// Runs `f` for some modules, in parallel. Every thread has an evaluation of its own; that no answer depends on who asked first
/// makes the results independent of who links what. About so many `types` are asked for under an environment.
pub(crate) fn each_module<'p, R: Send>(
    linker: &Linker<'p>,
    modules: &[ModuleIx],
    types: usize,
    f: impl Fn(&mut Eval<'_, 'p>, ModuleIx) -> R + Sync,
) -> Vec<R> {
    let threads = rayon::current_num_threads().max(1);
    let calls = |&ix: &ModuleIx| linker.program.module(ix).summary.calls.len();
    let sizes: Vec<usize> = modules.iter().map(calls).collect();
    let shares = Shares::new(&sizes, threads);
    let parts: Vec<Vec<(u32, R)>> = (0..threads)
        .into_par_iter()
        .with_max_len(1)
        .map(|thread| {
            reads::logged(linker.traced, || {
                let arena = Arena::new();
                let mut eval = Eval::new(linker, &arena, types / threads);
                let mut results = Vec::new();
                while let Some(i) = shares.take(thread) {
                    let ix = modules[i as usize];
                    eval.enter_module(ix);
                    results.push((i, f(&mut eval, ix)));
                }
                results
            })
        })
        .collect();
    let mut results: Vec<Option<R>> = modules.iter().map(|_| None).collect();
    for (i, result) in parts.into_iter().flatten() {
        results[i as usize] = Some(result);
    }
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::Shares;

    /// Takes everything, the threads in the order that `turns` gives, again and again.
    fn taken(sizes: &[usize], threads: usize, turns: &[usize]) -> Vec<Vec<u32>> {
        let shares = Shares::new(sizes, threads);
        let mut taken = vec![Vec::new(); threads];
        let mut turns = turns.iter().cycle();
        while let Some(&thread) = turns.next()
            && let Some(next) = shares.take(thread)
        {
            taken[thread].push(next);
        }
        taken
    }

    #[test]
    fn each_thread_has_neighbours() {
        let taken = taken(&[10; 96], 3, &[0, 1, 2]);
        let runs = [0..32, 32..64, 64..96].map(|run| run.collect::<Vec<u32>>());
        assert_eq!(taken, runs);
    }

    #[test]
    fn a_quick_thread_helps_the_slowest_from_the_end() {
        let mut turns = vec![0; 35];
        turns.push(1);
        let taken = taken(&[10; 64], 2, &turns);
        assert_eq!(taken[0][31..35], [31, 63, 62, 61]);
        assert_eq!(taken[1], [32]);
    }

    #[test]
    fn large_modules_come_first() {
        let mut sizes = [10; 100];
        (sizes[40], sizes[90]) = (300, 400);
        let taken = taken(&sizes, 2, &[0, 1]);
        assert_eq!(taken[0][..3], [90, 0, 1]);
        assert_eq!(taken[1][..3], [40, 50, 51]);
    }

    #[test]
    fn every_module_is_taken_once() {
        for (modules, threads) in [(0, 1), (1, 4), (3, 8), (50, 1), (1000, 7)] {
            for empty in [false, true] {
                let size = |i: usize| if empty { 0 } else { i * 37 % 101 };
                let sizes: Vec<usize> = (0..modules).map(size).collect();
                let turns: Vec<usize> = (0..97).map(|i| i * i % threads).collect();
                let mut all: Vec<u32> = taken(&sizes, threads, &turns).concat();
                all.sort_unstable();
                assert_eq!(all, (0..modules as u32).collect::<Vec<_>>());
            }
        }
    }
}
