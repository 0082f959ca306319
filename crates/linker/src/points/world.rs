//! The modules that are solved together, and the slots and things of what their summaries tell.

use std::collections::hash_map::Entry;

use graph_model::summary::{
    CallKind, ExportTarget, ImportForm, MemberKind, ModuleType, NodeRef, PropertyKind, Shape,
    ShapeRef, Sym,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::solve::{ANY, Kind, NONE, Name, Slot, Solver, Thing, This, Wait};
use crate::exports::{ExportIx, Found};
use crate::program::{Fact, Module, ModuleIx};
use crate::specifiers::Target;
use crate::{Linker, is_builtin};

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
    /// What it calls a method of, and the method's name.
    pub(super) method: Option<(Slot, Name)>,
    pub(super) is_call: bool,
    /// It can only run one function, which its own module declares.
    pub(super) is_lexical: bool,
}

/// The numbers of one module.
struct Numbers {
    ix: ModuleIx,
    shapes: Slot,
    nodes: Slot,
    functions: u32,
    classes: u32,
    sites: u32,
    names: Vec<Name>,
}

pub(super) struct World<'l, 'p> {
    linker: &'l Linker<'p>,
    modules: Vec<Numbers>,
    index: FxHashMap<ModuleIx, u32>,
    pub(super) solver: Solver,
    names: FxHashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
    pub(super) functions: Vec<Function>,
    pub(super) classes: Vec<Class>,
    pub(super) sites: Vec<Site>,
    /// Slots of names of the global object, by name.
    globals: FxHashMap<Name, Slot>,
    /// Those that scripts declare.
    declared: FxHashSet<Name>,
    pub(super) global: Thing,
    exports: FxHashMap<(u32, u32), Slot>,
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
            by_name: FxHashSet::default(),
        };
        world.name("*");
        for (i, &ix) in (0..).zip(modules) {
            world.index.insert(ix, i);
            world.declare(ix);
        }
        for i in 0..modules.len() as u32 {
            world.build(i);
        }
        if by_field {
            world.join_globals();
        }
        world
    }

    /// Names of the global object that no script declares are its properties.
    fn join_globals(&mut self) {
        let mut names: Vec<(Name, Slot)> = self.globals.iter().map(|(&n, &s)| (n, s)).collect();
        names.sort_unstable();
        for (name, slot) in names {
            if !self.declared.contains(&name) {
                let field = self.solver.field(name);
                self.solver.flow(field, slot);
            }
        }
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

    fn sym(&mut self, module: u32, sym: Sym) -> Name {
        let known = self.modules[module as usize].names[sym.0 as usize];
        if known != Name::MAX {
            return known;
        }
        let text = self.of(module).summary.name(sym);
        let name = self.name(text);
        self.modules[module as usize].names[sym.0 as usize] = name;
        name
    }

    fn of(&self, module: u32) -> &'p Module {
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
    fn declare(&mut self, ix: ModuleIx) {
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
                method: None,
                is_call: fact.kind == CallKind::Call,
                is_lexical: fact.kind == CallKind::Call
                    && (fact.resolved.is_some()
                        || matches!(s.shape(fact.callee), Shape::Function(_))),
            });
        }
    }

    fn function_of(&self, module: u32, node: NodeRef) -> Option<u32> {
        match self.of(module).fact(node) {
            Fact::Function(i) => Some(self.modules[module as usize].functions + i),
            _ => None,
        }
    }

    fn class_of(&self, module: u32, node: NodeRef) -> Option<u32> {
        match self.of(module).fact(node) {
            Fact::Class(i) => Some(self.modules[module as usize].classes + i),
            _ => None,
        }
    }

    fn node(&self, module: u32, node: NodeRef) -> Slot {
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
            _ if super::natives::is_known(&text) => {
                let thing = self.solver.thing(Kind::Native(name));
                self.solver.put(slot, thing);
            }
            _ => {}
        }
        slot
    }

    /// The slot of what a shape tells.
    fn shape(&mut self, module: u32, shape: ShapeRef) -> Slot {
        let of = self.of(module);
        let mut at = shape;
        for _ in 0..MAX_NESTING {
            match *of.summary.shape(at) {
                Shape::Unknown | Shape::Primitive(_) | Shape::Jsx(_) => return NONE,
                Shape::Binding(node) | Shape::Import(node) => return self.node(module, node),
                Shape::Narrow(inner, _) | Shape::Cast(inner, _) | Shape::Await(inner) => at = inner,
                // Only scripts see what scripts declare.
                Shape::Global(name) => {
                    let text = of.summary.name(name);
                    if !self.is_script(module) && !super::natives::is_known(text) {
                        return NONE;
                    }
                    let name = self.sym(module, name);
                    return self.global_slot(name);
                }
                Shape::This(owner, is_static) => return self.this(module, owner, is_static),
                Shape::Call(node) | Shape::New(node) => {
                    return match of.fact(node) {
                        Fact::Call(i) => {
                            let first = self.modules[module as usize].sites;
                            self.sites[(first + i) as usize].result
                        }
                        _ => NONE,
                    };
                }
                _ => return self.shape_slot(module, at),
            }
        }
        NONE
    }

    fn this(&self, module: u32, owner: NodeRef, is_static: bool) -> Slot {
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
    fn module_thing(&mut self, module: u32) -> Thing {
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
    fn read_property(&mut self, from: Slot, name: Name, to: Slot) {
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
    fn path(&mut self, module: u32, mut slot: Slot, path: &[Sym], to: Slot) {
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

    /// All that a module tells.
    fn build(&mut self, m: u32) {
        self.shapes(m);
        self.literals(m);
        self.names_of(m);
        self.classes_of(m);
        self.calls(m);
        self.exports_of(m);
        self.imports(m);
    }

    fn shapes(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for i in 0..s.shapes.len() as u32 {
            let at = ShapeRef(i);
            let slot = self.shape_slot(m, at);
            match *s.shape(at) {
                Shape::Function(node) | Shape::Class(node) | Shape::Object(node) => {
                    let from = self.node(m, node);
                    self.solver.flow(from, slot);
                }
                Shape::Array(node) => {
                    let from = self.node(m, node);
                    self.solver.flow(from, slot);
                }
                Shape::Arguments(function) => {
                    if let Some(f) = self.function_of(m, function) {
                        let thing = match self.functions[f as usize].arguments {
                            Some(thing) => thing,
                            None => {
                                let of = self.solver.slot();
                                let thing = self.solver.thing(Kind::Array(of));
                                self.functions[f as usize].arguments = Some(thing);
                                thing
                            }
                        };
                        self.solver.put(slot, thing);
                    }
                }
                Shape::Member(object, name) => {
                    let from = self.shape(m, object);
                    let name = self.sym(m, name);
                    self.read_property(from, name, slot);
                }
                Shape::Super(owner, is_static) => {
                    if let Some(class) = self.class_of(m, owner) {
                        let class = self.classes[class as usize];
                        let of = if is_static {
                            class.thing
                        } else {
                            class.prototype
                        };
                        let from = self.solver.prototype(of);
                        self.solver.flow(from, slot);
                    }
                }
                Shape::OneOf(list) => {
                    for &part in list.of(&s.shape_lists) {
                        let from = self.shape(m, part);
                        self.solver.flow(from, slot);
                    }
                }
                Shape::Element(inner) => {
                    let from = self.shape(m, inner);
                    self.wait(from, Wait::Element(slot));
                }
                Shape::Path(inner, path) => {
                    let from = self.shape(m, inner);
                    self.path(m, from, path.of(&s.paths), slot);
                }
                Shape::Exports => {
                    let thing = self.module_thing(m);
                    self.solver.put(slot, thing);
                }
                _ => {}
            }
        }
    }

    fn literals(&mut self, m: u32) {
        let s = &self.of(m).summary;
        let prototype_name = self.name("__proto__");
        for fact in &s.objects {
            let slot = self.node(m, fact.node);
            let thing = self.solver.thing(Kind::Object(slot));
            self.solver.put(slot, thing);
            for property in fact.properties.of(&s.properties) {
                let from = self.shape(m, property.shape);
                let name = self.sym(m, property.name);
                match property.kind {
                    PropertyKind::Value if name == prototype_name => {
                        let to = self.solver.prototype(thing);
                        self.solver.flow(from, to);
                    }
                    PropertyKind::Value => {
                        let to = self.solver.property(thing, name);
                        self.solver.flow(from, to);
                    }
                    PropertyKind::Getter => self.solver.of(thing).getters.push((name, from)),
                    PropertyKind::Setter => self.solver.of(thing).setters.push((name, from)),
                    PropertyKind::Spread => self.wait(from, Wait::CopyTo(thing)),
                }
            }
        }
        for fact in &s.arrays {
            let slot = self.node(m, fact.node);
            let thing = self.solver.thing(Kind::Array(slot));
            self.solver.put(slot, thing);
            let mut spread = false;
            for (i, &element) in (0..).zip(fact.elements.of(&s.shape_lists)) {
                spread |= matches!(s.shape(element), Shape::Element(_));
                let from = self.shape(m, element);
                if from == NONE {
                    continue;
                }
                let name = if spread { ANY } else { self.index_name(i) };
                let to = self.solver.property(thing, name);
                self.solver.flow(from, to);
            }
        }
    }

    fn names_of(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for fact in &s.variables {
            let from = self.shape(m, fact.init);
            let to = self.node(m, fact.node);
            self.path(m, from, &fact.path, to);
        }
        for (i, fact) in s.functions.iter().enumerate() {
            let number = self.modules[m as usize].functions as usize + i;
            let function = self.functions[number];
            let parameters = s.signature(fact.signature).parameters;
            for (at, parameter) in (0..).zip(parameters.of(&s.parameters)) {
                let from = self.shape(m, parameter.default);
                self.solver.flow(from, function.parameters + at);
            }
            for &shape in fact.returned.of(&s.shape_lists) {
                let from = self.shape(m, shape);
                self.solver.flow(from, function.returned);
            }
            if let Some(generator) = function.generator {
                let to = self.solver.property(generator, ANY);
                for &shape in fact.yielded.of(&s.shape_lists) {
                    let from = self.shape(m, shape);
                    self.solver.flow(from, to);
                }
            }
        }
        for fact in &s.bindings {
            let to = self.node(m, fact.node);
            let default = self.shape(m, fact.default);
            self.solver.flow(default, to);
            if let Some(f) = self.function_of(m, fact.function) {
                let function = self.functions[f as usize];
                if fact.index < function.count {
                    self.path(m, function.parameters + fact.index, &fact.path, to);
                }
            }
        }
        for fact in &s.writes {
            let object = self.shape(m, fact.object);
            let name = self.sym(m, fact.name);
            self.write(m, object, name, fact.value);
        }
        if self.is_script(m) {
            self.script_names(m);
        }
    }

    /// A property is written.
    fn write(&mut self, m: u32, object: Slot, name: Name, value: ShapeRef) {
        let s = &self.of(m).summary;
        if name == ANY
            && let Shape::Member(from, read) = *s.shape(value)
            && self.sym(m, read) == ANY
        {
            // `to[key] = from[key]`: a property keeps its name.
            let from = self.shape(m, from);
            self.wait(object, Wait::CopyFrom(from));
            return;
        }
        let from = self.shape(m, value);
        if from == NONE {
            return;
        }
        if self.solver.by_field && name != ANY {
            let field = self.solver.field(name);
            self.solver.flow(from, field);
            return;
        }
        self.wait(object, Wait::Store(name, from));
    }

    /// What a script declares at its top is a name of the global object.
    fn script_names(&mut self, m: u32) {
        let s = &self.of(m).summary;
        let variables = s.variables.iter().map(|v| v.node);
        let functions = s.functions.iter().map(|f| f.node);
        let classes = s.classes.iter().map(|c| c.node);
        let nodes: Vec<NodeRef> = variables.chain(functions).chain(classes).collect();
        for node in nodes {
            // As the id tells it: `file->FUNCTION->name`, with `[in:scope]` for one that is not at the top.
            let id = s.semantic_id(node);
            let mut parts = id.splitn(3, "->").skip(1);
            let (Some(kind), Some(name)) = (parts.next(), parts.next()) else {
                continue;
            };
            if !matches!(kind, "FUNCTION" | "CLASS" | "VARIABLE" | "CONSTANT")
                || name.contains(['[', '#', '<'])
            {
                continue;
            }
            // A function expression is named by what it is assigned to.
            if kind == "FUNCTION"
                && matches!(self.of(m).role(node), Some(role) if !matches!(role, crate::program::Role::Variable(_)))
            {
                continue;
            }
            let name = self.name(name);
            let global = self.global_slot(name);
            self.declared.insert(name);
            let slot = self.node(m, node);
            self.solver.flow(slot, global);
            if kind == "VARIABLE" {
                self.solver.flow(global, slot);
            }
        }
    }

    fn classes_of(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for (i, fact) in s.classes.iter().enumerate() {
            let number = self.modules[m as usize].classes + i as u32;
            let class = self.classes[number as usize];
            if let Some(extends) = fact.extends {
                let from = self.shape(m, extends);
                self.solver.flow(from, class.extends);
                self.wait(class.extends, Wait::Inherit(number));
            }
            for member in fact.members.of(&s.members) {
                let thing = if member.is_static {
                    class.thing
                } else {
                    class.prototype
                };
                let name = self.sym(m, member.name);
                let method = member.node.map_or(NONE, |node| self.node(m, node));
                match member.kind {
                    MemberKind::Method => {
                        let to = self.solver.property(thing, name);
                        self.solver.flow(method, to);
                    }
                    MemberKind::Getter => self.solver.of(thing).getters.push((name, method)),
                    MemberKind::Setter => self.solver.of(thing).setters.push((name, method)),
                    MemberKind::Property => {
                        let from = self.shape(m, member.init);
                        if from != NONE {
                            let to = self.solver.property(thing, name);
                            self.solver.flow(from, to);
                        }
                    }
                    _ => {}
                }
            }
            for &(name, is_static, _, shape) in &fact.writes {
                let name = self.sym(m, name);
                let this = if is_static {
                    class.static_this
                } else {
                    class.this
                };
                self.write(m, this, name, shape);
            }
        }
    }

    fn calls(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for (i, call) in (0..).zip(&s.calls) {
            let site = self.modules[m as usize].sites + i;
            for argument in call.arguments.of(&s.arguments) {
                let slot = self.shape(m, argument.shape);
                self.sites[site as usize]
                    .arguments
                    .push((slot, argument.spread));
            }
            let mut callee = call.callee;
            while let Shape::Narrow(inner, _) | Shape::Cast(inner, _) = *s.shape(callee) {
                callee = inner;
            }
            match call.kind {
                CallKind::Call => match *s.shape(callee) {
                    Shape::Member(object, name) => {
                        let mut inner = object;
                        while let Shape::Narrow(next, _) | Shape::Cast(next, _) = *s.shape(inner) {
                            inner = next;
                        }
                        if let Shape::Super(owner, is_static) = *s.shape(inner) {
                            let this = self.this(m, owner, is_static);
                            let slot = self.shape(m, callee);
                            self.wait(slot, Wait::Call(site, This::Slot(this), 0));
                            continue;
                        }
                        let object = self.shape(m, object);
                        let name = self.sym(m, name);
                        self.sites[site as usize].method = Some((object, name));
                        let text = self.text(name);
                        if self.solver.by_field && name != ANY && !super::natives::is_method(text) {
                            let field = self.solver.field(name);
                            self.by_name.insert(site);
                            self.wait(field, Wait::Call(site, This::Nothing, 0));
                        } else {
                            self.wait(object, Wait::Method(site, name));
                        }
                    }
                    _ => {
                        let slot = match call.resolved {
                            Some(node) => self.node(m, node),
                            None => self.shape(m, callee),
                        };
                        self.wait(slot, Wait::Call(site, This::Nothing, 0));
                    }
                },
                CallKind::New => {
                    let slot = self.shape(m, callee);
                    self.wait(slot, Wait::New(site));
                }
                CallKind::Super => {
                    if let Shape::Super(owner, _) = *s.shape(callee)
                        && let Some(class) = self.class_of(m, owner)
                    {
                        let class = self.classes[class as usize];
                        self.wait(class.extends, Wait::Super(site, class.this));
                    }
                }
                CallKind::Jsx => {}
            }
        }
    }

    fn exports_of(&mut self, m: u32) {
        let s = &self.of(m).summary;
        if s.exports.is_empty() {
            return;
        }
        let thing = self.module_thing(m);
        for (i, export) in (0..).zip(&s.exports) {
            match &export.target {
                ExportTarget::Star { specifier } => {
                    if let Some(target) = self.target(m, *specifier) {
                        let from = self.module_thing(target);
                        self.solver.copy_properties(from, thing);
                    }
                }
                ExportTarget::Equals(_) => {}
                _ => {
                    let name = self.sym(m, export.name);
                    let from = self.export(m, i);
                    let to = self.solver.property(thing, name);
                    self.solver.flow(from, to);
                }
            }
        }
    }

    /// The module that a specifier leads to, if it is one of this world.
    fn target(&mut self, m: u32, specifier: Sym) -> Option<u32> {
        if self.modules.len() == 1 {
            return None;
        }
        let ix = self.ix(m);
        match self.linker.specifiers.target(ix, specifier) {
            Target::Module(target) => self.index.get(&target).copied(),
            _ => None,
        }
    }

    /// The slot of an export.
    fn export(&mut self, m: u32, export: u32) -> Slot {
        let slot = match self.exports.entry((m, export)) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(new) => *new.insert(self.solver.slot()),
        };
        let of = self.of(m);
        let fact = of.export(export);
        match &fact.target {
            ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) => {
                for &node in nodes {
                    let from = self.node(m, node);
                    self.solver.flow(from, slot);
                }
                let from = self.shape(m, fact.shape);
                self.solver.flow(from, slot);
            }
            ExportTarget::Reexport {
                specifier,
                imported,
            } => {
                if let Some(target) = self.target(m, *specifier) {
                    let name = of.summary.name(*imported);
                    self.imported(target, name, false, slot);
                }
            }
            ExportTarget::StarAs { specifier } => {
                if let Some(target) = self.target(m, *specifier) {
                    let thing = self.module_thing(target);
                    self.solver.put(slot, thing);
                }
            }
            ExportTarget::Star { .. } => {}
        }
        slot
    }

    /// What an import of a name gives flows into a slot; `*` is the whole module, `as_value` what `require` gives.
    fn imported(&mut self, target: u32, name: &str, as_value: bool, to: Slot) {
        if name == "*" {
            let thing = self.module_thing(target);
            self.solver.put(to, thing);
            if as_value && let Some(export) = self.of(target).export_equals() {
                let from = self.export(target, export);
                self.solver.flow(from, to);
            }
            return;
        }
        match self.linker.exports.lookup(self.ix(target), name) {
            Found::Export(ExportIx { module, export }, _) => {
                if let Some(&module) = self.index.get(&module) {
                    let from = self.export(module, export);
                    self.solver.flow(from, to);
                }
            }
            Found::Module(module) => {
                if let Some(&module) = self.index.get(&module) {
                    self.imported(module, "*", true, to);
                }
            }
            Found::External(_) | Found::None | Found::Ambiguous => {
                let whole = self.solver.slot();
                self.imported(target, "*", true, whole);
                let name = self.name(name);
                self.wait(whole, Wait::Load(name, to));
            }
        }
    }

    fn imports(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for import in &s.imports {
            let Some(specifier) = import.specifier else {
                continue;
            };
            let to = self.node(m, import.node);
            let imported = s.name(import.imported);
            if let Some(target) = self.target(m, specifier) {
                let as_value = import.form != ImportForm::Static;
                self.imported(target, imported, as_value, to);
                continue;
            }
            let text = s.name(specifier);
            let text = text.strip_prefix("node:").unwrap_or(text);
            if is_builtin(text) {
                let path = match imported {
                    "*" | "default" => text.to_owned(),
                    name => format!("{text}.{name}"),
                };
                let path = self.name(&path);
                let thing = self.solver.thing(Kind::Native(path));
                self.solver.put(to, thing);
            }
        }
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
                Shape::Primitive(_) => return true,
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

    pub(super) fn receiver(&mut self, m: u32, shape: ShapeRef) -> Slot {
        self.shape(m, shape)
    }

    /// Calls of methods of a module, with the shapes that they are called on.
    pub(super) fn called_members(&self, m: u32) -> Vec<(u32, ShapeRef)> {
        let s = &self.of(m).summary;
        let first = self.first_site(m);
        let mut found = Vec::new();
        for (site, call) in (first..).zip(&s.calls) {
            let mut callee = call.callee;
            while let Shape::Narrow(inner, _) | Shape::Cast(inner, _) = *s.shape(callee) {
                callee = inner;
            }
            if let Shape::Member(object, _) = *s.shape(callee) {
                found.push((site, object));
            }
        }
        found
    }
}
