//! Templates of metadata: the text of a JSON object with a mark where a value stands.
//!
//! The metadata of most nodes and edges differ in their values only. What is written for one is therefore a *state* and a
//! list of values: the state stands for all that was written besides the values, as a node of a tree whose edges are the
//! pieces. The tree belongs to the thread, so that a shape which any module before had is found again, piece by piece,
//! and no text is made of it at all.

use std::cell::Cell;
use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::interner::Interner;
use super::template_texts::{GrowingTexts, TemplateTexts};
use graph_model::summary::Sym;

/// Stands for an integer.
pub(crate) const INTEGER_HOLE: char = '\u{1}';
/// Stands for the contents of a string, between its quotes.
pub(crate) const STRING_HOLE: char = '\u{2}';

/// All that was written besides the values.
pub(crate) type State = u32;
/// Nothing was written.
pub(crate) const EMPTY: State = 0;

/// When the tree has so many states, or its texts so many bytes, it is begun anew with the next module: most would be of shapes
/// that came once.
const MOST_STATES: usize = 1 << 16;
const MOST_BYTES: usize = 4 << 20;

/// What is written in one go. Members and elements end in a comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Piece {
    /// `"text":`
    Key,
    /// `"text":1,`
    IntegerMember,
    /// `"line":1,"column":1,`; the text is empty.
    Position,
    /// `"text":"value",`
    StringMember,
    /// `"text":true,`
    TrueMember,
    /// `"text":false,`
    FalseMember,
    /// `"text":[`
    BeginList,
    /// `"text":{`
    BeginObject,
    /// `],` in place of a last comma.
    EndList,
    /// `},` in place of a last comma.
    EndObject,
    /// `"value",`
    StringElement,
    /// `"text",`
    WordElement,
    /// `1`
    Integer,
    /// The contents of a string.
    Contents,
    /// `,`
    Comma,
}

/// A member that is true or false.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Flag {
    /// It is always there.
    Shown(&'static str),
    /// It is left out when false.
    IfTrue(&'static str),
}

/// What a state was reached by.
#[derive(Debug, Clone, Copy)]
enum Step {
    Fixed(Piece, &'static str),
    /// `"key":"word",`
    Word(&'static str, &'static str),
    /// Members, and of each a bit that says whether it is true.
    Flags(&'static [Flag], u32),
    /// A text that is not known to the program, from [`Templates::literals`].
    Literal(Sym),
}

/// A state: how it was reached, in a form that is quickly compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    before: State,
    /// Number of the literal, or the length of the word.
    word_len: u32,
    /// The piece, and the length of its text. Texts of the program are told apart by where they are: equal ones in two places
    /// make two states of one template.
    piece: u32,
    text: usize,
    word: usize,
}

/// What stands around the members of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// An edge.
    Edge,
    /// A node: its place stands first.
    Node {
        /// `isReassigned` stands last.
        reassigned: bool,
        /// `isExported` stands last.
        exported: bool,
    },
}

/// Of so many kinds are frames.
const FRAMES: usize = 5;

impl Frame {
    fn place(self) -> usize {
        match self {
            Frame::Edge => 0,
            Frame::Node {
                reassigned,
                exported,
            } => 1 + usize::from(reassigned) + 2 * usize::from(exported),
        }
    }
}

/// The templates of states in one frame, by state. Both tables are only as long as they were asked for.
#[derive(Debug, Default)]
struct Framed {
    /// Every row of a module asks for one: the number that the template had in the module which asked last, counted on from
    /// [`Templates::first`] of that module.
    numbers: Vec<u32>,
    /// Places among all templates; [`NONE`] where nobody asked.
    templates: Vec<u32>,
}

/// The templates of a module, by number.
#[derive(Debug, Default)]
pub(crate) struct UsedTemplates {
    texts: TemplateTexts,
    places: Vec<u32>,
}

impl UsedTemplates {
    /// The template of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(*self.places.get(number as usize)?)
    }
}

