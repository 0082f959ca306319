//! Formal parameters: PARAMETER nodes, patterns, defaults.

use std::borrow::Cow;

use graph_model::{EdgeType, NodeType};
use swc_common::{Span, Spanned};
use swc_ecma_ast::*;

use super::hoist::for_each_ident;
use super::pattern::{Leaves, PatternPaths};
use crate::builder::metadata::cut;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, NO_NODE, NodeIdx, Val};
use graph_model::summary::{NodeRef, ParameterBinding, ParameterFact, ShapeRef};

/// One formal parameter.
#[derive(Clone, Copy)]
pub(crate) struct Parameter<'a> {
    pub(super) pattern: ParameterPattern<'a>,
    /// Without decorators and modifiers.
    pub(super) span: Span,
    pub(super) decorators: &'a [Decorator],
    pub(super) property: bool,
}

#[derive(Clone, Copy)]
pub(super) enum ParameterPattern<'a> {
    Pattern(&'a Pat),
    Ident(&'a BindingIdent),
    Assign(&'a AssignPat),
}

impl<'a> Parameter<'a> {
    pub(super) fn of_param(param: &'a Param) -> Self {
        Parameter {
            pattern: ParameterPattern::Pattern(&param.pat),
            span: pattern_span(&param.pat),
            decorators: &param.decorators,
            property: false,
        }
    }

    pub(super) fn of_pattern(pattern: &'a Pat) -> Self {
        Parameter {
            pattern: ParameterPattern::Pattern(pattern),
            span: pattern_span(pattern),
            decorators: &[],
            property: false,
        }
    }

    /// The declared type, wherever the pattern keeps it.
    pub(super) fn type_annotation(&self) -> Option<&'a TsTypeAnn> {
        match self.pattern {
            ParameterPattern::Pattern(pattern) => pattern_type(pattern),
            ParameterPattern::Ident(ident) => ident.type_ann.as_deref(),
            ParameterPattern::Assign(assign) => pattern_type(&assign.left),
        }
    }

    /// The only identifier, where the parameter is no destructuring pattern.
    pub(super) fn ident(&self) -> Option<&'a BindingIdent> {
        fn of(pattern: &Pat) -> Option<&BindingIdent> {
            match pattern {
                Pat::Ident(ident) => Some(ident),
                Pat::Assign(assign) => of(&assign.left),
                Pat::Rest(rest) => of(&rest.arg),
                _ => None,
            }
        }
        match self.pattern {
            ParameterPattern::Pattern(pattern) => of(pattern),
            ParameterPattern::Ident(ident) => Some(ident),
            ParameterPattern::Assign(assign) => of(&assign.left),
        }
    }

    fn has_default(&self) -> bool {
        matches!(
            self.pattern,
            ParameterPattern::Assign(_) | ParameterPattern::Pattern(Pat::Assign(_))
        )
    }

    fn is_rest(&self) -> bool {
        matches!(self.pattern, ParameterPattern::Pattern(Pat::Rest(_)))
    }

    fn is_optional(&self) -> bool {
        match self.pattern {
            ParameterPattern::Ident(ident) => ident.id.optional,
            ParameterPattern::Pattern(Pat::Ident(ident)) => ident.id.optional,
            ParameterPattern::Pattern(Pat::Array(array)) => array.optional,
            ParameterPattern::Pattern(Pat::Object(object)) => object.optional,
            _ => false,
        }
    }
}

pub(super) fn binding_span(ident: &BindingIdent) -> Span {
    match &ident.type_ann {
        Some(annotation) => ident
            .id
            .span
            .with_hi(annotation.span.hi.max(ident.id.span.hi)),
        None => ident.id.span,
    }
}

/// A pattern with its type annotation.
fn pattern_span(pattern: &Pat) -> Span {
    let span = pattern.span();
    match pattern_type(pattern) {
        Some(annotation) if !matches!(pattern, Pat::Assign(_)) => {
            span.with_hi(annotation.span.hi.max(span.hi))
        }
        _ => span,
    }
}

