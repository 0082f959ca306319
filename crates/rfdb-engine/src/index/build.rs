//! Building an index from blocks.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::adjacency::adjacency;
use super::layout::{BadBlock, BlockSource, Layout, both, groups};
use super::postings::{FieldPairs, field_values, name_pairs, node_columns, type_postings};
use super::sink::{Kept, SectionSink};
use super::strings::StringSet;
use super::vertices::{id_directory, vertices};
use super::{BLOCK_RECORD, Built, Counts, HINT_SHIFT, Section};
use crate::FieldDeclaration;
use crate::batch::hash_owner;

fn le_bytes(values: &[u32]) -> Vec<u8> {
    let bytes: Vec<[u8; 4]> = values.iter().map(|value| value.to_le_bytes()).collect();
    bytes.into_flattened()
}

fn put_numbers(sink: &dyn SectionSink, section: Section, numbers: &[u32]) {
    sink.put(section, vec![le_bytes(numbers)]);
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

/// Names that rows share, of all blocks.
struct Labels<'a> {
    /// Types by name; the place is the type's number.
    types: Vec<&'a str>,
    /// Number of each type of each block.
    type_maps: Vec<Vec<u32>>,
    /// Blocks that have nodes of each file.
    files: BTreeMap<&'a str, Vec<u32>>,
}

