//! Evaluates shapes and types to the few values that they can be.
//!
//! Results are remembered. To make them independent of the order of questions, and so of the threads: a result in whose
//! making a cycle or the limit of depth had a part is only remembered while one module is linked, and what is remembered
//! longer counts as deep as it is.

mod arena;
mod builtin;
mod calls;
mod declarations;
pub(crate) mod hooks;
mod infer;
mod keys;
mod library;
mod members;
mod memo;
mod mixins;
mod narrow;
mod objects;
mod overloads;
mod predicates;
mod prototypes;
mod shapes;
mod typed;
mod types;
mod value;
mod wrapped;

use graph_model::summary::{NodeRef, TypeRef};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::Linker;
use crate::calls::Confidence;
use crate::edges::Desk;
use crate::hierarchy::Remembered;
use crate::program::{ModuleIx, Name};
use crate::reads;

use memo::{Clean, Key, Known, Local, Memo};
use value::Union;

pub(crate) use arena::Arena;
pub(crate) use keys::is_imported_key;
pub(crate) use library::OBJECT_METHODS;
pub(crate) use members::first_instance;
pub(crate) use mixins::given_to_extend;
pub(crate) use value::{Env, Lib, Place, Set, THIS, Value};

/// Questions nest so deep.
const MAX_DEPTH: u32 = 96;
/// Steps inside of one question that are no questions themselves. What is left out for this depends on the question only.
const FUEL: u32 = 300;
/// So many of one type under one environment may be open in a question: one that stands in itself is told so deep.
const MOST_ALIKE: usize = 4;

/// The answer to a question that is a step of another.
#[derive(Debug, Clone, Copy)]
struct StepAnswer<'a> {
    set: Set<'a>,
    height: u32,
    /// How many steps it takes: they are taken again when it is remembered, so that what is left for the rest of the
    /// question does not depend on what was asked before.
    steps: u32,
    /// What was read for it, as [`reads`] names it.
    reads: u32,
}

