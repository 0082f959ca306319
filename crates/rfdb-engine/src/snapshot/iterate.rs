//! Going through everything.

use super::{DanglingEdge, Version};
use crate::{Edge, Node, NodeId, Result};

/// All ids of the runs, ascending, each once.
pub(super) struct Ids<'s> {
    version: &'s Version,
    next: Vec<u32>,
}

impl Ids<'_> {
    fn advance(&mut self) -> Result<Option<NodeId>> {
        let mut least: Option<NodeId> = None;
        for (run, &vertex) in self.version.runs.iter().zip(&self.next) {
            let image = run.image()?;
            if vertex < image.counts().vertices {
                let id = image.id(vertex)?;
                least = Some(least.map_or(id, |least| least.min(id)));
            }
        }
        let Some(least) = least else { return Ok(None) };
        for (run, vertex) in self.version.runs.iter().zip(&mut self.next) {
            let image = run.image()?;
            if *vertex < image.counts().vertices && image.id(*vertex)? == least {
                *vertex += 1;
            }
        }
        Ok(Some(least))
    }
}

impl Iterator for Ids<'_> {
    type Item = Result<NodeId>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if matches!(next, Some(Err(_))) {
            // One error is enough: end there.
            self.next.fill(u32::MAX);
        }
        next
    }
}

impl Version {
    pub(super) fn ids(&self) -> Ids<'_> {
        Ids {
            version: self,
            next: vec![0; self.runs.len()],
        }
    }

    pub(crate) fn iter_nodes(&self) -> impl Iterator<Item = Result<Node<'_>>> + '_ {
        self.ids()
            .filter_map(|id| id.and_then(|id| self.node(id)).transpose())
    }

    pub(crate) fn iter_edges(&self) -> impl Iterator<Item = Result<Edge<'_>>> + '_ {
        self.ids()
            .flat_map(|id| match id.and_then(|id| self.edges_of(id, &[], true)) {
                Ok(edges) => edges.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            })
    }

    pub(crate) fn dangling_edges(&self) -> Result<Vec<DanglingEdge>> {
        let mut dangling = Vec::new();
        for id in self.ids() {
            let id = id?;
            if self.locate(id)?.is_some() {
                continue;
            }
            for hit in self.edge_hits(id, &[], true)? {
                dangling.push(DanglingEdge {
                    src: id,
                    dst: hit.other,
                    edge_type: hit.edge_type.to_owned(),
                    src_missing: true,
                    dst_missing: self.locate(hit.other)?.is_none(),
                });
            }
            for hit in self.edge_hits(id, &[], false)? {
                // An edge without both ends was listed with its source.
                if self.locate(hit.other)?.is_some() {
                    dangling.push(DanglingEdge {
                        src: hit.other,
                        dst: id,
                        edge_type: hit.edge_type.to_owned(),
                        src_missing: false,
                        dst_missing: true,
                    });
                }
            }
        }
        dangling.sort_unstable_by(|a, b| {
            (a.src, &a.edge_type, a.dst).cmp(&(b.src, &b.edge_type, b.dst))
        });
        Ok(dangling)
    }
}
