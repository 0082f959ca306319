//! Building an index from blocks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::adjacency::{Buckets, Entry, Group, Part, sort};
use super::postings::{FieldPairs, field_values, name_pairs, type_postings};
use super::strings::StringSet;
use super::{BLOCK_RECORD, Built, Counts, HINT_SHIFT, NO_NODE, SECTIONS, Section, name_hash};
use crate::FieldDeclaration;
use crate::batch::hash_owner;
use crate::block::BlockView;
use crate::block_ref::BlockDesc;
use crate::codec::width_for;

/// A block to index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockSource<'a> {
    pub(crate) desc: &'a BlockDesc,
    pub(crate) view: BlockView<'a>,
}

/// Rows from which threads pay.
const PARALLEL_ROWS: usize = 30_000;

/// Number of the block whose contents are wrong.
pub(crate) type BadBlock = usize;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct IdEntry {
    high: u64,
    low: u64,
    /// Position of the node row; ids of nodes outside of their block come after all node positions.
    slot: u32,
}

/// First node position, outside-id slot and edge position of each block.
pub(super) struct Layout {
    pub(super) nodes: Vec<u32>,
    pub(super) external: Vec<u32>,
    pub(super) edges: Vec<u32>,
    pub(super) node_rows: usize,
    pub(super) slots: usize,
    pub(super) edge_rows: usize,
}

