//! Where a project's graph is, and how it is opened: in this process, or through the server that has it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rfdb_client::{Client, SocketOptions};
use rfdb_server::{Config, Dispatcher, EngineError, LockHolder, Options};

use crate::error::Error;
use crate::staging;

/// The folder of a project that is ours.
const FOLDER: &str = ".grafema";
/// The database in it.
const DATABASE: &str = "graph.rfdb";
/// The folder of what an analysis remembers.
const CACHE: &str = "cache";
/// What the last analysis had to say.
pub(crate) const LOG: &str = "diagnostics.log";

/// How long the server may take for one request: it may have to build all indexes.
const PATIENCE: Duration = Duration::from_secs(600);

/// The folder of a project that is ours.
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join(FOLDER)
}

/// Where the graph of a project is.
pub(crate) fn location(root: &Path) -> PathBuf {
    folder(root).join(DATABASE)
}

/// The folder of the project that is meant: without a path, the nearest folder upwards that has a graph.
pub(crate) fn root(path: Option<&Path>) -> Result<PathBuf, Error> {
    let here = orchestrator::discovery::project_root(path.unwrap_or(Path::new(".")))?;
    Ok(match path {
        Some(_) => here,
        None => here
            .ancestors()
            .find(|dir| location(dir).is_dir())
            .map_or_else(|| here.clone(), Path::to_path_buf),
    })
}

/// Where an analysis keeps what it needs to know for the next one.
pub(crate) fn cache(root: &Path) -> PathBuf {
    folder(root).join(CACHE)
}

pub(crate) fn config(program: &str, read_only: bool) -> Config {
    let options = Options {
        program: format!("grafema-rs {program}"),
        read_only,
        ..Options::default()
    };
    Config {
        options,
        ..Config::default()
    }
}

/// The folder of a project that is ours; made, with a `.gitignore` for what can be made again at any time, if it is not
/// there.
pub(crate) fn make_folder(root: &Path) -> Result<PathBuf, Error> {
    let folder = folder(root);
    fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        // The rest of the folder is the user's.
        let text =
            format!("/{DATABASE}*/\n/{CACHE}/\n/{LOG}\n/rfdb.sock\n/rfdb.pid\n/rfdb-server.log\n");
        fs::write(&ignore, text).map_err(|e| Error::io("write", &ignore, e))?;
    }
    Ok(folder)
}

/// Connects to a server, and opens a database of it, which is made if there is none of the name.
pub(crate) fn connect(socket: &Path, database: Option<&str>) -> Result<Client, Error> {
    let options = SocketOptions {
        timeout: PATIENCE,
        client_id: "grafema-rs".into(),
        ..SocketOptions::default()
    };
    let client = Client::connect(socket, options)?;
    if let Some(name) = database {
        if !client
            .list_databases()?
            .iter()
            .any(|known| known.name == name)
        {
            match client.create_database(name, false) {
                Err(error) if error.code() != Some(rfdb_protocol::ErrorCode::DatabaseExists) => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        client.open_database(name, "rw")?;
    }
    Ok(client)
}

/// What was opened in this process or, if a server has it, a connection to the server.
pub(crate) enum Opened {
    /// The graph itself.
    Here(Client),
    /// The server that has the graph.
    There(Client),
}

impl Opened {
    fn client(self) -> Client {
        match self {
            Opened::Here(client) | Opened::There(client) => client,
        }
    }
}

/// Opens a graph in this process or, if a server has it, through the server.
pub(crate) fn open_here_or_there(
    opened: Result<std::sync::Arc<Dispatcher>, rfdb_server::Error>,
) -> Result<Opened, Error> {
    match opened {
        Ok(server) => Ok(Opened::Here(Client::in_process(server.session()))),
        Err(rfdb_server::Error::Engine(EngineError::Locked { holder, path })) => {
            let Some(socket) = holder.socket.clone() else {
                return Err(
                    rfdb_server::Error::Engine(EngineError::Locked { holder, path }).into(),
                );
            };
            let name = rfdb_server::served_name(&holder);
            // The default database is open from the start.
            connect(&socket, (name != "default").then_some(name)).map(Opened::There)
        }
        Err(error) => Err(error.into()),
    }
}

/// Who has the graph of a project open for writing.
pub(crate) fn lock_holder(root: &Path) -> Option<LockHolder> {
    match Dispatcher::open(location(root), config("server", true)) {
        Err(rfdb_server::Error::Engine(EngineError::Locked { holder, .. })) => Some(holder),
        _ => None,
    }
}

/// Opens the whole graph of a project to ask about it. Without a path, the nearest folder upwards that has a graph is
/// meant.
pub(crate) fn open(path: Option<&Path>, program: &str) -> Result<(PathBuf, Client), Error> {
    let (root, client) = open_unchecked(path, program)?;
    // A first load is made beside an empty graph: whatever stopped it, that graph is no answer. A whole one has a node for
    // the project at least.
    if client.is_loading()? || client.node_count()? == 0 {
        return Err(Error::Unfinished(root));
    }
    if was_stopped(&root) {
        let told = Error::Stopped(root.clone());
        let hint = told.hint().unwrap_or_default();
        writeln!(io::stderr(), "warning: {told}; {hint}")?;
    }
    Ok((root, client))
}

/// Whether the last analysis was stopped while it loaded a graph beside the one that is there: it left that behind. Only
/// of use while no analysis runs.
pub(crate) fn was_stopped(root: &Path) -> bool {
    staging::beside(&location(root)).is_dir()
}

fn open_unchecked(path: Option<&Path>, program: &str) -> Result<(PathBuf, Client), Error> {
    let root = root(path)?;
    let database = location(&root);
    if !database.is_dir() {
        return Err(Error::NoGraph(root));
    }
    match Dispatcher::open(database, config(program, true)) {
        Err(rfdb_server::Error::Engine(EngineError::NotFound(_))) => Err(Error::NoGraph(root)),
        opened => Ok((root, open_here_or_there(opened)?.client())),
    }
}
