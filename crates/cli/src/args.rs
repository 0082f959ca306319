//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::datalog::DatalogArgs;
use crate::server::ServerArgs;

/// Code graph of JavaScript and TypeScript projects.
#[derive(Debug, Parser)]
#[command(
    name = "grafema-rs",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Analyze a project and store its graph in PATH/.grafema/graph.rfdb
    Analyze(AnalyzeArgs),
    /// Write a commented PATH/.grafema/config.yaml, and the lines that .gitignore needs
    Init(InitArgs),
    /// Show how many nodes and edges of each type the graph has
    Stats(StatsArgs),
    /// Find nodes by their name and show where they are
    Query(QueryArgs),
    /// Show who calls and who refers to a function, class, variable, file or package
    Who(WhoArgs),
    /// Show where a value comes from, or where it goes
    Trace(TraceArgs),
    /// Show what a change reaches: callers, their callers, and so on, by module
    Impact(ImpactArgs),
    /// Show which files of each service can be reached from its entry point
    Coverage(CoverageArgs),
    /// Write the whole graph, sorted, one JSON object a line
    Export(ExportArgs),
    /// Ask the graph in Datalog
    Datalog(DatalogArgs),
    /// Start, stop and show the server of a project's graph
    Server(ServerArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeArgs {
    /// Folder of the project
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Analyze everything anew, not only what changed
    #[arg(short, long)]
    pub(crate) clear: bool,
    /// Only the services whose name or folder is or contains this
    #[arg(short, long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// File where the project starts, relative to its folder
    #[arg(short, long, value_name = "FILE")]
    pub(crate) entrypoint: Option<String>,
    /// Fail if an import leads nowhere or a file cannot be parsed
    #[arg(long)]
    pub(crate) strict: bool,
    /// Analyze again whenever a file changes, until Ctrl-C
    #[arg(short, long, conflicts_with = "clear")]
    pub(crate) watch: bool,
    /// Fail if another process has the graph, instead of waiting for it
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Print how long each phase, step and plugin took
    #[arg(long)]
    pub(crate) profile: bool,
    /// Write into the server at this socket instead of the graph in PATH
    #[arg(long, value_name = "SOCKET")]
    pub(crate) socket: Option<PathBuf>,
    /// Database of that server; it is made if there is none of that name
    #[arg(long, value_name = "NAME", requires = "socket")]
    pub(crate) database: Option<String>,
    /// Number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Print nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print the result as JSON
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder of the project
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Replace a configuration that is there
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// The project that a question is about.
#[derive(Debug, Args)]
pub(crate) struct ProjectArg {
    /// Folder of the project [default: the nearest folder upwards that has a graph]
    #[arg(value_name = "PATH")]
    positional: Option<PathBuf>,
    /// Folder of the project, as an option
    #[arg(short, long, value_name = "PATH", conflicts_with = "positional")]
    path: Option<PathBuf>,
}

impl ProjectArg {
    pub(crate) fn path(&self) -> Option<&Path> {
        self.positional.as_deref().or(self.path.as_deref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArg,
    /// Print JSON
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Name of the nodes, or the id of one; if no name is equal, those that contain it are shown
    pub(crate) name: String,
    /// Only nodes of this type, such as FUNCTION
    #[arg(short, long, value_name = "TYPE")]
    pub(crate) r#type: Option<String>,
    /// Show at most so many nodes
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Folder of the project [default: the nearest folder upwards that has a graph]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Print JSON: an array of nodes
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhoArgs {
    /// NAME, OWNER.NAME, FILE:NAME, FILE:LINE[:COLUMN], the name of a package or its function, or an id
    pub(crate) name: String,
    /// Show at most so many entries of each list
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Folder of the project [default: the nearest folder upwards that has a graph]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Print JSON
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// A variable, field or FUNCTION.PARAMETER, a function for what it returns, FILE:NAME, FILE:LINE[:COLUMN], or an id
    pub(crate) name: String,
    /// Where the value goes, instead of where it comes from
    #[arg(short, long)]
    pub(crate) forward: bool,
    /// Follow at most so many edges from the start
    #[arg(short, long, value_name = "N", default_value_t = 100)]
    pub(crate) depth: u32,
    /// Stop after so many steps
    #[arg(short, long, value_name = "N", default_value_t = 300)]
    pub(crate) limit: usize,
    /// Folder of the project [default: the nearest folder upwards that has a graph]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Print JSON
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImpactArgs {
    /// NAME, OWNER.NAME, FILE:NAME, FILE:LINE[:COLUMN], a file, or an id
    pub(crate) name: String,
    /// Follow at most so many levels of callers [default: all]
    #[arg(short, long, value_name = "N")]
    pub(crate) depth: Option<u32>,
    /// Show at most so many modules, and callers of each
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Folder of the project [default: the nearest folder upwards that has a graph]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Print JSON
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArg,
    /// Show at most so many files of each service that are not reachable
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(short, long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArg,
    /// Format of the output
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub(crate) format: ExportFormat,
    /// File to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line: nodes by id, then edges by source, destination and type
    Jsonl,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
