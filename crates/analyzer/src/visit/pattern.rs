//! Destructuring: every name of a pattern gets its part of the value; the pattern
//! itself has no node.

use graph_model::{EdgeType, NodeType};
use smallvec::SmallVec;
use swc_common::Span;
use swc_ecma_ast::*;

use super::assignment::Place;
use super::naming::ANONYMOUS;
use super::object::property_key;
use crate::builder::{Builder, NO_NODE, NodeIdx, Val};
use graph_model::summary::{NodeRef, Shape, ShapeRef, Sym, TypeRef, VariableFact};

/// Where the value of a pattern comes from, and with it what a name in it becomes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaves {
    /// `const pattern = value`.
    Declared { value: Val, span: Span },
    /// A formal parameter; only defaults are values inside the module.
    Parameter,
    /// `for (const pattern of value)` or `in`.
    Loop { value: Val, via: &'static str },
    /// `catch (pattern)`.
    Catch,
    /// `pattern = value`.
    Assigned { value: Val, span: Span },
    /// `for (pattern of value)`.
    LoopAssigned { value: Val, span: Span },
}

/// Names of a pattern, the path to each, and whether a default stands on the way. Most patterns are one name.
pub(crate) type PatternPaths<'a> = SmallVec<[(&'a Ident, Vec<Sym>, bool); 1]>;

impl<'a> Builder<'a> {
    /// Edges of all names of a pattern; `path` leads to it from the whole value.
    pub(crate) fn pattern(&mut self, pattern: &'a Pat, leaves: &Leaves, path: &mut Vec<Sym>) {
        match pattern {
            Pat::Ident(ident) => self.leaf(&ident.id, leaves, path),
            Pat::Array(array) => self.array_pattern(array, leaves, path),
            Pat::Object(object) => self.object_pattern(object, leaves, path),
            Pat::Rest(rest) => self.pattern(&rest.arg, leaves, path),
            Pat::Assign(assign) => self.assign_pattern(assign, leaves, path),
            Pat::Expr(target) => self.target_leaf(target, leaves, path),
            Pat::Invalid(_) => {}
        }
    }

    /// The step to an element of an array: its index, or the rest.
    fn element_step(&mut self, element: &Pat, index: usize) -> Sym {
        if matches!(element, Pat::Rest(_)) {
            self.known.rest
        } else {
            self.sym(&index.to_string())
        }
    }

    pub(crate) fn array_pattern(
        &mut self,
        array: &'a ArrayPat,
        leaves: &Leaves,
        path: &mut Vec<Sym>,
    ) {
        for (i, element) in array.elems.iter().enumerate() {
            let Some(element) = element else { continue };
            let step = self.element_step(element, i);
            path.push(step);
            self.pattern(element, leaves, path);
            path.pop();
        }
    }

    pub(crate) fn object_pattern(
        &mut self,
        object: &'a ObjectPat,
        leaves: &Leaves,
        path: &mut Vec<Sym>,
    ) {
        for prop in &object.props {
            match prop {
                ObjectPatProp::KeyValue(prop) => {
                    let step = self.pattern_key(&prop.key);
                    path.push(step);
                    self.pattern(&prop.value, leaves, path);
                    path.pop();
                }
                ObjectPatProp::Assign(prop) => {
                    let step = self.atom(&prop.key.id.sym);
                    path.push(step);
                    if let Some(default) = &prop.value {
                        let value = self.default_value(default, Some(step));
                        self.leaf_default(&prop.key.id, leaves, value, &[], prop.span);
                    }
                    self.leaf(&prop.key.id, leaves, path);
                    path.pop();
                }
                ObjectPatProp::Rest(rest) => {
                    path.push(self.known.rest);
                    self.pattern(&rest.arg, leaves, path);
                    path.pop();
                }
            }
        }
    }

    /// The step that a key takes; a computed key is used by the container.
    fn pattern_key(&mut self, key: &'a PropName) -> Sym {
        if let Some(text) = property_key(key) {
            return self.sym(&text);
        }
        if let PropName::Computed(computed) = key {
            let value = self.operand(&computed.expr);
            self.container_uses(value, "key");
        }
        self.known.star
    }

    /// `pattern = default`: the default is a source of every name in the pattern.
    pub(crate) fn assign_pattern(
        &mut self,
        assign: &'a AssignPat,
        leaves: &Leaves,
        path: &mut Vec<Sym>,
    ) {
        let name = match &*assign.left {
            Pat::Ident(ident) => Some(self.atom(&ident.id.sym)),
            _ => None,
        };
        let value = self.default_value(&assign.right, name);
        if matches!(leaves, Leaves::Parameter) && path.is_empty() {
            self.parameter_default = value.shape();
        }
        let mut inner = Vec::new();
        self.pattern_defaults(&assign.left, leaves, value, &mut inner, assign.span);
        self.pattern(&assign.left, leaves, path);
    }

