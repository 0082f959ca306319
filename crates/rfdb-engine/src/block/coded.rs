//! Coded rows on their way into a block.
//!
//! A number of the caller's dictionary is looked up once for each block; from then on it is an index into a table here, so
//! that a text which many rows have is hashed and compared once.

use super::build::{BlockBuilder, Text};
use super::flag;
use crate::codec::{Varints, zigzag};
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
/// So many places are added to a table at once.
const MORE: usize = 64;

/// A text in the dictionary of the block, and whether it was found to be what can stand in a string of JSON. Strings of a block
/// are fewer than its bytes, so there is a bit for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TextCode(u32);

impl TextCode {
    const UNKNOWN: Self = Self(UNKNOWN);

    fn new(string: Text) -> Self {
        Self(string << 1)
    }

    fn string(self) -> Text {
        self.0 >> 1
    }

    fn is_contents(self) -> bool {
        self.0 & 1 == 1
    }

    fn as_contents(self) -> Self {
        Self(self.0 | 1)
    }
}

/// A template in the dictionary of the block.
#[derive(Debug, Clone, Copy)]
struct TemplateCode {
    string: Text,
    first_hole: u32,
    holes: u32,
    /// Holes before the first that is not of an integer.
    integers: u32,
}

/// Puts what is known of a number into its place.
fn keep<T: Clone>(table: &mut Vec<T>, number: u32, unknown: T, value: T) {
    let place = number as usize;
    if table.len() <= place {
        // Numbers mostly come in ascending order.
        table.resize((place + 1).next_multiple_of(MORE), unknown);
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
    fn coded_text(&mut self, dictionary: &dyn RowDictionary, number: u32) -> Text {
        match self.codes.texts.get(number as usize) {
            Some(&code) if code != TextCode::UNKNOWN => code.string(),
            _ => self.new_text(dictionary, number).string(),
        }
    }

    fn new_text(&mut self, dictionary: &dyn RowDictionary, number: u32) -> TextCode {
        let text = dictionary.text(number).as_bytes();
        // The texts of a dictionary are mostly distinct, and one that comes twice is only stored twice.
        let code = TextCode::new(self.push_string(text));
        keep(&mut self.codes.texts, number, TextCode::UNKNOWN, code);
        code
    }

    /// As `coded_text`, for a text that is to stand in a string of JSON; `None` if it cannot.
    #[inline]
    fn coded_contents(&mut self, dictionary: &dyn RowDictionary, number: u32) -> Option<Text> {
        match self.codes.texts.get(number as usize) {
            // An unknown text has that bit too.
            Some(&code) if code.is_contents() && code != TextCode::UNKNOWN => Some(code.string()),
            _ => self.new_contents(dictionary, number),
        }
    }

    fn new_contents(&mut self, dictionary: &dyn RowDictionary, number: u32) -> Option<Text> {
        let string = self.coded_text(dictionary, number);
        if !metadata::is_contents(self.string(string)) {
            return None;
        }
        let code = TextCode::new(string).as_contents();
        keep(&mut self.codes.texts, number, TextCode::UNKNOWN, code);
        Some(string)
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
        let holes = &self.codes.holes[first_hole..];
        let integers = holes.iter().take_while(|&&kind| kind == INTEGER).count();
        let code = TemplateCode {
            first_hole: first_hole as u32,
            holes: holes.len() as u32,
            integers: integers as u32,
            string: self.push_string(template),
        };
        keep(&mut self.codes.templates, number, None, Some(code));
        Some(code)
    }

    pub(crate) fn push_coded_nodes<'r>(
        &mut self,
        dictionary: &dyn RowDictionary,
        nodes: impl ExactSizeIterator<Item = CodedNodeRow<'r>>,
    ) {
        if !self.node_room(nodes.len()) {
            return;
        }
        let mut payload = std::mem::take(&mut self.node_payload);
        let mut out = Varints::new(&mut payload);
        // The paths of these rows live at the same time, so that one which lies where another does is the same.
        let mut last: Option<(&str, Text)> = None;
        for node in nodes {
            let file = match last {
                Some((path, file)) if std::ptr::eq(path, node.file) => file,
                _ => self.file(node.file),
            };
            last = Some((node.file, file));
            let code = self.coded_type(dictionary, node.node_type);
            let name = self.coded_text(dictionary, node.name);
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
            out.put(u64::from(flags));
            if let Some(text) = id.text {
                out.put(u64::from(self.coded_text(dictionary, text)));
            }
            if let Some(ordinal) = id.ordinal {
                out.put(u64::from(ordinal));
            }
            if has_metadata && !self.put_coded_metadata(dictionary, node.metadata, code, &mut out) {
                self.refuse(
                    format!("node {}", node.id),
                    text_of(dictionary, node.metadata),
                );
            }
            if !self.push_node_cells(node.id, [code, file, name], out.position()) {
                break;
            }
        }
        drop(out);
        self.node_payload = payload;
    }

    pub(crate) fn push_coded_edges<'r>(
        &mut self,
        dictionary: &dyn RowDictionary,
        edges: impl ExactSizeIterator<Item = CodedEdgeRow<'r>>,
    ) {
        if !self.edge_room(edges.len()) {
            return;
        }
        let first = self.codes.first_node;
        let nodes = self.node_ids.len() - first;
        let mut payload = std::mem::take(&mut self.edge_payload);
        let mut out = Varints::new(&mut payload);
        for edge in edges {
            let (src, dst) = (edge.src as usize, edge.dst as usize);
            if src >= nodes || dst >= nodes {
                let edge_type = dictionary.type_name(edge.edge_type);
                self.wrong.get_or_insert(Error::NoSuchRow {
                    edge: format!("{src} -{edge_type}-> {dst}"),
                    nodes,
                });
                break;
            }
            let code = self.coded_type(dictionary, edge.edge_type);
            let has_metadata = !matches!(edge.metadata, CodedMetadata::Text(""));
            if has_metadata && !self.put_coded_metadata(dictionary, edge.metadata, code, &mut out) {
                self.refuse(
                    format!("edge {src} -> {dst} of its owner's nodes"),
                    text_of(dictionary, edge.metadata),
                );
            }
            let src = self.slots.of_row(first + src);
            let dst = self.slots.of_row(first + dst);
            if !self.push_edge_cells([src, dst, code], out.position()) {
                break;
            }
        }
        drop(out);
        self.edge_payload = payload;
    }

    /// Appends template and holes; `false` if they are no JSON object.
    fn put_coded_metadata(
        &mut self,
        dictionary: &dyn RowDictionary,
        metadata: CodedMetadata<'_>,
        type_code: u32,
        row: &mut Varints<'_>,
    ) -> bool {
        let (template, holes) = match metadata {
            CodedMetadata::Text(text) => return self.put_metadata(text, type_code, row),
            CodedMetadata::Filled { template, holes } => (template, holes),
        };
        let Some(template) = self.coded_template(dictionary, template) else {
            return false;
        };
        if template.holes as usize != holes.len() {
            return false;
        }
        row.put(u64::from(template.string));
        // Places in the source, which most rows have, come first.
        let (integers, others) = holes.split_at(template.integers as usize);
        for &integer in integers {
            row.put(zigzag(i64::from(integer)));
        }
        for (kind, &hole) in (template.first_hole as usize + integers.len()..).zip(others) {
            if self.codes.holes[kind] == INTEGER {
                row.put(zigzag(i64::from(hole)));
            } else {
                let Some(string) = self.coded_contents(dictionary, hole) else {
                    return false;
                };
                row.put(u64::from(string));
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
