//! A snapshot as the graph that Datalog asks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rfdb_datalog::{Graph, VisitEdge, metadata_field};
use rfdb_engine::{Direction, EdgeType, Error, NodeId, NodeQuery, Probe, Result, Snapshot};

/// A snapshot as the graph that Datalog asks.
#[derive(Debug)]
pub struct SnapshotGraph<'s> {
    snapshot: &'s Snapshot,
    probe: Probe<'s>,
}

/// Called with an id; may end the walk.
type Visit<'a> = dyn FnMut(u128) -> ControlFlow<()> + 'a;

impl<'s> SnapshotGraph<'s> {
    /// A graph over a snapshot.
    ///
    /// # Errors
    /// A damaged file.
    pub fn new(snapshot: &'s Snapshot) -> Result<Self> {
        Ok(Self {
            snapshot,
            probe: snapshot.probe()?,
        })
    }

    fn find(&self, query: &NodeQuery, visit: &mut Visit<'_>) -> Result<()> {
        for id in self.snapshot.find(query)? {
            if visit(id.0).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Walks over those of the nodes that have an attribute.
    fn find_checked(
        &self,
        query: &NodeQuery,
        (name, value): (&str, &str),
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        for id in self.snapshot.find(query)? {
            if self.attribute(id.0, name)?.as_deref() == Some(value) && visit(id.0).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn edges_of(
        &self,
        id: u128,
        direction: Direction,
        edge_type: Option<&EdgeType>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<()> {
        let outgoing = direction == Direction::Outgoing;
        self.probe
            .edges_of(NodeId(id), outgoing, edge_type, &mut |other, name| {
                if outgoing {
                    visit(id, other.0, name)
                } else {
                    visit(other.0, id, name)
                }
            })
    }
}

impl Graph for SnapshotGraph<'_> {
    type Error = Error;
    type EdgeType = EdgeType;

    fn edge_type(&self, name: &str) -> Result<EdgeType> {
        self.probe.edge_type(name)
    }

    fn count_nodes(&self) -> Result<Cow<'_, BTreeMap<String, u64>>> {
        self.snapshot.count_nodes_by_type().map(Cow::Owned)
    }

    fn count_edges(&self) -> Result<Cow<'_, BTreeMap<String, u64>>> {
        self.snapshot.count_edges_by_type().map(Cow::Owned)
    }

    fn nodes(&self, node_type: &str, visit: &mut Visit<'_>) -> Result<()> {
        let pattern = if node_type.ends_with('*') {
            format!("{}*", node_type.trim_end_matches('*'))
        } else {
            node_type.to_owned()
        };
        self.find(&NodeQuery::default().with_type(pattern), visit)
    }

    fn nodes_with(&self, name: &str, value: &str, visit: &mut Visit<'_>) -> Result<()> {
        let all = NodeQuery::default();
        match name {
            "name" => self.find(&all.with_name(value), visit),
            "file" => self.find(&all.with_file(value), visit),
            "type" if !value.ends_with('*') => self.find(&all.with_type(value), visit),
            "exported" => match value {
                "true" | "false" => self.find(&all.with_exported(value == "true"), visit),
                _ => Ok(()),
            },
            "id" => {
                let id = rfdb_datalog::node_id(value);
                let exists = id.to_string() == value && self.snapshot.contains(NodeId(id))?;
                if exists {
                    let _ = visit(id);
                }
                Ok(())
            }
            "semantic_id" => {
                let id = NodeId::from_semantic(value);
                if self.attribute(id.0, name)?.as_deref() == Some(value) {
                    let _ = visit(id.0);
                    return Ok(());
                }
                // Clients of old versions may have written ids that are not derived from the text.
                self.find_checked(&all, (name, value), visit)
            }
            "type" => self.find_checked(&all, (name, value), visit),
            // The top-level key goes before the path, so no index knows the answer.
            _ if name.contains('.') => self.find_checked(&all, (name, value), visit),
            _ => self.find_checked(&all.with_field(name, value), (name, value), visit),
        }
    }

    fn node_type(&self, id: u128) -> Result<Option<&str>> {
        self.probe.node_type(NodeId(id))
    }

    fn attribute(&self, id: u128, name: &str) -> Result<Option<Cow<'_, str>>> {
        let brief = || self.probe.brief(NodeId(id));
        Ok(match name {
            "name" => brief()?.map(|node| Cow::Borrowed(node.name)),
            "file" => brief()?.map(|node| Cow::Borrowed(node.file)),
            "type" => self.node_type(id)?.map(Cow::Borrowed),
            "exported" => brief()?.map(|node| Cow::Borrowed(flag(node.exported))),
            "id" => brief()?.map(|_| Cow::Owned(id.to_string())),
            "semantic_id" => self.snapshot.node(NodeId(id))?.map(|node| node.semantic_id),
            name => {
                let metadata = self.probe.metadata(NodeId(id))?;
                metadata
                    .and_then(|metadata| metadata_field(&metadata, name))
                    .map(Cow::Owned)
            }
        })
    }

    fn outgoing(
        &self,
        id: u128,
        edge_type: Option<&EdgeType>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<()> {
        self.edges_of(id, Direction::Outgoing, edge_type, visit)
    }

    fn incoming(
        &self,
        id: u128,
        edge_type: Option<&EdgeType>,
        visit: &mut VisitEdge<'_>,
    ) -> Result<()> {
        self.edges_of(id, Direction::Incoming, edge_type, visit)
    }

    fn edges(&self, edge_type: Option<&EdgeType>, visit: &mut VisitEdge<'_>) -> Result<()> {
        self.probe
            .all_edges(edge_type, &mut |src, dst, name| visit(src.0, dst.0, name))
    }

    fn edge_attribute(
        &self,
        src: u128,
        dst: u128,
        edge_type: &str,
        name: &str,
    ) -> Result<Option<Cow<'_, str>>> {
        let edge = self.snapshot.edge(NodeId(src), NodeId(dst), edge_type)?;
        Ok(edge
            .and_then(|edge| metadata_field(&edge.metadata, name))
            .map(Cow::Owned))
    }
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
