//! From shapes to values: names, members, calls, literals.

use graph_model::GLOBAL_MODULE;
use graph_model::NodeType;
use graph_model::summary::{
    ExportTarget, ImportFact, ImportForm, List, ModuleType, Shape, ShapeRef, Sym,
};

use super::value::{Lib, Place, Set, Union, Value};
use super::{Env, Eval, Key};
use crate::calls::Confidence;
use crate::exports::{ExportIx, Found};
use crate::program::{Fact, ModuleIx, Role, Target};
use crate::specifiers::Target as Specifier;

impl<'l, 'p> Eval<'l, 'p> {
    /// The values of a shape of a module.
    pub(crate) fn shape(&mut self, module: ModuleIx, shape: ShapeRef) -> Set<'l> {
        match *self.module(module).summary.shape(shape) {
            Shape::Unknown => Set::NONE,
            Shape::Binding(node)
            | Shape::Function(node)
            | Shape::Class(node)
            | Shape::Object(node)
            | Shape::Import(node) => self.node(Place { module, node }),
            Shape::Primitive(name) => self.primitive(self.name(module, name)),
            Shape::Text(_) => self.lib(Lib::String, &[]),
            Shape::Global(name) => self.global(module, name),
            Shape::Exports => self.exports(module),
            Shape::Jsx(_) => Set::NONE,
            _ => self.ask(Key::Shape(module, shape), |e| e.compound(module, shape)),
        }
    }

    fn compound(&mut self, module: ModuleIx, shape: ShapeRef) -> Set<'l> {
        let of = self.module(module);
        match *of.summary.shape(shape) {
            Shape::Member(object, name) => {
                let object = self.object(module, object);
                self.member_named(object, module, name)
            }
            Shape::Call(node) => match of.call(node) {
                Some(call) => self.call_result(module, call),
                None => Set::NONE,
            },
            Shape::New(node) => match of.call(node) {
                Some(call) => self.new_result(module, call),
                None => Set::NONE,
            },
            Shape::Array(node) => {
                let elements = match of.fact(node) {
                    Fact::Array(i) => of.summary.arrays[i as usize].elements,
                    _ => List::EMPTY,
                };
                let shapes = elements.of(&of.summary.shape_lists);
                let parts: Vec<Set<'l>> = shapes.iter().map(|&s| self.shape(module, s)).collect();
                let spread = shapes
                    .iter()
                    .any(|&s| matches!(of.summary.shape(s), Shape::Element(_)));
                if spread || parts.len() > 8 || parts.len() < 2 {
                    let all = self.united(parts);
                    return self.lib(Lib::Array, &[all]);
                }
                self.tuple(&parts)
            }
            Shape::Await(inner) => {
                let inner = self.shape(module, inner);
                self.awaited(inner)
            }
            Shape::Element(inner) => {
                let inner = self.shape(module, inner);
                self.element(inner)
            }
            Shape::Path(inner, path) => {
                let mut set = self.object(module, inner);
                for &name in path.of(&of.summary.paths) {
                    set = self.member_named(set, module, name);
                }
                set
            }
            Shape::Cast(inner, ty) => {
                let cast = self.ty(module, ty, Env::NONE);
                // `as any` and `as unknown` tell nothing, and change nothing.
                if cast.is_empty() {
                    return self.shape(module, inner);
                }
                self.typed_functions(cast, module, inner)
            }
            Shape::OneOf(list) => {
                let mut all = Union::default();
                for &part in list.of(&of.summary.shape_lists) {
                    let part = self.shape(module, part);
                    all.add(self.without_nothing(part));
                }
                all.finish(self.arena)
            }
            Shape::Narrow(inner, guard) => {
                let set = self.shape(module, inner);
                match of.summary.guards.get(guard.0 as usize) {
                    Some(&guard) => self.narrow(module, set, guard),
                    None => set,
                }
            }
            Shape::This(owner, is_static) => self.this(
                Place {
                    module,
                    node: owner,
                },
                is_static,
            ),
            Shape::Super(owner, _) if let Fact::Function(i) = of.fact(owner) => {
                match of.summary.functions[i as usize].object {
                    Some(node) => self.object_prototype(Place { module, node }),
                    None => Set::NONE,
                }
            }
            Shape::Super(owner, is_static) => {
                let base = self.base(Place {
                    module,
                    node: owner,
                });
                if !is_static {
                    return base;
                }
                Set::of(
                    self.arena,
                    base.iter()
                        .filter_map(|v| match v {
                            Value::Inst(place, _) => Some(Value::Ctor(*place)),
                            _ => None,
                        })
                        .collect(),
                )
            }
            _ => Set::NONE,
        }
    }

    /// What something is read of. Members of `exports` are those of the module, which has them before what it exports as a whole.
    fn object(&mut self, module: ModuleIx, shape: ShapeRef) -> Set<'l> {
        let of = self.module(module);
        match *of.summary.shape(of.summary.unwrapped(shape)) {
            Shape::Exports => Set::one(self.arena, Value::Ns(module)),
            _ => self.shape(module, shape),
        }
    }

    /// `exports` as a value: what the module exports as a whole, if that is something else.
    fn exports(&mut self, module: ModuleIx) -> Set<'l> {
        let of = self.module(module);
        let whole = of.export_equals().map(|export| of.export(export).shape);
        let is_itself = |shape| *of.summary.shape(of.summary.unwrapped(shape)) == Shape::Exports;
        self.whole_module(module, !whole.is_some_and(is_itself))
    }

    /// Without `null` and `undefined`.
    pub(crate) fn without_nothing(&self, set: Set<'l>) -> Set<'l> {
        if !set.iter().any(|v| matches!(v, Value::Lib(Lib::Nothing, _))) {
            return set;
        }
        Set::of(
            self.arena,
            set.iter()
                .filter(|v| !matches!(v, Value::Lib(Lib::Nothing, _)))
                .copied()
                .collect(),
        )
    }

    pub(crate) fn primitive(&self, name: &str) -> Set<'l> {
        let lib = match name {
            "string" => Lib::String,
            "number" | "bigint" => Lib::Number,
            "boolean" => Lib::Boolean,
            "regexp" => Lib::RegExp,
            "null" | "undefined" | "void" => Lib::Nothing,
            _ => return Set::NONE,
        };
        self.lib(lib, &[])
    }

    fn global(&mut self, module: ModuleIx, name: Sym) -> Set<'l> {
        let name = self.name(module, name);
        if let Some(places) = self.linker.globals.get(name) {
            return self.nodes(places);
        }
        let of = self.module(module);
        if of.summary.module_type == ModuleType::Script
            && let Some(places) = self.linker.script_globals(name)
        {
            let set = self.nodes(places);
            // The answer counts for this module only, where it is known how sure it is.
            self.tainted = true;
            self.assumed = Confidence::Possible;
            return set;
        }
        let arena = self.arena;
        let global = || Set::one(arena, Value::Ext(GLOBAL_MODULE, name));
        *self.globals.entry(name).or_insert_with(global)
    }

    /// The values of some nodes.
    fn nodes(&mut self, places: &[Place]) -> Set<'l> {
        let mut all = Union::default();
        for &place in places {
            all.add(self.node(place));
        }
        all.finish(self.arena)
    }

    /// What `this` is inside a class or function.
    fn this(&mut self, owner: Place, is_static: bool) -> Set<'l> {
        let of = self.module(owner.module);
        match of.fact(owner.node) {
            Fact::Class(_) if is_static => Set::one(self.arena, Value::Ctor(owner)),
            Fact::Class(_) => Set::one(self.arena, Value::Inst(owner, Env::NONE)),
            Fact::Function(i) => {
                let function = &of.summary.functions[i as usize];
                let declared = of.summary.signature(function.signature).this_type;
                if declared.is_known() {
                    let declared = self.ty(owner.module, declared, Env::NONE);
                    if !declared.is_empty() {
                        return declared;
                    }
                }
                if let Some(object) = function.object {
                    let place = Place {
                        module: owner.module,
                        node: object,
                    };
                    return Set::one(self.arena, Value::Obj(place));
                }
                if function.this_shape != ShapeRef::UNKNOWN {
                    let object = self.shape(owner.module, function.this_shape);
                    let this: Vec<Value<'l>> = object
                        .iter()
                        .map(|v| match v {
                            Value::Proto(class) => Value::Inst(*class, Env::NONE),
                            v => *v,
                        })
                        .collect();
                    if !this.is_empty() {
                        return Set::of(self.arena, this);
                    }
                }
                let constructs = !of.property_writes(Target::This(owner.node)).is_empty()
                    || !of.property_writes(Target::Prototype(owner.node)).is_empty();
                if constructs && !function.is_arrow {
                    return Set::one(self.arena, Value::Inst(owner, Env::NONE));
                }
                Set::NONE
            }
            _ => Set::NONE,
        }
    }

    /// The values that a node is or holds.
    pub(crate) fn node(&mut self, place: Place) -> Set<'l> {
        let of = self.module(place.module);
        match of.fact(place.node) {
            Fact::Class(_) => self.constant(place, || Value::Ctor(place)),
            Fact::Object(_) => self.constant(place, || Value::Obj(place)),
            Fact::Function(_) => self.constant(place, || Value::Fn(place, Env::NONE)),
            Fact::Scope(_) => self.constant(place, || Value::Scope(place)),
            Fact::None => match of.summary.node(place.node).node_type() {
                Some(NodeType::Function | NodeType::Method) => {
                    self.constant(place, || Value::Fn(place, Env::NONE))
                }
                Some(NodeType::Enum | NodeType::Namespace) => {
                    self.constant(place, || Value::Scope(place))
                }
                _ => Set::NONE,
            },
            Fact::Import(i) => self.ask(Key::Node(place.module, place.node), |e| {
                e.import(place.module, &of.summary.imports[i as usize])
            }),
            Fact::Variable(_) => {
                self.ask(Key::Node(place.module, place.node), |e| e.variable(place))
            }
            Fact::Parameter(_) => {
                self.ask(Key::Node(place.module, place.node), |e| e.parameter(place))
            }
            Fact::Call(_) if of.object(place.node).is_some() => {
                Set::one(self.arena, Value::Obj(place))
            }
            Fact::Array(_) | Fact::Type(_) | Fact::Call(_) | Fact::TypeVar(_) => Set::NONE,
        }
    }

    fn variable(&mut self, place: Place) -> Set<'l> {
        let of = self.module(place.module);
        let mut declared = Set::NONE;
        for variable in of.variables(place.node) {
            if variable.declared.is_known() {
                let mut set = self.ty(place.module, variable.declared, Env::NONE);
                for &name in &variable.path {
                    set = self.member_named(set, place.module, name);
                }
                declared = declared.union(self.arena, set);
            }
        }
        if !declared.is_empty() {
            let mut inits = of.variables(place.node).filter(|v| !v.declared.is_known());
            let reassigned = of.variables(place.node).any(|v| v.reassigned);
            let (Some(init), None) = (inits.next(), inits.next()) else {
                return declared;
            };
            if reassigned || !init.path.is_empty() {
                return declared;
            }
            // The exact class or object behind a constant says more than its type.
            if matches!(
                of.summary.shape(init.init),
                Shape::Object(_) | Shape::New(_) | Shape::Function(_)
            ) {
                let exact = self.shape(place.module, init.init);
                let is_exact = |v: &Value<'l>| match v {
                    Value::Inst(_, env) => super::mixins::binds_no_types(*env),
                    Value::Obj(_) | Value::Fn(..) => true,
                    _ => false,
                };
                if !exact.is_empty() && exact.iter().all(is_exact) {
                    return exact;
                }
            }
            // A type of a package does not say what can be called.
            if declared.iter().all(|v| matches!(v, Value::ExtInst(..))) {
                let value = self.shape(place.module, init.init);
                return match self.are_functions(value) {
                    true => declared.union(self.arena, value),
                    false => declared,
                };
            }
            return self.typed_functions(declared, place.module, init.init);
        }
        let mut all = Union::default();
        for variable in of.variables(place.node) {
            let mut set = self.shape(place.module, variable.init);
            for &name in &variable.path {
                set = self.member_named(set, place.module, name);
            }
            all.add(self.without_nothing(set));
        }
        all.finish(self.arena)
    }

    fn parameter(&mut self, place: Place) -> Set<'l> {
        let of = self.module(place.module);
        let Fact::Parameter(i) = of.fact(place.node) else {
            return Set::NONE;
        };
        let binding = &of.summary.bindings[i as usize];
        let Some(function) = of.function(binding.function) else {
            return Set::NONE;
        };
        let parameters = of.summary.signature(function.signature).parameters;
        let parameters = parameters.of(&of.summary.parameters);
        let Some(parameter) = parameters.get(binding.index as usize) else {
            return Set::NONE;
        };
        let mut set = self.ty(place.module, parameter.declared, Env::NONE);
        if set.is_empty() {
            let owner = Place {
                module: place.module,
                node: binding.function,
            };
            let expected = self.expected(owner);
            set = self.parameter_of(expected, binding.index as usize, parameter.rest);
        }
        if set.is_empty() {
            set = self.shape(place.module, parameter.default);
        }
        if set.is_empty() && !parameter.rest {
            let passed = self.passed(place, binding.function, binding.index as usize);
            set = self.without_nothing(passed);
        }
        for &name in &binding.path {
            set = self.member_named(set, place.module, name);
        }
        if set.is_empty() {
            set = self.shape(place.module, binding.default);
        }
        if parameter.declared.is_known() && !set.is_empty() {
            return self.without_nothing(set);
        }
        // Writes: `options = options || {}`.
        for variable in of.variables(place.node) {
            let written = self.shape(place.module, variable.init);
            set = set.union(self.arena, written);
        }
        self.without_nothing(set)
    }

    /// The value that the place of a function or literal expects.
    pub(crate) fn expected(&mut self, place: Place) -> Set<'l> {
        let of = self.module(place.module);
        let Some(role) = of.role(place.node) else {
            return Set::NONE;
        };
        self.ask(Key::Expected(place.module, place.node), |e| {
            e.expected_by(place, role)
        })
    }

    fn expected_by(&mut self, place: Place, role: Role) -> Set<'l> {
        let module = place.module;
        let of = self.module(module);
        match role {
            Role::Argument(call, index) => {
                self.expected_argument(module, &of.summary.calls[call as usize], index as usize)
            }
            Role::Variable(i) => {
                let node = of.summary.variables[i as usize].node;
                if let Fact::Parameter(_) = of.fact(node) {
                    return Set::NONE;
                }
                let mut declared = Set::NONE;
                for variable in of.variables(node) {
                    if variable.path.is_empty() {
                        declared = declared
                            .union(self.arena, self.ty(module, variable.declared, Env::NONE));
                    }
                }
                declared
            }
            Role::Property(object, name) => {
                let object = self.expected(Place {
                    module,
                    node: object,
                });
                self.member_named(object, module, name)
            }
            Role::Element(array) => {
                let array = self.expected(Place {
                    module,
                    node: array,
                });
                self.element(array)
            }
            Role::Returned(i) => {
                let function = &of.summary.functions[i as usize];
                let declared = of.summary.signature(function.signature).returns;
                let mut set = self.ty(module, declared, Env::NONE);
                if set.is_empty() {
                    let owner = Place {
                        module,
                        node: function.node,
                    };
                    let expected = self.expected(owner);
                    set = self.returned_by_expected(expected);
                }
                if function.is_async {
                    set = self.awaited(set);
                }
                set
            }
            Role::Member(_, index) => {
                let member = of.summary.members[index as usize];
                self.ty(module, member.declared, Env::NONE)
            }
            Role::Written(i) => {
                let write = of.summary.writes[i as usize];
                if write.declared.is_known() {
                    return self.ty(module, write.declared, Env::NONE);
                }
                let object = self.shape(module, write.object);
                let typed: Vec<Value<'l>> = object
                    .iter()
                    .filter(|v| matches!(v, Value::Inst(..) | Value::Iface(..) | Value::Anon(..)))
                    .copied()
                    .collect();
                self.member(Set::of(self.arena, typed), self.name(module, write.name))
            }
            Role::Default(function, index) => {
                let function = &of.summary.functions[function as usize];
                let parameters = of.summary.signature(function.signature).parameters;
                match parameters.of(&of.summary.parameters).get(index as usize) {
                    Some(parameter) => self.ty(module, parameter.declared, Env::NONE),
                    None => Set::NONE,
                }
            }
            Role::Cast(ty) => self.ty(module, ty, Env::NONE),
        }
    }

    fn import(&mut self, module: ModuleIx, import: &ImportFact) -> Set<'l> {
        let Some(specifier) = import.specifier else {
            return Set::NONE;
        };
        let of = self.module(module);
        let imported = of.summary.name(import.imported);
        match self.linker.specifiers.target(module, specifier) {
            Specifier::Module(target) => {
                if imported != "*" {
                    let name = of.hashed(import.imported);
                    let found = self.linker.exports.lookup(target, name);
                    return self.found(&found, imported);
                }
                let set = self.whole_module(target, import.form != ImportForm::Static);
                if import.form == ImportForm::Dynamic {
                    return self.lib(Lib::Promise, &[set]);
                }
                set
            }
            Specifier::External => {
                let path = if matches!(imported, "*" | "default") {
                    ""
                } else {
                    imported
                };
                Set::one(self.arena, Value::Ext(of.summary.name(specifier), path))
            }
            Specifier::Asset | Specifier::Missing => Set::NONE,
        }
    }

    /// A module as a whole; `as_value` where the value of `module.exports` is meant.
    pub(crate) fn whole_module(&mut self, module: ModuleIx, as_value: bool) -> Set<'l> {
        let namespace = Set::one(self.arena, Value::Ns(module));
        if as_value && let Some(export) = self.module(module).export_equals() {
            let value = self.export(ExportIx { module, export });
            return value.union(self.arena, namespace);
        }
        namespace
    }

    pub(crate) fn found(&mut self, found: &Found, name: &str) -> Set<'l> {
        match found {
            Found::Export(export, _) => self.export(*export),
            Found::Module(module) => self.whole_module(*module, true),
            Found::External(at) => {
                let Some(specifier) = self.linker.external_specifier(*at) else {
                    return Set::NONE;
                };
                let of = self.module(at.module);
                let path = match &of.export(at.export).target {
                    ExportTarget::Reexport { imported, .. } => match of.summary.name(*imported) {
                        "default" => "",
                        imported => imported,
                    },
                    ExportTarget::StarAs { .. } => "",
                    _ => self.interned(name),
                };
                Set::one(self.arena, Value::Ext(specifier, path))
            }
            Found::None | Found::Ambiguous => Set::NONE,
        }
    }

    pub(crate) fn export(&mut self, at: ExportIx) -> Set<'l> {
        let of = self.module(at.module);
        let export = of.export(at.export);
        match &export.target {
            ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) => self.deeper(|e| {
                let mut all = Set::NONE;
                for &node in nodes {
                    all = all.union(
                        self.arena,
                        e.node(Place {
                            module: at.module,
                            node,
                        }),
                    );
                }
                if all.is_empty() {
                    all = e.shape(at.module, export.shape);
                }
                all
            }),
            ExportTarget::Reexport { .. }
            | ExportTarget::Star { .. }
            | ExportTarget::StarAs { .. } => match self.linker.exports.step(at) {
                Some(Found::Module(module)) => Set::one(self.arena, Value::Ns(module)),
                Some(found) => {
                    let name = self.name(at.module, export.name);
                    self.deeper(|e| e.found(&found, name))
                }
                None => Set::NONE,
            },
        }
    }

    /// Instances of what can be constructed.
    pub(crate) fn instances(&mut self, classes: Set<'l>) -> Set<'l> {
        let mut all = Vec::with_capacity(classes.iter().len());
        for value in classes.iter() {
            match value {
                Value::Ctor(place) => all.push(Value::Inst(*place, Env::NONE)),
                Value::Fn(place, _) => all.push(Value::Inst(*place, Env::NONE)),
                Value::Ext(specifier, path) if *specifier == GLOBAL_MODULE => {
                    all.push(match super::library::named(path) {
                        Some(lib) => Value::Lib(lib, &[]),
                        None => Value::ExtInst(specifier, path),
                    });
                }
                Value::Ext(specifier, path) => {
                    all.push(Value::ExtInst(specifier, path));
                }
                Value::New(m, signature, env) => {
                    let returns = self.module(*m).summary.signature(*signature).returns;
                    let set = self.ty(*m, returns, *env);
                    all.extend(set.iter().copied());
                }
                Value::Iface(..) | Value::Anon(..) => {
                    for v in self.constructed(value).iter() {
                        all.push(*v);
                    }
                }
                _ => {}
            }
        }
        Set::of(self.arena, all)
    }
}
