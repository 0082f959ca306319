//! Where a project's graph is, and how it is opened: in this process, without a server.

use std::fs;
use std::path::{Path, PathBuf};

use rfdb_client::Client;
use rfdb_server::{Config, Dispatcher, Options};

use crate::error::Error;

/// The folder of a project that is ours.
const FOLDER: &str = ".grafema";
/// The database in it.
const DATABASE: &str = "graph.rfdb";
/// The folder of what an analysis remembers.
const CACHE: &str = "cache";
/// What the last analysis had to say.
pub(crate) const LOG: &str = "diagnostics.log";

/// Where the graph of a project is.
pub(crate) fn location(root: &Path) -> PathBuf {
    root.join(FOLDER).join(DATABASE)
}

/// Where an analysis keeps what it needs to know for the next one.
pub(crate) fn cache(root: &Path) -> PathBuf {
    root.join(FOLDER).join(CACHE)
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
pub(crate) fn folder(root: &Path) -> Result<PathBuf, Error> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        // The rest of the folder is the user's.
        let text = format!("/{DATABASE}*/\n/{CACHE}/\n/{LOG}\n");
        fs::write(&ignore, text).map_err(|e| Error::io("write", &ignore, e))?;
    }
    Ok(folder)
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
    let here = orchestrator::discovery::project_root(path.unwrap_or(Path::new(".")))?;
    let root = match path {
        Some(_) => here.clone(),
        None => here
            .ancestors()
            .find(|dir| location(dir).is_dir())
            .map_or_else(|| here.clone(), Path::to_path_buf),
    };
    let database = location(&root);
    if !database.is_dir() {
        return Err(Error::NoGraph(root));
    }
    let server = match Dispatcher::open(database, config(program, true)) {
        Ok(server) => server,
        Err(rfdb_server::Error::Engine(rfdb_server::EngineError::NotFound(_))) => {
            return Err(Error::NoGraph(root));
        }
        Err(error) => return Err(error.into()),
    };
    Ok((root, Client::in_process(server.session())))
}
