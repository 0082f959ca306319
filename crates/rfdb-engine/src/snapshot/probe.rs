//! Reads of single nodes and edges that copy nothing: what an evaluator of queries does millions of times.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::{Snapshot, Version};
use crate::index::{Image, partition};
use crate::{NodeId, Result};

/// An edge type that was looked up once, for one [`Probe`].
#[derive(Debug, Clone)]
pub struct EdgeType {
    name: String,
    /// Its number, where there is only one run.
    code: Option<u32>,
}

/// The columns of a node that need no decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief<'s> {
    /// Type.
    pub node_type: &'s str,
    /// Name.
    pub name: &'s str,
    /// File.
    pub file: &'s str,
    /// Whether the node is visible outside of its file.
    pub exported: bool,
}

/// Calls with the id at the other end and the type of an edge; may end the walk.
pub type VisitEnd<'a> = dyn FnMut(NodeId, &str) -> ControlFlow<()> + 'a;

/// Reads of a snapshot that copy nothing. Errors are those of [`Snapshot`]: a damaged file.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'s> {
    version: &'s Version,
    /// The only run, if there is only one, with whether all of its rows are live.
    single: Option<(&'s Image, bool)>,
}

impl Snapshot {
    /// A reader that copies nothing.
    ///
    /// # Errors
    /// A damaged file.
    pub fn probe(&self) -> Result<Probe<'_>> {
        let single = match &self.version.runs[..] {
            [run] => Some((run.image()?, run.all_live(self.version.number))),
            _ => None,
        };
        Ok(Probe {
            version: &self.version,
            single,
        })
    }
}

impl<'s> Probe<'s> {
    /// Looks an edge type up, by its exact name.
    ///
    /// # Errors
    /// A damaged file; so for all reads.
    pub fn edge_type(&self, name: &str) -> Result<EdgeType> {
        let code = match self.single {
            Some((image, _)) => image.types_like_exact(name)?,
            None => None,
        };
        Ok(EdgeType {
            name: name.to_owned(),
            code,
        })
    }

