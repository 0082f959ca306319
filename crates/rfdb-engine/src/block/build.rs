//! Writing a block.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use super::coded::Codes;
use super::memo::Memo;
use super::slots::Slots;
use super::{HEADER, MAGIC, MAX_BLOCK, flag, semantic_id, width};
use crate::codec::{Varints, put_column, put_fixed, put_lane, zigzag};
use crate::dictionary::Dictionary;
use crate::metadata::Hole;
use crate::templates::{self, Template};
use crate::{EdgeRow, Error, NodeId, NodeRow, Owner, Result};

/// Rows that room is made for at first, where nobody says how many come.
const USUAL_ROWS: usize = 128;
/// So many builders of a thread wait for their next block: as many as a batch of usual owners has.
const POOL: usize = 64;
/// Types that are compared one by one before a table is asked.
const NEAR_TYPES: usize = 8;
/// A builder whose tables have become larger is not used again.
const LARGEST_POOLED: usize = 1 << 15;
/// Number of a string in the dictionary of a block.
pub(super) type Text = u32;

/// What a row has in the columns, so that one place is written for each row.
type Cells = [u32; 4];

/// Collects the rows of one owner. Everything that can be decided row by row is encoded at once.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    file: String,
    context: String,
    strings: Dictionary,
    types: TypeCodes,
    pub(super) slots: Slots,
    pub(super) node_ids: Vec<NodeId>,
    /// Type, file, name and end of the payload of each node.
    pub(super) node_cells: Vec<Cells>,
    pub(super) node_payload: Vec<u8>,
    /// Source, target, type and end of the payload of each edge.
    pub(super) edge_cells: Vec<Cells>,
    pub(super) edge_payload: Vec<u8>,
    /// Metadata of edges that were met.
    memo: Memo,
    /// Kinds of the types, by code.
    kinds: Vec<u8>,
    /// Tells the block apart from all others of the process.
    number: u64,
    last_file: u32,
    /// First thing that was wrong; the block is refused.
    pub(super) wrong: Option<Error>,
    /// Numbers of the dictionary of coded rows.
    pub(super) codes: Codes,
}

/// Types by code; a code is a number in the list of types of the block.
#[derive(Debug, Default)]
struct TypeCodes {
    strings: Vec<u32>,
    code_of_string: FxHashMap<u32, u32>,
    last_node: u32,
    last_edge: u32,
}

thread_local! {
    /// Builders whose memory is used again.
    static BUILDERS: RefCell<Vec<BlockBuilder>> = const { RefCell::new(Vec::new()) };
}

/// Number of the next block that is built in this process, so that threads know blocks apart.
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