    /// Joins the names of a pattern to a default of the whole pattern.
    fn pattern_defaults(
        &mut self,
        pattern: &'a Pat,
        leaves: &Leaves,
        value: Val,
        path: &mut Vec<Sym>,
        span: Span,
    ) {
        if let Leaves::Assigned { .. } | Leaves::LoopAssigned { .. } = leaves {
            let mut targets = Vec::new();
            self.pattern_targets(pattern, path, &mut targets);
            for (target, path) in targets {
                let place = self.target_of_pattern(target);
                self.write(value, &place, span, None, &path, false);
                // The target is met again with the part of the whole value that it gets.
                self.target_places.insert(self.start_of(target), place);
            }
        }
        let mut found = PatternPaths::new();
        self.pattern_paths(pattern, path, &mut found);
        for (ident, path, _) in found {
            self.leaf_default(ident, leaves, value, &path, span);
        }
    }

    /// The place of a member or other expression in a pattern.
    fn target_of_pattern(&mut self, target: &'a Expr) -> Place {
        let known = self.target_places.remove(&self.start_of(target));
        known.unwrap_or_else(|| self.place(target))
    }

    /// The path to every target of a pattern that is no name.
    fn pattern_targets(
        &mut self,
        pattern: &'a Pat,
        path: &mut Vec<Sym>,
        out: &mut Vec<(&'a Expr, Vec<Sym>)>,
    ) {
        match pattern {
            Pat::Expr(target) => out.push((target, path.clone())),
            Pat::Array(array) => {
                for (i, element) in array.elems.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let step = self.element_step(element, i);
                    path.push(step);
                    self.pattern_targets(element, path, out);
                    path.pop();
                }
            }
            Pat::Object(object) => {
                for prop in &object.props {
                    let (step, value) = match prop {
                        ObjectPatProp::KeyValue(prop) => {
                            let step = self.static_property_key(&prop.key);
                            (step.unwrap_or(self.known.star), &prop.value)
                        }
                        ObjectPatProp::Rest(rest) => (self.known.rest, &rest.arg),
                        ObjectPatProp::Assign(_) => continue,
                    };
                    path.push(step);
                    self.pattern_targets(value, path, out);
                    path.pop();
                }
            }
            Pat::Rest(rest) => self.pattern_targets(&rest.arg, path, out),
            Pat::Assign(assign) => self.pattern_targets(&assign.left, path, out),
            Pat::Ident(_) | Pat::Invalid(_) => {}
        }
    }

