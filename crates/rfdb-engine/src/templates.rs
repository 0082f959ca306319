//! Templates of metadata that a thread has met.
//!
//! Every block has a dictionary of its own, and most blocks are small: without a memory that outlives the block, a thread
//! would take apart and check the same few hundred templates again for each file. Here they are kept, and found again by
//! a tree whose edges are the literal parts: a text is walked through once, and the walk gives its holes.
//!
//! What is kept depends on what the thread has done before, and a template decides only how a text is stored: what is
//! read back is always the text.

use std::cell::RefCell;

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use crate::dictionary::hash_bytes;
use crate::metadata::{self, Hole, INTEGER, STRING, canonical_integer, string_end};

/// Longer templates are not kept: they are mostly of one text only.
const LONGEST: usize = 1 << 10;
/// When so many are kept, all are forgotten.
const MOST: usize = 1 << 12;
/// Types are told apart by so many kinds; two types of one kind share a tree.
const KINDS: usize = 256;

/// The kind of a node or edge type.
pub(crate) fn kind(type_name: &str) -> u8 {
    // The upper bits of the product mix all bits of the name.
    (hash_bytes(type_name.as_bytes()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// A template as a block stores it.
pub(crate) enum Template<'a> {
    /// It has this number in the dictionary of the block.
    Known(u32),
    /// The block has not met it yet; its number is to be told to [`Templates::remember`] with the first value.
    New(Option<usize>, &'a [u8]),
    /// The text is not a JSON object.
    Invalid,
}

/// A literal part and what follows it.
#[derive(Debug)]
struct Step {
    literal: Box<[u8]>,
    /// [`INTEGER`], [`STRING`], or 0 where the text ends.
    marker: u8,
    /// The template, where the text ends.
    template: usize,
    next: Vec<u32>,
}

#[derive(Debug)]
struct Kept {
    bytes: Box<[u8]>,
    /// Its marks, in order.
    holes: Box<[u8]>,
    /// The block that asked last, and the number that the template has there.
    block: u64,
    number: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Templates {
    kept: Vec<Kept>,
    by_bytes: HashTable<usize>,
    /// By where a caller has the bytes: who makes many rows names the same ones again and again.
    by_place: FxHashMap<(usize, usize), usize>,
    steps: Vec<Step>,
    /// First steps, by kind.
    roots: Vec<Vec<u32>>,
    scratch: Vec<u8>,
    holes: Vec<Hole>,
}

thread_local! {
    static TEMPLATES: RefCell<Templates> = RefCell::default();
}

/// Runs `f` with the templates of this thread.
pub(crate) fn with<R>(f: impl FnOnce(&mut Templates) -> R) -> R {
    TEMPLATES.with_borrow_mut(f)
}

/// Most parts that differ do so in their first or last eight bytes, and few are longer than these.
fn equal(a: &[u8], b: &[u8]) -> bool {
    match a.len() {
        len @ 8.. => {
            len == b.len()
                && a.first_chunk::<8>() == b.first_chunk::<8>()
                && a.last_chunk::<8>() == b.last_chunk::<8>()
                && (len <= 16 || a[8..len - 8] == b[8..len - 8])
        }
        _ => a == b,
    }
}

impl Templates {
    /// Finds the template of a text for a block; [`Templates::holes`] are then those of the text.
    pub(crate) fn find(&mut self, block: u64, kind: u8, text: &str) -> Template<'_> {
        let found = self.walk(kind, text.as_bytes());
        let number = match found {
            Some(number) => number,
            None => {
                let mut template = std::mem::take(&mut self.scratch);
                metadata::split(text, &mut template, &mut self.holes);
                self.scratch = template;
                match self.keep(kind) {
                    Ok(Some(number)) => number,
                    Ok(None) => return Template::New(None, &self.scratch),
                    Err(NotAnObject) => return Template::Invalid,
                }
            }
        };
        let kept = &self.kept[number];
        if kept.block == block {
            Template::Known(kept.number)
        } else {
            Template::New(Some(number), &kept.bytes)
        }
    }

    /// The holes of the text that was found last.
    pub(crate) fn holes(&self) -> &[Hole] {
        &self.holes
    }

    /// Says which number a template has in a block.
    pub(crate) fn remember(&mut self, template: Option<usize>, block: u64, number: u32) {
        if let Some(kept) = template.and_then(|template| self.kept.get_mut(template)) {
            kept.block = block;
            kept.number = number;
        }
    }

    /// Follows a text from part to part. Where the parts do not lead to its end, the text is taken apart instead.
    fn walk(&mut self, kind: u8, text: &[u8]) -> Option<usize> {
        self.holes.clear();
        let Self {
            steps,
            roots,
            holes,
            ..
        } = self;
        let mut at = 0;
        let mut from: Option<usize> = None;
        loop {
            let candidates = match from {
                None => roots.get(usize::from(kind))?,
                Some(step) => &steps[step].next,
            };
            let place = candidates.iter().position(|&candidate| {
                let step = &steps[candidate as usize];
                let hole = at + step.literal.len();
                if !text
                    .get(at..hole)
                    .is_some_and(|part| equal(part, &step.literal))
                {
                    return false;
                }
                let end = match step.marker {
                    INTEGER => canonical_integer(text, hole).map(|(value, end)| {
                        holes.push(Hole::Integer(value));
                        end
                    }),
                    STRING => string_end(text, hole).inspect(|&end| {
                        holes.push(Hole::String { start: hole, end });
                    }),
                    _ => (hole == text.len()).then_some(hole),
                };
                at = end.unwrap_or(at);
                end.is_some()
            })?;
            let step = candidates[place] as usize;
            if place > 0 {
                // What is asked for often comes to the front.
                let candidates = match from {
                    None => &mut roots[usize::from(kind)],
                    Some(step) => &mut steps[step].next,
                };
                candidates.swap(place, place - 1);
            }
            if steps[step].marker == 0 {
                return Some(steps[step].template);
            }
            from = Some(step);
        }
    }

    /// Keeps the template in `scratch` for texts of a kind; `None` if it is too long to be kept.
    fn keep(&mut self, kind: u8) -> Result<Option<usize>, NotAnObject> {
        let template = std::mem::take(&mut self.scratch);
        let kept = self.checked(&template);
        self.scratch = template;
        if let Ok(Some(number)) = kept {
            self.plant(kind, number);
        }
        kept
    }

    /// Appends the marks of a template. `None` if its texts are no JSON objects.
    pub(crate) fn push_holes(&mut self, template: &[u8], holes: &mut Vec<u8>) -> Option<()> {
        let place = (template.as_ptr().addr(), template.len());
        let at_place = self.by_place.get(&place);
        if let Some(kept) = at_place.and_then(|&number| self.kept.get(number))
            && equal(&kept.bytes, template)
        {
            holes.extend_from_slice(&kept.holes);
            return Some(());
        }
        match self.checked(template).ok()? {
            Some(number) => {
                if self.by_place.len() >= MOST {
                    self.by_place.clear();
                }
                self.by_place.insert(place, number);
                holes.extend_from_slice(&self.kept[number].holes);
            }
            None => holes.extend(holes_of(template)),
        }
        Some(())
    }

    /// Checks a template that is not kept yet; the number under which it is kept, if it is not too long for that.
    fn checked(&mut self, template: &[u8]) -> Result<Option<usize>, NotAnObject> {
        let Self { kept, by_bytes, .. } = self;
        let hash = hash_bytes(template);
        if let Some(&number) = by_bytes.find(hash, |&number| *kept[number].bytes == *template) {
            return Ok(Some(number));
        }
        if !metadata::is_object(template) {
            return Err(NotAnObject);
        }
        if template.len() > LONGEST {
            return Ok(None);
        }
        if kept.len() >= MOST {
            kept.clear();
            by_bytes.clear();
            self.steps.clear();
            self.roots.clear();
        }
        let number = kept.len();
        kept.push(Kept {
            bytes: template.into(),
            holes: holes_of(template).collect(),
            block: 0,
            number: 0,
        });
        by_bytes.insert_unique(hash, number, |&number| hash_bytes(&kept[number].bytes));
        Ok(Some(number))
    }

    /// Adds the parts of a template to the tree of a kind.
    fn plant(&mut self, kind: u8, template: usize) {
        self.roots.resize_with(KINDS, Vec::new);
        let bytes = self.kept[template].bytes.clone();
        let mut rest: &[u8] = &bytes;
        let mut from: Option<usize> = None;
        loop {
            let cut = rest
                .iter()
                .position(|&byte| byte == INTEGER || byte == STRING);
            let (literal, marker) = match cut {
                Some(cut) => (&rest[..cut], rest[cut]),
                None => (rest, 0),
            };
            let list = match from {
                None => &self.roots[usize::from(kind)],
                Some(step) => &self.steps[step].next,
            };
            let there = list.iter().copied().find(|&step| {
                let step = &self.steps[step as usize];
                step.marker == marker && *step.literal == *literal
            });
            let step = match there {
                Some(step) => step as usize,
                None => {
                    let step = self.steps.len();
                    self.steps.push(Step {
                        literal: literal.into(),
                        marker,
                        template,
                        next: Vec::new(),
                    });
                    match from {
                        None => self.roots[usize::from(kind)].push(step as u32),
                        Some(from) => self.steps[from].next.push(step as u32),
                    }
                    step
                }
            };
            let Some(cut) = cut else { break };
            rest = &rest[cut + 1..];
            from = Some(step);
        }
    }
}

struct NotAnObject;

fn holes_of(template: &[u8]) -> impl Iterator<Item = u8> {
    memchr::memchr2_iter(INTEGER, STRING, template).map(|at| template[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Cursor, put_varint, zigzag};
    use proptest::prelude::*;

    /// The text that template and holes give.
    fn stored_and_read(templates: &mut Templates, block: u64, text: &str) -> Option<String> {
        let template = match templates.find(block, 7, text) {
            Template::Known(number) => {
                // The test numbers templates by their place.
                templates.kept[number as usize].bytes.to_vec()
            }
            Template::New(number, bytes) => {
                let bytes = bytes.to_vec();
                if let Some(place) = number {
                    templates.remember(number, block, place as u32);
                }
                bytes
            }
            Template::Invalid => return None,
        };
        let (mut stored, mut strings) = (Vec::new(), Vec::new());
        for &hole in templates.holes() {
            match hole {
                Hole::Integer(value) => put_varint(&mut stored, zigzag(value)),
                Hole::String { start, end } => {
                    put_varint(&mut stored, strings.len() as u64);
                    strings.push(&text[start..end]);
                }
            }
        }
        metadata::fill(&template, &mut Cursor::new(&stored), |i| {
            strings.get(i as usize).map(|text: &&str| text.as_bytes())
        })
    }

    #[test]
    fn a_second_text_of_a_shape_is_found_by_walking() {
        let mut templates = Templates::default();
        for text in [
            r#"{"line":1,"column":0,"kind":"let"}"#,
            r#"{"line":1,"column":0,"kind":"q\"\u00e9uote"}"#,
            r#"{"line":1,"column":0}"#,
            "{}",
        ] {
            assert_eq!(
                stored_and_read(&mut templates, 1, text).as_deref(),
                Some(text)
            );
            assert!(templates.walk(7, text.as_bytes()).is_some(), "{text}");
        }
        for other in [
            r#"{"line":12345,"column":-7,"kind":"ü"}"#,
            r#"{"line":1,"column":0,"kind":"\n\u0000\\"}"#,
        ] {
            assert!(templates.walk(7, other.as_bytes()).is_some());
        }
        assert_eq!(templates.walk(7, br#"{"line":01,"column":0}"#), None);
        assert_eq!(templates.kept.len(), 3);
    }

    #[test]
    fn what_is_no_object_stays_invalid() {
        let mut templates = Templates::default();
        for _ in 0..2 {
            assert_eq!(stored_and_read(&mut templates, 1, "[1]"), None);
            assert_eq!(stored_and_read(&mut templates, 1, r#"{"a":}"#), None);
            for wrong in [r#"{"a":"\x"}"#, r#"{"a":"\u00g0"}"#, "{\"a\":\"\n\"}"] {
                assert_eq!(stored_and_read(&mut templates, 1, wrong), None);
            }
        }
    }

    #[test]
    fn forgetting_changes_nothing() {
        let mut templates = Templates::default();
        for i in 0..MOST + 10 {
            let text = format!(r#"{{"key{i}":1}}"#);
            assert_eq!(stored_and_read(&mut templates, 1, &text), Some(text));
        }
        assert!(templates.kept.len() < MOST);
    }

    proptest! {
        #[test]
        fn texts_come_back(texts in prop::collection::vec(
            r#"\{("[ab]":(-?[0-9]{1,3}|"[xyu0\\"]{0,6}"|true|\[1,"z"\]))(,"[cd]":([0-9]|"[xy]{0,2}")){0,2}\}"#, 1..30,
        )) {
            let mut templates = Templates::default();
            for (block, text) in (1..).zip(&texts) {
                let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
                let read = stored_and_read(&mut templates, block % 3 + 1, text);
                prop_assert_eq!(read.as_ref(), is_object.then_some(text));
            }
        }
    }
}
