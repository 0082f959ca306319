//! Writing a block.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use super::coded::Codes;
use super::{HEADER, MAGIC, MAX_BLOCK, flag, semantic_id, width};
use crate::codec::{put_column, put_varint, zigzag};
use crate::dictionary::Dictionary;
use crate::metadata::Hole;
use crate::templates::{self, Template};
use crate::{EdgeRow, Error, NodeId, NodeRow, Owner, Result};

/// Rows that room is made for at first, where nobody says how many come.
const USUAL_ROWS: usize = 128;
/// So many builders of a thread wait for their next block: as many as a batch of usual owners has.
const POOL: usize = 64;
/// A builder whose tables have become larger is not used again.
const LARGEST_POOLED: usize = 1 << 15;
/// No row: the id belongs to a node outside of the block.
const EXTERNAL: u32 = u32::MAX;

/// Number of a string in the dictionary of a block.
pub(super) type Text = u32;

/// Collects the rows of one owner. Everything that can be decided row by row is encoded at once.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    file: String,
    context: String,
    strings: Dictionary,
    types: TypeCodes,
    /// Distinct ids in the order of their first use, with the row of the node if it is in the block.
    ids: Vec<NodeId>,
    rows: Vec<u32>,
    /// Slots of the first `tabled` ids. It is only made when an edge names its ends by their ids.
    id_table: HashTable<u32>,
    tabled: usize,
    pub(super) node_slots: Vec<u32>,
    node_types: Vec<u32>,
    node_files: Vec<u32>,
    node_names: Vec<u32>,
    pub(super) node_payload: Vec<u8>,
    pub(super) node_ends: Vec<u32>,
    pub(super) edge_src: Vec<u32>,
    pub(super) edge_dst: Vec<u32>,
    pub(super) edge_types: Vec<u32>,
    pub(super) edge_payload: Vec<u8>,
    pub(super) edge_ends: Vec<u32>,
    /// Kinds of the types, by code.
    kinds: Vec<u8>,
    /// Tells the block apart from all others of the process.
    number: u64,
    last_file: u32,
    last_slot: u32,
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

