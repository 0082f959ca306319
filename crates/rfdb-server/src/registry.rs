//! The databases of a server: which exist, which are open, and who uses them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rfdb_engine::{Engine, LockHolder, Options};
use rfdb_protocol::{DatabaseEntry, ErrorCode, WireError};

use crate::database::Database;
use crate::error::{ToWire, engine_error};

/// Name of the database that sessions begin with.
pub(crate) const DEFAULT: &str = "default";

/// Between the server's name and the name of the database, in the lock of a database that is not the default one.
const LOCKED_AS: &str = ", database ";

/// The name of the database that the holder of a lock serves under its socket.
#[must_use]
pub fn served_name(holder: &LockHolder) -> &str {
    holder
        .program
        .split_once(LOCKED_AS)
        .map_or(DEFAULT, |(_, name)| name)
}

#[derive(Debug)]
struct Entry {
    database: Arc<Database>,
    connections: u64,
}

/// All databases of a server.
#[derive(Debug)]
pub(crate) struct Registry {
    open: Mutex<BTreeMap<String, Entry>>,
    data_dir: Option<PathBuf>,
    /// Where the default database lives, so that it is not found a second time under its directory's name.
    default_path: Option<PathBuf>,
    options: Options,
}

fn not_found(name: &str) -> WireError {
    WireError::new(
        ErrorCode::DatabaseNotFound,
        format!("Database '{name}' not found"),
    )
}

fn check_name(name: &str) -> Result<(), WireError> {
    let reason = if name.is_empty() || name.len() > 128 {
        "Name must be 1-128 characters"
    } else if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    {
        "Name can only contain a-z, A-Z, 0-9, _, -"
    } else {
        return Ok(());
    };
    Err(WireError::new(
        ErrorCode::InvalidDatabaseName,
        format!("Invalid database name: {reason}"),
    ))
}

