//! A session: one client's current database and mode, and the way from a request to its answer.

mod write;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rfdb_engine::{LoadState, NodeId, Snapshot};
use rfdb_protocol::{
    Access, AttrQuery, Batch, Direction, ErrorCode, Handler, Request, Response, True, WireError,
};

use crate::database::Database;
use crate::datalog::{Budget, Form, Question};
use crate::dispatcher::Dispatcher;
use crate::error::ToWire;
use crate::read::{self, EdgeTypes, EdgesOf, Order, SizeLimit};
use crate::registry::DEFAULT;
use crate::scan::{Rows, Scans};
use crate::versions;

type Result<T = Response> = std::result::Result<T, WireError>;

/// The version of the protocol that the server speaks.
pub(crate) const PROTOCOL_VERSION: u32 = 3;

/// A client that reads one frame per request whatever its version, so it must not be streamed to.
const CLIENT_WITHOUT_STREAMING: &str = "grafema-orchestrator";

#[derive(Debug, Clone)]
struct Current {
    database: Arc<Database>,
    read_only: bool,
}

#[derive(Debug)]
struct State {
    current: Option<Current>,
    /// Show the ends of edges under their semantic ids.
    labelled: bool,
    streaming: bool,
    marked_batch: Option<String>,
    /// Parts of cut batches that wait for their last one.
    staged: BTreeMap<String, Batch>,
}

