//! `grafema-rs server`: the server of a project's graph, as a process of its own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use rfdb_client::{Client, SocketOptions};
use rfdb_server::LockHolder;

use crate::args::ProjectArg;
use crate::database;
use crate::error::Error;
use crate::text;

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    #[command(subcommand)]
    command: ServerCommand,
}

#[derive(Debug, Subcommand)]
enum ServerCommand {
    /// Start the server of a project in the background
    Start(StartArgs),
    /// Stop the server of a project; everything is saved first
    Stop(ProjectArg),
    /// Stop the server if it runs, and start it
    Restart(StartArgs),
    /// Show whether the server of a project runs, and what it has
    Status(StatusArgs),
    /// Run the server in the foreground
    Run(RunArgs),
}

#[derive(Debug, Args)]
struct StartArgs {
    #[command(flatten)]
    project: ProjectArg,
    /// Options of rfdb-server, such as --ws-port 7474; `-- --help` lists them
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    start: StartArgs,
    /// Leave the terminal that it was started from
    #[arg(long, hide = true)]
    detached: bool,
}

#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    project: ProjectArg,
    /// Print JSON
    #[arg(short, long)]
    json: bool,
}

/// How long a start and a stop may take: opening replays the log, stopping saves.
const PATIENCE: Duration = Duration::from_secs(30);

/// Files of the server of a project.
struct Place {
    root: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn of(project: &ProjectArg) -> Result<Self, Error> {
        let root = database::root(project.path())?;
        Ok(Self {
            folder: database::folder(&root),
            root,
        })
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("rfdb.sock")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("rfdb.pid")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("rfdb-server.log")
    }
}

/// A server that answers.
struct Running {
    socket: PathBuf,
    pid: Option<u32>,
    version: String,
    client: Client,
}

fn connect(socket: &Path) -> Option<(Client, String)> {
    let client = Client::connect(socket, SocketOptions::default()).ok()?;
    let version = client.ping().ok()?;
    Some((client, version))
}

/// The server of a project: at the project's socket, or at the one that the lock of the graph names.
fn find(place: &Place) -> Option<Running> {
    at_its_socket(place, database::lock_holder(&place.root))
}

/// The server that a process has become which was started. As long as it starts nobody may try the lock: that would take it for a
/// moment, and the server would find it taken.
fn find_started(place: &Place, child: &Child) -> Option<Running> {
    let holder = LockHolder::last(&database::location(&place.root))?;
    if holder.pid != child.id() {
        return None;
    }
    at_its_socket(place, Some(holder))
}

fn at_its_socket(place: &Place, holder: Option<LockHolder>) -> Option<Running> {
    let socket = holder
        .as_ref()
        .and_then(|holder| holder.socket.clone())
        .unwrap_or_else(|| place.socket());
    let (client, version) = connect(&socket)?;
    let pid = holder.map(|holder| holder.pid).filter(|pid| *pid != 0);
    Some(Running {
        socket,
        pid,
        version,
        client,
    })
}

pub(crate) fn run(args: &ServerArgs) -> Result<ExitCode, Error> {
    match &args.command {
        ServerCommand::Start(args) => start(&Place::of(&args.project)?, &args.options)?,
        ServerCommand::Stop(project) => stop(&Place::of(project)?)?,
        ServerCommand::Restart(args) => {
            let place = Place::of(&args.project)?;
            stop(&place)?;
            start(&place, &args.options)?;
        }
        ServerCommand::Status(args) => status(&Place::of(&args.project)?, args.json)?,
        ServerCommand::Run(args) => return run_here(args),
    }
    Ok(ExitCode::SUCCESS)
}

fn run_here(args: &RunArgs) -> Result<ExitCode, Error> {
    if args.detached {
        // Already alone only if somebody made it so: then there is nothing to leave.
        let _ = rustix::process::setsid();
    }
    let place = Place::of(&args.start.project)?;
    database::make_folder(&place.root)?;
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut arguments = vec![text(database::location(&place.root))];
    if !args.start.options.iter().any(|option| option == "--socket") {
        arguments.extend(["--socket".to_owned(), text(place.socket())]);
    }
    arguments.extend(args.start.options.iter().cloned());
    Ok(rfdb_server::run_program(arguments))
}

