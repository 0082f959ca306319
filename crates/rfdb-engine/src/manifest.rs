//! The manifest: a log of edits that says which blocks are live. The layout is in FORMAT.md, "Manifest".

use std::collections::BTreeMap;
use std::path::Path;

use crate::block_ref::BlockDesc;
use crate::codec::{Cursor, put_bytes, put_varint, u32_at, u64_at};
use crate::{Error, FieldDeclaration, Result};

const MAGIC: [u8; 8] = *b"RFDBMAN1";
/// Bytes before the checkpoint.
pub(crate) const HEADER: usize = 64;
/// Newest version that is read.
const VERSION: u32 = 1;
/// Bytes before the payload of a frame.
const FRAME_HEADER: usize = 8;

/// One change of what is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Numbers that were given out so far.
    Counters {
        next_block: u64,
        version: u64,
        next_file: u32,
    },
    /// The index of the base.
    Index {
        number: u32,
        len: u64,
        checksum: u32,
    },
    /// A block became live.
    Add(BlockDesc),
    /// A block is superseded, since this version.
    Retire { id: u64, version: u64 },
    /// A bulk load began or ended.
    Loading(bool),
    /// Fields with an index.
    Fields(Vec<FieldDeclaration>),
    /// A snapshot is kept, or its tags are replaced.
    Keep(Kept),
    /// A kept snapshot is forgotten.
    Forget { version: u64 },
    /// Number of the last commit.
    Version(u64),
}

/// A kept snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Kept {
    pub(crate) version: u64,
    pub(crate) created_at: u64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) nodes: u64,
    pub(crate) edges: u64,
    pub(crate) blocks: Vec<BlockDesc>,
}

/// Index file of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexRef {
    pub(crate) number: u32,
    pub(crate) len: u64,
    pub(crate) checksum: u32,
}

/// What a manifest says after all its edits.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) next_block: u64,
    pub(crate) version: u64,
    pub(crate) next_file: u32,
    pub(crate) index: Option<IndexRef>,
    /// Live blocks that are not in the index.
    pub(crate) blocks: BTreeMap<u64, BlockDesc>,
    /// Blocks of the index that are superseded, and since when.
    pub(crate) retired: Vec<(u64, u64)>,
    pub(crate) loading: bool,
    pub(crate) fields: Vec<FieldDeclaration>,
    pub(crate) kept: BTreeMap<u64, Kept>,
}

fn put_block(out: &mut Vec<u8>, block: &BlockDesc) {
    put_varint(out, block.id);
    put_varint(out, block.commit);
    put_varint(out, u64::from(block.segment));
    put_varint(out, block.offset);
    put_varint(out, u64::from(block.len));
    out.extend_from_slice(&block.checksum.to_le_bytes());
    put_varint(out, u64::from(block.nodes));
    put_varint(out, u64::from(block.edges));
    put_bytes(out, block.file.as_bytes());
    put_bytes(out, block.context.as_bytes());
}

fn read_block(cursor: &mut Cursor<'_>) -> Option<BlockDesc> {
    Some(BlockDesc {
        id: cursor.varint()?,
        commit: cursor.varint()?,
        segment: cursor.varint32()?,
        offset: cursor.varint()?,
        len: cursor.varint32()?,
        checksum: cursor.u32()?,
        nodes: cursor.varint32()?,
        edges: cursor.varint32()?,
        file: cursor.str()?.into(),
        context: cursor.str()?.into(),
    })
}

