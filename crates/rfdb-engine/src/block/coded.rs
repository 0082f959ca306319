//! Coded rows on their way into a block.
//!
//! A number of the caller's dictionary is looked up once for each block; from then on it is an index into a table here, so
//! that a text which many rows have is hashed and compared once.

use super::build::{BlockBuilder, Text};
use super::flag;
use crate::codec::{Varints, put_varint, zigzag};
use crate::metadata::{self, INTEGER};
use crate::{CodedEdgeRow, CodedMetadata, CodedNodeRow, Error, RowDictionary, templates};

/// What the numbers of a dictionary are in the block, where they have been met.
#[derive(Debug, Default)]
pub(super) struct Codes {
    texts: Vec<TextCode>,
    templates: Vec<Option<TemplateCode>>,
    /// Kinds of the holes of all templates.
    holes: Vec<u8>,
    /// [`UNKNOWN`] where a type has not been met.
    types: Vec<u32>,
    /// Row of the first node since the owner was named.
    first_node: usize,
}

const UNKNOWN: u32 = u32::MAX;

/// A text in the dictionary of the block, and whether it can stand in a string of JSON. Strings of a block are fewer than
/// its bytes, so there is a bit for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TextCode(u32);

impl TextCode {
    const UNKNOWN: Self = Self(UNKNOWN);

    fn new(string: Text, is_contents: bool) -> Self {
        Self(string << 1 | u32::from(is_contents))
    }

    fn string(self) -> Text {
        self.0 >> 1
    }