impl Layout {
    fn new(blocks: &[BlockSource<'_>]) -> Self {
        let (mut nodes, mut external, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        let (mut node, mut outside, mut edge) = (0usize, 0usize, 0usize);
        for block in blocks {
            nodes.push(node as u32);
            external.push(outside as u32);
            edges.push(edge as u32);
            node += block.view.nodes;
            outside += block.view.external;
            edge += block.view.edges;
        }
        Self {
            nodes,
            external,
            edges,
            node_rows: node,
            slots: node + outside,
            edge_rows: edge,
        }
    }

    /// Slot among all blocks of a slot of one block.
    #[inline]
    fn slot(&self, block: usize, view: &BlockView<'_>, local: usize) -> usize {
        if local < view.nodes {
            self.nodes[block] as usize + local
        } else {
            self.node_rows + self.external[block] as usize + local - view.nodes
        }
    }
}

/// Contiguous groups of blocks of about the same number of rows.
fn groups(blocks: &[BlockSource<'_>], parallel: bool) -> Vec<std::ops::Range<usize>> {
    if !parallel {
        return std::iter::once(0..blocks.len()).collect();
    }
    let total: usize = blocks.iter().map(|b| b.view.nodes + b.view.edges).sum();
    let wanted = (rayon::current_num_threads() * 4).max(1);
    let share = total / wanted + 1;
    let (mut groups, mut start, mut rows) = (Vec::new(), 0, 0);
    for (number, block) in blocks.iter().enumerate() {
        rows += block.view.nodes + block.view.edges;
        if rows >= share {
            groups.push(start..number + 1);
            (start, rows) = (number + 1, 0);
        }
    }
    if start < blocks.len() {
        groups.push(start..blocks.len());
    }
    groups
}

pub(super) fn map<I: Send, O: Send>(
    items: Vec<I>,
    parallel: bool,
    f: impl Fn(I) -> O + Sync + Send,
) -> Vec<O> {
    if parallel {
        items.into_par_iter().map(f).collect()
    } else {
        items.into_iter().map(f).collect()
    }
}

pub(super) fn try_map<I: Send, O: Send, E: Send>(
    items: Vec<I>,
    parallel: bool,
    f: impl Fn(I) -> Result<O, E> + Sync + Send,
) -> Result<Vec<O>, E> {
    if parallel {
        items.into_par_iter().map(f).collect()
    } else {
        items.into_iter().map(f).collect()
    }
}

/// Cuts a slice into consecutive pieces.
pub(super) fn cut<T>(mut slice: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let mut pieces = Vec::new();
    for length in lengths {
        let (piece, rest) = slice.split_at_mut(length);
        pieces.push(piece);
        slice = rest;
    }
    pieces
}

fn le_bytes(values: &[u32]) -> Vec<u8> {
    let mut out = vec![0; values.len() * 4];
    for (bytes, value) in out.chunks_exact_mut(4).zip(values) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
    out
}

/// Vertices: sorted distinct ids, and what each is.
pub(super) struct Vertices {
    pub(super) ids: Vec<u8>,
    pub(super) count: usize,
    pub(super) positions: Vec<u32>,
    pub(super) older: Vec<(u32, u32)>,
    /// Vertex of each slot.
    pub(super) of_slot: Vec<AtomicU32>,
    pub(super) nodes: u32,
}

fn vertices(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    groups: &[std::ops::Range<usize>],
    parallel: bool,
) -> Vertices {
    let bits = ((layout.slots / 128).max(1).ilog2()).min(12);
    let buckets = 1usize << bits;
    let bucket = |high: u64| {
        if bits == 0 {
            0
        } else {
            (high >> (64 - bits)) as usize
        }
    };

    // Every group sorts its entries into buckets.
    let grouped = map(groups.to_vec(), parallel, |range| {
        let mut starts = vec![0u32; buckets + 1];
        let each = |f: &mut dyn FnMut(usize, usize, u64, u64)| {
            for number in range.clone() {
                for (local, id) in blocks[number].view.id_bytes().chunks_exact(16).enumerate() {
                    let id = u128::from_le_bytes(id.try_into().unwrap_or_default());
                    f(number, local, (id >> 64) as u64, id as u64);
                }
            }
        };
        each(&mut |_, _, high, _| starts[bucket(high) + 1] += 1);
        for b in 0..buckets {
            starts[b + 1] += starts[b];
        }
        let mut next = starts.clone();
        let mut entries = vec![
            IdEntry {
                high: 0,
                low: 0,
                slot: 0
            };
            starts[buckets] as usize
        ];
        each(&mut |number, local, high, low| {
            let slot = layout.slot(number, &blocks[number].view, local) as u32;
            let place = &mut next[bucket(high)];
            entries[*place as usize] = IdEntry { high, low, slot };
            *place += 1;
        });
        (entries, starts)
    });

    // Ranges of buckets are sorted on their own.
    let ranges = if parallel { buckets.min(64) } else { 1 };
    let per_range = buckets / ranges;
    let sorted = map((0..ranges).collect(), parallel, |range| {
        let mut entries: Vec<IdEntry> = Vec::new();
        let mut distinct = 0usize;
        for bucket in range * per_range..(range + 1) * per_range {
            let start = entries.len();
            for (group, starts) in &grouped {
                entries.extend_from_slice(
                    &group[starts[bucket] as usize..starts[bucket + 1] as usize],
                );
            }
            let part = &mut entries[start..];
            if part.len() > 100_000 {
                part.par_sort_unstable()
            } else {
                part.sort_unstable()
            }
            distinct += part
                .chunk_by(|a, b| (a.high, a.low) == (b.high, b.low))
                .count();
        }
        (entries, distinct)
    });
    drop(grouped);

    let count: usize = sorted.iter().map(|(_, distinct)| distinct).sum();
    let mut ids = vec![0u8; count * 16];
    let mut positions = vec![NO_NODE; count];
    let of_slot: Vec<AtomicU32> = std::iter::repeat_with(|| AtomicU32::new(0))
        .take(layout.slots)
        .collect();
    let id_pieces = cut(&mut ids, sorted.iter().map(|(_, distinct)| distinct * 16));
    let position_pieces = cut(&mut positions, sorted.iter().map(|(_, distinct)| *distinct));
    let mut first = 0;
    let mut work = Vec::new();
    for (((entries, distinct), ids), positions) in
        sorted.into_iter().zip(id_pieces).zip(position_pieces)
    {
        work.push((entries, first as u32, ids, positions));
        first += distinct;
    }
    let node_rows = layout.node_rows as u32;
    let parts = map(work, parallel, |(entries, first, ids, positions)| {
        let (mut older, mut nodes) = (Vec::new(), 0u32);
        let same_id = entries.chunk_by(|a, b| (a.high, a.low) == (b.high, b.low));
        for ((local, same), id) in same_id.enumerate().zip(ids.chunks_exact_mut(16)) {
            let vertex = first + local as u32;
            id[..8].copy_from_slice(&same[0].low.to_le_bytes());
            id[8..].copy_from_slice(&same[0].high.to_le_bytes());
            // Slots ascend, so the last node row is the newest.
            let mut newest = None;
            for entry in same.iter().rev() {
                of_slot[entry.slot as usize].store(vertex, Ordering::Relaxed);
                if entry.slot < node_rows {
                    match newest {
                        None => newest = Some(entry.slot),
                        Some(_) => older.push((vertex, entry.slot)),
                    }
                }
            }
            if let Some(position) = newest {
                positions[local] = position;
                nodes += 1;
            }
        }
        (older, nodes)
    });
    let nodes = parts.iter().map(|(_, nodes)| nodes).sum();
    let older = parts.into_iter().flat_map(|(older, _)| older).collect();
    Vertices {
        ids,
        count,
        positions,
        older,
        of_slot,
        nodes,
    }
}

fn id_directory(ids: &[u8], count: usize) -> (u32, Vec<u32>) {
    let bits = (count / 8).max(1).ilog2();
    let mut directory = vec![0u32; (1 << bits) + 1];
    for id in ids.chunks_exact(16) {
        let high = u64::from_le_bytes(id[8..].try_into().unwrap_or_default());
        let bucket = if bits == 0 {
            0
        } else {
            (high >> (64 - bits)) as usize
        };
        directory[bucket + 1] += 1;
    }
    for bucket in 0..1 << bits {
        directory[bucket + 1] += directory[bucket];
    }
    (bits, directory)
}

/// Block of each 64th position.
fn hints(starts: &[u32], total: usize) -> Vec<u32> {
    let mut hints = Vec::with_capacity((total >> HINT_SHIFT) + 1);
    let mut block = 0;
    for position in (0..total).step_by(1 << HINT_SHIFT) {
        while block + 1 < starts.len() && starts[block + 1] as usize <= position {
            block += 1;
        }
        hints.push(block as u32);
    }
    hints
}

/// Type number and name hash of every node position.
fn node_columns(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    groups: &[std::ops::Range<usize>],
    type_maps: &[Vec<u32>],
    parallel: bool,
) -> Result<(Vec<u32>, Vec<u32>), BadBlock> {
    let mut types = vec![0u32; layout.node_rows];
    let mut names = vec![0u32; layout.node_rows];
    let lengths = || {
        groups
            .iter()
            .map(|range| {
                blocks[range.clone()]
                    .iter()
                    .map(|b| b.view.nodes)
                    .sum::<usize>()
            })
            .collect::<Vec<_>>()
    };
    let work: Vec<_> = groups
        .iter()
        .cloned()
        .zip(cut(&mut types, lengths().into_iter()))
        .zip(cut(&mut names, lengths().into_iter()))
        .map(|((range, types), names)| (range, types, names))
        .collect();
    try_map(work, parallel, |(range, types, names)| {
        let mut at = 0;
        let mut hashes: Vec<Option<u32>> = Vec::new();
        for number in range {
            let view = &blocks[number].view;
            let type_map = &type_maps[number];
            let mut good = true;
            let types = &mut types[at..at + view.nodes];
            let read = view.node_type_codes().for_each(view.nodes, |row, code| {
                match type_map.get(code as usize) {
                    Some(&code) => types[row] = code,
                    None => good = false,
                }
            });
            hashes.clear();
            hashes.resize(view.strings, None);
            let names = &mut names[at..at + view.nodes];
            let named = view
                .node_name_strings()
                .for_each(view.nodes, |row, string| {
                    let Some(slot) = hashes.get_mut(string as usize) else {
                        good = false;
                        return;
                    };
                    match slot {
                        Some(hash) => names[row] = *hash,
                        None => match view.string(string) {
                            Some(name) => names[row] = *slot.insert(name_hash(name.as_bytes())),
                            None => good = false,
                        },
                    }
                });
            if !good || read.is_none() || named.is_none() {
                return Err(number);
            }
            at += view.nodes;
        }
        Ok(())
    })?;
    Ok((types, names))
}

/// Edges in both directions.
struct Edges {
    out: Vec<Part>,
    incoming: Vec<Part>,
    counts: Vec<u32>,
    distinct: u32,
}

fn edges(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    groups: &[std::ops::Range<usize>],
    vertices: &Vertices,
    type_maps: &[Vec<u32>],
    types: usize,
    parallel: bool,
) -> Result<Edges, BadBlock> {
    let buckets = Buckets::new(vertices.count, layout.edge_rows);
    let grouped = try_map(groups.to_vec(), parallel, |range| {
        let mut entries =
            Vec::with_capacity(blocks[range.clone()].iter().map(|b| b.view.edges).sum());
        for number in range {
            let view = &blocks[number].view;
            let slots = view.nodes + view.external;
            let first = layout.edges[number];
            let mut good = true;
            let vertex = |local: u32| {
                vertices.of_slot[layout.slot(number, view, local as usize)].load(Ordering::Relaxed)
            };
            let read = view.for_each_edge(|row, src, dst, code| {
                let Some(&edge_type) = type_maps[number].get(code as usize) else {
                    good = false;
                    return;
                };
                if src as usize >= slots || dst as usize >= slots {
                    good = false;
                    return;
                }
                // Later rows come first among equal keys.
                let order = !(first + row as u32);
                entries.push(Entry {
                    key: vertex(src),
                    other: vertex(dst),
                    edge_type,
                    order,
                });
            });
            if !good || read.is_none() {
                return Err(number);
            }
        }
        Ok(Group::new(&entries, buckets))
    })?;
    let out = sort(&grouped, buckets, vertices.count, parallel);
    drop(grouped);

    let mut first = 0u32;
    let starts: Vec<u32> = out
        .iter()
        .map(|part| {
            let start = first;
            first += part.entries.len() as u32;
            start
        })
        .collect();
    let turned = map((0..out.len()).collect(), parallel, |number: usize| {
        let mut counts = vec![0u32; types];
        let mut previous = None;
        let entries: Vec<Entry> = out[number]
            .entries
            .iter()
            .enumerate()
            .map(|(place, e)| {
                let key = (e.key, e.edge_type, e.other);
                if previous != Some(key) {
                    counts[e.edge_type as usize] += 1;
                    previous = Some(key);
                }
                Entry {
                    key: e.other,
                    other: e.key,
                    edge_type: e.edge_type,
                    order: starts[number] + place as u32,
                }
            })
            .collect();
        (Group::new(&entries, buckets), counts)
    });
    let mut counts = vec![0u32; types];
    let mut turned_groups = Vec::with_capacity(turned.len());
    for (group, part) in turned {
        counts
            .iter_mut()
            .zip(part)
            .for_each(|(sum, count)| *sum += count);
        turned_groups.push(group);
    }
    let incoming = sort(&turned_groups, buckets, vertices.count, parallel);
    let distinct = counts.iter().sum();
    Ok(Edges {
        out,
        incoming,
        counts,
        distinct,
    })
}

fn column(parts: &[Part], f: impl Fn(&Entry) -> u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.entries.len() * 4).sum());
    for part in parts {
        let start = out.len();
        out.resize(start + part.entries.len() * 4, 0);
        for (bytes, entry) in out[start..].chunks_exact_mut(4).zip(&part.entries) {
            bytes.copy_from_slice(&f(entry).to_le_bytes());
        }
    }
    out
}

fn list_ends(parts: &[Part]) -> Vec<u8> {
    let mut ends = Vec::with_capacity(parts.iter().map(|p| p.ends.len()).sum());
    let mut start = 0;
    for part in parts {
        ends.extend(part.ends.iter().map(|end| start + end));
        start += part.entries.len() as u32;
    }
    le_bytes(&ends)
}

/// Builds the index of blocks, which are given by ascending block number.
pub(crate) fn build(
    blocks: &[BlockSource<'_>],
    fields: &[FieldDeclaration],
) -> Result<Built, BadBlock> {
    let layout = Layout::new(blocks);
    let parallel = layout.slots + layout.edge_rows > PARALLEL_ROWS;
    let groups = groups(blocks, parallel);

    // Types of all blocks, numbered by name.
    let mut type_names: FxHashMap<&str, u32> = FxHashMap::default();
    let mut files: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let mut strings = StringSet::default();
    let mut block_types: Vec<Vec<&str>> = Vec::with_capacity(blocks.len());
    for (number, block) in blocks.iter().enumerate() {
        let mut names = Vec::with_capacity(block.view.types);
        for code in 0..block.view.types {
            let name = block.view.type_name(code as u32).ok_or(number)?;
            names.push(name);
            type_names.insert(name, 0);
        }
        block_types.push(names);
        let mut file_strings: Vec<u32> = match block.view.only_file() {
            Some(_) if block.view.nodes == 0 => Vec::new(),
            Some(file) => vec![file],
            None => (0..block.view.nodes)
                .map(|row| block.view.node_file_string(row))
                .collect::<Option<_>>()
                .ok_or(number)?,
        };
        file_strings.sort_unstable();
        file_strings.dedup();
        for file in file_strings {
            files
                .entry(block.view.string(file).ok_or(number)?)
                .or_default()
                .push(number as u32);
        }
        strings.insert(&block.desc.file);
        strings.insert(&block.desc.context);
    }
    let mut sorted_types: Vec<&str> = type_names.keys().copied().collect();
    sorted_types.sort_unstable();
    for (number, name) in sorted_types.iter().enumerate() {
        type_names.insert(name, number as u32);
    }
    let type_maps: Vec<Vec<u32>> = block_types
        .iter()
        .map(|names| names.iter().map(|name| type_names[name]).collect())
        .collect();

    let vertices = vertices(blocks, &layout, &groups, parallel);
    let node_part = || -> Result<_, BadBlock> {
        let (node_types, names) = node_columns(blocks, &layout, &groups, &type_maps, parallel)?;
        let (postings, names) = if parallel {
            rayon::join(
                || type_postings(&vertices, &node_types, sorted_types.len()),
                || name_pairs(&vertices, &names, parallel),
            )
        } else {
            (
                type_postings(&vertices, &node_types, sorted_types.len()),
                name_pairs(&vertices, &names, false),
            )
        };
        let values = if fields.is_empty() {
            FieldPairs::new()
        } else {
            field_values(blocks, &layout, &vertices, fields, parallel)?
        };
        Ok((postings, names, values))
    };
    let edge_part = || {
        edges(
            blocks,
            &layout,
            &groups,
            &vertices,
            &type_maps,
            sorted_types.len(),
            parallel,
        )
    };
    let (node_part, edges) = if parallel {
        rayon::join(node_part, edge_part)
    } else {
        (node_part(), edge_part())
    };
    let ((type_ends, postings, node_counts), names, values) = node_part?;
    let edges = edges?;

    // Strings, and everything that names them.
    sorted_types.iter().for_each(|name| strings.insert(name));
    files.keys().for_each(|name| strings.insert(name));
    fields.iter().for_each(|field| strings.insert(&field.name));
    for (field, value) in values.keys() {
        strings.insert(field);
        strings.insert(value);
    }
    let (string_ends, string_bytes) = strings.seal();

    let mut sections: Vec<Vec<u8>> = vec![Vec::new(); SECTIONS];
    let mut set = |section: Section, bytes: Vec<u8>| sections[section as usize] = bytes;
    set(Section::Blocks, block_records(blocks, &layout, &strings));
    set(Section::StringEnds, le_bytes(&string_ends));
    set(Section::StringBytes, string_bytes);
    let mut owners: Vec<(u64, u32)> = blocks
        .iter()
        .enumerate()
        .map(|(number, b)| (hash_owner(b.desc.owner()), number as u32))
        .collect();
    owners.sort_unstable();
    let mut owner_bytes = Vec::with_capacity(owners.len() * 16);
    for (hash, block) in owners {
        owner_bytes.extend_from_slice(&hash.to_le_bytes());
        owner_bytes.extend_from_slice(&block.to_le_bytes());
        owner_bytes.extend_from_slice(&[0; 4]);
    }
    set(Section::Owners, owner_bytes);
    let (id_bits, directory) = id_directory(&vertices.ids, vertices.count);
    set(Section::IdDirectory, le_bytes(&directory));
    set(Section::NodePositions, le_bytes(&vertices.positions));
    set(
        Section::OlderRows,
        le_bytes(
            &vertices
                .older
                .iter()
                .flat_map(|&(v, p)| [v, p])
                .collect::<Vec<_>>(),
        ),
    );
    set(
        Section::NodeHints,
        le_bytes(&hints(&layout.nodes, layout.node_rows)),
    );
    set(
        Section::EdgeHints,
        le_bytes(&hints(&layout.edges, layout.edge_rows)),
    );
    let types: Vec<u32> = sorted_types
        .iter()
        .enumerate()
        .flat_map(|(t, name)| {
            [
                strings.number(name),
                type_ends[t],
                node_counts[t],
                edges.counts[t],
            ]
        })
        .collect();
    set(Section::Types, le_bytes(&types));
    set(Section::TypePostings, le_bytes(&postings));
    let (mut file_list, mut file_postings) = (Vec::new(), Vec::new());
    for (file, blocks) in &files {
        file_postings.extend_from_slice(blocks);
        file_list.extend([strings.number(file), file_postings.len() as u32]);
    }
    set(Section::Files, le_bytes(&file_list));
    set(Section::FilePostings, le_bytes(&file_postings));
    set(Section::Names, names);
    set(Section::OutEnds, list_ends(&edges.out));
    set(Section::OutTargets, column(&edges.out, |e| e.other));
    let width = width_for(sorted_types.len().saturating_sub(1) as u32).max(1);
    set(Section::OutTypes, type_column(&edges.out, width));
    set(Section::OutPositions, column(&edges.out, |e| !e.order));
    set(Section::InEnds, list_ends(&edges.incoming));
    set(Section::InSources, column(&edges.incoming, |e| e.other));
    set(Section::InEdges, column(&edges.incoming, |e| e.order));
    let (mut value_list, mut value_postings) = (Vec::new(), Vec::new());
    for ((field, value), vertices) in &values {
        value_postings.extend_from_slice(vertices);
        value_list.extend([
            strings.number(field),
            strings.number(value),
            value_postings.len() as u32,
        ]);
    }
    set(Section::FieldValues, le_bytes(&value_list));
    set(Section::FieldPostings, le_bytes(&value_postings));
    let mut indexed: Vec<u32> = fields.iter().map(|f| strings.number(&f.name)).collect();
    indexed.sort_unstable();
    indexed.dedup();
    set(Section::Fields, le_bytes(&indexed));
    let counts = Counts {
        blocks: blocks.len() as u32,
        vertices: vertices.count as u32,
        node_rows: layout.node_rows as u32,
        edge_rows: layout.edge_rows as u32,
        nodes: vertices.nodes,
        edges: edges.distinct,
        id_bits,
        type_width: u32::from(width),
    };
    set(Section::Ids, vertices.ids);
    Ok(Built { counts, sections })
}

fn type_column(parts: &[Part], width: u8) -> Vec<u8> {
    let entries = || parts.iter().flat_map(|part| &part.entries);
    if width == 1 {
        return entries().map(|e| e.edge_type as u8).collect();
    }
    let mut out = Vec::new();
    entries().for_each(|e| crate::codec::put_packed(&mut out, width, e.edge_type));
    out
}

fn block_records(blocks: &[BlockSource<'_>], layout: &Layout, strings: &StringSet<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(blocks.len() * BLOCK_RECORD);
    for (number, BlockSource { desc, view }) in blocks.iter().enumerate() {
        for wide in [desc.id, desc.commit, desc.offset] {
            out.extend_from_slice(&wide.to_le_bytes());
        }
        let narrow = [
            desc.segment,
            desc.len,
            desc.checksum,
            desc.nodes,
            desc.edges,
            layout.nodes[number],
            layout.edges[number],
            strings.number(&desc.file),
            strings.number(&desc.context),
            view.edge_payload_bytes() as u32,
        ];
        put_column_wide(&mut out, &narrow);
    }
    out
}

fn put_column_wide(out: &mut Vec<u8>, values: &[u32]) {
    values
        .iter()
        .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}