/// The templates that a thread has met.
pub(crate) struct Templates {
    nodes: Vec<Node>,
    /// By state, what it was reached by: rarely asked.
    steps_to: Vec<Step>,
    /// By [`Frame::place`].
    framed: [Framed; FRAMES],
    steps: HashTable<State>,
    /// States that were reached, by some bits of the hash of how: nearly all steps are taken many times.
    recent: Box<[State; RECENT]>,
    literals: Interner,
    templates: GrowingTexts,
    /// Bytes of all literals and templates.
    bytes: usize,
    /// The first number of the module: greater than all of the modules before.
    first: u32,
    /// Places of the templates of the module, by number.
    used: Vec<u32>,
}

thread_local! {
    static TEMPLATES: Cell<Option<Box<Templates>>> = const { Cell::new(None) };
}

const NONE: u32 = u32::MAX;
/// Few modules have more templates.
const MOST_USED: usize = 1 << 8;
/// [`Node::piece`] of steps that are no pieces.
const FLAGS: u32 = 253;
const WORD: u32 = 254;
const LITERAL: u32 = 255;
/// A power of two; what fits beside all else into the first cache.
const RECENT: usize = 1 << 12;

impl Templates {
    /// Those of this thread, for one module.
    pub(crate) fn take() -> Box<Templates> {
        let mut templates = TEMPLATES
            .take()
            .filter(|templates| {
                templates.nodes.len() < MOST_STATES
                    && templates.bytes < MOST_BYTES
                    && templates.first < u32::MAX / 2
            })
            .unwrap_or_else(|| {
                let start = Step::Literal(Sym(u32::MAX));
                Box::new(Templates {
                    nodes: vec![Node::new(EMPTY, start)],
                    steps_to: vec![start],
                    framed: Default::default(),
                    steps: HashTable::new(),
                    recent: Box::new([EMPTY; RECENT]),
                    literals: Interner::default(),
                    templates: GrowingTexts::default(),
                    bytes: 0,
                    first: 1,
                    used: Vec::new(),
                })
            });
        templates.used.reserve(MOST_USED);
        templates
    }

    /// Gives them back to the thread; the templates of the module.
    pub(crate) fn give_back(mut self: Box<Self>) -> UsedTemplates {
        let used = UsedTemplates {
            texts: self.templates.texts().clone(),
            places: std::mem::take(&mut self.used),
        };
        self.first += used.places.len() as u32;
        TEMPLATES.set(Some(self));
        used
    }

    /// The state after one more piece.
    #[inline]
    pub(crate) fn step(&mut self, state: State, piece: Piece, text: &'static str) -> State {
        self.follow(state, Step::Fixed(piece, text))
    }

    /// The state after a member whose value is one of the few words that the program has for it.
    #[inline]
    pub(crate) fn word(&mut self, state: State, key: &'static str, word: &'static str) -> State {
        self.follow(state, Step::Word(key, word))
    }

    /// The state after some members that are true or false: one step, as most of them are the same again and again. The first
    /// has the lowest bit of `values`.
    #[inline]
    pub(crate) fn flags(&mut self, state: State, flags: &'static [Flag], values: u32) -> State {
        self.follow(state, Step::Flags(flags, values))
    }

    /// The state after a text that is written as it is.
    pub(crate) fn literal(&mut self, state: State, text: &str) -> State {
        let states = self.nodes.len();
        let literal = self.literals.intern(text);
        let state = self.follow(state, Step::Literal(literal));
        if self.nodes.len() > states {
            self.bytes += text.len();
        }
        state
    }

    #[inline]
    fn follow(&mut self, state: State, step: Step) -> State {
        match self.recent(Node::new(state, step)) {
            Some(next) => next,
            None => self.look_up(state, step),
        }
    }

    /// The state that a step led to, if that was not long ago.
    #[inline]
    fn recent(&self, node: Node) -> Option<State> {
        let recent = self.recent[node.hash() as usize % RECENT];
        (self.nodes[recent as usize] == node).then_some(recent)
    }

    // It makes the node again, so that a step which is known costs no memory for one.
    #[cold]
    #[inline(never)]
    fn look_up(&mut self, state: State, step: Step) -> State {
        let Self {
            nodes,
            steps_to,
            steps,
            ..
        } = self;
        let node = Node::new(state, step);
        let hash = node.hash();
        let found = steps.find(hash, |&next| nodes[next as usize] == node);
        let next = match found {
            Some(&next) => next,
            None => {
                let next = nodes.len() as State;
                nodes.push(node);
                steps_to.push(step);
                steps.insert_unique(hash, next, |&next| nodes[next as usize].hash());
                next
            }
        };
        self.recent[hash as usize % RECENT] = next;
        next
    }

