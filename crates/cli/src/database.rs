//! Where a project's graph is, and how it is opened: in this process, or through the server that has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rfdb_client::{Client, SocketOptions};
use rfdb_server::{Config, Dispatcher, EngineError, LockHolder, Options};

use crate::error::Error;

/// The folder of a project that is ours.
const FOLDER: &str = ".grafema";
/// The database in it.
const DATABASE: &str = "graph.rfdb";

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

fn config(program: &str, read_only: bool) -> Config {
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

/// Makes the folder of a project that is ours.
pub(crate) fn make_folder(root: &Path) -> Result<(), Error> {
    let folder = folder(root);
    fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        // The graph can be made again at any time; the rest of the folder is the user's.
        let ignored = format!("/{DATABASE}/\n/rfdb.sock\n/rfdb.pid\n/rfdb-server.log\n");
        fs::write(&ignore, ignored).map_err(|e| Error::io("write", &ignore, e))?;
    }
    Ok(())
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

/// Opens a graph in this process or, if a server has it, through the server.
fn open_here_or_there(
    opened: Result<std::sync::Arc<Dispatcher>, rfdb_server::Error>,
) -> Result<Client, Error> {
    match opened {
        Ok(server) => Ok(Client::in_process(server.session())),
        Err(rfdb_server::Error::Engine(EngineError::Locked { holder, path })) => {
            let Some(socket) = holder.socket.clone() else {
                return Err(
                    rfdb_server::Error::Engine(EngineError::Locked { holder, path }).into(),
                );
            };
            let name = rfdb_server::served_name(&holder);
            // The default database is open from the start.
            connect(&socket, (name != "default").then_some(name))
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

/// Opens the graph of a project for an analysis; makes it if there is none.
pub(crate) fn open_or_create(root: &Path) -> Result<Client, Error> {
    make_folder(root)?;
    open_here_or_there(Dispatcher::open_or_create(
        location(root),
        config("analyze", false),
    ))
}

/// Opens the whole graph of a project to ask about it. Without a path, the nearest folder upwards that has a graph is
/// meant.
pub(crate) fn open(path: Option<&Path>, program: &str) -> Result<(PathBuf, Client), Error> {
    let (root, client) = open_unchecked(path, program)?;
    if client.is_loading()? {
        return Err(Error::Unfinished(root));
    }
    Ok((root, client))
}

fn open_unchecked(path: Option<&Path>, program: &str) -> Result<(PathBuf, Client), Error> {
    let root = root(path)?;
    let database = location(&root);
    if !database.is_dir() {
        return Err(Error::NoGraph(root));
    }
    match Dispatcher::open(database, config(program, true)) {
        Err(rfdb_server::Error::Engine(EngineError::NotFound(_))) => Err(Error::NoGraph(root)),
        opened => Ok((root, open_here_or_there(opened)?)),
    }
}
