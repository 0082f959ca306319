//! Indexes over a set of blocks: built once, never changed, on disk or on the heap. The layout is in FORMAT.md, "Index".

mod adjacency;
mod build;
mod entry;
mod file;
mod image;
mod layout;
mod postings;
mod sink;
mod strings;
mod vertices;
mod writer;

pub(crate) use build::{build, build_on_heap};
pub(crate) use file::open;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use file::{parse, repair};
pub(crate) use image::{Image, partition};
pub(crate) use layout::BlockSource;
pub(crate) use postings::field_text;
pub(crate) use sink::SectionSink;
pub(crate) use writer::Writer;

/// The parts of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Section {
    /// One record of [`BLOCK_RECORD`] bytes for each block, by block number.
    Blocks,
    /// Ends of the strings in `StringBytes`, u32; the strings are sorted.
    StringEnds,
    StringBytes,
    /// (hash u64, block u32, 0 u32) by hash.
    Owners,
    /// All ids that occur as node or end of an edge, ascending, 16 bytes each. The place in this list is the *vertex*.
    Ids,
    /// First vertex of each value of the upper bits of an id, u32, and the number of vertices at the end.
    IdDirectory,
    /// Position of the newest node row of each vertex, u32, or [`NO_NODE`].
    NodePositions,
    /// Older node rows of vertices that have several: (vertex u32, position u32), by vertex, newest first.
    OlderRows,
    /// Block that holds each 64th node position, u32.
    NodeHints,
    /// Block that holds each 64th edge position, u32.
    EdgeHints,
    /// (string u32, end in `TypePostings` u32, nodes u32, edges u32) of each type, sorted by name.
    Types,
    /// Vertices that have a row of the type, ascending, u32.
    TypePostings,
    /// (string u32, end in `FilePostings` u32) of each file, sorted by name.
    Files,
    /// Blocks that have nodes of the file, u32.
    FilePostings,
    /// (hash u32, vertex u32) of each name, by both.
    Names,
    /// End of the outgoing edges of each vertex, u32.
    OutEnds,
    /// Target vertex of each edge, u32.
    OutTargets,
    /// Type of each edge, in the width of the header.
    OutTypes,
    /// Position of the row of each edge, u32.
    OutPositions,
    /// End of the incoming edges of each vertex, u32.
    InEnds,
    /// Source vertex, u32.
    InSources,
    /// Place of the edge in the `Out` sections, u32.
    InEdges,
    /// (field string u32, value string u32, end in `FieldPostings` u32) by field and value.
    FieldValues,
    /// Vertices that have a row with the value, ascending, u32.
    FieldPostings,
    /// String number of each indexed field, u32.
    Fields,
}

/// Number of sections.
pub(crate) const SECTIONS: usize = 25;
/// Bytes of a block record.
pub(crate) const BLOCK_RECORD: usize = 64;
/// Node position of a vertex that is only the end of an edge.
pub(crate) const NO_NODE: u32 = u32::MAX;
/// Positions per hint, as a shift.
pub(crate) const HINT_SHIFT: u32 = 6;

/// Numbers that an index is read with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) blocks: u32,
    pub(crate) vertices: u32,
    pub(crate) node_rows: u32,
    pub(crate) edge_rows: u32,
    /// Distinct nodes.
    pub(crate) nodes: u32,
    /// Distinct edges.
    pub(crate) edges: u32,
    /// Upper bits of an id that the directory is over.
    pub(crate) id_bits: u32,
    /// Bytes of an edge type.
    pub(crate) type_width: u32,
}

impl Counts {
    /// As the header of a file has them.
    fn numbers(&self) -> [u32; 8] {
        [
            self.blocks,
            self.vertices,
            self.node_rows,
            self.edge_rows,
            self.nodes,
            self.edges,
            self.id_bits,
            self.type_width,
        ]
    }
}

/// An index on the heap: its sections in order.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) counts: Counts,
    pub(crate) sections: [Vec<u8>; SECTIONS],
}

/// Hash of a name in the name index.
pub(crate) fn name_hash(name: &[u8]) -> u32 {
    (crate::dictionary::hash_bytes(name) >> 32) as u32
}