impl Edit {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Counters {
                next_block,
                version,
                next_file,
            } => {
                out.push(1);
                put_varint(out, *next_block);
                put_varint(out, *version);
                put_varint(out, u64::from(*next_file));
            }
            Self::Index {
                number,
                len,
                checksum,
            } => {
                out.push(2);
                put_varint(out, u64::from(*number));
                put_varint(out, *len);
                out.extend_from_slice(&checksum.to_le_bytes());
            }
            Self::Add(block) => {
                out.push(3);
                put_block(out, block);
            }
            Self::Retire { id, version } => {
                out.push(4);
                put_varint(out, *id);
                put_varint(out, *version);
            }
            Self::Loading(loading) => out.extend_from_slice(&[5, u8::from(*loading)]),
            Self::Fields(fields) => {
                out.push(6);
                put_varint(out, fields.len() as u64);
                for field in fields {
                    put_bytes(out, field.name.as_bytes());
                    put_varint(out, field.node_types.len() as u64);
                    field
                        .node_types
                        .iter()
                        .for_each(|t| put_bytes(out, t.as_bytes()));
                }
            }
            Self::Keep(kept) => {
                out.push(7);
                for number in [
                    kept.version,
                    kept.created_at,
                    kept.nodes,
                    kept.edges,
                    kept.tags.len() as u64,
                ] {
                    put_varint(out, number);
                }
                for (key, value) in &kept.tags {
                    put_bytes(out, key.as_bytes());
                    put_bytes(out, value.as_bytes());
                }
                put_varint(out, kept.blocks.len() as u64);
                kept.blocks.iter().for_each(|block| put_block(out, block));
            }
            Self::Forget { version } => {
                out.push(8);
                put_varint(out, *version);
            }
            Self::Version(version) => {
                out.push(9);
                put_varint(out, *version);
            }
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(match cursor.u8()? {
            1 => Self::Counters {
                next_block: cursor.varint()?,
                version: cursor.varint()?,
                next_file: cursor.varint32()?,
            },
            2 => Self::Index {
                number: cursor.varint32()?,
                len: cursor.varint()?,
                checksum: cursor.u32()?,
            },
            3 => Self::Add(read_block(cursor)?),
            4 => Self::Retire {
                id: cursor.varint()?,
                version: cursor.varint()?,
            },
            5 => Self::Loading(cursor.u8()? != 0),
            6 => {
                let mut fields = Vec::new();
                for _ in 0..cursor.varint()? {
                    let name = cursor.str()?.to_owned();
                    let mut node_types = Vec::new();
                    for _ in 0..cursor.varint()? {
                        node_types.push(cursor.str()?.to_owned());
                    }
                    fields.push(FieldDeclaration { name, node_types });
                }
                Self::Fields(fields)
            }
            7 => {
                let (version, created_at) = (cursor.varint()?, cursor.varint()?);
                let (nodes, edges) = (cursor.varint()?, cursor.varint()?);
                let mut tags = BTreeMap::new();
                for _ in 0..cursor.varint()? {
                    tags.insert(cursor.str()?.to_owned(), cursor.str()?.to_owned());
                }
                let mut blocks = Vec::new();
                for _ in 0..cursor.varint()? {
                    blocks.push(read_block(cursor)?);
                }
                Self::Keep(Kept {
                    version,
                    created_at,
                    tags,
                    nodes,
                    edges,
                    blocks,
                })
            }
            8 => Self::Forget {
                version: cursor.varint()?,
            },
            9 => Self::Version(cursor.varint()?),
            _ => return None,
        })
    }
}

impl Contents {
    /// The edits that make these contents from nothing.
    pub(crate) fn edits(&self) -> Vec<Edit> {
        let mut edits = vec![
            Edit::Counters {
                next_block: self.next_block,
                version: self.version,
                next_file: self.next_file,
            },
            Edit::Loading(self.loading),
            Edit::Fields(self.fields.clone()),
        ];
        edits.extend(self.index.map(|i| Edit::Index {
            number: i.number,
            len: i.len,
            checksum: i.checksum,
        }));
        edits.extend(
            self.retired
                .iter()
                .map(|&(id, version)| Edit::Retire { id, version }),
        );
        edits.extend(self.blocks.values().cloned().map(Edit::Add));
        edits.extend(self.kept.values().cloned().map(Edit::Keep));
        edits
    }

    fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Counters {
                next_block,
                version,
                next_file,
            } => {
                (self.next_block, self.version, self.next_file) = (next_block, version, next_file);
            }
            Edit::Index {
                number,
                len,
                checksum,
            } => {
                self.index = Some(IndexRef {
                    number,
                    len,
                    checksum,
                })
            }
            Edit::Add(block) => {
                self.next_block = self.next_block.max(block.id + 1);
                self.next_file = self.next_file.max(block.segment + 1);
                self.version = self.version.max(block.commit);
                self.blocks.insert(block.id, block);
            }
            Edit::Retire { id, version } => {
                self.version = self.version.max(version);
                if self.blocks.remove(&id).is_none() {
                    self.retired.push((id, version));
                }
            }
            Edit::Loading(loading) => self.loading = loading,
            Edit::Fields(fields) => self.fields = fields,
            Edit::Keep(kept) => {
                self.kept.insert(kept.version, kept);
            }
            Edit::Forget { version } => {
                self.kept.remove(&version);
            }
            Edit::Version(version) => self.version = version,
        }
    }
}

/// A frame as it stands in manifest `number` at `offset`. Number and place are part of the checksum, so that bytes of an
/// older frame are not taken for one.
pub(crate) fn frame(number: u64, offset: u64, edits: &[Edit]) -> Vec<u8> {
    let mut out = vec![0; FRAME_HEADER];
    edits.iter().for_each(|edit| edit.put(&mut out));
    let len = (out.len() - FRAME_HEADER) as u32;
    let checksum = frame_checksum(number, offset, &out[FRAME_HEADER..]);
    out[..4].copy_from_slice(&len.to_le_bytes());
    out[4..8].copy_from_slice(&checksum.to_le_bytes());
    out
}

fn frame_checksum(number: u64, offset: u64, payload: &[u8]) -> u32 {
    let mut place = [0; 16];
    place[..8].copy_from_slice(&number.to_le_bytes());
    place[8..].copy_from_slice(&offset.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&place), payload)
}

/// A manifest that begins with the given contents.
pub(crate) fn checkpoint(number: u64, contents: &Contents) -> Vec<u8> {
    let mut out = vec![0; HEADER];
    let first = frame(number, HEADER as u64, &contents.edits());
    out[..8].copy_from_slice(&MAGIC);
    out[8..12].copy_from_slice(&VERSION.to_le_bytes());
    out[16..24].copy_from_slice(&number.to_le_bytes());
    out[24..32].copy_from_slice(&(first.len() as u64).to_le_bytes());
    let checksum = crc32c::crc32c(&out[16..HEADER]);
    out[12..16].copy_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(&first);
    out
}

/// Makes the checksums of the header and of the first frame right, whatever they cover.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn repair(bytes: &mut [u8]) {
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&1u64.to_le_bytes());
    let len = (bytes.len() - HEADER - FRAME_HEADER) as u32;
    bytes[HEADER..HEADER + 4].copy_from_slice(&len.to_le_bytes());
    let checksum = frame_checksum(1, HEADER as u64, &bytes[HEADER + FRAME_HEADER..]);
    bytes[HEADER + 4..HEADER + 8].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[16..HEADER]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
}

/// What reading a manifest gave.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) contents: Contents,
    /// End of the last good frame.
    pub(crate) end: u64,
}