    fn is_contents(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A template in the dictionary of the block.
#[derive(Debug, Clone, Copy)]
struct TemplateCode {
    string: Text,
    first_hole: u32,
    holes: u32,
}

/// Puts what is known of a number into its place.
fn keep<T: Clone>(table: &mut Vec<T>, number: u32, unknown: T, value: T) {
    let place = number as usize;
    if table.len() <= place {
        table.resize(place + 1, unknown);
    }
    table[place] = value;
}

impl Codes {
    /// Forgets the dictionary; nodes are counted from a row on.
    pub(super) fn begin(&mut self, first_node: usize) {
        self.texts.clear();
        self.templates.clear();
        self.holes.clear();
        self.types.clear();
        self.first_node = first_node;
    }
}

impl BlockBuilder {
    #[inline]
    fn coded_text(&mut self, dictionary: &dyn RowDictionary, number: u32) -> TextCode {
        match self.codes.texts.get(number as usize) {
            Some(&code) if code != TextCode::UNKNOWN => code,
            _ => self.new_text(dictionary, number),
        }
    }

    fn new_text(&mut self, dictionary: &dyn RowDictionary, number: u32) -> TextCode {
        let text = dictionary.text(number).as_bytes();
        let code = TextCode::new(self.intern(text), metadata::is_contents(text));
        keep(&mut self.codes.texts, number, TextCode::UNKNOWN, code);
        code
    }

    #[inline]
    fn coded_type(&mut self, dictionary: &dyn RowDictionary, number: u32) -> u32 {
        match self.codes.types.get(number as usize) {
            Some(&code) if code != UNKNOWN => code,
            _ => {
                let code = self.new_type_code(dictionary.type_name(number));
                keep(&mut self.codes.types, number, UNKNOWN, code);
                code
            }
        }
    }

    /// `None` if the texts of the template are no JSON objects.
    fn coded_template(
        &mut self,
        dictionary: &dyn RowDictionary,
        number: u32,
    ) -> Option<TemplateCode> {
        if let Some(&Some(code)) = self.codes.templates.get(number as usize) {
            return Some(code);
        }
        let template = dictionary.template(number).as_bytes();
        let first_hole = self.codes.holes.len();
        let holes = &mut self.codes.holes;
        templates::with(|templates| templates.push_holes(template, holes))?;
        let code = TemplateCode {
            string: self.intern(template),
            first_hole: first_hole as u32,
            holes: (self.codes.holes.len() - first_hole) as u32,
        };
        keep(&mut self.codes.templates, number, None, Some(code));
        Some(code)
    }

    pub(crate) fn push_coded_node(
        &mut self,
        dictionary: &dyn RowDictionary,
        node: &CodedNodeRow<'_>,
    ) {
        if !self.node_room() {
            return;
        }
        let code = self.coded_type(dictionary, node.node_type);
        let name = self.coded_text(dictionary, node.name).string();
        self.push_node_columns(node.id, code, node.file, name);
        let has_metadata = !matches!(node.metadata, CodedMetadata::Text(""));
        let id = node.semantic_id;
        let flags = [
            (true, flag::PREFIX),
            (id.named, flag::NAME),
            (id.text.is_some(), flag::TEXT),
            (id.ordinal.is_some(), flag::NUMBER),
            (node.exported, flag::EXPORTED),
            (has_metadata, flag::METADATA),
        ];
        let flags = flags
            .iter()
            .fold(0, |all, &(set, flag)| all | if set { flag } else { 0 });
        self.node_payload.push(flags);
        if let Some(text) = id.text {
            let string = self.coded_text(dictionary, text).string();
            put_varint(&mut self.node_payload, u64::from(string));
        }
        if let Some(ordinal) = id.ordinal {
            put_varint(&mut self.node_payload, u64::from(ordinal));
        }
        if has_metadata {
            let mut payload = std::mem::take(&mut self.node_payload);
            let written = self.put_coded_metadata(dictionary, node.metadata, code, &mut payload);
            self.node_payload = payload;
            if !written {
                self.refuse(
                    format!("node {}", node.id),
                    text_of(dictionary, node.metadata),
                );
            }
        }
        self.node_ends.push(self.node_payload.len() as u32);
    }

    pub(crate) fn push_coded_edge(
        &mut self,
        dictionary: &dyn RowDictionary,
        edge: &CodedEdgeRow<'_>,
    ) {
        if !self.edge_room() {
            return;
        }
        let nodes = &self.node_slots[self.codes.first_node..];
        let (Some(&src), Some(&dst)) = (nodes.get(edge.src as usize), nodes.get(edge.dst as usize))
        else {
            let nodes = nodes.len();
            self.wrong.get_or_insert(Error::NoSuchRow {
                edge: format!(
                    "{} -{}-> {}",
                    edge.src,
                    dictionary.type_name(edge.edge_type),
                    edge.dst
                ),
                nodes,
            });
            return;
        };
        let code = self.coded_type(dictionary, edge.edge_type);
        self.edge_src.push(src);
        self.edge_dst.push(dst);
        self.edge_types.push(code);
        if !matches!(edge.metadata, CodedMetadata::Text("")) {
            let mut payload = std::mem::take(&mut self.edge_payload);
            let written = self.put_coded_metadata(dictionary, edge.metadata, code, &mut payload);
            self.edge_payload = payload;
            if !written {
                self.refuse(
                    format!("edge {} -> {} of its owner's nodes", edge.src, edge.dst),
                    text_of(dictionary, edge.metadata),
                );
            }
        }
        self.edge_ends.push(self.edge_payload.len() as u32);
    }

    /// Appends template and holes; `false` if they are no JSON object.
    fn put_coded_metadata(
        &mut self,
        dictionary: &dyn RowDictionary,
        metadata: CodedMetadata<'_>,
        type_code: u32,
        out: &mut Vec<u8>,
    ) -> bool {
        let (template, holes) = match metadata {
            CodedMetadata::Text(text) => return self.put_metadata(text, type_code, out),
            CodedMetadata::Filled { template, holes } => (template, holes),
        };
        let Some(template) = self.coded_template(dictionary, template) else {
            return false;
        };
        if template.holes as usize != holes.len() {
            return false;
        }
        let mut row = Varints::new(out);
        row.put(u64::from(template.string));
        for (kind, &hole) in (template.first_hole as usize..).zip(holes) {
            if self.codes.holes[kind] == INTEGER {
                row.put(zigzag(i64::from(hole)));
            } else {
                let text = self.coded_text(dictionary, hole);
                if !text.is_contents() {
                    return false;
                }
                row.put(u64::from(text.string()));
            }
        }
        true
    }
}

/// What an error shows of metadata.
fn text_of<'a>(dictionary: &'a dyn RowDictionary, metadata: CodedMetadata<'a>) -> &'a str {
    match metadata {
        CodedMetadata::Text(text) => text,
        CodedMetadata::Filled { template, .. } => dictionary.template(template),
    }
}