/// One client's session. It may be used from several threads at once; dropping it ends it.
#[derive(Debug)]
pub struct Session {
    dispatcher: Arc<Dispatcher>,
    number: u64,
    state: Mutex<State>,
    scans: Mutex<Scans>,
    cancelled: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete by itself.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, number: u64, with_default: bool) -> Self {
        let current = with_default
            .then(|| dispatcher.registry.open(DEFAULT).ok())
            .flatten()
            .map(|database| Current {
                database,
                read_only: false,
            });
        Self {
            dispatcher,
            number,
            state: Mutex::new(State {
                current,
                labelled: false,
                streaming: false,
                marked_batch: None,
                staged: BTreeMap::new(),
            }),
            scans: Mutex::default(),
            cancelled: AtomicBool::new(false),
        }
    }

    /// The session's number, for logs.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Makes the Datalog query that is running end with `QUERY_CANCELLED`.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Forgets an earlier [`Session::cancel`].
    pub fn reset_cancel(&self) {
        self.cancelled.store(false, Ordering::Relaxed);
    }

    /// If answers to this session's `queryNodes` may be streamed: the snapshot, and the ids of the nodes to send.
    pub(crate) fn stream(&self, query: &AttrQuery) -> Option<Result<(Snapshot, Vec<NodeId>)>> {
        if !lock(&self.state).streaming {
            return None;
        }
        Some(self.current().and_then(|current| {
            let snapshot = current.database.snapshot();
            let ids = read::find(&snapshot, query)?;
            Ok((snapshot, ids))
        }))
    }

    fn current(&self) -> Result<Current> {
        lock(&self.state)
            .current
            .clone()
            .ok_or_else(WireError::no_database)
    }

    fn close_current(&self) -> Option<()> {
        let mut state = lock(&self.state);
        let current = state.current.take()?;
        state.marked_batch = None;
        state.staged.clear();
        drop(state);
        lock(&self.scans).clear();
        self.dispatcher.registry.close(&current.database);
        Some(())
    }

    fn answer(&self, request: Request) -> Result {
        match request.access() {
            Access::None => return self.without_database(request),
            Access::Read | Access::Write => {}
        }
        if request.access() == Access::Read {
            return self.read(&self.current()?.database, request);
        }
        let database = self.writable()?;
        self.write(&database, request)
    }

    /// The current database, to write to.
    fn writable(&self) -> Result<Arc<Database>> {
        let current = self.current()?;
        if current.read_only {
            return Err(WireError::new(
                ErrorCode::ReadOnlyMode,
                "Operation not allowed in read-only mode",
            ));
        }
        Ok(current.database)
    }

    /// Answers, and keeps count of it.
    fn measured(&self, command: &'static str, answer: impl FnOnce() -> Result) -> Response {
        let Some(metrics) = &self.dispatcher.metrics else {
            return answer().into();
        };
        let started = Instant::now();
        let response = answer().into();
        let duration = started.elapsed();
        metrics.record(command, duration, &response);
        if duration >= crate::metrics::SLOW {
            tracing::info!(
                "[RUST SLOW] {command}: {}ms (client {})",
                duration.as_millis(),
                self.number
            );
        }
        response
    }

    fn without_database(&self, request: Request) -> Result {
        let registry = &self.dispatcher.registry;
        match request {
            Request::Hello {
                protocol_version,
                client_id,
                decimal_edges,
                packed_rows,
            } => Ok(self.hello(
                protocol_version,
                client_id.as_deref(),
                decimal_edges,
                packed_rows,
            )),
            Request::CreateDatabase { name, ephemeral } => {
                registry.create(&name, ephemeral)?;
                Ok(Response::DatabaseCreated {
                    ok: True,
                    database_id: name,
                })
            }
            Request::OpenDatabase { name, mode } => self.open_database(&name, mode.as_deref()),
            Request::CloseDatabase => {
                self.close_current().map(|()| Response::OK).ok_or_else(|| {
                    WireError::new(ErrorCode::NoDatabaseSelected, "No database currently open")
                })
            }
            Request::DropDatabase { name } => {
                registry.drop_database(&name)?;
                Ok(Response::OK)
            }
            Request::ListDatabases => Ok(Response::Databases {
                databases: registry.list()?,
            }),
            Request::CurrentDatabase => {
                let state = lock(&self.state);
                let current = state.current.as_ref();
                Ok(Response::CurrentDatabase {
                    database: current.map(|current| current.database.name.clone()),
                    mode: current.map(|current| mode_name(current.read_only)),
                })
            }
            Request::Ping => Ok(Response::Pong {
                pong: True,
                version: env!("CARGO_PKG_VERSION").into(),
            }),
            Request::Shutdown => {
                self.dispatcher.flush()?;
                Ok(Response::OK)
            }
            Request::GetStats => self.stats(),
            Request::BeginBatch => self.begin_batch(),
            Request::AbortBatch => lock(&self.state)
                .marked_batch
                .take()
                .map(|_| Response::OK)
                .ok_or_else(|| {
                    WireError::new(ErrorCode::NoBatchInProgress, "No batch in progress")
                }),
            Request::CancelQuery { .. } => {
                self.cancel();
                Ok(Response::OK)
            }
            _ => Ok(Response::OK),
        }
    }

    fn hello(
        &self,
        protocol_version: Option<u32>,
        client_id: Option<&str>,
        decimal_edges: bool,
        packed_rows: bool,
    ) -> Response {
        let mut state = lock(&self.state);
        let version = protocol_version.unwrap_or(2);
        state.labelled = version >= 3 && !decimal_edges;
        state.streaming = version >= 3 && client_id != Some(CLIENT_WITHOUT_STREAMING);
        Response::Hello {
            ok: True,
            protocol_version: PROTOCOL_VERSION,
            server_version: env!("CARGO_PKG_VERSION").into(),
            features: ["multiDatabase", "ephemeral", "semanticIds", "streaming"]
                .into_iter()
                .chain(packed_rows.then_some("packedRows"))
                .map(String::from)
                .collect(),
        }
    }

    fn open_database(&self, name: &str, mode: Option<&str>) -> Result {
        self.close_current();
        let database = self.dispatcher.registry.open(name)?;
        let read_only = matches!(mode, Some("ro" | "readonly" | "read-only"));
        let snapshot = database.snapshot();
        // Put into the session first, so that the use is counted back if the counts cannot be read.
        lock(&self.state).current = Some(Current {
            database,
            read_only,
        });
        Ok(Response::DatabaseOpened {
            ok: True,
            database_id: name.into(),
            mode: mode_name(read_only),
            node_count: snapshot.node_count().to_wire()?,
            edge_count: snapshot.edge_count().to_wire()?,
        })
    }

    fn stats(&self) -> Result {
        let mut stats = self.dispatcher.stats();
        if let Ok(current) = self.current() {
            let snapshot = current.database.snapshot();
            stats.node_count = snapshot.node_count().to_wire()?;
            stats.edge_count = snapshot.edge_count().to_wire()?;
        }
        Ok(Response::Stats(Box::new(stats)))
    }

    fn begin_batch(&self) -> Result {
        let mut state = lock(&self.state);
        if let Some(batch) = &state.marked_batch {
            return Err(WireError::new(
                ErrorCode::BatchInProgress,
                format!("Batch already in progress: {batch}"),
            ));
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |duration| duration.as_millis());
        let batch_id = format!("batch-{}-{now}", self.number);
        state.marked_batch = Some(batch_id.clone());
        Ok(Response::BatchBegun { ok: True, batch_id })
    }

    fn read(&self, database: &Database, request: Request) -> Result {
        let limit = SizeLimit(self.dispatcher.limits.result_bytes);
        let labelled = lock(&self.state).labelled;
        let edges = |ids: &[u128], direction, types, rows, labelled, snapshot: &Snapshot| {
            read::edges_of(
                snapshot,
                &EdgesOf {
                    ids,
                    direction,
                    types,
                    rows,
                    labelled,
                },
                limit,
            )
        };
        // Continuing a scan needs no new snapshot; everything else does.
        match request {
            Request::ScanNodes { cursor, limit } => {
                return self.scan(database, Rows::Nodes, cursor, limit);
            }
            Request::ScanEdges { cursor, limit } => {
                return self.scan(database, Rows::Edges, cursor, limit);
            }
            _ => {}
        }
        let snapshot = database.snapshot();
        match request {
            Request::GetNode { id } => read::get_node(&snapshot, id),
            Request::GetNodes { ids } => read::get_nodes(&snapshot, &ids, limit),
            Request::NodeExists { id } => read::node_exists(&snapshot, id),
            Request::IsEndpoint { id } => read::is_endpoint(&snapshot, id),
            Request::GetNodeIdentifier { id } => read::identifier(&snapshot, id),
            Request::FindByType { node_type } => read::find_by_type(&snapshot, &node_type),
            Request::FindByAttr { query } => read::find_by_attr(&snapshot, &query),
            Request::QueryNodes { query } => read::query_nodes(&snapshot, &query, limit),
            Request::Neighbors { id, edge_types } => {
                read::neighbors(&snapshot, id, &EdgeTypes::empty_is_all(&edge_types))
            }
            Request::Bfs {
                start_ids,
                max_depth,
                edge_types,
            } => read::traverse(
                &snapshot,
                Order::Breadth,
                &start_ids,
                max_depth,
                &EdgeTypes::empty_is_all(&edge_types),
                false,
            ),
            Request::Dfs {
                start_ids,
                max_depth,
                edge_types,
            } => read::traverse(
                &snapshot,
                Order::Depth,
                &start_ids,
                max_depth,
                &EdgeTypes::empty_is_all(&edge_types),
                false,
            ),
            Request::Reachability {
                start_ids,
                max_depth,
                edge_types,
                backward,
            } => read::traverse(
                &snapshot,
                Order::Breadth,
                &start_ids,
                max_depth,
                &EdgeTypes::empty_is_all(&edge_types),
                backward,
            ),
            Request::GetOutgoingEdges { id, edge_types } => edges(
                &[id],
                Direction::Outgoing,
                EdgeTypes::absent_is_all(edge_types.as_ref()),
                None,
                labelled,
                &snapshot,
            ),
            Request::GetIncomingEdges { id, edge_types } => edges(
                &[id],
                Direction::Incoming,
                EdgeTypes::absent_is_all(edge_types.as_ref()),
                None,
                labelled,
                &snapshot,
            ),
            Request::QueryEdges {
                id,
                direction,
                edge_types,
                limit: rows,
            } => edges(
                &[id],
                direction,
                EdgeTypes::absent_is_all(edge_types.as_ref()),
                rows,
                false,
                &snapshot,
            ),
            Request::GetEdges {
                ids,
                direction,
                edge_types,
            } => edges(
                &ids,
                direction,
                EdgeTypes::absent_is_all(edge_types.as_ref()),
                None,
                false,
                &snapshot,
            ),
            Request::FindDependentFiles { id, edge_types } => read::dependent_files(
                &snapshot,
                id,
                &EdgeTypes::absent_is_all(edge_types.as_ref()),
            ),
            Request::GetAllEdges => read::all_edges(&snapshot, labelled, limit),
            Request::NodeCount => Ok(Response::Count {
                count: snapshot.node_count().to_wire()?,
            }),
            Request::EdgeCount => Ok(Response::Count {
                count: snapshot.edge_count().to_wire()?,
            }),
            Request::CountNodesByType { types } => Ok(read::counts(
                snapshot.count_nodes_by_type().to_wire()?,
                types.as_ref(),
            )),
            Request::CountEdgesByType { edge_types } => Ok(read::counts(
                snapshot.count_edges_by_type().to_wire()?,
                edge_types.as_ref(),
            )),
            Request::GetLoadState => Ok(Response::LoadState {
                loading: database.engine.load_state() == LoadState::Unfinished,
            }),
            Request::FindSnapshot { tag_key, tag_value } => {
                Ok(versions::find(&database.engine, &tag_key, &tag_value))
            }
            Request::ListSnapshots { filter_tag } => versions::list(database, filter_tag.as_ref()),
            Request::DiffSnapshots(pair) => versions::diff(database, &pair),
            Request::DatalogLoadRules { source } => Ok(Response::Count {
                count: self.dispatcher.evaluator.count_rules(&source)?,
            }),
            Request::DatalogQuery {
                query,
                explain,
                semantic_ids,
            } => {
                let form = Form {
                    explain,
                    semantic_ids,
                };
                self.datalog(&snapshot, Question::Query(&query), form)
            }
            Request::ExecuteDatalog {
                source,
                explain,
                semantic_ids,
            } => {
                let form = Form {
                    explain,
                    semantic_ids,
                };
                self.datalog(&snapshot, Question::Program(&source), form)
            }
            Request::CheckGuarantee {
                rule_source,
                explain,
                semantic_ids,
            } => {
                let form = Form {
                    explain,
                    semantic_ids,
                };
                self.datalog(&snapshot, Question::Guarantee(&rule_source), form)
            }
            Request::CypherQuery { .. } => Err(WireError::new(
                ErrorCode::NotSupported,
                "Cypher is not supported by this server; use datalogQuery or executeDatalog",
            )),
            other => Err(unexpected(&other)),
        }
    }

    fn datalog(&self, snapshot: &Snapshot, question: Question<'_>, form: Form) -> Result {
        let limits = &self.dispatcher.limits;
        let budget = Budget {
            deadline: limits
                .query_time
                .and_then(|time| Instant::now().checked_add(time)),
            max_rows: limits.query_rows,
            max_bytes: limits.query_bytes,
            result_bytes: limits.result_bytes,
            cancelled: &self.cancelled,
        };
        budget.check()?;
        self.dispatcher
            .evaluator
            .evaluate(snapshot, question, form, &budget)
    }

    fn scan(&self, database: &Database, rows: Rows, cursor: Option<String>, limit: u32) -> Result {
        let mut scans = lock(&self.scans);
        match cursor {
            None => scans.begin(database.snapshot(), rows, limit),
            Some(cursor) => scans.resume(&cursor, rows),
        }
    }
}

fn mode_name(read_only: bool) -> String {
    if read_only { "ro" } else { "rw" }.into()
}

/// For the arms that [`Request::access`] keeps away.
fn unexpected(request: &Request) -> WireError {
    WireError::new(
        ErrorCode::InternalError,
        format!("{} was dispatched to the wrong place", request.command()),
    )
}

impl Handler for Session {
    fn handle(&self, request: Request) -> Response {
        self.measured(request.command(), || self.answer(request))
    }

    fn commit_rows(&self, parts: &[&dyn rfdb_protocol::Rows], defer_index: bool) -> Response {
        self.measured("commitBatch", || self.store_rows(parts, defer_index))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close_current();
    }
}
