//! What a summary tells: which slots flow into which, what waits where.

use graph_model::NodeType;
use graph_model::summary::{CallKind, MemberKind, NodeRef, PropertyKind, Shape, ShapeRef, TypeRef};

use super::solve::{ANY, Kind, NONE, Name, Slot, Thing, This, Wait};
use super::world::World;
use crate::program::Role;

impl World<'_, '_> {
    /// All that a module tells.
    pub(super) fn build(&mut self, m: u32) {
        self.shapes(m);
        self.literals(m);
        self.names_of(m);
        self.classes_of(m);
        self.calls(m);
        self.exports_of(m);
        self.imports(m);
    }

    pub(super) fn shapes(&mut self, m: u32) {
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
                    let of = match self.class_of(m, owner) {
                        Some(class) if is_static => Some(self.classes[class as usize].thing),
                        Some(class) => Some(self.classes[class as usize].prototype),
                        // A method of an object literal.
                        None => self.object_of(m, owner),
                    };
                    if let Some(of) = of {
                        let from = self.solver.prototype(of);
                        self.solver.flow(from, slot);
                    }
                }
                Shape::Sent(function) => {
                    if let Some(f) = self.function_of(m, function)
                        && let Some(generator) = self.functions[f as usize].generator
                    {
                        let from = self.sent_to(generator);
                        self.solver.flow(from, slot);
                    }
                }
                Shape::Delegated(inner) => {
                    let from = self.shape(m, inner);
                    self.wait(from, Wait::Result(slot));
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

    /// The object literal that a function is a method of.
    fn object_of(&mut self, m: u32, function: NodeRef) -> Option<Thing> {
        let object = self.of(m).function(function)?.object?;
        let slot = self.node(m, object);
        Some(self.solver.thing(Kind::Object(slot)))
    }

    pub(super) fn literals(&mut self, m: u32) {
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

    pub(super) fn names_of(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for fact in &s.variables {
            // A fact that tells the type alone tells of no value.
            let from = match fact.declared {
                TypeRef::UNKNOWN => self.shape(m, fact.init),
                _ => self.given(m, fact.init),
            };
            let to = self.node(m, fact.node);
            self.path(m, from, &fact.path, to);
        }
        for (i, fact) in s.functions.iter().enumerate() {
            let number = self.modules[m as usize].functions as usize + i;
            let function = self.functions[number];
            let parameters = s.signature(fact.signature).parameters;
            for (at, parameter) in (0..).zip(parameters.of(&s.parameters)) {
                let from = self.given(m, parameter.default);
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
                // What it returns is the `value` of the last result, and no element.
                let last = self.last_of(generator);
                self.solver.flow(function.returned, last);
            }
        }
        for fact in &s.bindings {
            let to = self.node(m, fact.node);
            let default = self.given(m, fact.default);
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
    pub(super) fn write(&mut self, m: u32, object: Slot, name: Name, value: ShapeRef) {
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
    pub(super) fn script_names(&mut self, m: u32) {
        let s = &self.of(m).summary;
        let variables = s.variables.iter().map(|v| v.node);
        let functions = s.functions.iter().map(|f| f.node);
        let classes = s.classes.iter().map(|c| c.node);
        let nodes: Vec<NodeRef> = variables.chain(functions).chain(classes).collect();
        for node in nodes {
            // As the id tells it: with `[in:scope]` for one that is not at the top.
            let name = s.local_id(node);
            let Some(
                kind @ (NodeType::Function
                | NodeType::Class
                | NodeType::Variable
                | NodeType::Constant),
            ) = s.node(node).node_type()
            else {
                continue;
            };
            if name.is_empty() || name.contains(['[', '#', '<']) {
                continue;
            }
            // A function expression is named by what it is assigned to.
            if kind == NodeType::Function
                && matches!(self.of(m).role(node), Some(role) if !matches!(role, Role::Variable(_)))
            {
                continue;
            }
            let name = self.name(name);
            let global = self.global_slot(name);
            self.declared.insert(name);
            let slot = self.node(m, node);
            self.solver.flow(slot, global);
            if kind == NodeType::Variable {
                self.solver.flow(global, slot);
            }
        }
    }

    pub(super) fn classes_of(&mut self, m: u32) {
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
                let name = match s.name(member.name) {
                    "<computed>" => ANY,
                    _ => self.sym(m, member.name),
                };
                let method = member.node.map_or(NONE, |node| self.node(m, node));
                match member.kind {
                    MemberKind::Method => {
                        let to = self.solver.property(thing, name);
                        self.solver.flow(method, to);
                    }
                    MemberKind::Getter => self.solver.of(thing).getters.push((name, method)),
                    MemberKind::Setter => self.solver.of(thing).setters.push((name, method)),
                    MemberKind::Property => {
                        let from = self.given(m, member.init);
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

    pub(super) fn calls(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for (i, call) in (0..).zip(&s.calls) {
            let site = self.modules[m as usize].sites + i;
            for argument in call.arguments.of(&s.arguments) {
                let slot = self.shape(m, argument.shape);
                self.sites[site as usize]
                    .arguments
                    .push((slot, argument.spread));
            }
            let callee = s.unwrapped(call.callee);
            match call.kind {
                CallKind::Call => match *s.shape(callee) {
                    Shape::Member(object, name) => {
                        let inner = s.unwrapped(object);
                        if let Shape::Super(owner, is_static) = *s.shape(inner) {
                            let this = self.this(m, owner, is_static);
                            let slot = self.shape(m, callee);
                            self.sites[site as usize].callee = slot;
                            self.wait(slot, Wait::Call(site, This::Slot(this), 0));
                            continue;
                        }
                        let is_text = matches!(*s.shape(inner), Shape::Primitive(of) if s.name(of) == "string");
                        let object = self.shape(m, object);
                        let name = self.sym(m, name);
                        if is_text && self.extended.contains(&name) {
                            let member = self.native_member("String.prototype", name);
                            self.sites[site as usize].callee = member;
                            self.wait(member, Wait::Call(site, This::Nothing, 0));
                            continue;
                        }
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
                        self.sites[site as usize].callee = slot;
                        self.wait(slot, Wait::Call(site, This::Nothing, 0));
                    }
                },
                CallKind::New => {
                    let slot = self.shape(m, callee);
                    self.sites[site as usize].callee = slot;
                    self.wait(slot, Wait::New(site));
                }
                CallKind::Super => {
                    if let Shape::Super(owner, _) = *s.shape(callee)
                        && let Some(class) = self.class_of(m, owner)
                    {
                        let class = self.classes[class as usize];
                        self.sites[site as usize].callee = class.extends;
                        self.wait(class.extends, Wait::Super(site, class.this));
                    }
                }
                CallKind::Jsx => {
                    let slot = self.shape(m, callee);
                    self.sites[site as usize].callee = slot;
                    self.wait(slot, Wait::Render(site));
                }
            }
        }
    }
}
