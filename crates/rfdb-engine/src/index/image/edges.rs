//! Adjacency lists.

use super::Image;
use crate::Result;
use crate::codec::Packed;
use crate::index::Section;

impl Image {
    /// Places of the outgoing edges of a vertex.
    #[inline]
    pub(crate) fn out_list(&self, vertex: u32) -> Result<std::ops::Range<usize>> {
        let (start, end) = self.list(Section::OutEnds, vertex as usize, 1, 0)?;
        Ok(start..end)
    }

    /// Places of the incoming edges of a vertex.
    #[inline]
    pub(crate) fn in_list(&self, vertex: u32) -> Result<std::ops::Range<usize>> {
        let (start, end) = self.list(Section::InEnds, vertex as usize, 1, 0)?;
        Ok(start..end)
    }

    #[inline]
    pub(crate) fn out_target(&self, place: usize) -> Result<u32> {
        self.u32(Section::OutTargets, place)
    }

    #[inline]
    pub(crate) fn out_type(&self, place: usize) -> Result<u32> {
        let width = self.counts.type_width as usize;
        let bytes = self.range(Section::OutTypes, place * width, (place + 1) * width)?;
        Packed::new(bytes, width as u8)
            .get(0)
            .ok_or_else(|| self.damaged(Section::OutTypes, place * width))
    }

    #[inline]
    pub(crate) fn out_position(&self, place: usize) -> Result<u32> {
        self.u32(Section::OutPositions, place)
    }

    /// Source vertex and place among the outgoing edges.
    #[inline]
    pub(crate) fn in_edge(&self, place: usize) -> Result<(u32, usize)> {
        Ok((
            self.u32(Section::InSources, place)?,
            self.u32(Section::InEdges, place)? as usize,
        ))
    }
}
