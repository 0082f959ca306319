//! Chores of the repository: `cargo xtask help` lists them.

mod bench_330;
mod bench_datalog;
mod bench_engine;
mod bench_floor;
mod bench_server;
mod check_corpus;
mod check_graph;
mod ci;
mod corpora;
mod fuzz;
mod kill_campaign;
mod soak;
mod table;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(all(not(target_env = "msvc"), not(feature = "system-allocator")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A graph touches much memory once; huge pages save most of its page faults. Measured on 600 files, nine paired
/// runs: 6 % less wall time.
#[cfg(all(not(target_env = "msvc"), not(feature = "system-allocator")))]
// SAFETY: jemalloc reads the symbol as a pointer to a string that ends in NUL, which the first word of the slice is.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8] = b"thp:always\0";

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
    /// Measure a whole analysis against reading and parsing the same files
    BenchFloor(bench_floor::Args),
    /// Load a generated project in three ways: indexes rebuilt at every commit, immediate, deferred
    #[command(name = "bench-330")]
    Bench330(bench_330::Args),
    /// Measure the storage engine
    BenchEngine(bench_engine::Args),
    /// Measure the server and its clients
    BenchServer(bench_server::Args),
    /// Kill a process that writes to a database, again and again, and check what is left
    KillCampaign(kill_campaign::Args),
    /// Run many clients against one server for some time
    Soak(soak::Args),
    /// Run every fuzz target for some time
    Fuzz(fuzz::Args),
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
        Chore::BenchFloor(args) => bench_floor::run(&args),
        Chore::Bench330(args) => bench_330::run(args),
        Chore::BenchEngine(args) => bench_engine::run(args),
        Chore::BenchServer(args) => bench_server::run(args),
        Chore::Soak(args) => soak::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::KillCampaign(args) => kill_campaign::run(args),
        Chore::Corpora(args) => corpora::run(&args),
        Chore::Tidy(args) => tidy::run(&args),
        Chore::Ci(args) => ci::run(&args),
    }
}