impl BlockBuilder {
    pub(crate) fn new(owner: Owner<'_>) -> Self {
        let mut builder = BUILDERS.with_borrow_mut(Vec::pop).unwrap_or_default();
        builder.file.push_str(owner.file);
        builder.context.push_str(owner.context);
        builder.number = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed);
        builder
    }

    /// Empties the builder and keeps its memory for the next block of the thread.
    fn recycle(mut self) {
        if self.node_ids.capacity().max(self.slots.capacity()) > LARGEST_POOLED
            || self.edge_cells.capacity() > LARGEST_POOLED * 4
            || self.strings.len() > LARGEST_POOLED
            || self.node_payload.capacity() + self.edge_payload.capacity() > LARGEST_POOLED * 32
        {
            return;
        }
        self.file.clear();
        self.context.clear();
        self.strings.clear();
        self.types.clear();
        self.kinds.clear();
        self.slots.clear();
        self.node_ids.clear();
        self.node_cells.clear();
        self.node_payload.clear();
        self.edge_cells.clear();
        self.edge_payload.clear();
        self.memo.clear();
        self.last_file = 0;
        self.codes.begin(0);
        BUILDERS.with_borrow_mut(|builders| {
            if builders.len() < POOL {
                builders.push(self);
            }
        });
    }

    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner {
            file: &self.file,
            context: &self.context,
        }
    }

    /// Coded rows that come next have a dictionary of their own.
    pub(crate) fn begin_codes(&mut self) {
        self.codes.begin(self.node_ids.len());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.node_ids.is_empty() && self.edge_cells.is_empty() && self.wrong.is_none()
    }

    pub(crate) fn row_counts(&self) -> (u32, u32) {
        (self.node_ids.len() as u32, self.edge_cells.len() as u32)
    }

    fn too_large(&self, what: &str) -> Error {
        Error::TooLarge {
            file: self.file.clone(),
            context: self.context.clone(),
            what: what.to_owned(),
        }
    }

    pub(super) fn intern(&mut self, string: &[u8]) -> Text {
        self.strings
            .intern(string, MAX_BLOCK / 2)
            .unwrap_or_else(|| {
                self.wrong = Some(self.too_large("more than 1 GiB of distinct strings"));
                0
            })
    }

    /// As `intern`, for a string that comes once.
    #[inline]
    pub(super) fn push_string(&mut self, string: &[u8]) -> Text {
        match self.strings.push(string, MAX_BLOCK / 2) {
            Some(number) => number,
            None => self.intern(string),
        }
    }

    /// A string of the dictionary.
    pub(super) fn string(&self, number: Text) -> &[u8] {
        self.strings.get(number)
    }

    fn type_code(&mut self, node_type: &str, last: impl Fn(&mut TypeCodes) -> &mut u32) -> u32 {
        let code = *last(&mut self.types);
        if let Some(&string) = self.types.strings.get(code as usize)
            && self.strings.get(string) == node_type.as_bytes()
        {
            return code;
        }
        // There are mostly few.
        let near = self.types.strings.iter().take(NEAR_TYPES);
        let found = { near }.position(|&string| self.strings.get(string) == node_type.as_bytes());
        let code = match found {
            Some(code) => code as u32,
            None => self.new_type_code(node_type),
        };
        *last(&mut self.types) = code;
        code
    }

    pub(super) fn new_type_code(&mut self, type_name: &str) -> u32 {
        let string = self.intern(type_name.as_bytes());
        let types = &mut self.types;
        let kinds = &mut self.kinds;
        *types.code_of_string.entry(string).or_insert_with(|| {
            types.strings.push(string);
            kinds.push(templates::kind(type_name));
            types.strings.len() as u32 - 1
        })
    }

    /// Looks whether there is room. Done where columns have to grow; the payloads are looked at with each row.
    #[cold]
    fn has_room(&mut self) -> bool {
        let rows = self.node_ids.len() + self.edge_cells.len();
        let bytes = self.node_payload.len() + self.edge_payload.len() + rows * 48;
        if bytes > MAX_BLOCK / 2 {
            self.refuse_size();
        }
        self.wrong.is_none()
    }

    #[cold]
    fn refuse_size(&mut self) {
        let error = self.too_large("more than 1 GiB of rows");
        self.wrong.get_or_insert(error);
    }

    /// Room for so many more rows, so that columns do not grow step by step. Of ids and strings there are mostly not many
    /// more than nodes, and a row takes few bytes.
    pub(crate) fn reserve(&mut self, nodes: usize, edges: usize) {
        self.strings.reserve(nodes, nodes * 16);
        self.node_ids.reserve(nodes);
        self.node_cells.reserve(nodes);
        self.node_payload.reserve(nodes * 16);
        self.edge_cells.reserve(edges);
        self.edge_payload.reserve(edges * 4);
    }

    /// Makes room for nodes; `false` if there is none.
    #[inline]
    pub(super) fn node_room(&mut self, more: usize) -> bool {
        let rows = self.node_cells.len();
        if rows + more > self.node_cells.capacity() {
            self.reserve(rows.max(more).max(USUAL_ROWS), 0);
            return self.has_room();
        }
        self.wrong.is_none()
    }

    /// Makes room for edges; `false` if there is none.
    #[inline]
    pub(super) fn edge_room(&mut self, more: usize) -> bool {
        let rows = self.edge_cells.len();
        if rows + more > self.edge_cells.capacity() {
            self.reserve(0, rows.max(more).max(USUAL_ROWS * 2));
            return self.has_room();
        }
        self.wrong.is_none()
    }

    /// Number of the file of a node.
    pub(super) fn file(&mut self, file: &str) -> Text {
        if self.node_ids.is_empty() || self.strings.get(self.last_file) != file.as_bytes() {
            self.last_file = self.intern(file.as_bytes());
        }
        self.last_file
    }

    /// Appends a node with its type, file and name, whose payload ends at `end`; `false` if payloads have become too large.
    #[inline]
    pub(super) fn push_node_cells(
        &mut self,
        id: NodeId,
        [code, file, name]: [u32; 3],
        end: usize,
    ) -> bool {
        self.slots.push_row(&self.node_ids, id);
        self.node_ids.push(id);
        self.node_cells.push([code, file, name, end as u32]);
        self.fits(end)
    }

    /// Appends an edge with its source, target and type, whose payload ends at `end`; `false` if payloads have become too large.
    #[inline]
    pub(super) fn push_edge_cells(&mut self, [src, dst, code]: [u32; 3], end: usize) -> bool {
        self.edge_cells.push([src, dst, code, end as u32]);
        self.fits(end)
    }

    #[inline]
    fn fits(&mut self, end: usize) -> bool {
        let fits = end <= MAX_BLOCK / 2;
        if !fits {
            self.refuse_size();
        }
        fits
    }

    pub(crate) fn push_node(&mut self, node: NodeRow<'_>) {
        if !self.node_room(1) {
            return;
        }
        let code = self.type_code(node.node_type, |types| &mut types.last_node);
        let name = self.intern(node.name.as_bytes());
        let parts = semantic_id::split(node.semantic_id, node.file, node.node_type, node.name);
        let mut flags = parts.flags;
        if node.exported {
            flags |= flag::EXPORTED;
        }
        if !node.metadata.is_empty() {
            flags |= flag::METADATA;
        }
        let mut payload = std::mem::take(&mut self.node_payload);
        let mut row = Varints::new(&mut payload);
        row.put(u64::from(flags));
        if flags & flag::TEXT != 0 {
            row.put(u64::from(self.intern(parts.text.as_bytes())));
        }
        if flags & flag::NUMBER != 0 {
            row.put(parts.number);
        }
        if !node.metadata.is_empty() && !self.put_metadata(node.metadata, code, &mut row) {
            self.refuse(format!("node {}", node.id), node.metadata);
        }
        drop(row);
        self.node_payload = payload;
        let file = self.file(node.file);
        self.push_node_cells(node.id, [code, file, name], self.node_payload.len());
    }

    pub(crate) fn push_edge(&mut self, edge: EdgeRow<'_>) {
        if !self.edge_room(1) {
            return;
        }
        let src = self.slots.find_near(&self.node_ids, edge.src);
        let dst = self.slots.find(&self.node_ids, edge.dst);
        let code = self.type_code(edge.edge_type, |types| &mut types.last_edge);
        if !edge.metadata.is_empty() {
            let mut payload = std::mem::take(&mut self.edge_payload);
            let start = payload.len();
            if !self.memo.copy(edge.metadata, &mut payload) {
                let written =
                    self.put_metadata(edge.metadata, code, &mut Varints::new(&mut payload));
                self.memo.remember(edge.metadata, start..payload.len());
                if !written {
                    self.refuse(
                        format!("edge {} -{}-> {}", edge.src, edge.edge_type, edge.dst),
                        edge.metadata,
                    );
                }
            }
            self.edge_payload = payload;
        }
        self.push_edge_cells([src, dst, code], self.edge_payload.len());
    }

    pub(super) fn refuse(&mut self, what: String, text: &str) {
        let text = text.chars().take(60).collect();
        self.wrong
            .get_or_insert(Error::InvalidMetadata { what, text });
    }

    /// Appends template and holes of a metadata text; `false` if it is not a JSON object.
    pub(super) fn put_metadata(
        &mut self,
        text: &str,
        type_code: u32,
        row: &mut Varints<'_>,
    ) -> bool {
        let kind = self.kinds[type_code as usize];
        let block = self.number;
        templates::with(|templates| {
            let number = match templates.find(block, kind, text) {
                Template::Known(number) => number,
                Template::New(template, bytes) => {
                    let number = self.intern(bytes);
                    templates.remember(template, block, number);
                    number
                }
                Template::Invalid => return false,
            };
            row.put(u64::from(number));
            for &hole in templates.holes() {
                match hole {
                    Hole::Integer(value) => row.put(zigzag(value)),
                    Hole::String { start, end } => {
                        let string = self.intern(&text.as_bytes()[start..end]);
                        row.put(u64::from(string));
                    }
                }
            }
            true
        })
    }

    /// The block has no more bytes.
    pub(crate) fn most_bytes(&self) -> usize {
        // As if each number of a column took four bytes. The owner's strings may still be missing.
        let strings = self.strings.len() + 2;
        HEADER
            + (self.node_ids.len() + self.slots.len()) * 16
            + (self.node_ids.len() + self.edge_cells.len()) * 16
            + self.node_payload.len()
            + self.edge_payload.len()
            + self.strings.bytes().len()
            + self.file.len()
            + self.context.len()
            + (strings + self.types.strings.len()) * 4
    }

    /// The block as it is written.
    #[cfg(test)]
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.finish_into(&mut out)?;
        Ok(out)
    }

    /// Appends the block as it is written.
    pub(crate) fn finish_into(mut self, out: &mut Vec<u8>) -> Result<()> {
        let most = self.most_bytes();
        let (file, context) = (
            std::mem::take(&mut self.file),
            std::mem::take(&mut self.context),
        );
        let owner_file = self.intern(file.as_bytes());
        let owner_context = self.intern(context.as_bytes());
        (self.file, self.context) = (file, context);
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        let nodes = self.node_ids.len();
        let (external, places) = self.slots.places();
        if let Some(places) = places {
            for [src, dst, ..] in &mut self.edge_cells {
                *src = places[*src as usize];
                *dst = places[*dst as usize];
            }
        }

        let start = out.len();
        out.reserve(most);
        out.resize(start + HEADER, 0);
        for ids in [&self.node_ids, &external] {
            put_fixed(out, ids.iter(), |id| id.0.to_le_bytes());
        }
        let mut widths = [0u8; 10];
        // The file column has width 0 when all rows have the same file, whose number is in the header.
        let only_file = self.node_cells.first().map_or(0, |cells| cells[1]);
        let files_differ = (self.node_cells.iter()).any(|cells| cells[1] != only_file);
        let greatest = greatest(&self.node_cells);
        let cells = &self.node_cells;
        widths[width::NODE_TYPE] = put_lane::<0>(out, cells, greatest[0]);
        if files_differ {
            widths[width::NODE_FILE] = put_lane::<1>(out, cells, greatest[1]);
        }
        widths[width::NODE_NAME] = put_lane::<2>(out, cells, greatest[2]);
        widths[width::NODE_END] = put_lane::<3>(out, cells, greatest[3]);
        let cells = &self.edge_cells;
        let greatest = self::greatest(cells);
        widths[width::EDGE_SRC] = put_lane::<0>(out, cells, greatest[0]);
        widths[width::EDGE_DST] = put_lane::<1>(out, cells, greatest[1]);
        widths[width::EDGE_TYPE] = put_lane::<2>(out, cells, greatest[2]);
        widths[width::EDGE_END] = put_lane::<3>(out, cells, greatest[3]);
        widths[width::TYPE] = put_column(out, &self.types.strings);
        widths[width::STRING_END] = put_column(out, self.strings.ends());
        out.extend_from_slice(&self.node_payload);
        out.extend_from_slice(&self.edge_payload);
        out.extend_from_slice(self.strings.bytes());
        let block = &mut out[start..];
        if block.len() > MAX_BLOCK {
            let what = "more than 2 GiB";
            return Err(Error::TooLarge {
                file: self.file,
                context: self.context,
                what: what.to_owned(),
            });
        }

        let numbers = [
            block.len(),
            nodes,
            external.len(),
            self.edge_cells.len(),
            self.strings.len(),
            self.types.strings.len(),
            owner_file as usize,
            owner_context as usize,
            self.node_payload.len(),
            self.edge_payload.len(),
            only_file as usize,
        ];
        for (index, number) in numbers.into_iter().enumerate() {
            block[8 + index * 4..12 + index * 4].copy_from_slice(&(number as u32).to_le_bytes());
        }
        block[52..62].copy_from_slice(&widths);
        block[..4].copy_from_slice(&MAGIC);
        let checksum = crc32c::crc32c(&block[8..]);
        block[4..8].copy_from_slice(&checksum.to_le_bytes());
        self.recycle();
        Ok(())
    }
}

impl TypeCodes {
    fn clear(&mut self) {
        self.strings.clear();
        self.code_of_string.clear();
        (self.last_node, self.last_edge) = (0, 0);
    }
}

/// A number of each lane that has all bits of all numbers of it.
fn greatest(cells: &[Cells]) -> Cells {
    cells.iter().fold([0; 4], |all, cells| {
        [
            all[0] | cells[0],
            all[1] | cells[1],
            all[2] | cells[2],
            all[3] | cells[3],
        ]
    })
}
