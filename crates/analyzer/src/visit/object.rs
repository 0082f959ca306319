//! Object and array literals.

use std::borrow::Cow;

use graph_model::{EdgeType, NodeType};
use smallvec::SmallVec;
use swc_common::Spanned;
use swc_ecma_ast::*;

use super::function::{Callable, ObjectMethod};
use super::literal::{is_primitive_array, literal_entries, literal_json};
use super::naming::Context;
use super::text::number_text;
use crate::builder::facts::list;
use crate::builder::{Builder, Listed, NodeIdx, Val};
use graph_model::summary::{
    ArrayFact, NodeRef, ObjectFact, PropertyFact, PropertyKind, Shape, ShapeRef, Sym,
};

/// Literal trees with more entries keep no child nodes.
const MAX_ENTRIES: usize = 64;
/// So much JSON of a folded literal is kept, in bytes.
const MAX_JSON: usize = 16 * 1024;

impl<'a> Builder<'a> {
    pub(crate) fn object_literal(&mut self, object: &'a ObjectLit, context: Context<'a>) -> Val {
        let (name, plain) = self.literal_name("<object>", context);
        let range = self.range(object.span);
        let node = self.add(NodeType::ObjectLiteral, name, range);
        let mut keys: SmallVec<[Sym; 8]> = SmallVec::with_capacity(object.props.len());
        let mut has_spread = false;
        for prop in &object.props {
            match prop {
                PropOrSpread::Spread(_) => has_spread = true,
                PropOrSpread::Prop(prop) => keys.extend(self.prop_name(prop)),
            }
        }
        let listing = std::mem::take(&mut self.list_properties);
        let folded = !listing && object.props.len() > 8 && self.is_large_literal_object(object);
        let fragment = self.node_fragment();
        self.m_syms("keys", &keys);
        self.m_flag("hasSpread", has_spread);
        if folded {
            self.folded_object(object);
        }
        self.set_meta(node, fragment);
        let mut facts = Vec::with_capacity(if folded { 0 } else { object.props.len() });
        let mut listed = Vec::new();
        if !folded {
            let owner = if plain { node } else { self.owner };
            self.in_owner(owner, |b| {
                b.properties(
                    node,
                    object,
                    context,
                    &mut facts,
                    listing.then_some(&mut listed),
                )
            });
        }
        if listing {
            self.listed = listed;
        }
        let properties = list(&mut self.facts.properties, &facts);
        self.facts.objects.push(ObjectFact {
            node: NodeRef(node),
            properties,
        });
        self.node_value(node)
    }

    fn is_large_literal_object(&self, object: &'a ObjectLit) -> bool {
        let mut entries = object.props.len();
        for prop in &object.props {
            let PropOrSpread::Prop(prop) = prop else {
                return false;
            };
            let Prop::KeyValue(prop) = &**prop else {
                return false;
            };
            if matches!(prop.key, PropName::Computed(_)) {
                return false;
            }
            match literal_entries(&prop.value) {
                Some(more) => entries += more,
                None => return false,
            }
        }
        entries > MAX_ENTRIES
    }

    fn folded_object(&mut self, object: &'a ObjectLit) {
        let mut json = String::from("{");
        for prop in &object.props {
            let PropOrSpread::Prop(prop) = prop else {
                continue;
            };
            let Prop::KeyValue(prop) = &**prop else {
                continue;
            };
            let source = |e: &Expr| self.source_of(e).to_owned();
            let Some(value) = literal_json(&prop.value, &source, MAX_JSON) else {
                return;
            };
            if json.len() > 1 {
                json.push(',');
            }
            crate::builder::metadata::push_json_string(
                &mut json,
                &property_key(&prop.key).unwrap_or_default(),
            );
            json.push(':');
            json.push_str(&value);
            if json.len() > MAX_JSON {
                return;
            }
        }
        json.push('}');
        self.m_json("value", &json);
    }

    fn properties(
        &mut self,
        node: NodeIdx,
        object: &'a ObjectLit,
        context: Context<'a>,
        fact: &mut Vec<PropertyFact>,
        mut listed: Option<&mut Vec<Listed>>,
    ) {
        let outer_anchor = self.doc_anchor;
        for prop in &object.props {
            match prop {
                PropOrSpread::Spread(spread) => {
                    let value = self.value(&spread.expr, context);
                    let name = self.word("<spread>");
                    self.has_property(node, value, name, None);
                    fact.push(PropertyFact {
                        name: self.known.rest,
                        shape: value.shape(),
                        kind: PropertyKind::Spread,
                    });
                }
                PropOrSpread::Prop(prop) => {
                    let property = self.property(node, prop, context, fact);
                    if let (Some(listed), Some((name, value))) = (&mut listed, property) {
                        listed.push((name, value, self.range(prop.span())));
                    }
                }
            }
        }
        self.doc_anchor = outer_anchor;
    }

