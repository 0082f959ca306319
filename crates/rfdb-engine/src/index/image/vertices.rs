//! Ids and the rows of nodes.

use super::{Image, partition};
use crate::codec::id_at;
use crate::index::{NO_NODE, Section};
use crate::{NodeId, Result};

impl Image {
    #[inline]
    pub(crate) fn id(&self, vertex: u32) -> Result<NodeId> {
        let start = vertex as usize * 16;
        id_at(self.range(Section::Ids, start, start + 16)?, 0)
            .ok_or_else(|| self.damaged(Section::Ids, start))
    }

    /// Vertex of an id.
    pub(crate) fn vertex(&self, id: NodeId) -> Result<Option<u32>> {
        self.vertex_before(id, Section::NodePositions)
    }

    /// Vertex of an id. `next` is a section with a u32 for each vertex that the caller will read for the answer; it is
    /// loaded while the ids are compared, for a read costs as much time as it has cache misses one after the other.
    #[inline]
    pub(crate) fn vertex_before(&self, id: NodeId, next: Section) -> Result<Option<u32>> {
        if let Some(filter) = &self.filter
            && !filter.may_hold(id)
        {
            return Ok(None);
        }
        let bits = self.counts.id_bits;
        if bits > 31 {
            return Err(self.damaged(Section::IdDirectory, 0));
        }
        let bucket = if bits == 0 {
            0
        } else {
            (id.0 >> (128 - bits)) as usize
        };
        let start = self.u32(Section::IdDirectory, bucket)? as usize;
        let end = self.u32(Section::IdDirectory, bucket + 1)? as usize;
        if start > end {
            return Err(self.damaged(Section::IdDirectory, bucket * 4));
        }
        self.sections[next as usize].touch(start * 4);
        self.sections[Section::Ids as usize].touch((end * 16).saturating_sub(1));
        let ids = self.range(Section::Ids, start * 16, end * 16)?;
        let (mut low, mut high) = (0, end - start);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(found) = id_at(ids, middle * 16) else {
                return Err(self.damaged(Section::Ids, start * 16));
            };
            match found.cmp(&id) {
                std::cmp::Ordering::Equal => return Ok(Some((start + middle) as u32)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Position of the newest node row of a vertex.
    #[inline]
    pub(crate) fn newest_position(&self, vertex: u32) -> Result<Option<u32>> {
        let position = self.u32(Section::NodePositions, vertex as usize)?;
        Ok((position != NO_NODE).then_some(position))
    }

    pub(crate) fn has_older_rows(&self) -> bool {
        self.section_len(Section::OlderRows) > 0
    }

    /// Vertices with older rows, each as often as it has some.
    pub(crate) fn with_older_rows(&self) -> impl Iterator<Item = Result<u32>> {
        let count = self.section_len(Section::OlderRows) / 8;
        (0..count).map(|index| self.u32(Section::OlderRows, index * 2))
    }

    /// Positions of the older node rows of a vertex, newest first.
    pub(crate) fn older_positions(&self, vertex: u32) -> Result<Vec<u32>> {
        let count = self.section_len(Section::OlderRows) / 8;
        let mut at = partition(count, |index| {
            Ok(self.u32(Section::OlderRows, index * 2)? < vertex)
        })?;
        let mut positions = Vec::new();
        while at < count && self.u32(Section::OlderRows, at * 2)? == vertex {
            positions.push(self.u32(Section::OlderRows, at * 2 + 1)?);
            at += 1;
        }
        Ok(positions)
    }
}
