//! Evaluates shapes and types to the few values that they can be.
//!
//! Results are remembered. To make them independent of the order of questions, and so of the threads: a result in whose
//! making a cycle or the limit of depth had a part is only remembered while one module is linked, and what is remembered
//! longer counts as deep as it is.

mod builtin;
mod calls;
mod infer;
mod library;
mod members;
mod prototypes;
mod shapes;
mod types;
mod value;

use std::rc::Rc;

use graph_model::summary::{NodeRef, ShapeRef, TypeRef};
use rustc_hash::FxHashMap;

use crate::Linker;
use crate::calls::Confidence;
use crate::program::ModuleIx;
use crate::reads;

pub(crate) use value::{Env, Lib, Place, Set, THIS, Value};

/// Questions nest so deep.
const MAX_DEPTH: u32 = 96;
/// Steps inside of one question that are no questions themselves. What is left out for this depends on the question only.
const FUEL: u32 = 300;

/// A question whose answer is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Shape(ModuleIx, ShapeRef),
    Node(ModuleIx, NodeRef),
    Type(ModuleIx, TypeRef),
    /// What a function gives back, without its declaration.
    Returned(ModuleIx, NodeRef),
    /// What the place of a function or literal expects.
    Expected(ModuleIx, NodeRef),
    /// The instance of `extends`.
    Base(ModuleIx, NodeRef),
    /// Values of a member of a class.
    ClassMember(ModuleIx, NodeRef, u32, u32),
}

#[derive(Debug, Clone)]
struct Answer {
    set: Set,
    /// How many questions deep it is.
    height: u32,
    /// What was read for it, as [`reads`] names it.
    reads: u32,
}

/// The answer to a question that is a step of another.
#[derive(Debug, Clone)]
struct StepAnswer {
    set: Set,
    height: u32,
    /// How many steps it takes: they are taken again when it is remembered, so that what is left for the rest of the
    /// question does not depend on what was asked before.
    steps: u32,
    /// What was read for it, as [`reads`] names it.
    reads: u32,
}

pub(crate) struct Eval<'l, 'p> {
    pub(crate) linker: &'l Linker<'p>,
    /// Answers that depend on nothing but the question.
    clean: FxHashMap<Key, Answer>,
    /// Answers that count while one module is linked, and whether an assumption had a part in them; what was read.
    local: FxHashMap<Key, (Set, Confidence, u32)>,
    /// The module that is linked.
    current: ModuleIx,
    /// How sure the current answer is: it may depend on what a parameter gets in the calls that are known, or on names
    /// that scripts share.
    pub(crate) assumed: Confidence,
    /// Types under an environment.
    bound: FxHashMap<(ModuleIx, TypeRef, Env), StepAnswer>,
    /// Methods that override a method, and what was read for them.
    pub(crate) overriding: FxHashMap<Place, (Rc<[Place]>, u32)>,
    /// Names of the global object.
    globals: FxHashMap<&'p str, Set>,
    /// The specifier of the global object.
    pub(crate) global_specifier: Rc<str>,
    /// The values of built-in types without arguments.
    primitives: [Set; 5],
    open: Vec<Key>,
    depth: u32,
    /// Deepest level that the current answer needed.
    deepest: u32,
    /// A cycle or the limit of depth had a part in the current answer.
    tainted: bool,
    /// Steps that are left to the current question.
    fuel: u32,
    /// A step was left out for want of fuel.
    starved: bool,
}

impl<'l, 'p> Eval<'l, 'p> {
    pub(crate) fn new(linker: &'l Linker<'p>) -> Self {
        Eval {
            linker,
            clean: FxHashMap::with_capacity_and_hasher(1 << 14, rustc_hash::FxBuildHasher),
            local: FxHashMap::default(),
            current: ModuleIx(u32::MAX),
            assumed: Confidence::Exact,
            bound: FxHashMap::default(),
            overriding: FxHashMap::default(),
            globals: FxHashMap::default(),
            global_specifier: "<global>".into(),
            primitives: [
                Lib::String,
                Lib::Number,
                Lib::Boolean,
                Lib::RegExp,
                Lib::Nothing,
            ]
            .map(|lib| Set::lib(lib, &[])),
            open: Vec::new(),
            depth: 0,
            deepest: 0,
            tainted: false,
            fuel: FUEL,
            starved: false,
        }
    }

    /// Begins a module: forgets what must not be told from one to the next.
    pub(crate) fn enter_module(&mut self, module: ModuleIx) {
        self.current = module;
        self.local.clear();
        self.tainted = false;
    }

    /// Begins a question of a pass.
    pub(crate) fn refuel(&mut self) {
        self.fuel = FUEL;
    }

    /// Takes a step of the current question; whether there was one left.
    fn step(&mut self) -> bool {
        match self.fuel.checked_sub(1) {
            Some(left) => {
                self.fuel = left;
                true
            }
            None => {
                self.starved = true;
                false
            }
        }
    }

