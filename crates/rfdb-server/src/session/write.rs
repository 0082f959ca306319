//! Commands that write.

use rfdb_engine::{IndexMode, NodeId, Owner};
use rfdb_protocol::{
    Batch, Commit, Delta, ErrorCode, FieldDeclaration, Request, Response, Rows, True, WireError,
};

use super::{Result, Session, lock, unexpected};
use crate::database::Database;
use crate::error::ToWire;
use crate::rows::{Encoded, edge_row, node_row};
use crate::{file_commit, versions};

impl Session {
    pub(super) fn write(&self, database: &Database, request: Request) -> Result {
        match request {
            Request::Commit(commit) => return self.commit(database, *commit),
            Request::CommitBatch(commit) => {
                let delta = database
                    .compound(|engine, snapshot| file_commit::commit(engine, snapshot, *commit))?;
                return Ok(Response::Committed { ok: True, delta });
            }
            Request::AddNodes { nodes } => {
                // Records without an owner are filed under the file of the first one.
                let owner = nodes.files().next().unwrap_or_default();
                let rows: Vec<_> = nodes.iter().map(node_row).collect();
                if !rows.is_empty() {
                    database
                        .single(|engine| {
                            engine.add_nodes(Owner::new(owner, file_commit::CONTEXT), &rows)
                        })
                        .to_wire()?;
                }
            }
            Request::AddEdges { edges, .. } => {
                let rows: Vec<_> = edges.iter().map(edge_row).collect();
                if !rows.is_empty() {
                    database
                        .single(|engine| {
                            engine.add_edges(Owner::new("", file_commit::CONTEXT), &rows)
                        })
                        .to_wire()?;
                }
            }
            Request::DeleteNode { id } => {
                database
                    .single(|engine| engine.delete_node(NodeId(id)))
                    .to_wire()?;
            }
            Request::DeleteEdge {
                src,
                dst,
                edge_type,
            } => {
                database
                    .single(|engine| engine.delete_edge(NodeId(src), NodeId(dst), &edge_type))
                    .to_wire()?;
            }
            Request::UpdateNodeVersion { .. } => {}
            Request::DeclareFields { fields } => return declare(database, &fields),
            Request::Flush => database.single(|engine| engine.flush()).to_wire()?,
            Request::Compact => database.single(|engine| engine.compact()).to_wire()?,
            Request::Clear => database.single(|engine| engine.clear()).to_wire()?,
            Request::BeginLoad => database.single(|engine| engine.begin_load()).to_wire()?,
            Request::RebuildIndexes => database
                .single(|engine| engine.rebuild_indexes())
                .to_wire()?,
            Request::TagSnapshot { version, tags } => {
                return database.single(|engine| versions::tag(engine, version, &tags));
            }
            other => return Err(unexpected(&other)),
        }
        Ok(Response::OK)
    }

    fn commit(&self, database: &Database, commit: Commit) -> Result {
        let batch = match &commit.part {
            None => commit.batch,
            Some(part) => {
                let mut state = lock(&self.state);
                let mut whole = state.staged.remove(&part.batch).unwrap_or_default();
                whole.append(&commit.batch);
                if part.last {
                    whole
                } else {
                    let staged: usize =
                        whole.bytes() + state.staged.values().map(Batch::bytes).sum::<usize>();
                    if let Some(limit) = self.dispatcher.limits.staged_bytes
                        && staged > limit
                    {
                        return Err(WireError::new(
                            ErrorCode::BatchTooLarge,
                            format!(
                                "The parts of batch '{}' exceed {limit} bytes; commit fewer owners at once",
                                part.batch
                            ),
                        ));
                    }
                    state.staged.insert(part.batch.clone(), whole);
                    return Ok(Response::Committed {
                        ok: True,
                        delta: Delta::default(),
                    });
                }
            }
        };
        let encoded = Encoded::of(&batch);
        drop(batch);
        commit_encoded(database, encoded, commit.defer_index, commit.want_delta)
    }

    /// Commits rows that are in no batch.
    pub(super) fn store_rows(&self, parts: &[&dyn Rows], defer_index: bool) -> Result {
        let database = self.writable()?;
        commit_encoded(&database, Encoded::of_parts(parts), defer_index, false)
    }
}

fn commit_encoded(
    database: &Database,
    encoded: Encoded,
    defer_index: bool,
    want_delta: bool,
) -> Result {
    let Encoded { batch, files } = encoded;
    let mode = if defer_index {
        IndexMode::Deferred
    } else {
        IndexMode::Immediate
    };
    let done = database
        .single(|engine| engine.commit(batch, mode))
        .to_wire()?;
    let mut delta = Delta {
        changed_files: files,
        ..Delta::default()
    };
    if want_delta {
        let changes = done.changes().to_wire()?;
        delta.nodes_added = changes.nodes_added;
        delta.nodes_removed = changes.nodes_removed;
        delta.edges_added = changes.edges_added;
        delta.edges_removed = changes.edges_removed;
        delta.changed_node_types = changes.node_types;
        delta.changed_edge_types = changes.edge_types;
    }
    Ok(Response::Committed { ok: True, delta })
}

fn declare(database: &Database, fields: &[FieldDeclaration]) -> Result {
    let declared: Vec<_> = fields
        .iter()
        .map(|field| rfdb_engine::FieldDeclaration {
            name: field.name.clone(),
            node_types: field.node_types.clone().unwrap_or_default(),
        })
        .collect();
    database
        .single(|engine| engine.declare_fields(&declared))
        .to_wire()?;
    Ok(Response::Count {
        count: fields.len() as u64,
    })
}
