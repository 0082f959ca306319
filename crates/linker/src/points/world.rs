//! The modules that are solved together, and the numbers of what they declare.

use graph_model::summary::{CallKind, ModuleType, NodeRef, Shape, ShapeRef, Sym};
use rustc_hash::{FxHashMap, FxHashSet};

use super::solve::{ANY, Kind, NONE, Name, Slot, Solver, Thing, This, UNKNOWN, Wait};
use crate::Linker;
use crate::program::{Fact, Module, ModuleIx};

/// Steps for each shape and node; more only come from programs in which everything meets everything.
const STEPS: u64 = 12;
const LEAST_STEPS: u64 = 200_000;
/// Shapes in shapes are followed so deep.
const MAX_NESTING: usize = 32;

/// A function of the world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) module: u32,
    pub(super) node: NodeRef,
    pub(super) returned: Slot,
    pub(super) this: Slot,
    /// Slot of its first parameter.
    pub(super) parameters: Slot,
    pub(super) count: u32,
    /// Position of its rest parameter, and the array that it is.
    pub(super) rest: Option<(u32, Thing)>,
    /// Its `arguments`, if it reads them.
    pub(super) arguments: Option<Thing>,
    /// A class declares it.
    pub(super) is_method: bool,
    /// What a call gives instead of what is returned: the generator.
    pub(super) generator: Option<Thing>,
}

/// A class of the world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) thing: Thing,
    pub(super) prototype: Thing,
    pub(super) this: Slot,
    pub(super) static_this: Slot,
    pub(super) extends: Slot,
    pub(super) constructor: Option<u32>,
}

/// A call of the world.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) module: u32,
    pub(super) result: Slot,
    /// Arguments, and whether they are spread.
    pub(super) arguments: Vec<(Slot, bool)>,
    /// What it calls, if that is no method.
    pub(super) callee: Slot,
    /// What it calls a method of, and the method's name.
    pub(super) method: Option<(Slot, Name)>,
    pub(super) is_call: bool,
    /// It can only run one function, which its own module declares.
    pub(super) is_lexical: bool,
}

/// The numbers of one module.
pub(super) struct Numbers {
    ix: ModuleIx,
    pub(super) shapes: Slot,
    pub(super) nodes: Slot,
    pub(super) functions: u32,
    pub(super) classes: u32,
    pub(super) sites: u32,
    names: Vec<Name>,
}

pub(super) struct World<'l, 'p> {
    pub(super) linker: &'l Linker<'p>,
    pub(super) modules: Vec<Numbers>,
    pub(super) index: FxHashMap<ModuleIx, u32>,
    pub(super) solver: Solver,
    names: FxHashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
    pub(super) functions: Vec<Function>,
    pub(super) classes: Vec<Class>,
    pub(super) sites: Vec<Site>,
    /// Slots of names of the global object, by name.
    globals: FxHashMap<Name, Slot>,
    /// Those that scripts declare.
    pub(super) declared: FxHashSet<Name>,
    pub(super) global: Thing,
    pub(super) exports: FxHashMap<(u32, u32), Slot>,
    pub(super) loaded: FxHashSet<(Thing, Name, Slot)>,
    pub(super) called: FxHashSet<(u32, Thing, This, u8)>,
    pub(super) pending: Vec<(Thing, Wait)>,
    /// Slots that hold one thing, and all elements of one.
    pub(super) alone: FxHashMap<Thing, Slot>,
    pub(super) elements: FxHashMap<Thing, Slot>,
    /// Functions that sites run, in the order in which that was found.
    pub(super) reached: FxHashMap<(u32, u32), super::Reach>,
    /// Getters that run where a slot is read.
    pub(super) read: Vec<(Slot, u32)>,
    /// Elements that are read of things which are no lists.
    pub(super) numbered: Vec<(Thing, Name, Slot)>,
    /// What is iterated over by its own method, the slot of that, and where the elements go.
    pub(super) iterated: Vec<(Slot, Slot)>,
    /// What generators return, and what is sent to them.
    pub(super) generators: FxHashMap<Thing, [Slot; 2]>,
    /// Proxies, and the slots of their handlers and of what they stand for.
    pub(super) proxies: FxHashMap<Thing, [Slot; 2]>,
    /// Descriptors that were asked for, and what they describe properties of.
    pub(super) descriptors: FxHashMap<Thing, Slot>,
    /// Names that modules give the global object.
    pub(super) written: FxHashSet<Name>,
    /// Names that programs add to prototypes of the language.
    pub(super) extended: FxHashSet<Name>,
    /// Where methods that sites call are read.
    pub(super) called_methods: FxHashMap<Slot, u32>,
    /// Sites that run functions of the language, or of Node, of which nothing is known.
    pub(super) foreign: Vec<u32>,
    /// Modules that others of the world import.
    pub(super) imported: FxHashSet<u32>,
    /// Sites that are joined by names alone.
    pub(super) by_name: FxHashSet<u32>,
}