    fn property(
        &mut self,
        node: NodeIdx,
        prop: &'a Prop,
        context: Context<'a>,
        fact: &mut Vec<PropertyFact>,
    ) -> Option<(Sym, Val)> {
        self.doc_anchor = self.start_of(prop);
        let (key, value) = match prop {
            Prop::Shorthand(ident) => {
                let name = self.atom(&ident.sym);
                let value = if &*ident.sym == "undefined" && self.is_undefined(ident) {
                    Val::NONE
                } else {
                    self.identifier(ident)
                };
                fact.push(PropertyFact {
                    name,
                    shape: value.shape(),
                    kind: PropertyKind::Value,
                });
                self.has_property(node, value, name, None);
                (Some(name), value)
            }
            Prop::KeyValue(prop) => {
                let key = self.object_key(&prop.key);
                let inner = match key {
                    Some(key) => Context::Plain(key),
                    None => super::naming::ANONYMOUS,
                };
                let value = self.value(&prop.value, inner);
                self.named_property(node, (&prop.key, key), value, None, fact);
                (key, value)
            }
            Prop::Assign(prop) => {
                let value = self.value(&prop.value, super::naming::ANONYMOUS);
                let name = self.atom(&prop.key.sym);
                self.has_property(node, value, name, None);
                (None, value)
            }
            Prop::Getter(prop) => {
                let key = self.object_key(&prop.key);
                let callable = Callable::of_function(&prop.function);
                let kind = ObjectMethod {
                    key,
                    prefix: "get:",
                    span: prop.span,
                    object: context,
                };
                let value = self.object_method(callable, kind);
                self.named_property(node, (&prop.key, key), value, Some("get"), fact);
                (key, value)
            }
            Prop::Setter(prop) => {
                let key = self.object_key(&prop.key);
                let callable = Callable::of_function(&prop.function);
                let kind = ObjectMethod {
                    key,
                    prefix: "set:",
                    span: prop.span,
                    object: context,
                };
                let value = self.object_method(callable, kind);
                self.named_property(node, (&prop.key, key), value, Some("set"), fact);
                (None, value)
            }
            Prop::Method(prop) => {
                let key = self.object_key(&prop.key);
                let callable = Callable::of_function(&prop.function);
                let kind = ObjectMethod {
                    key,
                    prefix: "",
                    span: prop.function.span,
                    object: context,
                };
                let value = self.object_method(callable, kind);
                self.named_property(node, (&prop.key, key), value, None, fact);
                (key, value)
            }
        };
        key.map(|key| (key, value))
    }

