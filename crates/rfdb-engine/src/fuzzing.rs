//! Entry points for the fuzz target and for its bounded twin in the tests: readers of files, over any bytes.

use std::path::Path;

use crate::block::{BlockView, CheckedBlock};
use crate::codec::u32_at;
use crate::index;
use crate::storage::Bytes;
use crate::{NodeId, manifest};

/// Reads bytes as each kind of file. The first byte chooses whether checksums are repaired, so that what lies behind them is
/// reached.
pub fn read_all(data: &[u8]) {
    let Some((&mode, data)) = data.split_first() else {
        return;
    };
    let mut bytes = data.to_vec();
    read_block(&bytes);
    read_manifest(&mut bytes, mode & 1 == 1);
    let mut bytes = data.to_vec();
    read_index(&mut bytes, mode & 1 == 1);
}

fn read_block(bytes: &[u8]) {
    if let Some(view) = BlockView::parse(bytes) {
        read_rows(&view);
    }
    // The same with the checksum made right, as readers of a base see it.
    let mut bytes = bytes.to_vec();
    if bytes.len() > 8 {
        let checksum = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        if let Ok(block) = CheckedBlock::read(bytes.into(), checksum) {
            read_rows(&block.view());
        }
    }
}

fn read_rows(view: &BlockView<'_>) {
    let _ = view.owner();
    for row in 0..view.nodes.min(64) {
        let _ = (
            view.node(row),
            view.node_metadata(row),
            view.node_exported(row),
        );
    }
    for row in 0..view.edges.min(64) {
        let _ = view.edge(row);
    }
}

fn read_manifest(bytes: &mut [u8], repair: bool) {
    if repair && bytes.len() > manifest::HEADER + 8 {
        manifest::repair(bytes);
    }
    let _ = manifest::read(bytes, Path::new("fuzz"), 1, 0, |_| true);
}

fn read_index(bytes: &mut [u8], repair: bool) {
    if repair {
        index::repair(bytes);
    }
    let Ok(image) = index::parse(Bytes::from(bytes.to_vec()), Path::new("fuzz"), None) else {
        return;
    };
    let _ = image.verify();
    let first = u32_at(bytes, 30).unwrap_or_default();
    for number in [0, 1, 7, first, u32::MAX] {
        let _ = (
            image.block_desc(number),
            image.id(number),
            image.newest_position(number),
            image.older_positions(number),
        );
        let _ = (
            image.node_row(number),
            image.edge_row(number),
            image.type_name(number),
            image.type_counts(number),
        );
        let _ = image
            .type_postings(number)
            .map(|postings| postings.take(64).count());
        for list in [image.out_list(number), image.in_list(number)]
            .into_iter()
            .flatten()
        {
            for place in list.take(64) {
                let _ = (
                    image.out_target(place),
                    image.out_type(place),
                    image.out_position(place),
                    image.in_edge(place),
                );
            }
        }
        let _ = image.vertex(NodeId(u128::from(number) << 97));
    }
    let _ = (
        image.file_blocks("a"),
        image.name_candidates("a"),
        image.field_postings("a", "b"),
        image.indexes_field("a"),
    );
    let _ = (
        image.types_like("a*"),
        image.blocks_of_owner(crate::Owner::new("a", "")),
        image.block_of_id(3),
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::storage::MemoryStorage;
    use crate::{Batch, EdgeRow, Engine, IndexMode, NodeRow, Options, Owner};

    /// Real files, so that mutations begin from something that is read far.
    fn seeds() -> Vec<Vec<u8>> {
        let storage = MemoryStorage::new();
        let engine =
            Engine::create_in(Arc::new(storage.clone()), "/db", Options::default()).unwrap();
        for owner in ["a", "b"] {
            let mut batch = Batch::new();
            batch.owner(Owner::new(owner, ""));
            for n in 0..9u128 {
                let metadata = r#"{"a":1,"b":"c"}"#;
                let id = NodeId(n << 120);
                batch.push_node(NodeRow {
                    id,
                    semantic_id: "x#1",
                    node_type: "T",
                    name: "a",
                    file: owner,
                    exported: true,
                    metadata,
                });
                batch.push_edge(EdgeRow {
                    src: id,
                    dst: NodeId(n * 3),
                    edge_type: "E",
                    metadata: "",
                });
            }
            engine.commit(batch, IndexMode::Immediate).unwrap();
        }
        engine.rebuild_indexes().unwrap();
        drop(engine);
        storage.files().into_iter().map(|(_, data)| data).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn readers_take_any_bytes(
            seed in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let seeds = seeds();
            let mut data = seeds[seed.index(seeds.len())].clone();
            for (at, value) in changes {
                let at = at.index(data.len());
                data[at] = value;
            }
            if let Some(cut) = cut {
                data.truncate(cut.index(data.len()));
            }
            for mode in 0..2 {
                let mut input = vec![mode];
                input.extend_from_slice(&data);
                read_all(&input);
            }
        }

        #[test]
        fn readers_take_noise(data in prop::collection::vec(any::<u8>(), 0..2000)) {
            read_all(&data);
        }
    }
}