impl<'l, 'p> World<'l, 'p> {
    /// A world of some modules; `by_field` as in [`Solver::by_field`].
    pub(super) fn new(linker: &'l Linker<'p>, modules: &[ModuleIx], by_field: bool) -> Self {
        let size: usize = modules
            .iter()
            .map(|&ix| &linker.program.module(ix).summary)
            .map(|s| s.shapes.len() + s.nodes.len())
            .sum();
        let mut solver = Solver::new(LEAST_STEPS + STEPS * size as u64);
        solver.by_field = by_field;
        let global = solver.thing(Kind::Exports(u32::MAX));
        let mut world = World {
            linker,
            modules: Vec::new(),
            index: FxHashMap::default(),
            solver,
            names: FxHashMap::default(),
            texts: Vec::new(),
            functions: Vec::new(),
            classes: Vec::new(),
            sites: Vec::new(),
            globals: FxHashMap::default(),
            declared: FxHashSet::default(),
            global,
            exports: FxHashMap::default(),
            loaded: FxHashSet::default(),
            called: FxHashSet::default(),
            pending: Vec::new(),
            alone: FxHashMap::default(),
            elements: FxHashMap::default(),
            reached: FxHashMap::default(),
            read: Vec::new(),
            numbered: Vec::new(),
            iterated: Vec::new(),
            generators: FxHashMap::default(),
            proxies: FxHashMap::default(),
            descriptors: FxHashMap::default(),
            written: FxHashSet::default(),
            extended: FxHashSet::default(),
            called_methods: FxHashMap::default(),
            foreign: Vec::new(),
            imported: FxHashSet::default(),
            by_name: FxHashSet::default(),
        };
        world.name("*");
        for (i, &ix) in (0..).zip(modules) {
            world.index.insert(ix, i);
            world.declare(ix);
        }
        let all = 0..modules.len() as u32;
        all.clone().for_each(|m| world.extensions(m));
        all.for_each(|m| world.build(m));
        if by_field {
            world.join_globals();
        }
        world
    }

    /// Names of the global object that no script declares are its properties.
    pub(super) fn join_globals(&mut self) {
        let mut names: Vec<(Name, Slot)> = self.globals.iter().map(|(&n, &s)| (n, s)).collect();
        names.sort_unstable();
        for (name, slot) in names {
            if !self.declared.contains(&name) {
                let field = self.solver.field(name);
                self.solver.flow(field, slot);
            }
        }
    }

