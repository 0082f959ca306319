//! Where answers are remembered: most questions are about a shape, a node or a type of a module, and have a slot in a
//! table of that module.

use graph_model::summary::{NodeRef, ShapeRef, TypeRef};
use rustc_hash::FxHashMap;

use super::value::Set;
use crate::calls::Confidence;
use crate::program::{ModuleIx, Program};

/// A question whose answer is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Shape(ModuleIx, ShapeRef),
    Node(ModuleIx, NodeRef),
    Type(ModuleIx, TypeRef),
    /// What a function gives back, without its declaration.
    Returned(ModuleIx, NodeRef),
    /// What the place of a function or literal expects.
    Expected(ModuleIx, NodeRef),
    /// The instance of `extends`.
    Base(ModuleIx, NodeRef),
    /// Instances of an expression that is passed to be extended.
    Extended(ModuleIx, ShapeRef),
    /// Values of a member of a class.
    ClassMember(ModuleIx, NodeRef, u32, u32),
}

/// An answer that depends on nothing but the question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clean<'a> {
    pub(super) set: Set<'a>,
    /// How many questions deep it is.
    pub(super) height: u32,
    /// What was read for it, as [`reads`](crate::reads) names it.
    pub(super) reads: u32,
}

/// An answer that counts while one module is linked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local<'a> {
    pub(super) set: Set<'a>,
    /// Whether an assumption had a part in it.
    pub(super) assumed: Confidence,
    /// What was read for it, as [`reads`](crate::reads) names it.
    pub(super) reads: u32,
}

/// A remembered answer.
pub(super) enum Known<'a> {
    Clean(Clean<'a>),
    Local(Local<'a>),
}

/// Which answer a question has: none is 0; the answers of one module are counted down from the end.
type Slot = u32;

/// The slots of a module.
#[derive(Debug)]
struct Slots {
    shapes: Box<[Slot]>,
    nodes: Box<[Slot]>,
    types: Box<[Slot]>,
}

/// Answers in a row that never move: there are many, and a list that grows copies them again and again.
#[derive(Debug, Default)]
struct Row<'a>(Vec<Vec<Clean<'a>>>);

impl<'a> Row<'a> {
    /// So many lie in one piece of memory.
    const PIECE: usize = 1 << 10;

    fn get(&self, at: usize) -> Option<&Clean<'a>> {
        self.0.get(at / Self::PIECE)?.get(at % Self::PIECE)
    }

    /// Adds an answer, and tells where.
    fn push(&mut self, clean: Clean<'a>) -> usize {
        let pieces = self.0.len();
        match self.0.last_mut().filter(|last| last.len() < Self::PIECE) {
            Some(last) => {
                last.push(clean);
                (pieces - 1) * Self::PIECE + last.len() - 1
            }
            None => {
                let mut piece = Vec::with_capacity(Self::PIECE);
                piece.push(clean);
                self.0.push(piece);
                pieces * Self::PIECE
            }
        }
    }
}

/// All answers of one evaluation.
#[derive(Debug)]
pub(super) struct Memo<'a> {
    /// For each module that was asked about.
    modules: Vec<Option<Box<Slots>>>,
    others: FxHashMap<Key, Slot>,
    clean: Row<'a>,
    local: Vec<(Key, Local<'a>)>,
}

impl<'a> Memo<'a> {
    pub(super) fn new(program: &Program) -> Self {
        Memo {
            modules: program.indexes().map(|_| None).collect(),
            others: FxHashMap::default(),
            clean: Row::default(),
            local: Vec::new(),
        }
    }

    /// The answer to a question, if it is known.
    pub(super) fn get(&self, key: Key) -> Option<Known<'a>> {
        let slots = |module: ModuleIx| self.modules.get(module.0 as usize)?.as_deref();
        let slot = match key {
            Key::Shape(module, shape) => slots(module)?.shapes.get(shape.0 as usize),
            Key::Node(module, node) => slots(module)?.nodes.get(node.0 as usize),
            Key::Type(module, ty) => slots(module)?.types.get(ty.0 as usize),
            key => self.others.get(&key),
        };
        let slot = *slot? as usize;
        match self.clean.get(slot.wrapping_sub(1)) {
            Some(&clean) => Some(Known::Clean(clean)),
            None => {
                let local = self.local.get((Slot::MAX as usize).wrapping_sub(slot))?;
                Some(Known::Local(local.1))
            }
        }
    }

    /// Remembers an answer.
    #[inline]
    pub(super) fn keep(&mut self, program: &Program, key: Key, clean: Clean<'a>) {
        let slot = self.clean.push(clean) as Slot + 1;
        self.set(program, key, slot);
    }

    /// Remembers an answer until [`Memo::forget_local`].
    pub(super) fn keep_local(&mut self, program: &Program, key: Key, local: Local<'a>) {
        let slot = Slot::MAX - self.local.len() as Slot;
        self.local.push((key, local));
        self.set(program, key, slot);
    }

    pub(super) fn forget_local(&mut self, program: &Program) {
        let mut local = std::mem::take(&mut self.local);
        for (key, _) in local.drain(..) {
            self.set(program, key, 0);
        }
        self.local = local;
    }

    fn set(&mut self, program: &Program, key: Key, slot: Slot) {
        let at = match key {
            Key::Shape(module, shape) => {
                self.slots(program, module).shapes.get_mut(shape.0 as usize)
            }
            Key::Node(module, node) => self.slots(program, module).nodes.get_mut(node.0 as usize),
            Key::Type(module, ty) => self.slots(program, module).types.get_mut(ty.0 as usize),
            key => {
                if slot == 0 {
                    self.others.remove(&key);
                } else {
                    self.others.insert(key, slot);
                }
                return;
            }
        };
        // What is not in the tables of a summary is nothing, and asking again costs little.
        if let Some(at) = at {
            *at = slot;
        }
    }

    fn slots(&mut self, program: &Program, module: ModuleIx) -> &mut Slots {
        self.modules[module.0 as usize].get_or_insert_with(|| {
            let summary = &program.module(module).summary;
            Box::new(Slots {
                shapes: vec![0; summary.shapes.len()].into(),
                nodes: vec![0; summary.nodes.len()].into(),
                types: vec![0; summary.types.len()].into(),
            })
        })
    }
}