fn hash_id(id: NodeId) -> u64 {
    // Ids are mostly hashes already; the multiplication spreads small decimal ones.
    ((id.0 as u64) ^ ((id.0 >> 64) as u64).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

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
        if self.ids.capacity() > LARGEST_POOLED
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
        self.id_table.clear();
        self.tabled = 0;
        self.ids.clear();
        self.node_payload.clear();
        self.edge_payload.clear();
        for column in [
            &mut self.rows,
            &mut self.node_slots,
            &mut self.node_types,
            &mut self.node_files,
            &mut self.node_names,
            &mut self.node_ends,
            &mut self.edge_src,
            &mut self.edge_dst,
            &mut self.edge_types,
            &mut self.edge_ends,
        ] {
            column.clear();
        }
        (self.last_file, self.last_slot) = (0, 0);
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
        self.codes.begin(self.node_slots.len());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.node_slots.is_empty() && self.edge_src.is_empty() && self.wrong.is_none()
    }

    pub(crate) fn row_counts(&self) -> (u32, u32) {
        (self.node_slots.len() as u32, self.edge_src.len() as u32)
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

    fn slot(&mut self, id: NodeId) -> u32 {
        // Edges mostly come grouped by their source.
        if self.ids.get(self.last_slot as usize) == Some(&id) {
            return self.last_slot;
        }
        let slot = self.find_slot(id);
        self.last_slot = slot;
        slot
    }

    fn find_slot(&mut self, id: NodeId) -> u32 {
        let Self {
            ids,
            rows,
            id_table,
            tabled,
            ..
        } = self;
        if *tabled < ids.len() {
            id_table.reserve(ids.len() - *tabled, |&slot| hash_id(ids[slot as usize]));
            for slot in *tabled..ids.len() {
                let id = ids[slot];
                let same = |&other: &u32| ids[other as usize] == id;
                // Of several rows of a node the last one counts.
                id_table
                    .entry(hash_id(id), same, |&slot| hash_id(ids[slot as usize]))
                    .insert(slot as u32);
            }
            *tabled = ids.len();
        }
        let hash = hash_id(id);
        if let Some(&slot) = id_table.find(hash, |&slot| ids[slot as usize] == id) {
            return slot;
        }
        let slot = ids.len() as u32;
        ids.push(id);
        rows.push(EXTERNAL);
        id_table.insert_unique(hash, slot, |&slot| hash_id(ids[slot as usize]));
        *tabled = ids.len();
        slot
    }

    /// The slot of a node's row. As long as no edge has named an id, each row has its own.
    fn node_slot(&mut self, id: NodeId) -> u32 {
        if self.tabled > 0 {
            return self.slot(id);
        }
        self.ids.push(id);
        self.rows.push(EXTERNAL);
        self.last_slot = self.ids.len() as u32 - 1;
        self.last_slot
    }

    fn type_code(&mut self, node_type: &str, last: impl Fn(&mut TypeCodes) -> &mut u32) -> u32 {
        let code = *last(&mut self.types);
        if let Some(&string) = self.types.strings.get(code as usize)
            && self.strings.get(string) == node_type.as_bytes()
        {
            return code;
        }
        let code = self.new_type_code(node_type);
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

    fn has_room(&mut self) -> bool {
        let rows = self.node_slots.len() + self.edge_src.len();
        let bytes = self.node_payload.len() + self.edge_payload.len() + rows * 48;
        if bytes > MAX_BLOCK / 2 {
            self.wrong = Some(self.too_large("more than 1 GiB of rows"));
        }
        self.wrong.is_none()
    }

    /// Room for so many more rows, so that columns do not grow step by step. Of ids and strings there are mostly not many
    /// more than nodes, and a row takes few bytes.
    pub(crate) fn reserve(&mut self, nodes: usize, edges: usize) {
        self.ids.reserve(nodes);
        self.rows.reserve(nodes);
        self.strings.reserve(nodes, nodes * 16);
        for column in [
            &mut self.node_slots,
            &mut self.node_types,
            &mut self.node_files,
            &mut self.node_names,
            &mut self.node_ends,
        ] {
            column.reserve(nodes);
        }
        self.node_payload.reserve(nodes * 16);
        for column in [
            &mut self.edge_src,
            &mut self.edge_dst,
            &mut self.edge_types,
            &mut self.edge_ends,
        ] {
            column.reserve(edges);
        }
        self.edge_payload.reserve(edges * 4);
    }

    /// Makes room for a node; `false` if there is none.
    pub(super) fn node_room(&mut self) -> bool {
        if self.node_slots.is_empty() {
            self.reserve(USUAL_ROWS, 0);
        }
        self.has_room()
    }

    /// Makes room for an edge; `false` if there is none.
    pub(super) fn edge_room(&mut self) -> bool {
        if self.edge_src.is_empty() {
            self.reserve(0, USUAL_ROWS * 2);
        }
        self.has_room()
    }

    /// Appends what a node has besides its payload.
    pub(super) fn push_node_columns(&mut self, id: NodeId, type_code: u32, file: &str, name: Text) {
        let slot = self.node_slot(id);
        self.rows[slot as usize] = self.node_slots.len() as u32;
        self.node_slots.push(slot);
        self.node_types.push(type_code);
        if self.node_files.is_empty() || self.strings.get(self.last_file) != file.as_bytes() {
            self.last_file = self.intern(file.as_bytes());
        }
        self.node_files.push(self.last_file);
        self.node_names.push(name);
    }

    pub(crate) fn push_node(&mut self, node: NodeRow<'_>) {
        if !self.node_room() {
            return;
        }
        let code = self.type_code(node.node_type, |types| &mut types.last_node);
        let name = self.intern(node.name.as_bytes());
        self.push_node_columns(node.id, code, node.file, name);

        let parts = semantic_id::split(node.semantic_id, node.file, node.node_type, node.name);
        let mut flags = parts.flags;
        if node.exported {
            flags |= flag::EXPORTED;
        }
        if !node.metadata.is_empty() {
            flags |= flag::METADATA;
        }
        self.node_payload.push(flags);
        if flags & flag::TEXT != 0 {
            let text = self.intern(parts.text.as_bytes());
            put_varint(&mut self.node_payload, u64::from(text));
        }
        if flags & flag::NUMBER != 0 {
            put_varint(&mut self.node_payload, parts.number);
        }
        if !node.metadata.is_empty() {
            let mut payload = std::mem::take(&mut self.node_payload);
            let written = self.put_metadata(node.metadata, code, &mut payload);
            self.node_payload = payload;
            if !written {
                self.refuse(format!("node {}", node.id), node.metadata);
            }
        }
        self.node_ends.push(self.node_payload.len() as u32);
    }

    pub(crate) fn push_edge(&mut self, edge: EdgeRow<'_>) {
        if !self.edge_room() {
            return;
        }
        let src = self.slot(edge.src);
        let dst = self.find_slot(edge.dst);
        self.edge_src.push(src);
        self.edge_dst.push(dst);
        let code = self.type_code(edge.edge_type, |types| &mut types.last_edge);
        self.edge_types.push(code);
        if !edge.metadata.is_empty() {
            let mut payload = std::mem::take(&mut self.edge_payload);
            let written = self.put_metadata(edge.metadata, code, &mut payload);
            self.edge_payload = payload;
            if !written {
                self.refuse(
                    format!("edge {} -{}-> {}", edge.src, edge.edge_type, edge.dst),
                    edge.metadata,
                );
            }
        }
        self.edge_ends.push(self.edge_payload.len() as u32);
    }

    pub(super) fn refuse(&mut self, what: String, text: &str) {
        let text = text.chars().take(60).collect();
        self.wrong
            .get_or_insert(Error::InvalidMetadata { what, text });
    }

    /// Appends template and holes of a metadata text; `false` if it is not a JSON object.
    pub(super) fn put_metadata(&mut self, text: &str, type_code: u32, out: &mut Vec<u8>) -> bool {
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
            put_varint(out, u64::from(number));
            for &hole in templates.holes() {
                match hole {
                    Hole::Integer(value) => put_varint(out, zigzag(value)),
                    Hole::String { start, end } => {
                        let string = self.intern(&text.as_bytes()[start..end]);
                        put_varint(out, u64::from(string));
                    }
                }
            }
            true
        })
    }

    /// The block as it is written.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
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
        let nodes = self.node_slots.len();
        // Nodes first, in the order of their rows, then the ids of nodes outside.
        let mut external = Vec::new();
        let mut final_slot = self.rows.clone();
        for (slot, row) in final_slot.iter_mut().enumerate() {
            if *row == EXTERNAL {
                *row = (nodes + external.len()) as u32;
                external.push(self.ids[slot]);
            }
        }
        for slot in self.edge_src.iter_mut().chain(&mut self.edge_dst) {
            *slot = final_slot[*slot as usize];
        }
        if self.edge_payload.is_empty() {
            self.edge_ends.iter_mut().for_each(|end| *end = 0);
        }

        let estimate = HEADER
            + (nodes + external.len()) * 16
            + nodes * 12
            + self.edge_src.len() * 12
            + self.node_payload.len()
            + self.edge_payload.len()
            + self.strings.bytes().len()
            + self.strings.len() * 4;
        let mut out = Vec::with_capacity(estimate);
        out.resize(HEADER, 0);
        for &slot in &self.node_slots {
            out.extend_from_slice(&self.ids[slot as usize].0.to_le_bytes());
        }
        for id in &external {
            out.extend_from_slice(&id.0.to_le_bytes());
        }
        let mut widths = [0u8; 10];
        widths[width::NODE_TYPE] = put_column(&mut out, &self.node_types);
        widths[width::NODE_FILE] = put_file_column(&mut out, &self.node_files);
        widths[width::NODE_NAME] = put_column(&mut out, &self.node_names);
        widths[width::NODE_END] = put_column(&mut out, &self.node_ends);
        widths[width::EDGE_SRC] = put_column(&mut out, &self.edge_src);
        widths[width::EDGE_DST] = put_column(&mut out, &self.edge_dst);
        widths[width::EDGE_TYPE] = put_column(&mut out, &self.edge_types);
        widths[width::EDGE_END] = put_column(&mut out, &self.edge_ends);
        widths[width::TYPE] = put_column(&mut out, &self.types.strings);
        widths[width::STRING_END] = put_column(&mut out, self.strings.ends());
        out.extend_from_slice(&self.node_payload);
        out.extend_from_slice(&self.edge_payload);
        out.extend_from_slice(self.strings.bytes());
        if out.len() > MAX_BLOCK {
            let what = "more than 2 GiB";
            return Err(Error::TooLarge {
                file: self.file,
                context: self.context,
                what: what.to_owned(),
            });
        }

        let numbers = [
            out.len(),
            nodes,
            external.len(),
            self.edge_src.len(),
            self.strings.len(),
            self.types.strings.len(),
            owner_file as usize,
            owner_context as usize,
            self.node_payload.len(),
            self.edge_payload.len(),
            self.node_files.first().map_or(0, |&file| file as usize),
        ];
        for (index, number) in numbers.into_iter().enumerate() {
            out[8 + index * 4..12 + index * 4].copy_from_slice(&(number as u32).to_le_bytes());
        }
        out[52..62].copy_from_slice(&widths);
        out[..4].copy_from_slice(&MAGIC);
        let checksum = crc32c::crc32c(&out[8..]);
        out[4..8].copy_from_slice(&checksum.to_le_bytes());
        self.recycle();
        Ok(out)
    }
}

impl TypeCodes {
    fn clear(&mut self) {
        self.strings.clear();
        self.code_of_string.clear();
        (self.last_node, self.last_edge) = (0, 0);
    }
}

/// The file column has width 0 when all rows have the same file, whose number is in the header.
fn put_file_column(out: &mut Vec<u8>, files: &[u32]) -> u8 {
    match files.first() {
        Some(first) if files.iter().any(|file| file != first) => put_column(out, files),
        _ => 0,
    }
}
