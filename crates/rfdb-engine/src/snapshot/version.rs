//! Reading single nodes and edges of a version.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::OwnerInfo;
use super::counts::GraphCounts;
use crate::index::{Image, Section};
use crate::run::Run;
use crate::{Edge, Node, NodeId, Result};

/// A version of the graph: runs, of which the blocks that are live at `number` count. Among the live rows of a node or edge
/// readers see the one of the block with the greatest number.
#[derive(Debug, Default)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) runs: Vec<Arc<Run>>,
    pub(super) counts: OnceLock<GraphCounts>,
}

/// A row: number of the run, of the block in it, and of the row in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) run: usize,
    pub(crate) block: u32,
    pub(crate) row: u32,
}

/// An edge that was found, before its metadata is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct EdgeHit<'s> {
    pub(super) edge_type: &'s str,
    pub(super) other: NodeId,
    pub(super) place: Place,
}

/// Whether an edge type is asked for.
pub(super) fn type_matches(pattern: &str, edge_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => edge_type.starts_with(prefix),
        None => edge_type == pattern,
    }
}

impl Version {
    pub(crate) fn new(number: u64, runs: Vec<Arc<Run>>) -> Self {
        Self {
            number,
            runs,
            counts: OnceLock::new(),
        }
    }

    /// The newest live row of a vertex in one run.
    #[inline]
    pub(super) fn live_row(
        &self,
        number: usize,
        image: &Image,
        vertex: u32,
    ) -> Result<Option<Place>> {
        let run = &self.runs[number];
        let Some(position) = image.newest_position(vertex)? else {
            return Ok(None);
        };
        let (block, row) = image.node_row(position)?;
        if run.is_live(block, self.number) {
            return Ok(Some(Place {
                run: number,
                block,
                row,
            }));
        }
        if image.has_older_rows() {
            for position in image.older_positions(vertex)? {
                let (block, row) = image.node_row(position)?;
                if run.is_live(block, self.number) {
                    return Ok(Some(Place {
                        run: number,
                        block,
                        row,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The row of a node that readers see.
    #[inline]
    pub(crate) fn locate(&self, id: NodeId) -> Result<Option<Place>> {
        let mut best: Option<(u64, Place)> = None;
        for (number, run) in self.runs.iter().enumerate() {
            let image = run.image()?;
            if let Some(vertex) = image.vertex(id)?
                && let Some(place) = self.live_row(number, image, vertex)?
            {
                if self.runs.len() == 1 {
                    return Ok(Some(place));
                }
                let block = run.block_id(place.block)?;
                if best.is_none_or(|(newest, _)| block > newest) {
                    best = Some((block, place));
                }
            }
        }
        Ok(best.map(|(_, place)| place))
    }

    pub(crate) fn node(&self, id: NodeId) -> Result<Option<Node<'_>>> {
        let Some(place) = self.locate(id)? else {
            return Ok(None);
        };
        let run = &self.runs[place.run];
        let node = run.block(place.block)?.node_of(id, place.row as usize);
        node.map(Some).ok_or_else(|| run.bad_block(place.block))
    }

    /// Calls with the live edges of a vertex in one run, each key once, by (type, other end).
    fn edges_in_run<'s>(
        &'s self,
        number: usize,
        image: &'s Image,
        list: std::ops::Range<usize>,
        types: Option<&[std::ops::Range<u32>]>,
        outgoing: bool,
        mut f: impl FnMut(EdgeHit<'s>) -> Result<()>,
    ) -> Result<()> {
        let run = &self.runs[number];
        let mut last_key = None;
        for at in list {
            let (other, place) = if outgoing {
                (image.out_target(at)?, at)
            } else {
                image.in_edge(at)?
            };
            let edge_type = image.out_type(place)?;
            if types.is_some_and(|types| !types.iter().any(|range| range.contains(&edge_type))) {
                continue;
            }
            let key = (edge_type, other);
            if last_key == Some(key) {
                continue;
            }
            let (block, row) = image.edge_row(image.out_position(place)?)?;
            if !run.is_live(block, self.number) {
                continue;
            }
            last_key = Some(key);
            f(EdgeHit {
                edge_type: image.type_name(edge_type)?,
                other: image.id(other)?,
                place: Place {
                    run: number,
                    block,
                    row,
                },
            })?;
        }
        Ok(())
    }

    /// Live edges of a node by (type, other end).
    pub(super) fn edge_hits(
        &self,
        id: NodeId,
        edge_types: &[&str],
        outgoing: bool,
    ) -> Result<Vec<EdgeHit<'_>>> {
        self.edges_as(id, edge_types, outgoing, Ok)
    }

    /// What `f` makes of each live edge of a node, by (type, other end).
    fn edges_as<'s, T>(
        &'s self,
        id: NodeId,
        edge_types: &[&str],
        outgoing: bool,
        f: impl Fn(EdgeHit<'s>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut hits = Vec::new();
        let mut from = 0;
        for (number, run) in self.runs.iter().enumerate() {
            let image = run.image()?;
            let ends = if outgoing {
                Section::OutEnds
            } else {
                Section::InEnds
            };
            let Some(vertex) = image.vertex_before(id, ends)? else {
                continue;
            };
            let list = if outgoing {
                image.out_list(vertex)?
            } else {
                image.in_list(vertex)?
            };
            let ranges;
            let types = if edge_types.is_empty() {
                None
            } else {
                ranges = edge_types
                    .iter()
                    .map(|t| image.types_like(t))
                    .collect::<Result<Vec<_>>>()?;
                if ranges.iter().all(std::ops::Range::is_empty) {
                    continue;
                }
                Some(&ranges[..])
            };
            if self.runs.len() == 1 {
                // The usual case: there is nothing to merge.
                let mut found = Vec::with_capacity(if types.is_none() { list.len() } else { 0 });
                self.edges_in_run(number, image, list, types, outgoing, |hit| {
                    found.push(f(hit)?);
                    Ok(())
                })?;
                return Ok(found);
            }
            let before = hits.len();
            self.edges_in_run(number, image, list, types, outgoing, |hit| {
                hits.push(hit);
                Ok(())
            })?;
            from += usize::from(hits.len() > before);
        }
        if from > 1 {
            let mut ranked = Vec::with_capacity(hits.len());
            for hit in hits {
                ranked.push((
                    std::cmp::Reverse(self.runs[hit.place.run].block_id(hit.place.block)?),
                    hit,
                ));
            }
            ranked.sort_unstable_by_key(|(rank, hit)| (hit.edge_type, hit.other, *rank));
            hits = ranked.into_iter().map(|(_, hit)| hit).collect();
            hits.dedup_by_key(|hit| (hit.edge_type, hit.other));
        }
        hits.into_iter().map(f).collect()
    }

    fn edge_at<'s>(
        &'s self,
        src: NodeId,
        dst: NodeId,
        edge_type: &'s str,
        place: Place,
    ) -> Result<Edge<'s>> {
        let run = &self.runs[place.run];
        // Most blocks have no metadata on edges: then there is nothing to read in them.
        if run.image()?.block(place.block)?.edge_payload() == 0 {
            return Ok(Edge {
                src,
                dst,
                edge_type,
                metadata: Cow::Borrowed(""),
            });
        }
        let metadata = run
            .block(place.block)?
            .edge_metadata(place.row as usize)
            .ok_or_else(|| run.bad_block(place.block))?;
        Ok(Edge {
            src,
            dst,
            edge_type,
            metadata,
        })
    }

    pub(crate) fn edges_of(
        &self,
        id: NodeId,
        edge_types: &[&str],
        outgoing: bool,
    ) -> Result<Vec<Edge<'_>>> {
        self.edges_as(id, edge_types, outgoing, |hit| {
            let (src, dst) = if outgoing {
                (id, hit.other)
            } else {
                (hit.other, id)
            };
            self.edge_at(src, dst, hit.edge_type, hit.place)
        })
    }

    /// Place in the out sections of the first entry of an edge, whether live or not.
    fn find_edge(
        image: &Image,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<Option<(u32, u32, usize, usize)>> {
        let range = image.types_like_exact(edge_type)?;
        let (Some(code), Some(from), Some(to)) = (range, image.vertex(src)?, image.vertex(dst)?)
        else {
            return Ok(None);
        };
        let list = image.out_list(from)?;
        let offset = crate::index::partition(list.len(), |at| {
            let at = list.start + at;
            Ok((image.out_type(at)?, image.out_target(at)?) < (code, to))
        })?;
        let at = list.start + offset;
        if at == list.end || (image.out_type(at)?, image.out_target(at)?) != (code, to) {
            return Ok(None);
        }
        Ok(Some((code, to, at, list.end)))
    }

    /// Whether an index has an edge, live or not.
    pub(super) fn has_edge_row(
        image: &Image,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<bool> {
        Ok(Self::find_edge(image, src, dst, edge_type)?.is_some())
    }

    /// Calls with the blocks of a run that have a live row of an edge, newest first.
    fn live_edge_rows(
        &self,
        number: usize,
        image: &Image,
        (src, dst, edge_type): (NodeId, NodeId, &str),
        f: &mut dyn FnMut(Place),
    ) -> Result<()> {
        let Some((code, to, start, end)) = Self::find_edge(image, src, dst, edge_type)? else {
            return Ok(());
        };
        for at in start..end {
            if (image.out_type(at)?, image.out_target(at)?) != (code, to) {
                break;
            }
            let (block, row) = image.edge_row(image.out_position(at)?)?;
            if self.runs[number].is_live(block, self.number) {
                f(Place {
                    run: number,
                    block,
                    row,
                });
            }
        }
        Ok(())
    }

    /// All live rows of an edge.
    pub(crate) fn edge_rows(
        &self,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for (number, run) in self.runs.iter().enumerate() {
            self.live_edge_rows(number, run.image()?, (src, dst, edge_type), &mut |place| {
                places.push(place)
            })?;
        }
        Ok(places)
    }

    /// The row of an edge that readers see.
    pub(crate) fn locate_edge(
        &self,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<Option<Place>> {
        let mut best: Option<(u64, Place)> = None;
        for (number, run) in self.runs.iter().enumerate() {
            let mut first = None;
            self.live_edge_rows(number, run.image()?, (src, dst, edge_type), &mut |place| {
                first.get_or_insert(place);
            })?;
            if let Some(place) = first {
                let block = run.block_id(place.block)?;
                if best.is_none_or(|(newest, _)| block > newest) {
                    best = Some((block, place));
                }
            }
        }
        Ok(best.map(|(_, place)| place))
    }

    /// Whether the oldest run has a live row of an edge.
    pub(super) fn oldest_has_edge(
        &self,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<bool> {
        let Some(number) = self.runs.len().checked_sub(1) else {
            return Ok(false);
        };
        let mut found = false;
        let image = self.runs[number].image()?;
        self.live_edge_rows(number, image, (src, dst, edge_type), &mut |_| found = true)?;
        Ok(found)
    }

    /// All live rows of a node, and of the edges that touch it.
    pub(crate) fn rows_touching(&self, id: NodeId) -> Result<Vec<(usize, u32)>> {
        let mut blocks = Vec::new();
        for (number, run) in self.runs.iter().enumerate() {
            let image = run.image()?;
            let Some(vertex) = image.vertex(id)? else {
                continue;
            };
            let mut node_positions: Vec<u32> = image.newest_position(vertex)?.into_iter().collect();
            node_positions.extend(image.older_positions(vertex)?);
            for position in node_positions {
                blocks.push((number, image.node_row(position)?.0));
            }
            for at in image.out_list(vertex)? {
                blocks.push((number, image.edge_row(image.out_position(at)?)?.0));
            }
            for at in image.in_list(vertex)? {
                let (_, place) = image.in_edge(at)?;
                blocks.push((number, image.edge_row(image.out_position(place)?)?.0));
            }
        }
        blocks.sort_unstable();
        blocks.dedup();
        blocks.retain(|&(run, block)| self.runs[run].is_live(block, self.number));
        Ok(blocks)
    }

    pub(crate) fn edge(
        &self,
        src: NodeId,
        dst: NodeId,
        edge_type: &str,
    ) -> Result<Option<Edge<'_>>> {
        let Some(place) = self.locate_edge(src, dst, edge_type)? else {
            return Ok(None);
        };
        let run = &self.runs[place.run];
        let edge = run.block(place.block)?.edge(place.row as usize);
        edge.map(Some).ok_or_else(|| run.bad_block(place.block))
    }

    /// Calls with every live block.
    pub(crate) fn each_live_block(
        &self,
        mut f: impl FnMut(&Arc<Run>, u32) -> Result<()>,
    ) -> Result<()> {
        for run in &self.runs {
            for block in 0..run.block_count() {
                if run.is_live(block, self.number) {
                    f(run, block)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn owners(&self) -> Result<Vec<OwnerInfo>> {
        let mut owners = std::collections::BTreeMap::<(String, String), (u64, u64)>::new();
        self.each_live_block(|run, block| {
            let owner = run.owner(block)?;
            let desc = run.block_desc(block)?;
            let rows = owners
                .entry((owner.file.to_owned(), owner.context.to_owned()))
                .or_default();
            rows.0 += u64::from(desc.nodes);
            rows.1 += u64::from(desc.edges);
            Ok(())
        })?;
        let info = |((file, context), (nodes, edges))| OwnerInfo {
            file,
            context,
            nodes,
            edges,
        };
        Ok(owners.into_iter().map(info).collect())
    }
}