impl Registry {
    pub(crate) fn new(default: Engine, data_dir: Option<PathBuf>, options: Options) -> Self {
        let default_path = default.path().map(Path::to_path_buf);
        let ephemeral = default_path.is_none();
        let entry = Entry {
            // The default database of an in-memory server stays although nobody uses it.
            database: Arc::new(Database::new(DEFAULT, false, default)),
            connections: 0,
        };
        Self {
            open: Mutex::new(BTreeMap::from([(DEFAULT.to_owned(), entry)])),
            data_dir: data_dir.filter(|_| !ephemeral),
            default_path,
            options,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // Every change of the map is one insertion or removal.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How a database beside the default one is opened: its lock tells under which name the server has it.
    fn options_of(&self, name: &str) -> Options {
        Options {
            program: format!("{}{LOCKED_AS}{name}", self.options.program),
            ..self.options.clone()
        }
    }

    /// Where a database of this name lives on disk. The default database's directory is nobody else's.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = self.data_dir.as_ref()?.join(format!("{name}.rfdb"));
        (Some(&path) != self.default_path.as_ref()).then_some(path)
    }

    /// The open database of this name; opens it if it is on disk.
    fn find<'a>(
        &self,
        open: &'a mut BTreeMap<String, Entry>,
        name: &str,
    ) -> Result<&'a mut Entry, WireError> {
        if !open.contains_key(name) {
            let path = check_name(name)
                .ok()
                .and_then(|()| self.path(name))
                .filter(|path| path.is_dir() && name != DEFAULT)
                .ok_or_else(|| not_found(name))?;
            let engine = match Engine::open(&path, self.options_of(name)) {
                Err(rfdb_engine::Error::NotFound(_)) => return Err(not_found(name)),
                other => other.to_wire()?,
            };
            open.insert(
                name.to_owned(),
                Entry {
                    database: Arc::new(Database::new(name, false, engine)),
                    connections: 0,
                },
            );
        }
        open.get_mut(name).ok_or_else(|| not_found(name))
    }

    pub(crate) fn create(&self, name: &str, ephemeral: bool) -> Result<(), WireError> {
        check_name(name)?;
        let exists = || {
            WireError::new(
                ErrorCode::DatabaseExists,
                format!("Database '{name}' already exists"),
            )
        };
        let mut open = self.lock();
        if open.contains_key(name) {
            return Err(exists());
        }
        let path = self.path(name);
        let engine = if ephemeral {
            Engine::in_memory(self.options.clone())
        } else {
            let path = path.ok_or_else(|| {
                WireError::new(
                    ErrorCode::InternalError,
                    "this server keeps everything in memory; create the database with ephemeral: true",
                )
            })?;
            match Engine::create(&path, self.options_of(name)) {
                Ok(engine) => engine,
                Err(rfdb_engine::Error::AlreadyExists(_)) => return Err(exists()),
                Err(error) => return Err(engine_error(&error)),
            }
        };
        open.insert(
            name.to_owned(),
            Entry {
                database: Arc::new(Database::new(name, ephemeral, engine)),
                connections: 0,
            },
        );
        Ok(())
    }

    /// The database of this name, counted as used until [`Registry::close`].
    pub(crate) fn open(&self, name: &str) -> Result<Arc<Database>, WireError> {
        let mut open = self.lock();
        let entry = self.find(&mut open, name)?;
        entry.connections += 1;
        Ok(Arc::clone(&entry.database))
    }

    /// Ends one use. The last one takes an ephemeral database with it.
    pub(crate) fn close(&self, database: &Arc<Database>) {
        let mut open = self.lock();
        let Some(entry) = open.get_mut(&database.name) else {
            return;
        };
        // A database that was dropped and created again under the same name is another one.
        if !Arc::ptr_eq(&entry.database, database) {
            return;
        }
        entry.connections -= 1;
        if entry.connections == 0 && database.ephemeral {
            open.remove(&database.name);
        }
    }

    pub(crate) fn drop_database(&self, name: &str) -> Result<(), WireError> {
        let mut open = self.lock();
        let entry = self.find(&mut open, name)?;
        if entry.connections > 0 {
            return Err(WireError::new(
                ErrorCode::DatabaseInUse,
                format!("Database '{name}' is in use and cannot be dropped"),
            ));
        }
        let on_disk = entry.database.engine.path().map(Path::to_path_buf);
        open.remove(name);
        if let Some(path) = on_disk.filter(|_| name != DEFAULT) {
            std::fs::remove_dir_all(&path).map_err(|error| {
                WireError::new(
                    ErrorCode::InternalError,
                    format!("IO error: cannot remove {}: {error}", path.display()),
                )
            })?;
        }
        Ok(())
    }

    /// All databases, open or on disk, by name. One on disk that cannot be opened is left out.
    pub(crate) fn list(&self) -> Result<Vec<DatabaseEntry>, WireError> {
        let mut open = self.lock();
        for name in self.names_on_disk() {
            // It may be damaged or held by another process; that is told when somebody opens it.
            let _ = self.find(&mut open, &name);
        }
        let entries: Vec<_> = open
            .values()
            .map(|entry| (Arc::clone(&entry.database), entry.connections))
            .collect();
        drop(open);
        entries
            .into_iter()
            .map(|(database, connection_count)| {
                let snapshot = database.snapshot();
                Ok(DatabaseEntry {
                    name: database.name.clone(),
                    ephemeral: database.ephemeral,
                    node_count: snapshot.node_count().to_wire()?,
                    edge_count: snapshot.edge_count().to_wire()?,
                    connection_count,
                })
            })
            .collect()
    }

    fn names_on_disk(&self) -> Vec<String> {
        let Some(entries) = self
            .data_dir
            .as_ref()
            .and_then(|dir| std::fs::read_dir(dir).ok())
        else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let name = name.strip_suffix(".rfdb")?;
                let usable = check_name(name).is_ok() && self.path(name).is_some();
                usable.then(|| name.to_owned())
            })
            .collect()
    }

    /// Makes everything durable.
    pub(crate) fn flush_all(&self) -> Result<(), WireError> {
        let databases: Vec<_> = self
            .lock()
            .values()
            .map(|entry| Arc::clone(&entry.database))
            .collect();
        let mut result = Ok(());
        for database in databases {
            result = result.and(database.single(|engine| engine.flush()).to_wire());
        }
        result
    }
}