fn start(place: &Place, options: &[String]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    if let Some(running) = find(place) {
        writeln!(
            out,
            "the server is already running at {}",
            running.socket.display()
        )?;
        return Ok(());
    }
    database::make_folder(&place.root)?;
    let log = File::create(place.log()).map_err(|e| Error::io("write", &place.log(), e))?;
    let program =
        std::env::current_exe().map_err(|e| Error::io("find", Path::new("grafema-rs"), e))?;
    let mut child = Command::new(&program)
        .args(["server", "run", "--detached", "--path"])
        .arg(&place.root)
        .arg("--")
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(|e| Error::io("start", &program, e))?;
    let running = wait_until_ready(place, &mut child)?;
    let pid = running.pid.unwrap_or(child.id());
    fs::write(place.pid_file(), format!("{pid}\n"))
        .map_err(|e| Error::io("write", &place.pid_file(), e))?;
    writeln!(
        out,
        "server {} is running\n  socket  {}\n  pid     {pid}\n  log     {}",
        running.version,
        running.socket.display(),
        place.log().display()
    )?;
    Ok(())
}

fn wait_until_ready(place: &Place, child: &mut Child) -> Result<Running, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(running) = find_started(place, child) {
            return Ok(running);
        }
        let ended = child.try_wait().ok().flatten().is_some();
        // Who asked at the same time may have started one.
        if ended && let Some(running) = find(place) {
            return Ok(running);
        }
        if ended || Instant::now() > deadline {
            let log = fs::read_to_string(place.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(3)..].join("\n  ");
            let what = if ended {
                "ended at its start"
            } else {
                "does not answer"
            };
            let _ = child.kill();
            return Err(Error::Server(format!("the server {what}:\n  {last}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn stop(place: &Place) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let Some(running) = find(place) else {
        writeln!(out, "the server is not running")?;
        return Ok(());
    };
    running.client.shutdown()?;
    // Stopped is who holds neither the socket nor the graph.
    let deadline = Instant::now() + PATIENCE;
    while running.socket.exists() || database::lock_holder(&place.root).is_some() {
        if Instant::now() > deadline {
            return Err(Error::Server("the server does not end".into()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = fs::remove_file(place.pid_file());
    writeln!(out, "the server is stopped")?;
    Ok(())
}

fn status(place: &Place, json: bool) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let database = database::location(&place.root);
    let running = find(place);
    let counts = match &running {
        Some(running) => Some((running.client.node_count()?, running.client.edge_count()?)),
        None => None,
    };
    if json {
        let socket = running
            .as_ref()
            .map_or_else(|| place.socket(), |r| r.socket.clone());
        let status = serde_json::json!({
            "initialized": database.is_dir(),
            "running": running.is_some(),
            "version": running.as_ref().map(|r| &r.version),
            "socketPath": socket,
            "dbPath": database,
            "pid": running.as_ref().and_then(|r| r.pid),
            "nodeCount": counts.map(|(nodes, _)| nodes),
            "edgeCount": counts.map(|(_, edges)| edges),
        });
        serde_json::to_writer_pretty(&mut out, &status)?;
        writeln!(out)?;
        return Ok(());
    }
    let Some(running) = running else {
        writeln!(out, "the server is not running")?;
        return Ok(());
    };
    writeln!(out, "server {} is running", running.version)?;
    writeln!(out, "  socket  {}", running.socket.display())?;
    if let Some(pid) = running.pid {
        writeln!(out, "  pid     {pid}")?;
    }
    if let Some((nodes, edges)) = counts {
        let (nodes, edges) = (text::count(nodes, "node"), text::count(edges, "edge"));
        writeln!(out, "  graph   {nodes}, {edges}")?;
    }
    Ok(())
}