impl<'a> Labels<'a> {
    fn gather(blocks: &[BlockSource<'a>]) -> Result<Self, BadBlock> {
        // Types are numbered as they come, and anew when all are known.
        let mut numbers: FxHashMap<&[u8], u32> = FxHashMap::default();
        let mut names: Vec<&str> = Vec::new();
        let mut files: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut type_maps: Vec<Vec<u32>> = Vec::with_capacity(blocks.len());
        for (number, block) in blocks.iter().enumerate() {
            let mut types = Vec::with_capacity(block.view.types);
            for code in 0..block.view.types {
                let bytes = block.view.type_name_bytes(code as u32).ok_or(number)?;
                types.push(match numbers.get(bytes) {
                    Some(&known) => known,
                    None => {
                        let next = names.len() as u32;
                        names.push(str::from_utf8(bytes).map_err(|_| number)?);
                        numbers.insert(bytes, next);
                        next
                    }
                });
            }
            type_maps.push(types);
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
        }
        let mut types: Vec<(&str, u32)> = names.into_iter().zip(0..).collect();
        types.sort_unstable();
        let mut sorted = vec![0; types.len()];
        for (number, &(_, first)) in (0..).zip(&types) {
            sorted[first as usize] = number;
        }
        for number in type_maps.iter_mut().flatten() {
            *number = sorted[*number as usize];
        }
        let types = types.into_iter().map(|(name, _)| name).collect();
        Ok(Self {
            types,
            type_maps,
            files,
        })
    }
}

/// Builds the index of blocks, which are given by ascending block number, on the heap.
pub(crate) fn build_on_heap(
    blocks: &[BlockSource<'_>],
    fields: &[FieldDeclaration],
) -> Result<Built, BadBlock> {
    let kept = Kept::default();
    let counts = build(blocks, fields, &kept)?;
    Ok(kept.built(counts))
}

/// Builds the index of blocks, which are given by ascending block number; its sections go to `sink` as they are done.
pub(crate) fn build(
    blocks: &[BlockSource<'_>],
    fields: &[FieldDeclaration],
    sink: &dyn SectionSink,
) -> Result<Counts, BadBlock> {
    let layout = Layout::new(blocks);
    let parallel = layout.parallel;
    let groups = groups(blocks, parallel);
    let (mut vertices, labels) = both(
        parallel,
        || vertices(blocks, &layout, &groups, parallel),
        || Labels::gather(blocks),
    );
    let Labels {
        types: sorted_types,
        type_maps,
        files,
    } = labels?;
    let ids = std::mem::take(&mut vertices.ids);
    let id_part = || -> Result<_, BadBlock> {
        let (id_bits, directory) = id_directory(&ids, vertices.count);
        sink.put(Section::Ids, ids);
        put_numbers(sink, Section::IdDirectory, &directory);
        let positions = vertices.positions.iter().map(|part| le_bytes(part));
        sink.put(Section::NodePositions, positions.collect());
        let older = vertices.older.iter().flat_map(|&(v, p)| [v, p]);
        put_numbers(sink, Section::OlderRows, &older.collect::<Vec<_>>());
        let values = if fields.is_empty() {
            FieldPairs::new()
        } else {
            field_values(blocks, &layout, &vertices, fields, parallel)?
        };
        let type_names = put_lists(
            blocks,
            &layout,
            &sorted_types,
            &files,
            &values,
            fields,
            sink,
        );
        Ok((id_bits, type_names))
    };
    let node_part = || -> Result<_, BadBlock> {
        let (node_types, names) = node_columns(blocks, &layout, &groups, &type_maps, parallel)?;
        let ((type_ends, postings, node_counts), names) = both(
            parallel,
            || type_postings(&vertices, &node_types, sorted_types.len()),
            || name_pairs(&vertices, &names, parallel),
        );
        put_numbers(sink, Section::TypePostings, &postings);
        sink.put(Section::Names, names);
        Ok((type_ends, node_counts))
    };
    let edge_part = || {
        adjacency(
            blocks,
            &layout,
            &groups,
            &vertices,
            &type_maps,
            sorted_types.len(),
        )
    };
    // One thread at a time writes, and nothing is written while edges are dealt out. So the ids are written then, and all lists
    // made that ask for one thread; and while the edges of sources are written, others sort those of targets and go on with the
    // nodes.
    let (id_part, edges) = both(parallel, id_part, edge_part);
    let (id_bits, type_names) = id_part?;
    let (edges, outgoing, turned) = edges?;
    let targets_and_nodes = || {
        let incoming = turned.by_target(parallel);
        let ((), nodes) = both(parallel, || incoming.put(sink), node_part);
        nodes
    };
    let ((), node_part) = both(parallel, || outgoing.put(sink), targets_and_nodes);
    let (type_ends, node_counts) = node_part?;
    let types: Vec<u32> = (type_names.into_iter().enumerate())
        .flat_map(|(t, name)| [name, type_ends[t], node_counts[t], edges.counts[t]])
        .collect();
    put_numbers(sink, Section::Types, &types);
    Ok(Counts {
        blocks: blocks.len() as u32,
        vertices: vertices.count as u32,
        node_rows: layout.node_rows as u32,
        edge_rows: layout.edge_rows as u32,
        nodes: vertices.nodes,
        edges: edges.counts.iter().sum(),
        id_bits,
        type_width: u32::from(edges.type_width),
    })
}

/// Writes the strings, and the lists of blocks, files and values that name them. Answers the string of each type.
fn put_lists(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    types: &[&str],
    files: &BTreeMap<&str, Vec<u32>>,
    values: &FieldPairs,
    fields: &[FieldDeclaration],
    sink: &dyn SectionSink,
) -> Vec<u32> {
    let mut strings = StringSet::default();
    for block in blocks {
        strings.insert(&block.desc.file);
        strings.insert(&block.desc.context);
    }
    types.iter().for_each(|name| strings.insert(name));
    files.keys().for_each(|name| strings.insert(name));
    fields.iter().for_each(|field| strings.insert(&field.name));
    for (field, value) in values.keys() {
        strings.insert(field);
        strings.insert(value);
    }
    let (string_ends, string_bytes) = strings.seal();
    put_numbers(sink, Section::StringEnds, &string_ends);
    sink.put(Section::StringBytes, vec![string_bytes]);

    let records = block_records(blocks, layout, &strings);
    sink.put(Section::Blocks, vec![records]);
    sink.put(Section::Owners, vec![owner_records(blocks)]);
    put_numbers(
        sink,
        Section::NodeHints,
        &hints(&layout.nodes, layout.node_rows),
    );
    put_numbers(
        sink,
        Section::EdgeHints,
        &hints(&layout.edges, layout.edge_rows),
    );
    let (mut file_list, mut file_postings) = (Vec::new(), Vec::new());
    for (file, blocks) in files {
        file_postings.extend_from_slice(blocks);
        file_list.extend([strings.number(file), file_postings.len() as u32]);
    }
    put_numbers(sink, Section::Files, &file_list);
    put_numbers(sink, Section::FilePostings, &file_postings);
    let (mut value_list, mut value_postings) = (Vec::new(), Vec::new());
    for ((field, value), vertices) in values {
        value_postings.extend_from_slice(vertices);
        value_list.extend([
            strings.number(field),
            strings.number(value),
            value_postings.len() as u32,
        ]);
    }
    put_numbers(sink, Section::FieldValues, &value_list);
    put_numbers(sink, Section::FieldPostings, &value_postings);
    let mut indexed: Vec<u32> = fields.iter().map(|f| strings.number(&f.name)).collect();
    indexed.sort_unstable();
    indexed.dedup();
    put_numbers(sink, Section::Fields, &indexed);
    types.iter().map(|name| strings.number(name)).collect()
}

fn owner_records(blocks: &[BlockSource<'_>]) -> Vec<u8> {
    let mut owners: Vec<(u64, u32)> = blocks
        .iter()
        .enumerate()
        .map(|(number, b)| (hash_owner(b.desc.owner()), number as u32))
        .collect();
    owners.sort_unstable();
    let mut out = Vec::with_capacity(owners.len() * 16);
    for (hash, block) in owners {
        out.extend_from_slice(&hash.to_le_bytes());
        out.extend_from_slice(&block.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
    }
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