/// Reads a manifest. A bad frame before `durable` is damage; after it, it is where a crash cut the log. `accept` looks at the
/// edits of a frame after `durable` and may call it cut as well.
pub(crate) fn read(
    bytes: &[u8],
    path: &Path,
    number: u64,
    durable: u64,
    mut accept: impl FnMut(&[Edit]) -> bool,
) -> Result<Recovered> {
    let damaged = |offset: usize, what: &str| Error::damaged(path, offset as u64, what);
    let header: &[u8; HEADER] = bytes
        .first_chunk()
        .ok_or_else(|| damaged(bytes.len(), "the manifest is cut off"))?;
    if header[..8] != MAGIC {
        return Err(damaged(0, "this is not a manifest"));
    }
    let version = u32_at(header, 8).unwrap_or_default();
    if version > VERSION {
        return Err(Error::NewerFormat {
            file: path.to_path_buf(),
            found: version,
            supported: VERSION,
        });
    }
    if version != VERSION || crc32c::crc32c(&header[16..]) != u32_at(header, 12).unwrap_or_default()
    {
        return Err(damaged(
            8,
            "the header of the manifest does not match its checksum",
        ));
    }
    if u64_at(header, 16) != Some(number) {
        return Err(damaged(16, "the manifest has the number of another"));
    }
    let first_len = u64_at(header, 24).unwrap_or_default();
    let durable = durable.max((HEADER as u64).saturating_add(first_len));

    let mut contents = Contents::default();
    let mut end = HEADER;
    while end < bytes.len() {
        let read_frame = || -> Option<(Vec<Edit>, usize)> {
            let len = u32_at(bytes, end)? as usize;
            let payload = bytes.get(end + FRAME_HEADER..)?.get(..len)?;
            if len == 0 || frame_checksum(number, end as u64, payload) != u32_at(bytes, end + 4)? {
                return None;
            }
            let mut cursor = Cursor::new(payload);
            let mut edits = Vec::new();
            while !cursor.is_empty() {
                edits.push(Edit::read(&mut cursor)?);
            }
            Some((edits, end + FRAME_HEADER + len))
        };
        match read_frame() {
            Some((edits, next)) => {
                if (end as u64) >= durable && !accept(&edits) {
                    break;
                }
                edits.into_iter().for_each(|edit| contents.apply(edit));
                end = next;
            }
            None if (end as u64) < durable => {
                return Err(damaged(end, "a frame of the manifest is damaged"));
            }
            None => break,
        }
    }
    if (end as u64) < durable {
        return Err(damaged(end, "the manifest is cut off"));
    }
    Ok(Recovered {
        contents,
        end: end as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(id: u64) -> BlockDesc {
        BlockDesc {
            id,
            commit: id + 1,
            segment: 3,
            offset: 70_000,
            len: 99,
            checksum: 0xdead_beef,
            nodes: 5,
            edges: 6,
            file: "a".into(),
            context: "".into(),
        }
    }

    fn sample() -> Contents {
        Contents {
            next_block: 9,
            version: 12,
            next_file: 4,
            index: Some(IndexRef {
                number: 2,
                len: 1000,
                checksum: 7,
            }),
            blocks: [(7, block(7)), (8, block(8))].into(),
            retired: vec![(1, 11)],
            loading: true,
            fields: vec![FieldDeclaration {
                name: "f".into(),
                node_types: vec!["T".into()],
            }],
            kept: [(
                5,
                Kept {
                    version: 5,
                    created_at: 6,
                    tags: [("k".into(), "v".into())].into(),
                    nodes: 1,
                    edges: 2,
                    blocks: vec![block(1)],
                },
            )]
            .into(),
        }
    }

    #[test]
    fn contents_come_back() {
        let bytes = checkpoint(3, &sample());
        let read = read(&bytes, Path::new("m"), 3, 0, |_| true).unwrap();
        assert_eq!(read.contents, sample());
        assert_eq!(read.end, bytes.len() as u64);
    }

    #[test]
    fn a_cut_tail_is_dropped_and_a_cut_durable_part_is_damage() {
        let mut bytes = checkpoint(3, &sample());
        let start = bytes.len();
        let tail = frame(3, start as u64, &[Edit::Retire { id: 7, version: 13 }]);
        bytes.extend_from_slice(&tail);
        for cut in start..bytes.len() {
            let recovered = read(&bytes[..cut], Path::new("m"), 3, start as u64, |_| true).unwrap();
            assert_eq!(recovered.contents, sample());
            if cut > start {
                assert!(
                    read(&bytes[..cut], Path::new("m"), 3, bytes.len() as u64, |_| {
                        true
                    })
                    .is_err()
                );
            }
        }
        let all = read(&bytes, Path::new("m"), 3, start as u64, |_| true).unwrap();
        assert!(!all.contents.blocks.contains_key(&7));
        for at in 0..start {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            // Bytes 32 to 64 of the header are under the checksum too, so every flip is found.
            assert!(
                read(&flipped, Path::new("m"), 3, start as u64, |_| true).is_err(),
                "byte {at}"
            );
        }
    }

    #[test]
    fn a_length_beyond_all_numbers_is_damage() {
        let mut bytes = checkpoint(1, &Contents::default());
        bytes[24..32].fill(0xff);
        let checksum = crc32c::crc32c(&bytes[16..HEADER]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        assert!(read(&bytes, Path::new("m"), 1, 0, |_| true).is_err());
    }
}
