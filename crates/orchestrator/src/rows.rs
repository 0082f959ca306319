//! Comparing the rows of owners with those that are stored.

use graph_model::EdgeType;
use linker::{External, FileLinks};
use rfdb_protocol::{Batch, Section};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::cache::{Hash, OwnerHashes};

/// A hasher of rows. Texts are hashed with their lengths, so that no two rows look alike.
struct RowHasher(Xxh3);

impl RowHasher {
    fn new() -> Self {
        RowHasher(Xxh3::new())
    }

    fn number(&mut self, number: u128) {
        self.0.update(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u32).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> Hash {
        self.0.digest128().to_le_bytes()
    }
}

/// Hash of the rows of one owner in a batch.
fn hash_section(batch: &Batch, section: &Section) -> Hash {
    let mut hasher = RowHasher::new();
    hasher.number(section.nodes.len() as u128);
    for node in batch.nodes_of(section) {
        hasher.number(node.id);
        for text in [
            node.semantic_id,
            node.node_type,
            node.name,
            node.file,
            node.metadata,
        ] {
            hasher.text(text);
        }
        hasher.number(u128::from(node.exported));
    }
    for edge in batch.edges_of(section) {
        hasher.number(edge.src);
        hasher.number(edge.dst);
        hasher.text(edge.edge_type);
        hasher.text(edge.metadata);
    }
    hasher.finish()
}

/// Hash of what the linker found for a file, without making rows of it.
pub(crate) fn hash_links(links: &FileLinks) -> Hash {
    // Small parts are gathered: hashing each of them costs more than copying it.
    let room = |metadata: &str| size_of::<u128>() * 2 + 1 + size_of::<u32>() + metadata.len();
    let edges = links.edges().map(|edge| room(edge.metadata)).sum::<usize>();
    let mut bytes = Vec::with_capacity(edges + links.externals().count() * 64);
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    for edge in links.edges() {
        bytes.extend_from_slice(&edge.src.0.to_le_bytes());
        bytes.extend_from_slice(&edge.dst.0.to_le_bytes());
        bytes.push(edge_code(edge.edge_type));
        text(&mut bytes, edge.metadata);
    }
    bytes.extend_from_slice(&(links.len() as u32).to_le_bytes());
    for external in links.externals() {
        match external {
            External::Module { specifier } => {
                bytes.push(0);
                text(&mut bytes, specifier);
            }
            External::Function { specifier, path } => {
                bytes.push(1);
                text(&mut bytes, specifier);
                text(&mut bytes, path);
            }
            External::Stdio => bytes.push(2),
        }
    }
    xxh3_128(&bytes).to_le_bytes()
}

fn edge_code(edge_type: EdgeType) -> u8 {
    edge_type as u8
}

/// Copies the owners of a batch whose rows differ from the stored ones, and remembers the hashes of all.
pub(crate) fn push_changed(
    from: &Batch,
    stored: &OwnerHashes,
    to: &mut Batch,
    hashes: &mut OwnerHashes,
) {
    for section in from.sections() {
        let hash = note_hash(from, section, hashes);
        let (file, context) = (&*section.file, &*section.context);
        let before = stored.get(context).and_then(|files| files.get(file));
        if before != Some(&hash) {
            to.owner(file, context);
            from.nodes_of(section).for_each(|node| to.push_node(node));
            from.edges_of(section).for_each(|edge| to.push_edge(edge));
        }
    }
}

/// Remembers the hashes of the rows of all owners of a batch.
pub(crate) fn hash_owners(from: &Batch, hashes: &mut OwnerHashes) {
    for section in from.sections() {
        note_hash(from, section, hashes);
    }
}

fn note_hash(batch: &Batch, section: &Section, hashes: &mut OwnerHashes) -> Hash {
    let hash = hash_section(batch, section);
    hashes
        .entry(section.context.to_string())
        .or_default()
        .insert(section.file.to_string(), hash);
    hash
}

/// Replaces the rows of some of the stored owners, those that `ours` tells by context and file, with those of a batch: adds what
/// differs to another batch.
pub(crate) fn replace(
    from: &Batch,
    owners: &mut OwnerHashes,
    to: &mut Batch,
    ours: impl Fn(&str, &str) -> bool,
) {
    let mut now = OwnerHashes::new();
    push_changed(from, owners, to, &mut now);
    for (context, files) in owners.iter_mut() {
        files.retain(|file, _| {
            let is_now = now
                .get(context)
                .is_some_and(|files| files.contains_key(file));
            let gone = ours(context, file) && !is_now;
            if gone {
                to.owner(file, context);
            }
            !gone
        });
    }
    for (context, files) in now {
        owners.entry(context).or_default().extend(files);
    }
    owners.retain(|_, files| !files.is_empty());
}

/// Empties owners that had rows and have none any more.
pub(crate) fn push_gone(stored: &OwnerHashes, hashes: &OwnerHashes, to: &mut Batch) {
    for (context, files) in stored {
        let now = hashes.get(context);
        for file in files.keys() {
            if now.is_none_or(|now| !now.contains_key(file)) {
                to.owner(file, context);
            }
        }
    }
}