    /// The number that the template of a state has in the module.
    #[inline]
    pub(crate) fn number(&mut self, state: State, frame: Frame) -> u32 {
        match self.framed[frame.place()].numbers.get(state as usize) {
            Some(&number) if number >= self.first => number - self.first,
            _ => self.new_number(state, frame),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_number(&mut self, state: State, frame: Frame) -> u32 {
        let template = self.template(state, frame);
        let number = self.used.len() as u32;
        self.used.push(template);
        let numbers = &mut self.framed[frame.place()].numbers;
        *entry(numbers, state, 0) = self.first + number;
        number
    }

    /// The template of a state.
    pub(crate) fn text(&mut self, state: State, frame: Frame) -> &str {
        let template = self.template(state, frame);
        self.templates.texts().get(template).unwrap_or_default()
    }

    fn template(&mut self, state: State, frame: Frame) -> u32 {
        let templates = &mut self.framed[frame.place()].templates;
        let known = *entry(templates, state, NONE);
        if known != NONE {
            return known;
        }
        let text = self.text_in(state, frame);
        self.bytes += text.len();
        let index = self.templates.push(&text);
        self.framed[frame.place()].templates[state as usize] = index;
        index
    }

    fn text_in(&self, state: State, frame: Frame) -> String {
        let mut out = String::with_capacity(256);
        out.push('{');
        if let Frame::Node { .. } = frame {
            for key in ["line", "column", "endLine", "endColumn"] {
                out.extend(["\"", key, "\":\u{1},"]);
            }
        }
        self.write(state, &mut out);
        if let Frame::Node {
            reassigned,
            exported,
        } = frame
        {
            out.push_str(if reassigned {
                "\"isReassigned\":true,"
            } else {
                ""
            });
            out.push_str(if exported { "\"isExported\":true," } else { "" });
        }
        out.pop();
        out.push('}');
        out
    }

    /// Appends what a state stands for: members that each end in a comma, with marks for the values.
    pub(crate) fn write(&self, state: State, out: &mut String) {
        let mut path = Vec::new();
        let mut at = state;
        while at != EMPTY {
            path.push(self.steps_to[at as usize]);
            at = self.nodes[at as usize].before;
        }
        for step in path.into_iter().rev() {
            match step {
                Step::Literal(text) => out.push_str(self.literals.get(text)),
                Step::Fixed(piece, text) => piece.write(text, out),
                Step::Word(key, word) => out.extend(["\"", key, "\":\"", word, "\","]),
                Step::Flags(flags, values) => {
                    for (place, flag) in flags.iter().enumerate() {
                        match (flag, values >> place & 1 == 1) {
                            (Flag::Shown(key) | Flag::IfTrue(key), true) => {
                                Piece::TrueMember.write(key, out);
                            }
                            (Flag::Shown(key), false) => Piece::FalseMember.write(key, out),
                            (Flag::IfTrue(_), false) => {}
                        }
                    }
                }
            }
        }
    }
}

impl Piece {
    fn write(self, text: &str, out: &mut String) {
        let (before, after) = match self {
            Piece::Key => ("\"", "\":"),
            Piece::IntegerMember => ("\"", "\":\u{1},"),
            Piece::Position => ("\"line\":\u{1},\"column\":\u{1},", ""),
            Piece::StringMember => ("\"", "\":\"\u{2}\","),
            Piece::TrueMember => ("\"", "\":true,"),
            Piece::FalseMember => ("\"", "\":false,"),
            Piece::BeginList => ("\"", "\":["),
            Piece::BeginObject => ("\"", "\":{"),
            Piece::EndList => ("", "],"),
            Piece::EndObject => ("", "},"),
            Piece::StringElement => ("", "\"\u{2}\","),
            Piece::WordElement => ("\"", "\","),
            Piece::Integer => ("", "\u{1}"),
            Piece::Contents => ("", "\u{2}"),
            Piece::Comma => ("", ","),
        };
        if matches!(self, Piece::EndList | Piece::EndObject) && out.ends_with(',') {
            out.pop();
        }
        out.extend([before, text, after]);
    }
}

impl Node {
    #[inline]
    fn new(before: State, step: Step) -> Node {
        let told = |kind: u32, len: usize, text: usize, word: usize, word_len: u32| Node {
            before,
            word_len,
            piece: ((len as u32) << 8) | kind,
            text,
            word,
        };
        match step {
            Step::Fixed(piece, text) => told(piece as u32, text.len(), text.as_ptr().addr(), 0, 0),
            Step::Word(key, word) => {
                let (text, len) = (word.as_ptr().addr(), word.len() as u32);
                told(WORD, key.len(), key.as_ptr().addr(), text, len)
            }
            Step::Flags(flags, values) => {
                told(FLAGS, flags.len(), flags.as_ptr().addr(), 0, values)
            }
            Step::Literal(text) => told(LITERAL, 0, 0, 0, text.0),
        }
    }

    #[inline]
    fn hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        hasher.write_usize(self.text ^ self.word);
        hasher.write_u64(
            (u64::from(self.before) << 32) | u64::from(self.piece ^ self.word_len << 16),
        );
        hasher.finish()
    }
}

/// The entry of a state in a table, which is made as long as it has to be with `none`.
fn entry(table: &mut Vec<u32>, state: State, none: u32) -> &mut u32 {
    let place = state as usize;
    if table.len() <= place {
        table.resize(place + 1, none);
    }
    &mut table[place]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: Frame = Frame::Node {
        reassigned: true,
        exported: false,
    };

    #[test]
    fn a_template_is_what_its_pieces_say() {
        let mut templates = Templates::take();
        let mut state = EMPTY;
        for (piece, text) in [
            (Piece::StringMember, "kind"),
            (Piece::BeginObject, "flow"),
            (Piece::TrueMember, "loops"),
            (Piece::IntegerMember, "complexity"),
            (Piece::EndObject, ""),
            (Piece::BeginList, "names"),
            (Piece::StringElement, ""),
            (Piece::StringElement, ""),
            (Piece::EndList, ""),
            (Piece::BeginList, "none"),
            (Piece::EndList, ""),
            (Piece::Key, "value"),
        ] {
            state = templates.step(state, piece, text);
        }
        state = templates.literal(state, "0.5");
        state = templates.step(state, Piece::Comma, "");
        state = templates.word(state, "word", "const");
        let flags = &[Flag::Shown("a"), Flag::IfTrue("b"), Flag::Shown("c")];
        state = templates.flags(state, flags, 0b001);
        state = templates.flags(state, flags, 0b110);
        state = templates.step(state, Piece::Position, "");
        let (edge, node) = (
            templates.number(state, Frame::Edge),
            templates.number(state, NODE),
        );
        assert_eq!((edge, node), (0, 1));
        assert_eq!(templates.number(state, Frame::Edge), edge);
        let members = "\"kind\":\"\u{2}\",\"flow\":{\"loops\":true,\"complexity\":\u{1}},\
                       \"names\":[\"\u{2}\",\"\u{2}\"],\"none\":[],\"value\":0.5,\"word\":\"const\",\
                       \"a\":true,\"c\":false,\"a\":false,\"b\":true,\"c\":true,\"line\":\u{1},\"column\":\u{1}";
        let place = "\"line\":\u{1},\"column\":\u{1},\"endLine\":\u{1},\"endColumn\":\u{1}";
        let used = templates.give_back();
        assert_eq!(used.get(0), Some(&*format!("{{{members}}}")));
        assert_eq!(
            used.get(1),
            Some(&*format!("{{{place},{members},\"isReassigned\":true}}"))
        );
    }

    #[test]
    fn numbers_begin_anew_with_a_module_and_the_tree_with_too_many_texts() {
        let mut templates = Templates::take();
        let state = templates.step(EMPTY, Piece::TrueMember, "first");
        templates.number(state, Frame::Edge);
        templates.give_back();
        let mut templates = Templates::take();
        let states = templates.nodes.len();
        let state = templates.step(EMPTY, Piece::TrueMember, "second");
        assert_eq!(templates.number(state, Frame::Edge), 0);
        templates.literal(EMPTY, &"x".repeat(MOST_BYTES));
        assert_eq!(templates.nodes.len(), states + 2);
        templates.give_back();
        assert_eq!(Templates::take().nodes.len(), 1);
    }
}