    /// The path to every name of a pattern, and whether a default stands on the way.
    pub(crate) fn pattern_paths(
        &mut self,
        pattern: &'a Pat,
        path: &mut Vec<Sym>,
        out: &mut PatternPaths<'a>,
    ) {
        match pattern {
            Pat::Ident(ident) => out.push((&ident.id, path.clone(), false)),
            Pat::Array(array) => {
                for (i, element) in array.elems.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let step = self.element_step(element, i);
                    path.push(step);
                    self.pattern_paths(element, path, out);
                    path.pop();
                }
            }
            Pat::Object(object) => {
                for prop in &object.props {
                    match prop {
                        ObjectPatProp::KeyValue(prop) => {
                            let step = self.static_property_key(&prop.key);
                            path.push(step.unwrap_or(self.known.star));
                            self.pattern_paths(&prop.value, path, out);
                            path.pop();
                        }
                        ObjectPatProp::Assign(prop) => {
                            let step = self.atom(&prop.key.id.sym);
                            path.push(step);
                            out.push((&prop.key.id, path.clone(), prop.value.is_some()));
                            path.pop();
                        }
                        ObjectPatProp::Rest(rest) => {
                            path.push(self.known.rest);
                            self.pattern_paths(&rest.arg, path, out);
                            path.pop();
                        }
                    }
                }
            }
            Pat::Rest(rest) => self.pattern_paths(&rest.arg, path, out),
            Pat::Assign(assign) => {
                let from = out.len();
                self.pattern_paths(&assign.left, path, out);
                for found in &mut out[from..] {
                    found.2 = true;
                }
            }
            Pat::Invalid(_) | Pat::Expr(_) => {}
        }
    }

    fn leaf_node(&self, ident: &'a Ident) -> NodeIdx {
        self.reserved_node(ident).unwrap_or(NO_NODE)
    }

    /// A name of a pattern that receives `path` of the value.
    fn leaf(&mut self, ident: &'a Ident, leaves: &Leaves, path: &[Sym]) {
        match *leaves {
            Leaves::Declared { value, span } => {
                let node = self.leaf_node(ident);
                self.bind(node, value, path, false, span);
                if node != NO_NODE {
                    self.variable_fact(node, value.shape(), path, false);
                }
                if let [first, ..] = *path {
                    self.note_selected(value, first);
                }
            }
            Leaves::Parameter | Leaves::Catch => {}
            Leaves::Loop { value, via } => {
                let node = self.leaf_node(ident);
                let fragment = self.fragment();
                self.m_word("via", via);
                let mut full = Vec::with_capacity(path.len() + 1);
                if via == "for-of" {
                    full.push(self.known.star);
                }
                full.extend_from_slice(path);
                self.m_path("propertyPath", &full);
                self.value_edge(node, value, EdgeType::DerivesFrom, fragment);
                let shape = if via == "for-of" {
                    self.shape(Shape::Element(value.shape()))
                } else {
                    let string = self.word("string");
                    self.shape(Shape::Primitive(string))
                };
                if node != NO_NODE {
                    self.variable_fact(node, shape, path, false);
                }
            }
            Leaves::Assigned { value, span } => {
                let place = self.name_target(ident);
                if place.node != NO_NODE {
                    self.variable_fact(place.node, value.shape(), path, true);
                }
                self.write(value, &place, span, None, path, false);
            }
            Leaves::LoopAssigned { value, span } => {
                let place = self.name_target(ident);
                let mut full = vec![self.known.star];
                full.extend_from_slice(path);
                self.write(value, &place, span, None, &full, false);
            }
        }
    }

    /// Notes a value of a variable.
    pub(crate) fn variable_fact(
        &mut self,
        node: NodeIdx,
        init: ShapeRef,
        path: &[Sym],
        reassigned: bool,
    ) {
        self.facts.variables.push(VariableFact {
            node: NodeRef(node),
            declared: TypeRef::UNKNOWN,
            init,
            path: path.into(),
            reassigned,
            is_const: false,
        });
    }

    /// `ASSIGNED_FROM`, or a write where the name is no variable of its own.
    fn bind(&mut self, node: NodeIdx, value: Val, path: &[Sym], default: bool, span: Span) {
        if node == NO_NODE {
            return;
        }
        let assigned = matches!(
            self.node(node).node_type,
            NodeType::Variable | NodeType::Constant | NodeType::Parameter | NodeType::Property
        );
        if !assigned {
            let place = Place {
                node,
                path: Vec::new(),
                mutation: None,
                setter: NO_NODE,
            };
            self.write(value, &place, span, None, path, false);
            return;
        }
        let fragment = self.fragment();
        self.m_path("propertyPath", path);
        self.m_flag("isDefault", default);
        self.value_edge(node, value, EdgeType::AssignedFrom, fragment);
    }

    fn leaf_default(
        &mut self,
        ident: &'a Ident,
        leaves: &Leaves,
        value: Val,
        path: &[Sym],
        span: Span,
    ) {
        match leaves {
            Leaves::Assigned { .. } | Leaves::LoopAssigned { .. } => {
                let place = self.name_target(ident);
                self.write(value, &place, span, None, path, false);
            }
            _ => {
                let node = self.leaf_node(ident);
                self.bind(node, value, path, true, span);
                if node == NO_NODE || value.shape() == ShapeRef::UNKNOWN {
                    return;
                }
                match leaves {
                    Leaves::Parameter => {
                        let mut bindings = self.facts.bindings.iter_mut().rev();
                        if path.is_empty()
                            && let Some(binding) = bindings.find(|b| b.node.0 == node)
                        {
                            binding.default = value.shape();
                        }
                    }
                    _ => self.variable_fact(node, value.shape(), path, true),
                }
            }
        }
    }

    fn name_target(&mut self, ident: &'a Ident) -> Place {
        let none = Place {
            node: NO_NODE,
            path: Vec::new(),
            mutation: None,
            setter: NO_NODE,
        };
        match self.meaning(ident) {
            super::name::Meaning::Bound(id) => {
                self.mark_reassigned(id);
                let node = self.bound_value(id, true).node;
                Place { node, ..none }
            }
            super::name::Meaning::Global(name) => {
                let node = self.global(name);
                Place { node, ..none }
            }
            super::name::Meaning::Hidden => none,
        }
    }

    /// A member or other expression as the target of a destructuring assignment.
    fn target_leaf(&mut self, target: &'a Expr, leaves: &Leaves, path: &[Sym]) {
        match *leaves {
            Leaves::Assigned { value, span } => {
                let place = self.target_of_pattern(target);
                self.write(value, &place, span, None, path, false);
            }
            Leaves::LoopAssigned { value, span } => {
                let place = self.target_of_pattern(target);
                let mut full = vec![self.known.star];
                full.extend_from_slice(path);
                self.write(value, &place, span, None, &full, false);
            }
            _ => {
                self.value(target, ANONYMOUS);
            }
        }
    }
}
