//! Chores of the repository: `cargo xtask help` lists them.

mod accuracy;
mod bench_330;
mod bench_datalog;
mod bench_engine;
mod bench_floor;
mod bench_incremental;
mod bench_server;
mod check_corpus;
mod check_graph;
mod ci;
mod corpora;
mod edits;
mod fuzz;
mod incremental_law;
mod kill_campaign;
mod recorded;
mod soak;
mod stable_ids;
mod table;
mod tidy;
mod trace_ends;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(all(not(target_env = "msvc"), not(feature = "system-allocator")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// As the command line has it, which says why.
#[cfg(all(not(target_env = "msvc"), not(feature = "system-allocator")))]
// SAFETY: jemalloc reads the symbol as a pointer to a string that ends in NUL, which the first word of the slice is.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8] = if cfg!(target_os = "linux") {
    b"thp:always,metadata_thp:always,oversize_threshold:1073741824,lg_extent_max_active_fit:9,\
      percpu_arena:percpu,narenas:1024\0"
} else {
    b"thp:always\0"
};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Chores of the repository",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Check an exported graph: no orphans, no missing ends, one containment parent, unique ids
    CheckGraph(check_graph::Args),
    /// Analyze the files of a project one by one and check what must hold for any source
    CheckCorpus(check_corpus::Args),
    /// Edit every file of a project in memory and count which ids survive
    StableIds(stable_ids::Args),
    /// Measure a whole analysis against reading and parsing the same files
    BenchFloor(bench_floor::Args),
    /// Measure runs after edits against a full run
    BenchIncremental(bench_incremental::Args),
    /// Edit a copy of a project again and again, and compare incremental runs with runs from scratch
    IncrementalLaw(incremental_law::Args),
    /// Load a generated project in three ways: indexes rebuilt at every commit, immediate, deferred
    #[command(name = "bench-330")]
    Bench330(bench_330::Args),
    /// Measure the storage engine
    BenchEngine(bench_engine::Args),
    /// Measure the server and its clients
    BenchServer(bench_server::Args),
    /// Kill a process that writes to a database, again and again, and check what is left
    KillCampaign(kill_campaign::Args),
    /// Run the fuzz targets for some seconds each
    Fuzz(fuzz::Args),
    /// Compare call edges with what the TypeScript checker says: recall and precision for each project
    Accuracy(accuracy::Args),
    /// Record which functions the calls of small programs run, and compare with what the graph says
    Recorded(recorded::Args),
    /// Trace values of projects to where they come from, and count what the traces end at
    TraceEnds(trace_ends::Args),
    /// Run many clients against one server for some time
    Soak(soak::Args),
    /// Fetch real projects to analyze, through npm
    Corpora(corpora::Args),
    /// Check what formatter and linter do not: file lengths, examples, paths of machines
    Tidy(tidy::Args),
    /// Run all that must pass before a change is merged
    Ci(ci::Args),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::CheckGraph(args) => check_graph::run(&args),
        Chore::CheckCorpus(args) => check_corpus::run(&args),
        Chore::StableIds(args) => stable_ids::run(&args),
        Chore::BenchFloor(args) => bench_floor::run(&args),
        Chore::BenchIncremental(args) => bench_incremental::run(&args),
        Chore::IncrementalLaw(args) => incremental_law::run(&args),
        Chore::Bench330(args) => bench_330::run(args),
        Chore::BenchEngine(args) => bench_engine::run(args),
        Chore::BenchServer(args) => bench_server::run(args),
        Chore::Soak(args) => soak::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::KillCampaign(args) => kill_campaign::run(args),
        Chore::Accuracy(args) => accuracy::run(&args),
        Chore::Recorded(args) => recorded::run(&args),
        Chore::TraceEnds(args) => trace_ends::run(&args),
        Chore::Corpora(args) => corpora::run(&args),
        Chore::Tidy(args) => tidy::run(&args),
        Chore::Ci(args) => ci::run(&args),
    }
}