pub(crate) struct Eval<'l, 'p> {
    pub(crate) linker: &'l Linker<'p>,
    /// Where values lie.
    pub(crate) arena: &'l Arena,
    memo: Memo<'l>,
    /// Waits for the links of the next module.
    pub(crate) desk: Desk,
    /// The module that is linked.
    current: ModuleIx,
    /// How sure the current answer is: it may depend on what a parameter gets in the calls that are known, or on names
    /// that scripts share.
    pub(crate) assumed: Confidence,
    /// Types under an environment.
    bound: FxHashMap<(ModuleIx, TypeRef, Env<'l>), StepAnswer<'l>>,
    /// Methods that override a method.
    pub(crate) overriding: Remembered<'l, (Place, Place)>,
    /// Classes below a class.
    pub(crate) heirs: Remembered<'l, Place>,
    /// Names of the global object.
    globals: FxHashMap<&'p str, Set<'l>>,
    /// Environments that tell no more than what `this` is, by that.
    this_only: FxHashMap<(bool, Place), Env<'l>>,
    /// Names of the methods of functions that call them.
    words: [(&'static str, Name<'static>); 3],
    /// Texts that lie in the arena once.
    names: FxHashSet<&'l str>,
    /// Paths of methods of built-in types, by the class and where the name lies: a name that is interned lies at one place.
    method_paths: FxHashMap<(Lib, *const str), &'l str>,
    /// Built-in types without arguments.
    bare: [Set<'l>; Lib::COUNT],
    open: Vec<Key>,
    /// Types under an environment that are being evaluated.
    open_bound: Vec<(ModuleIx, TypeRef, Env<'l>)>,
    /// Where those of the current question begin.
    asked_at: usize,
    depth: u32,
    /// Deepest level that the current answer needed.
    deepest: u32,
    /// A cycle, the limit of depth or that of [`MOST_ALIKE`] had a part in the current answer.
    tainted: bool,
    /// Steps that are left to the current question.
    fuel: u32,
    /// A step was left out for want of fuel.
    starved: bool,
}

impl<'l, 'p> Eval<'l, 'p> {
    /// With room for so many types under an environment.
    pub(crate) fn new(linker: &'l Linker<'p>, arena: &'l Arena, bound: usize) -> Self {
        Eval {
            linker,
            arena,
            memo: Memo::new(linker.program),
            desk: Desk::default(),
            current: ModuleIx(u32::MAX),
            assumed: Confidence::Exact,
            bound: FxHashMap::with_capacity_and_hasher(bound, Default::default()),
            overriding: Remembered::default(),
            heirs: Remembered::default(),
            globals: FxHashMap::default(),
            this_only: FxHashMap::default(),
            words: ["call", "apply", "bind"].map(|word| (word, Name::new(word))),
            names: FxHashSet::default(),
            method_paths: FxHashMap::default(),
            bare: Lib::ALL.map(|lib| Set::one(arena, Value::Lib(lib, &[]))),
            open: Vec::new(),
            open_bound: Vec::new(),
            asked_at: 0,
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
        self.memo.forget_local(self.linker.program);
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
    fn ask(&mut self, key: Key, answer: impl FnOnce(&mut Self) -> Set<'l>) -> Set<'l> {
        match self.memo.get(key) {
            Some(Known::Clean(known)) => {
                reads::again(known.reads);
                let reach = self.depth + known.height;
                if reach <= MAX_DEPTH {
                    self.deepest = self.deepest.max(reach);
                    return known.set;
                }
                self.tainted = true;
                return Set::NONE;
            }
            Some(Known::Local(known)) => {
                reads::again(known.reads);
                self.tainted = true;
                self.assumed = self.assumed.max(known.assumed);
                return known.set;
            }
            None => {}
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
        let outer_asked_at = std::mem::replace(&mut self.asked_at, self.open_bound.len());
        self.depth += 1;
        let begun = reads::open();
        let set = stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || answer(self));
        let reads = reads::close(begun);
        self.depth -= 1;
        self.fuel = outer_fuel;
        self.starved = outer_starved;
        self.asked_at = outer_asked_at;
        self.open.pop();
        if self.tainted {
            let local = Local {
                set,
                assumed: self.assumed,
                reads,
            };
            self.memo.keep_local(self.linker.program, key, local);
        } else {
            let clean = Clean {
                set,
                height: self.deepest - self.depth,
                reads,
            };
            self.memo.keep(self.linker.program, key, clean);
        }
        self.tainted |= outer;
        self.assumed = self.assumed.max(outer_assumed);
        self.deepest = self.deepest.max(outer_deepest);
        set
    }

    /// The answer is not surer than this; it counts for the module that is linked only.
    pub(crate) fn depends_on(&mut self, confidence: Confidence) {
        self.tainted = true;
        self.assumed = self.assumed.max(confidence);
    }

    /// What a parameter gets in the calls of its function, where all of them are known: while its own module is linked.
    fn passed(&mut self, place: Place, function: NodeRef, index: usize) -> Set<'l> {
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
            all = all.union(self.arena, set);
        }
        if !all.is_empty() {
            self.assumed = self.assumed.max(Confidence::Likely);
        }
        all
    }

    /// Goes one level deeper without a question; none where that is too deep.
    fn deeper(&mut self, answer: impl FnOnce(&mut Self) -> Set<'l>) -> Set<'l> {
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
    fn bound_type(&mut self, module: ModuleIx, ty: TypeRef, env: Env<'l>) -> Set<'l> {
        let key = (module, ty, env);
        if let Some(known) = self.bound.get(&key)
            && known.steps <= self.fuel
            && self.depth + known.height <= MAX_DEPTH
        {
            reads::again(known.reads);
            self.fuel -= known.steps;
            self.deepest = self.deepest.max(self.depth + known.height);
            return known.set;
        }
        // `type Nested<T> = T | Nested<T>[]` has itself in it.
        let open = &self.open_bound[self.asked_at..];
        let same = open.iter().filter(|open| **open == key);
        if same.count() >= MOST_ALIKE {
            self.tainted = true;
            return Set::NONE;
        }
        self.open_bound.push(key);
        let outer = std::mem::replace(&mut self.tainted, false);
        let outer_starved = std::mem::replace(&mut self.starved, false);
        let outer_deepest = std::mem::replace(&mut self.deepest, self.depth);
        let fuel = self.fuel;
        let begun = reads::open();
        let set = self.deeper(|e| e.composed(module, ty, env));
        let reads = reads::close(begun);
        self.open_bound.pop();
        if !self.tainted && !self.starved {
            let answer = StepAnswer {
                set,
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

    /// The value of a node that is what it is whatever is asked.
    fn constant(&mut self, place: Place, value: impl FnOnce() -> Value<'l>) -> Set<'l> {
        let key = Key::Node(place.module, place.node);
        if let Some(Known::Clean(known)) = self.memo.get(key) {
            return known.set;
        }
        let set = Set::one(self.arena, value());
        let clean = Clean {
            set,
            height: 0,
            reads: 0,
        };
        self.memo.keep(self.linker.program, key, clean);
        set
    }

    /// An environment and what `this` stands for in it.
    fn with_this(&mut self, env: Env<'l>, this: &Value<'l>) -> Env<'l> {
        let key = match this {
            Value::Inst(place, inner) if inner.is_empty() => (false, *place),
            Value::Iface(place, inner) if inner.is_empty() => (true, *place),
            this => return env.with_this(self.arena, Set::one(self.arena, *this)),
        };
        if !env.is_empty() {
            return env.with_this(self.arena, Set::one(self.arena, *this));
        }
        let make = || Env::NONE.with_this(self.arena, Set::one(self.arena, *this));
        *self.this_only.entry(key).or_insert_with(make)
    }

    /// A text, in the arena once.
    fn interned(&mut self, name: &str) -> &'l str {
        if let Some(known) = self.names.get(name) {
            return known;
        }
        let shared = self.arena.text(name);
        self.names.insert(shared);
        shared
    }

    /// A built-in type with its arguments.
    fn lib(&self, lib: Lib, arguments: &[Set<'l>]) -> Set<'l> {
        if arguments.is_empty() {
            return self.bare[lib as usize];
        }
        let arguments = self.arena.list(arguments);
        Set::one(self.arena, Value::Lib(lib, arguments))
    }

    /// All values of some sets.
    fn united(&self, sets: impl IntoIterator<Item = Set<'l>>) -> Set<'l> {
        let mut all = Union::default();
        sets.into_iter().for_each(|set| all.add(set));
        all.finish(self.arena)
    }

    /// A tuple of its elements.
    fn tuple(&self, elements: &[Set<'l>]) -> Set<'l> {
        let elements = self.arena.list(elements);
        Set::one(self.arena, Value::Tuple(elements))
    }

    /// The path of a method of a built-in type: `Array.prototype.map`.
    pub(crate) fn method_path(&mut self, lib: Lib, name: &'l str) -> &'l str {
        let arena = self.arena;
        let make = || arena.text(&[lib.class(), ".prototype.", name].concat());
        let key = (lib, std::ptr::from_ref(name));
        self.method_paths.entry(key).or_insert_with(make)
    }

    fn module(&self, module: ModuleIx) -> &'p crate::program::Module {
        self.linker.program.module(module)
    }

    fn name(&self, module: ModuleIx, name: graph_model::summary::Sym) -> &'p str {
        self.module(module).summary.name(name)
    }
}