    /// The type of a node.
    ///
    /// # Errors
    /// A damaged file.
    pub fn node_type(&self, id: NodeId) -> Result<Option<&'s str>> {
        let Some(place) = self.version.locate(id)? else {
            return Ok(None);
        };
        let run = &self.version.runs[place.run];
        let found = run.block(place.block)?.node_type(place.row as usize);
        found.map(Some).ok_or_else(|| run.bad_block(place.block))
    }

    /// The plain columns of a node.
    ///
    /// # Errors
    /// A damaged file.
    pub fn brief(&self, id: NodeId) -> Result<Option<Brief<'s>>> {
        let Some(place) = self.version.locate(id)? else {
            return Ok(None);
        };
        let run = &self.version.runs[place.run];
        let view = run.block(place.block)?;
        let row = place.row as usize;
        let read = || {
            Some(Brief {
                node_type: view.node_type(row)?,
                name: view.node_name(row)?,
                file: view.node_file(row)?,
                exported: view.node_exported(row)?,
            })
        };
        read().map(Some).ok_or_else(|| run.bad_block(place.block))
    }

    /// The metadata of a node: a JSON object as text, or empty.
    ///
    /// # Errors
    /// A damaged file.
    pub fn metadata(&self, id: NodeId) -> Result<Option<Cow<'s, str>>> {
        let Some(place) = self.version.locate(id)? else {
            return Ok(None);
        };
        let run = &self.version.runs[place.run];
        let found = run.block(place.block)?.node_metadata(place.row as usize);
        found.map(Some).ok_or_else(|| run.bad_block(place.block))
    }

    /// Walks over the outgoing or incoming edges of a node, of one type or of all, by (type, other end).
    ///
    /// # Errors
    /// A damaged file.
    pub fn edges_of(
        &self,
        id: NodeId,
        outgoing: bool,
        edge_type: Option<&EdgeType>,
        visit: &mut VisitEnd<'_>,
    ) -> Result<()> {
        let Some((image, all_live)) = self.single else {
            let names: &[&str] = &match edge_type {
                // The engine takes a trailing star as a pattern; no edge type ends in one.
                Some(edge_type) if edge_type.name.ends_with('*') => return Ok(()),
                Some(edge_type) => vec![edge_type.name.as_str()],
                None => Vec::new(),
            };
            for hit in self.version.edge_hits(id, names, outgoing)? {
                if visit(hit.other, hit.edge_type).is_break() {
                    break;
                }
            }
            return Ok(());
        };
        if let Some(vertex) = image.vertex(id)? {
            let mut visit = |other, name: &str| visit(other, name);
            let _ = self.walk(image, all_live, vertex, outgoing, edge_type, &mut visit)?;
        }
        Ok(())
    }

    /// Walks over the edges of a vertex of the only run.
    fn walk(
        &self,
        image: &Image,
        all_live: bool,
        vertex: u32,
        outgoing: bool,
        edge_type: Option<&EdgeType>,
        visit: &mut VisitEnd<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut list = if outgoing {
            image.out_list(vertex)?
        } else {
            image.in_list(vertex)?
        };
        let entry = |at: usize| -> Result<(u32, usize)> {
            if outgoing {
                Ok((image.out_target(at)?, at))
            } else {
                image.in_edge(at)
            }
        };
        let wanted = match edge_type {
            None => None,
            Some(EdgeType { code: None, .. }) => return Ok(ControlFlow::Continue(())),
            Some(EdgeType {
                code: Some(code), ..
            }) => {
                // Short lists are read faster than searched.
                if list.len() > 16 {
                    let start = list.start;
                    list.start += partition(list.len(), |at| {
                        Ok(image.out_type(entry(start + at)?.1)? < *code)
                    })?;
                }
                Some(*code)
            }
        };
        let mut last_key = None;
        let mut last_name: Option<(u32, &str)> = None;
        for at in list {
            let (other, place) = entry(at)?;
            let code = image.out_type(place)?;
            match wanted {
                Some(wanted) if code < wanted => continue,
                Some(wanted) if code > wanted => break,
                _ => {}
            }
            let key = (code, other);
            if last_key == Some(key) {
                continue;
            }
            if !all_live {
                let (block, _) = image.edge_row(image.out_position(place)?)?;
                if !self.version.runs[0].is_live(block, self.version.number) {
                    continue;
                }
            }
            last_key = Some(key);
            let name = match last_name {
                Some((known, name)) if known == code => name,
                _ => image.type_name(code)?,
            };
            last_name = Some((code, name));
            if visit(image.id(other)?, name).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Walks over all edges, of one type or of all, by (source, type, target).
    ///
    /// # Errors
    /// A damaged file.
    pub fn all_edges(
        &self,
        edge_type: Option<&EdgeType>,
        visit: &mut dyn FnMut(NodeId, NodeId, &str) -> ControlFlow<()>,
    ) -> Result<()> {
        if let Some((image, all_live)) = self.single {
            for vertex in 0..image.counts().vertices {
                let src = image.id(vertex)?;
                let mut visit = |dst, name: &str| visit(src, dst, name);
                if self
                    .walk(image, all_live, vertex, true, edge_type, &mut visit)?
                    .is_break()
                {
                    break;
                }
            }
            return Ok(());
        }
        for id in self.version.ids() {
            let src = id?;
            let mut flow = ControlFlow::Continue(());
            self.edges_of(src, true, edge_type, &mut |dst, name| {
                flow = visit(src, dst, name);
                flow
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, EdgeRow, Engine, IndexMode, NodeRow, Options, Owner};
    use proptest::prelude::*;

    type Edges = Vec<(u128, u128, bool)>;

    fn commit(engine: &Engine, owner: &str, nodes: &[u128], edges: &Edges) {
        let mut batch = Batch::new();
        batch.owner(Owner::new(owner, ""));
        for id in nodes {
            let name = format!("n{id}{owner}");
            let node_type = if id % 2 == 0 { "A" } else { "B" };
            batch.push_node(NodeRow {
                id: NodeId(*id),
                semantic_id: &name,
                node_type,
                name: &name,
                file: owner,
                exported: id % 3 == 0,
                metadata: if id % 2 == 0 { r#"{"k":"v"}"# } else { "" },
            });
        }
        for (src, dst, kind) in edges {
            batch.push_edge(EdgeRow {
                src: NodeId(*src),
                dst: NodeId(*dst),
                edge_type: if *kind { "E" } else { "F" },
                metadata: "",
            });
        }
        engine.commit(batch, IndexMode::Immediate).unwrap();
    }

    fn check(snapshot: &Snapshot) {
        let probe = snapshot.probe().unwrap();
        for id in (0..9).map(NodeId) {
            let node = snapshot.node(id).unwrap();
            let brief = probe.brief(id).unwrap();
            let wanted = node.as_ref().map(|n| Brief {
                node_type: n.node_type,
                name: n.name,
                file: n.file,
                exported: n.exported,
            });
            assert_eq!(brief, wanted);
            let metadata = node.as_ref().map(|n| n.metadata.clone());
            assert_eq!(probe.metadata(id).unwrap(), metadata);
            assert_eq!(probe.node_type(id).unwrap(), node.map(|n| n.node_type));
            for wanted in [None, Some("E"), Some("F"), Some("G"), Some("*")] {
                let edge_type = wanted.map(|name| probe.edge_type(name).unwrap());
                for outgoing in [true, false] {
                    let mut found = Vec::new();
                    probe
                        .edges_of(id, outgoing, edge_type.as_ref(), &mut |other, name| {
                            found.push((other, name.to_owned()));
                            ControlFlow::Continue(())
                        })
                        .unwrap();
                    let all = if outgoing {
                        snapshot.outgoing(id, &[])
                    } else {
                        snapshot.incoming(id, &[])
                    };
                    let expected: Vec<_> = all
                        .unwrap()
                        .iter()
                        .filter(|e| wanted.is_none_or(|w| w == e.edge_type))
                        .map(|e| (if outgoing { e.dst } else { e.src }, e.edge_type.to_owned()))
                        .collect();
                    assert_eq!(found, expected);
                }
            }
        }
        for wanted in [None, Some("E"), Some("G")] {
            let edge_type = wanted.map(|name| probe.edge_type(name).unwrap());
            let mut found = Vec::new();
            probe
                .all_edges(edge_type.as_ref(), &mut |src, dst, name| {
                    found.push((src, dst, name.to_owned()));
                    ControlFlow::Continue(())
                })
                .unwrap();
            let all = snapshot.iter_edges().map(|edge| edge.unwrap());
            let expected: Vec<_> = all
                .filter(|e| wanted.is_none_or(|w| w == e.edge_type))
                .map(|e| (e.src, e.dst, e.edge_type.to_owned()))
                .collect();
            assert_eq!(found, expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn agrees_with_the_reads_of_a_snapshot(
            commits in prop::collection::vec((
                0..3u8,
                prop::collection::vec(0..8u128, 0..6),
                prop::collection::vec((0..8u128, 0..9u128, any::<bool>()), 0..30),
                any::<bool>(),
            ), 0..5),
        ) {
            let engine = Engine::in_memory(Options::default());
            for (owner, nodes, edges, rebuild) in commits {
                commit(&engine, &owner.to_string(), &nodes, &edges);
                check(&engine.snapshot());
                if rebuild {
                    engine.rebuild_indexes().unwrap();
                    check(&engine.snapshot());
                }
            }
        }
    }
}