/// The annotation of a pattern.
pub(crate) fn pattern_type(pattern: &Pat) -> Option<&TsTypeAnn> {
    match pattern {
        Pat::Ident(ident) => ident.type_ann.as_deref(),
        Pat::Array(array) => array.type_ann.as_deref(),
        Pat::Object(object) => object.type_ann.as_deref(),
        Pat::Rest(rest) => rest.type_ann.as_deref(),
        Pat::Assign(assign) => pattern_type(&assign.left),
        Pat::Invalid(_) | Pat::Expr(_) => None,
    }
}

impl<'a> Builder<'a> {
    /// PARAMETER nodes and bindings of one formal parameter.
    pub(super) fn declare_parameter(
        &mut self,
        callable: NodeIdx,
        parameter: &Parameter<'a>,
        index: u32,
    ) {
        let single = parameter.ident().map(|ident| ident.id.span.lo);
        let declare = |b: &mut Self, ident: &'a Ident| {
            let range = if single == Some(ident.span.lo) {
                b.range(parameter.span)
            } else {
                b.range(ident.span)
            };
            let name = b.atom(&ident.sym);
            let node = b.make(NodeType::Parameter, name, range);
            let key = b.offset(ident.span.lo);
            b.reserved.insert(key, node);
            b.declare(Space::Value, name, node, BindingKind::Parameter);
            let fragment = b.fragment();
            b.m_int("index", index);
            let meta = b.end(fragment);
            b.tree_edge(callable, node, EdgeType::HasParameter, meta);
            if single.is_some() {
                b.facts.bindings.push(ParameterBinding {
                    node: NodeRef(node),
                    function: NodeRef(callable),
                    index,
                    path: Box::default(),
                    default: ShapeRef::UNKNOWN,
                });
                let fragment = b.node_fragment();
                b.m_int("index", index);
                b.parameter_facts(parameter);
                b.set_meta(node, fragment);
            }
        };
        match parameter.pattern {
            ParameterPattern::Pattern(pattern) => {
                for_each_ident(pattern, &mut |ident| declare(self, ident))
            }
            ParameterPattern::Ident(ident) => declare(self, &ident.id),
            ParameterPattern::Assign(assign) => {
                for_each_ident(&assign.left, &mut |ident| declare(self, ident))
            }
        }
        if single.is_none() {
            let mut path = Vec::new();
            let mut facts = PatternPaths::new();
            if let ParameterPattern::Pattern(pattern) = parameter.pattern {
                self.pattern_paths(pattern, &mut path, &mut facts);
            }
            for (ident, path, default) in facts {
                let Some(node) = self.reserved_node(ident) else {
                    continue;
                };
                self.facts.bindings.push(ParameterBinding {
                    node: NodeRef(node),
                    function: NodeRef(callable),
                    index,
                    path: path.as_slice().into(),
                    default: ShapeRef::UNKNOWN,
                });
                let fragment = self.node_fragment();
                self.m_int("index", index);
                self.m_flag("hasDefault", default || parameter.has_default());
                self.m_flag("isRest", parameter.is_rest());
                self.m_path("propertyPath", &path);
                if let Some(first) = path.first()
                    && let Ok(position) = self.names.get(*first).parse::<u32>()
                {
                    self.m_int("arrayIndex", position);
                }
                self.set_meta(node, fragment);
            }
        }
    }

    fn parameter_facts(&mut self, parameter: &Parameter<'a>) {
        if let Some(annotation) = parameter.type_annotation() {
            let text = self.type_text(&annotation.type_ann);
            self.m_str("typeAnnotation", text);
        }
        self.m_flag("hasDefault", parameter.has_default());
        self.m_flag("isRest", parameter.is_rest());
        self.m_flag("isOptional", parameter.is_optional());
        self.m_flag("isParameterProperty", parameter.property);
    }

    /// Defaults, nested patterns, types and decorators of one formal parameter.
    /// Gives back the shape of the default.
    pub(super) fn visit_parameter(
        &mut self,
        parameter: &Parameter<'a>,
        class: Option<usize>,
    ) -> ShapeRef {
        self.parameter_default = ShapeRef::UNKNOWN;
        let mut path = Vec::new();
        match parameter.pattern {
            ParameterPattern::Pattern(pattern) => {
                self.pattern(pattern, &Leaves::Parameter, &mut path)
            }
            ParameterPattern::Ident(_) => {}
            ParameterPattern::Assign(assign) => {
                self.assign_pattern(assign, &Leaves::Parameter, &mut path)
            }
        }
        let default = self.parameter_default;
        if let Some(annotation) = parameter.type_annotation() {
            match parameter
                .ident()
                .and_then(|ident| self.reserved_node(&ident.id))
            {
                Some(node) => self.type_of(node, annotation),
                None => self.type_used(&annotation.type_ann),
            }
        }
        if let Some(ident) = parameter.ident()
            && let Some(node) = self.reserved_node(&ident.id)
        {
            for (index, decorator) in parameter.decorators.iter().enumerate() {
                self.decorator(node, decorator, index, "PARAMETER");
            }
            if parameter.property
                && let Some(class) = class
            {
                let name = self.atom(&ident.id.sym);
                if let Some(member) = self.classes[class].members.get(&(name, false)).copied() {
                    let place = super::assignment::Place {
                        node: member.write,
                        path: Vec::new(),
                        mutation: Some("parameter_property"),
                        setter: NO_NODE,
                    };
                    self.write(
                        Val::new(node, graph_model::summary::ShapeRef::UNKNOWN),
                        &place,
                        parameter.span,
                        None,
                        &[],
                        false,
                    );
                }
            }
        }
        default
    }

    /// What the summary says of a parameter.
    pub(super) fn parameter_fact(&mut self, parameter: &Parameter<'a>) -> ParameterFact {
        let declared = self.lower_annotation(parameter.type_annotation());
        let name = match parameter.ident() {
            Some(ident) => self.atom(&ident.id.sym),
            None => self.known.empty,
        };
        ParameterFact {
            name,
            declared,
            default: ShapeRef::UNKNOWN,
            rest: parameter.is_rest(),
            optional: parameter.has_default() || parameter.is_optional() || parameter.is_rest(),
        }
    }

    /// `x`, `x?` when optional or with a default, `...x`, or the text of the pattern.
    pub(super) fn parameter_text(&self, parameter: &Parameter<'a>) -> Cow<'a, str> {
        let optional = parameter.has_default() || parameter.is_optional();
        match parameter.ident() {
            Some(ident) => {
                let name = ident.id.sym.as_str();
                match (parameter.is_rest(), optional) {
                    (false, false) => Cow::Borrowed(name),
                    (false, true) => Cow::Owned([name, "?"].concat()),
                    (true, false) => Cow::Owned(["...", name].concat()),
                    (true, true) => Cow::Owned(["...", name, "?"].concat()),
                }
            }
            None => {
                let span = match parameter.pattern {
                    ParameterPattern::Pattern(Pat::Assign(assign)) => assign.left.span(),
                    ParameterPattern::Pattern(pattern) => pattern.span(),
                    ParameterPattern::Assign(assign) => assign.left.span(),
                    ParameterPattern::Ident(ident) => ident.span(),
                };
                Cow::Owned(self.pattern_text(span, parameter.type_annotation(), optional))
            }
        }
    }

    /// The text of a destructuring pattern without its type, on one line.
    pub(super) fn pattern_text(
        &self,
        span: Span,
        annotation: Option<&TsTypeAnn>,
        optional: bool,
    ) -> String {
        let span = match annotation {
            Some(annotation) => span.with_hi(annotation.span.lo.min(span.hi)),
            None => span,
        };
        let text: Vec<&str> = self.text_of(span).split_whitespace().collect();
        let text = text.join(" ");
        let text = text.trim_end_matches([' ', ':', '?']);
        format!("{}{}", cut(text, 120), if optional { "?" } else { "" })
    }
}