    fn named_property(
        &mut self,
        node: NodeIdx,
        (written, key): (&'a PropName, Option<Sym>),
        value: Val,
        kind: Option<&'static str>,
        fact: &mut Vec<PropertyFact>,
    ) {
        let name = match (key, written) {
            (Some(key), _) => key,
            (None, PropName::Computed(computed)) => {
                self.known_key(&computed.expr).unwrap_or(self.known.star)
            }
            _ => self.known.star,
        };
        fact.push(PropertyFact {
            name,
            shape: value.shape(),
            kind: match kind {
                Some("get") => PropertyKind::Getter,
                Some(_) => PropertyKind::Setter,
                None => PropertyKind::Value,
            },
        });
        // The function is a method of the object.
        if let Some(function) = self.facts.functions.last_mut()
            && function.node.0 == value.node
        {
            function.object = Some(NodeRef(node));
        }
        let name = key.unwrap_or_else(|| self.word("<computed>"));
        self.has_property(node, value, name, kind);
    }

    fn has_property(&mut self, node: NodeIdx, value: Val, name: Sym, kind: Option<&'static str>) {
        if !value.exists() {
            return;
        }
        let fragment = self.fragment();
        self.m_sym("propertyName", name);
        if let Some(kind) = kind {
            self.m_word("kind", kind);
        }
        self.value_edge(node, value, EdgeType::HasProperty, fragment);
    }

    /// The static key of a property.
    pub(super) fn static_property_key(&mut self, key: &PropName) -> Option<Sym> {
        match key {
            PropName::Ident(name) => Some(self.atom(&name.sym)),
            key => property_key(key).map(|text| self.sym(&text)),
        }
    }

    fn prop_name(&mut self, prop: &Prop) -> Option<Sym> {
        match prop {
            Prop::Shorthand(ident) => Some(self.atom(&ident.sym)),
            Prop::KeyValue(prop) => self.static_property_key(&prop.key),
            Prop::Assign(prop) => Some(self.atom(&prop.key.sym)),
            Prop::Getter(prop) => self.static_property_key(&prop.key),
            Prop::Setter(prop) => self.static_property_key(&prop.key),
            Prop::Method(prop) => self.static_property_key(&prop.key),
        }
    }

    /// The static key of a property; a computed one is used by the container.
    pub(crate) fn object_key(&mut self, key: &'a PropName) -> Option<Sym> {
        if let Some(key) = self.static_property_key(key) {
            return Some(key);
        }
        if let PropName::Computed(computed) = key {
            let value = self.operand(&computed.expr);
            self.container_uses(value, "key");
        }
        None
    }

    pub(crate) fn array_literal(&mut self, array: &'a ArrayLit, context: Context<'a>) -> Val {
        let (name, _) = self.literal_name("<array>", context);
        let range = self.range(array.span);
        let node = self.add(NodeType::ArrayLiteral, name, range);
        let spread = array.elems.iter().flatten().any(|e| e.spread.is_some());
        let folded =
            is_primitive_array(array) || (array.elems.len() > 8 && is_large_literal_array(array));
        let fragment = self.node_fragment();
        self.m_int("length", array.elems.len() as u32);
        self.m_flag("hasSpread", spread);
        if folded {
            let source = |e: &Expr| self.source_of(e).to_owned();
            let mut json = String::from("[");
            let mut fits = true;
            for element in array.elems.iter().flatten() {
                match literal_json(&element.expr, &source, MAX_JSON) {
                    Some(value) if json.len() + value.len() <= MAX_JSON => {
                        if json.len() > 1 {
                            json.push(',');
                        }
                        json.push_str(&value);
                    }
                    _ => {
                        fits = false;
                        break;
                    }
                }
            }
            json.push(']');
            if fits {
                self.m_json("value", &json);
            }
        }
        self.set_meta(node, fragment);
        let mut shapes: SmallVec<[ShapeRef; 8]> = SmallVec::new();
        if folded {
            if let Some(first) = array.elems.iter().flatten().next()
                && super::literal::is_literal(super::text::transparent(&first.expr))
            {
                shapes.push(self.literal_shape(super::text::transparent(&first.expr)));
            }
        } else {
            for (i, element) in array.elems.iter().enumerate() {
                let Some(element) = element else { continue };
                let value = self.value(&element.expr, Context::Fixed("<element>"));
                if element.spread.is_some() {
                    shapes.push(self.shape(Shape::Element(value.shape())));
                } else {
                    shapes.push(value.shape());
                }
                if !value.exists() {
                    continue;
                }
                let fragment = self.fragment();
                self.m_int("elementIndex", i as u32);
                self.m_flag("isSpread", element.spread.is_some());
                self.value_edge(node, value, EdgeType::HasElement, fragment);
            }
        }
        let elements = self.facts.shape_list(&shapes);
        self.facts.arrays.push(ArrayFact {
            node: NodeRef(node),
            elements,
        });
        self.node_value(node)
    }
}

fn is_large_literal_array(array: &ArrayLit) -> bool {
    let mut entries = array.elems.len();
    for element in &array.elems {
        let Some(element) = element else { return false };
        if element.spread.is_some() {
            return false;
        }
        match literal_entries(&element.expr) {
            Some(more) => entries += more,
            None => return false,
        }
    }
    entries > MAX_ENTRIES
}

/// The text of a key that is not computed, or is so by a literal.
pub(crate) fn property_key(key: &PropName) -> Option<Cow<'_, str>> {
    match key {
        PropName::Ident(name) => Some(Cow::Borrowed(name.sym.as_str())),
        PropName::Str(s) => Some(s.value.to_string_lossy()),
        PropName::Num(n) => Some(Cow::Owned(number_text(n.value))),
        PropName::BigInt(n) => Some(Cow::Owned(n.value.to_string())),
        PropName::Computed(computed) => super::text::static_key(&computed.expr),
    }
}
