//! `grafema-rs`: analyzes JavaScript and TypeScript projects into a graph, and answers questions about it.

mod analyze;
mod args;
mod coverage;
mod database;
mod datalog;
mod diagnostics;
mod error;
mod export;
mod impact;
mod init;
mod interrupt;
mod places;
mod progress;
mod query;
mod server;
mod staging;
mod stats;
mod text;
mod trace;
mod watch;
mod who;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};

/// The parser allocates and frees small pieces all the time, on several threads: what jemalloc is made for
/// (CONTRIBUTING.md says how to measure it).
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A graph touches much memory once; huge pages save most of its page faults. Measured on 600 files, nine paired runs: 6 %
/// less wall time. jemalloc reads its own tables before it writes to them, so that each of their pages is a page of zeros
/// first and interrupts all processors when it is replaced: 4 % less with huge pages for them too. Large memory that is given
/// back is kept, and small memory is cut from it, not asked of the system anew: 5 % less where an index has more than a
/// million edges. Threads share the arena of the processor that they run on, so that indexes are built in memory that the
/// analysis is done with: 2 to 3 % less, and 9 % where a process analyzes again and again. The number of arenas is the
/// highest of a processor that can have one; without it, where a process may not run on all processors, jemalloc writes a
/// message to the standard error.
#[cfg(not(target_env = "msvc"))]
// SAFETY: jemalloc reads the symbol as a pointer to a string that ends in NUL, which the first word of the slice is.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8] = if cfg!(target_os = "linux") {
    b"thp:always,metadata_thp:always,oversize_threshold:1073741824,lg_extent_max_active_fit:9,\
      percpu_arena:percpu,narenas:1024\0"
} else {
    b"thp:always\0"
};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    let command = Cli::parse().command;
    let done = |()| ExitCode::SUCCESS;
    let result = match &command {
        Command::Analyze(args) => analyze::run(args).map(done),
        Command::Init(args) => init::run(args).map(done),
        Command::Stats(args) => stats::run(args).map(done),
        Command::Query(args) => query::run(args).map(done),
        Command::Who(args) => who::run(args).map(done),
        Command::Trace(args) => trace::run(args).map(done),
        Command::Impact(args) => impact::run(args).map(done),
        Command::Coverage(args) => coverage::run(args).map(done),
        Command::Export(args) => export::run(args).map(done),
        Command::Datalog(args) => datalog::run(args).map(|broken| u8::from(broken).into()),
        Command::Server(args) => server::run(args),
    };
    match result {
        Ok(code) => code,
        // Whoever reads our output has seen enough, as `head` does.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // If not even this can be written, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            if let Some(hint) = error.hint() {
                let _ = writeln!(std::io::stderr(), "  {hint}");
            }
            ExitCode::FAILURE
        }
    }
}

/// A panic is a fault of ours: says so in words. The analysis catches those of its own threads and reports them with the
/// file that they came from.
fn report_panic(info: &std::panic::PanicHookInfo<'_>) {
    if std::thread::current().name() == Some(orchestrator::THREAD_NAME) {
        return;
    }
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = info
        .location()
        .map(|l| format!(" ({}:{})", l.file(), l.line()))
        .unwrap_or_default();
    let _ = writeln!(
        std::io::stderr(),
        "error: grafema-rs failed: {message}{place}\n  this is a fault of grafema-rs, not of your project; please report it"
    );
}