    /// Answers a question, once.
    fn ask(&mut self, key: Key, answer: impl FnOnce(&mut Self) -> Set) -> Set {
        if let Some(known) = self.clean.get(&key) {
            reads::again(known.reads);
            let reach = self.depth + known.height;
            if reach <= MAX_DEPTH {
                self.deepest = self.deepest.max(reach);
                return known.set.clone();
            }
            self.tainted = true;
            return Set::NONE;
        }
        if let Some((known, assumed, reads)) = self.local.get(&key) {
            reads::again(*reads);
            self.tainted = true;
            self.assumed = self.assumed.max(*assumed);
            return known.clone();
        }
        if self.depth >= MAX_DEPTH || self.open.contains(&key) {
            self.tainted = true;
            return Set::NONE;
        }
        let outer = std::mem::replace(&mut self.tainted, false);
        let outer_assumed = std::mem::replace(&mut self.assumed, Confidence::Exact);
        let outer_fuel = std::mem::replace(&mut self.fuel, FUEL);
        let outer_starved = self.starved;
        let outer_deepest = std::mem::replace(&mut self.deepest, self.depth + 1);
        self.open.push(key);
        self.depth += 1;
        let begun = reads::open();
        let set = stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || answer(self));
        let reads = reads::close(begun);
        self.depth -= 1;
        self.fuel = outer_fuel;
        self.starved = outer_starved;
        self.open.pop();
        if self.tainted {
            self.local.insert(key, (set.clone(), self.assumed, reads));
        } else {
            let height = self.deepest - self.depth;
            self.clean.insert(
                key,
                Answer {
                    set: set.clone(),
                    height,
                    reads,
                },
            );
        }
        self.tainted |= outer;
        self.assumed = self.assumed.max(outer_assumed);
        self.deepest = self.deepest.max(outer_deepest);
        set
    }

    /// What a parameter gets in the calls of its function, where all of them are known: while its own module is linked.
    fn passed(&mut self, place: Place, function: NodeRef, index: usize) -> Set {
        let of = self.module(place.module);
        let calls = of.private_calls(function);
        if calls.is_empty() {
            return Set::NONE;
        }
        // The answer counts for this module only.
        self.tainted = true;
        if place.module != self.current {
            return Set::NONE;
        }
        let mut all = Set::NONE;
        for &call in calls {
            let arguments = of.summary.calls[call as usize].arguments;
            let Some(argument) = arguments.of(&of.summary.arguments).get(index) else {
                continue;
            };
            let set = self.shape(place.module, argument.shape);
            if set.is_empty() {
                return Set::NONE;
            }
            all = all.union(set);
        }
        if !all.is_empty() {
            self.assumed = self.assumed.max(Confidence::Likely);
        }
        all
    }

    /// Goes one level deeper without a question; none where that is too deep.
    fn deeper(&mut self, answer: impl FnOnce(&mut Self) -> Set) -> Set {
        if !self.step() {
            return Set::NONE;
        }
        if self.depth >= MAX_DEPTH {
            self.tainted = true;
            return Set::NONE;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let set = stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || answer(self));
        self.depth -= 1;
        set
    }

    /// A type under an environment: a step, remembered where it depends on nothing but itself.
    fn bound_type(&mut self, module: ModuleIx, ty: TypeRef, env: &Env) -> Set {
        let key = (module, ty, env.clone());
        if let Some(known) = self.bound.get(&key)
            && known.steps <= self.fuel
            && self.depth + known.height <= MAX_DEPTH
        {
            reads::again(known.reads);
            self.fuel -= known.steps;
            self.deepest = self.deepest.max(self.depth + known.height);
            return known.set.clone();
        }
        let outer = std::mem::replace(&mut self.tainted, false);
        let outer_starved = std::mem::replace(&mut self.starved, false);
        let outer_deepest = std::mem::replace(&mut self.deepest, self.depth);
        let fuel = self.fuel;
        let begun = reads::open();
        let set = self.deeper(|e| e.composed(module, ty, env));
        let reads = reads::close(begun);
        if !self.tainted && !self.starved {
            let answer = StepAnswer {
                set: set.clone(),
                height: self.deepest - self.depth,
                steps: fuel - self.fuel,
                reads,
            };
            self.bound.insert(key, answer);
        }
        self.tainted |= outer;
        self.starved |= outer_starved;
        self.deepest = self.deepest.max(outer_deepest);
        set
    }

    fn module(&self, module: ModuleIx) -> &'p crate::program::Module {
        self.linker.program.module(module)
    }

    fn name(&self, module: ModuleIx, name: graph_model::summary::Sym) -> &'p str {
        self.module(module).summary.name(name)
    }
}
