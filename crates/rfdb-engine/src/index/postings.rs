//! Postings of an index: vertices by type, by name, by declared field.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::layout::{BadBlock, BlockSource, Layout, cut, map, ranges, try_map};
use super::sink::Parts;
use super::vertices::Vertices;
use super::{NO_NODE, name_hash};
use crate::FieldDeclaration;

/// Type number and name hash of every node position.
pub(super) fn node_columns(
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
    try_map(
        work,
        parallel,
        |(range, types, names)| -> Result<(), BadBlock> {
            let (mut types, mut names) = (types.iter_mut(), names.iter_mut());
            let mut hashes: Vec<Option<u32>> = Vec::new();
            let mut column = Vec::new();
            for number in range {
                let view = &blocks[number].view;
                column.clear();
                let codes = view.node_type_codes().read(view.nodes, &mut column);
                codes.ok_or(number)?;
                for (place, &code) in types.by_ref().take(view.nodes).zip(&column) {
                    *place = *type_maps[number].get(code as usize).ok_or(number)?;
                }
                column.clear();
                let strings = view.node_name_strings().read(view.nodes, &mut column);
                strings.ok_or(number)?;
                hashes.clear();
                hashes.resize(view.strings, None);
                for (place, &string) in names.by_ref().take(view.nodes).zip(&column) {
                    let known = hashes.get_mut(string as usize).ok_or(number)?;
                    *place = match *known {
                        Some(hash) => hash,
                        None => {
                            let name = view.string_bytes(string).ok_or(number)?;
                            *known.insert(name_hash(name))
                        }
                    };
                }
            }
            Ok(())
        },
    )?;
    Ok((types, names))
}

/// Vertices by type: ends by type, postings, and the number of nodes whose newest row has the type.
pub(super) fn type_postings(
    vertices: &Vertices,
    node_types: &[u32],
    types: usize,
) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    // Each vertex once under every type that one of its rows has: first that of its newest row, then those of older ones.
    let mut counts = vec![0u32; types];
    let newest: Vec<u32> = (vertices.positions.iter().flatten())
        .map(|&position| match node_types.get(position as usize) {
            Some(&code) if position != NO_NODE => {
                counts[code as usize] += 1;
                code
            }
            _ => NO_NODE,
        })
        .collect();
    // (vertex, type), sorted by vertex.
    let mut older: Vec<(u32, u32)> = Vec::new();
    for &(vertex, position) in &vertices.older {
        let pair = (vertex, node_types[position as usize]);
        let known = older.iter().rev().take_while(|(v, _)| *v == vertex);
        if pair.1 != newest[vertex as usize] && !{ known }.any(|other| *other == pair) {
            older.push(pair);
        }
    }
    let mut ends = counts.clone();
    for &(_, code) in &older {
        ends[code as usize] += 1;
    }
    // Starts for now; each moves to its end as postings are put.
    let mut sum = 0;
    for end in &mut ends {
        (*end, sum) = (sum, sum + *end);
    }
    let mut postings = vec![0u32; sum as usize];
    let mut put = |vertex: u32, code: u32| {
        let place = &mut ends[code as usize];
        postings[*place as usize] = vertex;
        *place += 1;
    };
    let mut older = older.into_iter().peekable();
    for (vertex, &code) in (0..).zip(&newest) {
        if code != NO_NODE {
            put(vertex, code);
        }
        while let Some((_, code)) = older.next_if(|(v, _)| *v == vertex) {
            put(vertex, code);
        }
    }
    (ends, postings, counts)
}

/// (hash, vertex) of every node row, sorted, as the section stores them.
pub(super) fn name_pairs(vertices: &Vertices, names: &[u32], parallel: bool) -> Parts {
    let bits = ((names.len() / 16).max(1).ilog2()).min(14);
    let buckets = 1usize << bits;
    let bucket = |hash: u32| (u64::from(hash) >> (u32::BITS - bits)) as usize;

    // Pieces of the rows are sorted into buckets.
    let pieces = ranges(names.len(), 2, parallel);
    let dealt = map(pieces, parallel, |positions| {
        let mut starts = vec![0u32; buckets + 1];
        for &hash in &names[positions.clone()] {
            starts[bucket(hash) + 1] += 1;
        }
        for b in 0..buckets {
            starts[b + 1] += starts[b];
        }
        let mut next = starts.clone();
        let mut pairs = vec![0u64; positions.len()];
        for position in positions {
            let (hash, vertex) = (names[position], &vertices.of_slot[position]);
            let place = &mut next[bucket(hash)];
            pairs[*place as usize] =
                u64::from(hash) << 32 | u64::from(vertex.load(Ordering::Relaxed));
            *place += 1;
        }
        (pairs, starts)
    });

    // Then buckets, of all pieces.
    map(ranges(buckets, 8, parallel), parallel, |range| {
        let mut out: Vec<[u8; 8]> = Vec::new();
        let mut sorted: Vec<u64> = Vec::new();
        for bucket in range {
            sorted.clear();
            for (pairs, starts) in &dealt {
                let part = starts[bucket] as usize..starts[bucket + 1] as usize;
                sorted.extend_from_slice(&pairs[part]);
            }
            sorted.sort_unstable();
            // Rows of one node can have the same name.
            sorted.dedup();
            // The hash first.
            out.extend(sorted.iter().map(|pair| pair.rotate_left(32).to_le_bytes()));
        }
        out.into_flattened()
    })
}

/// The value of a top-level field as it is compared: the contents of a string, the JSON text of anything else.
pub(crate) fn field_text(object: &serde_json::Value, field: &str) -> Option<String> {
    match object.get(field)? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

pub(super) type FieldPairs = BTreeMap<(String, String), Vec<u32>>;

pub(super) fn field_values(
    blocks: &[BlockSource<'_>],
    layout: &Layout,
    vertices: &Vertices,
    fields: &[FieldDeclaration],
    parallel: bool,
) -> Result<FieldPairs, BadBlock> {
    let parts = try_map((0..blocks.len()).collect(), parallel, |number: usize| {
        let view = &blocks[number].view;
        let mut found = Vec::new();
        for row in 0..view.nodes {
            let text = view.node_metadata(row).ok_or(number)?;
            if text.is_empty() {
                continue;
            }
            let Ok(object) = serde_json::from_str::<serde_json::Value>(&text) else {
                return Err(number);
            };
            let vertex =
                vertices.of_slot[layout.nodes[number] as usize + row].load(Ordering::Relaxed);
            // All types are indexed, also for a field declared for some: the index then answers every query.
            for field in fields {
                if let Some(value) = field_text(&object, &field.name) {
                    found.push((field.name.clone(), value, vertex));
                }
            }
        }
        Ok(found)
    })?;
    let mut values = FieldPairs::new();
    for (field, value, vertex) in parts.into_iter().flatten() {
        values.entry((field, value)).or_default().push(vertex);
    }
    for vertices in values.values_mut() {
        vertices.sort_unstable();
        vertices.dedup();
    }
    Ok(values)
}