    /// Names of the global object that nobody in the world gives a value.
    pub(super) fn foreign_globals(&self) -> impl Iterator<Item = Slot> + '_ {
        let slots = self.globals.values().copied();
        slots.filter(|&slot| self.solver.holds(slot).is_empty())
    }

    /// What modules export that none of the world imports.
    pub(super) fn exports_to_outside(&self) -> Vec<Thing> {
        let outside = |m: &u32| !self.imported.contains(m);
        let exports = self.exports.iter().filter(|(key, _)| outside(&key.0));
        let exported = exports.flat_map(|(_, &slot)| self.solver.holds(slot));
        let modules = (0..self.module_count()).filter(outside);
        let wholes = modules.filter_map(|m| self.solver.known(Kind::Exports(m)));
        exported.copied().chain(wholes).collect()
    }

    pub(super) fn name(&mut self, text: &str) -> Name {
        if let Some(&known) = self.names.get(text) {
            return known;
        }
        let name = self.texts.len() as Name;
        self.names.insert(text.into(), name);
        self.texts.push(text.into());
        name
    }

    pub(super) fn text(&self, name: Name) -> &str {
        &self.texts[name as usize]
    }

    pub(super) fn index_name(&mut self, index: u32) -> Name {
        self.name(&index.to_string())
    }

    pub(super) fn sym(&mut self, module: u32, sym: Sym) -> Name {
        let known = self.modules[module as usize].names[sym.0 as usize];
        if known != Name::MAX {
            return known;
        }
        let text = self.of(module).summary.name(sym);
        // What a member of an enum, or of something imported, is as a key nobody tells: it may be the text of any.
        let name = match text.strip_prefix("@@").is_some_and(|key| key.contains('.')) {
            true => ANY,
            false => self.name(text),
        };
        self.modules[module as usize].names[sym.0 as usize] = name;
        name
    }

    pub(super) fn of(&self, module: u32) -> &'p Module {
        let program = self.linker.program;
        program.module(self.modules[module as usize].ix)
    }

    pub(super) fn is_script(&self, module: u32) -> bool {
        self.of(module).summary.module_type == ModuleType::Script
    }

    pub(super) fn ix(&self, module: u32) -> ModuleIx {
        self.modules[module as usize].ix
    }

    /// First site of a module.
    pub(super) fn first_site(&self, module: u32) -> u32 {
        self.modules[module as usize].sites
    }

    pub(super) fn module_count(&self) -> u32 {
        self.modules.len() as u32
    }

    /// The slot of a shape that is read as a member.
    pub(super) fn shape_slot(&self, module: u32, shape: ShapeRef) -> Slot {
        self.modules[module as usize].shapes + shape.0
    }

    /// Numbers for what a module declares.
    pub(super) fn declare(&mut self, ix: ModuleIx) {
        let of = self.linker.program.module(ix);
        let s = &of.summary;
        let module = self.modules.len() as u32;
        let numbers = Numbers {
            ix,
            shapes: self.solver.slots(s.shapes.len()),
            nodes: self.solver.slots(s.nodes.len()),
            functions: self.functions.len() as u32,
            classes: self.classes.len() as u32,
            sites: self.sites.len() as u32,
            names: vec![Name::MAX; s.names.len()],
        };
        let nodes = numbers.nodes;
        self.modules.push(numbers);
        for fact in &s.functions {
            let number = self.functions.len() as u32;
            let thing = self.solver.thing(Kind::Function(number));
            self.solver.put(nodes + fact.node.0, thing);
            let parameters = s.signature(fact.signature).parameters;
            let list = parameters.of(&s.parameters);
            let count = list.len() as u32;
            let returned = self.solver.slot();
            let this = self.solver.slot();
            let first = self.solver.slots(list.len());
            let rest = list.iter().position(|p| p.rest).map(|at| {
                let slot = first + at as u32;
                let thing = self.solver.thing(Kind::Array(slot));
                self.solver.put(slot, thing);
                (at as u32, thing)
            });
            let generator = fact.is_generator.then(|| {
                let slot = self.solver.slot();
                self.solver.thing(Kind::Array(slot))
            });
            self.functions.push(Function {
                module,
                node: fact.node,
                returned,
                this,
                parameters: first,
                count,
                rest,
                arguments: None,
                is_method: fact.class.is_some(),
                generator,
            });
        }
        for fact in &s.classes {
            let number = self.classes.len() as u32;
            let thing = self.solver.thing(Kind::Class(number));
            self.solver.put(nodes + fact.node.0, thing);
            let prototype = self.solver.thing(Kind::Prototype(thing));
            let (this, static_this, extends) =
                (self.solver.slot(), self.solver.slot(), self.solver.slot());
            self.solver.put(static_this, thing);
            let constructor = fact.constructor.and_then(|c| self.function_of(module, c));
            self.classes.push(Class {
                thing,
                prototype,
                this,
                static_this,
                extends,
                constructor,
            });
        }
        // Methods run on what the instances of their class are.
        for (i, fact) in s.functions.iter().enumerate() {
            if let Some(class) = fact.class.and_then(|c| self.class_of(module, c)) {
                let class = self.classes[class as usize];
                let number = self.modules[module as usize].functions as usize + i;
                self.functions[number].this = match fact.is_static {
                    true => class.static_this,
                    false => class.this,
                };
            }
        }
        for fact in &s.calls {
            let result = self.solver.slot();
            self.sites.push(Site {
                module,
                result,
                arguments: Vec::with_capacity(fact.arguments.len as usize),
                callee: NONE,
                method: None,
                is_call: fact.kind == CallKind::Call,
                is_lexical: fact.kind == CallKind::Call
                    && (fact.resolved.is_some()
                        || matches!(s.shape(fact.callee), Shape::Function(_))),
            });
        }
    }

    pub(super) fn function_of(&self, module: u32, node: NodeRef) -> Option<u32> {
        match self.of(module).fact(node) {
            Fact::Function(i) => Some(self.modules[module as usize].functions + i),
            _ => None,
        }
    }

    pub(super) fn class_of(&self, module: u32, node: NodeRef) -> Option<u32> {
        match self.of(module).fact(node) {
            Fact::Class(i) => Some(self.modules[module as usize].classes + i),
            _ => None,
        }
    }

    pub(super) fn node(&self, module: u32, node: NodeRef) -> Slot {
        self.modules[module as usize].nodes + node.0
    }

    /// The slot of a name of the global object.
    pub(super) fn global_slot(&mut self, name: Name) -> Slot {
        if let Some(&slot) = self.globals.get(&name) {
            return slot;
        }
        let slot = self.solver.slot();
        self.globals.insert(name, slot);
        let text = self.texts[name as usize].clone();
        match &*text {
            "window" | "self" | "globalThis" | "global" | "top" | "parent" => {
                self.solver.put(slot, self.global);
            }
            _ if super::natives::is_known(&text)
                || &*text == "String" && !self.extended.is_empty() =>
            {
                let thing = self.solver.thing(Kind::Native(name));
                self.solver.put(slot, thing);
            }
            _ => {}
        }
        slot
    }

    /// The slot of what a shape tells.
    pub(super) fn shape(&mut self, module: u32, shape: ShapeRef) -> Slot {
        let of = self.of(module);
        let mut at = shape;
        for _ in 0..MAX_NESTING {
            match *of.summary.shape(at) {
                Shape::Unknown => return UNKNOWN,
                Shape::Primitive(_) | Shape::Text(_) | Shape::Jsx(_) => return NONE,
                Shape::Binding(node) | Shape::Import(node) => return self.node(module, node),
                Shape::Narrow(inner, _) | Shape::Cast(inner, _) | Shape::Await(inner) => at = inner,
                // Only scripts see what scripts declare.
                Shape::Global(name) => {
                    let text = of.summary.name(name);
                    let is_known = self.is_script(module) || super::natives::is_known(text);
                    if !is_known && self.written.is_empty() {
                        return UNKNOWN;
                    }
                    let name = self.sym(module, name);
                    if !is_known && !self.written.contains(&name) && !is_global_object(text) {
                        return UNKNOWN;
                    }
                    return self.global_slot(name);
                }
                Shape::This(owner, is_static) => return self.this(module, owner, is_static),
                Shape::Call(node) | Shape::New(node) => {
                    return match of.fact(node) {
                        Fact::Call(i) => {
                            let first = self.modules[module as usize].sites;
                            self.sites[(first + i) as usize].result
                        }
                        _ => UNKNOWN,
                    };
                }
                _ => return self.shape_slot(module, at),
            }
        }
        NONE
    }

    /// The slot of what a shape tells, where none means that there is nothing.
    pub(super) fn given(&mut self, module: u32, shape: ShapeRef) -> Slot {
        match shape {
            ShapeRef::UNKNOWN => NONE,
            shape => self.shape(module, shape),
        }
    }

    pub(super) fn this(&self, module: u32, owner: NodeRef, is_static: bool) -> Slot {
        if let Some(class) = self.class_of(module, owner) {
            let class = &self.classes[class as usize];
            return if is_static {
                class.static_this
            } else {
                class.this
            };
        }
        self.function_of(module, owner)
            .map_or(NONE, |f| self.functions[f as usize].this)
    }

    /// What a module is as a value.
    pub(super) fn module_thing(&mut self, module: u32) -> Thing {
        if self.is_script(module) {
            return self.global;
        }
        self.solver.thing(Kind::Exports(module))
    }

    /// Waits at a slot; what has come already is handled soon.
    pub(super) fn wait(&mut self, slot: Slot, wait: Wait) {
        for thing in self.solver.wait(slot, wait) {
            self.pending.push((thing, wait));
        }
    }

    /// A property of what a slot holds flows into a slot.
    pub(super) fn read_property(&mut self, from: Slot, name: Name, to: Slot) {
        if self.solver.by_field && name != ANY {
            let field = self.solver.field(name);
            self.solver.flow(field, to);
            // What is left are lists, and methods of the language.
            let text = self.text(name);
            let is_index = text.bytes().all(|b| b.is_ascii_digit());
            if !is_index && !super::natives::is_method(text) && text != "..." {
                return;
            }
        }
        self.wait(from, Wait::Load(name, to));
    }

    /// A part of what a slot holds, by names.
    pub(super) fn path(&mut self, module: u32, mut slot: Slot, path: &[Sym], to: Slot) {
        let Some((last, path)) = path.split_last() else {
            self.solver.flow(slot, to);
            return;
        };
        for &part in path {
            let name = self.sym(module, part);
            let next = self.solver.slot();
            self.read_property(slot, name, next);
            slot = next;
        }
        let name = self.sym(module, *last);
        self.read_property(slot, name, to);
    }

    /// Whether what a site calls a method of is a name that only the environment can know.
    pub(super) fn is_foreign(&self, m: u32, shape: ShapeRef) -> bool {
        let of = self.of(m);
        let mut at = shape;
        for _ in 0..MAX_NESTING {
            match *of.summary.shape(at) {
                Shape::Narrow(inner, _) | Shape::Cast(inner, _) | Shape::Await(inner) => at = inner,
                Shape::Global(name) => {
                    let text = of.summary.name(name);
                    let known = self.names.get(text).and_then(|n| self.globals.get(n));
                    let Some(known) = known else {
                        return true;
                    };
                    return self.solver.holds(*known).is_empty();
                }
                Shape::Primitive(_) | Shape::Text(_) => return true,
                _ => return false,
            }
        }
        false
    }

    /// Shapes of a module that are members.
    pub(super) fn members(&mut self, m: u32) -> Vec<(ShapeRef, ShapeRef, Name)> {
        let s = &self.of(m).summary;
        let mut found = Vec::new();
        for i in 0..s.shapes.len() as u32 {
            if let Shape::Member(object, name) = *s.shape(ShapeRef(i)) {
                found.push((ShapeRef(i), object, self.sym(m, name)));
            }
        }
        found
    }

    /// The receiver and the value of writes of a module.
    pub(super) fn writes(&mut self, m: u32) -> Vec<(Slot, Name, Slot)> {
        let s = &self.of(m).summary;
        let mut found = Vec::new();
        for write in &s.writes {
            let object = self.shape(m, write.object);
            let name = self.sym(m, write.name);
            let value = self.shape(m, write.value);
            found.push((object, name, value));
        }
        found
    }

    /// Calls of methods of a module, with the shapes that they are called on.
    pub(super) fn called_members(&self, m: u32) -> Vec<(u32, ShapeRef)> {
        let s = &self.of(m).summary;
        let first = self.first_site(m);
        let mut found = Vec::new();
        for (site, call) in (first..).zip(&s.calls) {
            if let Shape::Member(object, _) = *s.shape(s.unwrapped(call.callee)) {
                found.push((site, object));
            }
        }
        found
    }
}

/// Whether a name means the global object.
pub(super) fn is_global_object(name: &str) -> bool {
    matches!(name, "global" | "globalThis" | "window" | "self")
}
