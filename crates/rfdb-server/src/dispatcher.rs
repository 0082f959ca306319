//! The server without its sockets: databases, and the settings that all sessions share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rfdb_engine::{Engine, Options};
use rfdb_protocol::{Stats, WireError};

use crate::datalog::{Datalog, Evaluator};
use crate::error::{Error, ToWire};
use crate::metrics::{Metrics, memory_percent};
use crate::registry::{DEFAULT, Registry};
use crate::session::Session;

/// What a request may cost. `None` is without limit, as it is for a program that embeds the server.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Bytes of one answer.
    pub result_bytes: Option<usize>,
    /// Time of one Datalog query.
    pub query_time: Option<Duration>,
    /// Intermediate rows of one Datalog query.
    pub query_rows: Option<usize>,
    /// Bytes of intermediate results of one Datalog query.
    pub query_bytes: Option<usize>,
    /// Bytes of the parts of a cut batch that wait for the last one, per session.
    pub staged_bytes: Option<usize>,
}

/// How a [`Dispatcher`] works.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where other databases than the default one live; by default beside it.
    pub data_dir: Option<PathBuf>,
    /// How databases are opened.
    pub options: Options,
    /// Keep timings of requests for `getStats`.
    pub metrics: bool,
    /// What a request may cost.
    pub limits: Limits,
    /// The query language; `rfdb-datalog` if none is given.
    pub evaluator: Option<Arc<dyn Evaluator>>,
}

/// All databases of a server. Sessions are made from it, one for each client, in process or behind a socket.
#[derive(Debug)]
pub struct Dispatcher {
    pub(crate) registry: Registry,
    pub(crate) limits: Limits,
    pub(crate) evaluator: Arc<dyn Evaluator>,
    pub(crate) metrics: Option<Metrics>,
    started: Instant,
    sessions: AtomicU64,
}

impl Dispatcher {
    /// Opens the default database, and creates it if there is none.
    ///
    /// # Errors
    /// What the engine says: the directory is locked, damaged, of a newer format, or cannot be written.
    pub fn open_or_create(path: impl AsRef<Path>, config: Config) -> Result<Arc<Self>, Error> {
        let engine = Engine::open_or_create(path, config.options.clone())?;
        Ok(Self::new(engine, config))
    }

    /// Opens the default database.
    ///
    /// # Errors
    /// As [`Dispatcher::open_or_create`], and that there is none.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Arc<Self>, Error> {
        let engine = Engine::open(path, config.options.clone())?;
        Ok(Self::new(engine, config))
    }

    /// A server that keeps everything in memory.
    #[must_use]
    pub fn in_memory(config: Config) -> Arc<Self> {
        Self::new(Engine::in_memory(config.options.clone()), config)
    }

    fn new(engine: Engine, config: Config) -> Arc<Self> {
        let data_dir = config
            .data_dir
            .or_else(|| Some(engine.path()?.parent()?.to_path_buf()));
        Arc::new(Self {
            registry: Registry::new(engine, data_dir, config.options),
            limits: config.limits,
            evaluator: config.evaluator.unwrap_or_else(|| Arc::new(Datalog)),
            metrics: config.metrics.then(Metrics::default),
            started: Instant::now(),
            sessions: AtomicU64::new(0),
        })
    }

    /// A session on the default database, with the right to write.
    #[must_use]
    pub fn session(self: &Arc<Self>) -> Session {
        Session::new(Arc::clone(self), self.next_session(), true)
    }

    /// A session without a database.
    #[must_use]
    pub fn detached_session(self: &Arc<Self>) -> Session {
        Session::new(Arc::clone(self), self.next_session(), false)
    }

    fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Makes everything that was acknowledged durable, in all databases.
    ///
    /// # Errors
    /// The first failure; the other databases are flushed all the same.
    pub fn flush(&self) -> Result<(), WireError> {
        self.registry.flush_all()
    }

    /// Nodes and edges of the default database; zero if it was dropped.
    ///
    /// # Errors
    /// What the engine says.
    pub fn default_counts(&self) -> Result<(u64, u64), WireError> {
        let Ok(database) = self.registry.open(DEFAULT) else {
            return Ok((0, 0));
        };
        let snapshot = database.snapshot();
        self.registry.close(&database);
        Ok((
            snapshot.node_count().to_wire()?,
            snapshot.edge_count().to_wire()?,
        ))
    }

    /// Everything of `getStats` that does not depend on a database.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats {
            memory_percent: memory_percent(),
            ..Stats::default()
        };
        if let Some(metrics) = &self.metrics {
            metrics.fill(&mut stats);
            stats.uptime_secs = self.started.elapsed().as_secs();
        }
        stats
    }
}
