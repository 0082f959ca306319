//! Which edges there are, so that none is made twice.

use graph_model::EdgeType;
use rustc_hash::FxHashMap;

use super::{NodeIdx, RawEdge};

/// A node with so many edges has them in a table; those of others are looked through.
const FEW: u32 = 12;
/// No edge.
pub(crate) const NO_EDGE: u32 = u32::MAX;

/// The edges that start at a node.
#[derive(Debug, Clone, Copy)]
struct Outgoing {
    /// The one that was made last; [`RawEdge::previous`] leads to the others.
    last: u32,
    count: u32,
}

/// Finds edges by their ends and type. Nearly all nodes have one to three edges, for which a table costs several times as
/// much as looking.
#[derive(Debug, Default)]
pub(crate) struct EdgeIndex {
    outgoing: Vec<Outgoing>,
    many: FxHashMap<(NodeIdx, NodeIdx, EdgeType), u32>,
}

impl EdgeIndex {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        EdgeIndex {
            outgoing: Vec::with_capacity(nodes),
            many: FxHashMap::default(),
        }
    }

    /// The index of an edge that is there.
    pub(crate) fn find(
        &self,
        edges: &[RawEdge],
        src: NodeIdx,
        dst: NodeIdx,
        edge_type: EdgeType,
    ) -> Option<u32> {
        let outgoing = self.outgoing.get(src as usize)?;
        if outgoing.count > FEW {
            return self.many.get(&(src, dst, edge_type)).copied();
        }
        let mut at = outgoing.last;
        while at != NO_EDGE {
            let edge = &edges[at as usize];
            if edge.dst == dst && edge.edge_type == edge_type {
                return Some(at);
            }
            at = edge.previous;
        }
        None
    }

    /// Appends an edge that is not there.
    pub(crate) fn push(&mut self, edges: &mut Vec<RawEdge>, mut edge: RawEdge) {
        let place = edge.src as usize;
        if self.outgoing.len() <= place {
            let none = Outgoing {
                last: NO_EDGE,
                count: 0,
            };
            self.outgoing.resize(place + 1, none);
        }
        let outgoing = &mut self.outgoing[place];
        edge.previous = outgoing.last;
        outgoing.last = edges.len() as u32;
        outgoing.count += 1;
        edges.push(edge);
        if outgoing.count > FEW {
            let mut at = outgoing.last;
            while at != NO_EDGE {
                let edge = &edges[at as usize];
                self.many.insert((edge.src, edge.dst, edge.edge_type), at);
                at = if outgoing.count == FEW + 1 {
                    edge.previous
                } else {
                    NO_EDGE
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::metadata::NO_META;

    #[test]
    fn edges_are_found_where_there_are_few_and_where_there_are_many() {
        let (mut index, mut edges) = (EdgeIndex::with_capacity(0), Vec::new());
        let count = FEW * 3;
        for dst in 0..count {
            for (src, edge_type) in [(0, EdgeType::Uses), (dst + 1, EdgeType::Calls)] {
                assert_eq!(index.find(&edges, src, dst, edge_type), None);
                let edge = RawEdge {
                    src,
                    dst,
                    edge_type,
                    meta: NO_META,
                    previous: NO_EDGE,
                };
                index.push(&mut edges, edge);
            }
            // All that were made are there, whatever came since, and no others.
            for dst in 0..=dst {
                assert_eq!(index.find(&edges, 0, dst, EdgeType::Uses), Some(dst * 2));
                assert_eq!(index.find(&edges, 0, dst, EdgeType::Calls), None);
                assert_eq!(
                    index.find(&edges, dst + 1, dst, EdgeType::Calls),
                    Some(dst * 2 + 1)
                );
            }
        }
        assert_eq!(index.find(&edges, count + 9, 0, EdgeType::Uses), None);
    }
}
