//! Backward: where a value comes from. The rules are those of the model's traversal table, a row each.

use graph_model::{EdgeType, NodeType};
use rfdb_client::NodeId;

use super::around::Around;
use super::path::{Path, Prefix};
use super::state::{
    Aspect, Edges, EndKind, Expansion, Next, State, computes, flag, is_getter, metadata_is,
};
use crate::graph::{Confidence, Edge, Graph, Node};

pub(crate) const OUTGOING: &[EdgeType] = &[
    EdgeType::AssignedFrom,
    EdgeType::DerivesFrom,
    EdgeType::ReceivesArgument,
    EdgeType::ReadsFrom,
    EdgeType::HasProperty,
    EdgeType::HasElement,
    EdgeType::HasMember,
    EdgeType::HasParameter,
    EdgeType::PassesProp,
    EdgeType::PassesArgument,
    EdgeType::Calls,
    EdgeType::InstanceOf,
    EdgeType::Extends,
    EdgeType::ImportsFrom,
    EdgeType::Exports,
    EdgeType::Overrides,
];
pub(crate) const INCOMING: &[EdgeType] = &[
    EdgeType::FlowsInto,
    EdgeType::Overrides,
    EdgeType::Returns,
    EdgeType::Yields,
    EdgeType::DelegatesTo,
    EdgeType::ResolvesTo,
];

/// Where one state leads. Its edges must have been loaded.
pub(crate) fn expand(
    graph: &Graph<'_>,
    edges: &Edges,
    around: &Around,
    state: &State,
) -> Expansion {
    let mut out = Expansion::default();
    let Some(node) = graph.node(state.node) else {
        out.end = Some(EndKind::DeadEnd);
        return out;
    };
    let rules = Rules {
        graph,
        edges,
        around,
        node,
        path: &state.path,
    };
    match state.aspect {
        Aspect::Value => rules.value(&mut out),
        Aspect::Returned => rules.returned(&mut out),
        Aspect::Instance => rules.instance(&mut out),
    }
    out
}

struct Rules<'a> {
    graph: &'a Graph<'a>,
    edges: &'a Edges,
    around: &'a Around,
    node: &'a Node,
    path: &'a Path,
}

impl Rules<'_> {
    fn value(&self, out: &mut Expansion) {
        let Some(kind) = self.node.kind else {
            out.end = Some(EndKind::External);
            return;
        };
        self.sources(out);
        self.writes(out);
        match kind {
            NodeType::PropertyAccess => self.property_access(out),
            NodeType::ObjectLiteral | NodeType::ArrayLiteral | NodeType::JsxElement => {
                self.literal_of_parts(out);
            }
            NodeType::Call => self.call(out),
            NodeType::ConstructorCall => self.constructor_call(out),
            NodeType::Parameter => self.parameter(out),
            NodeType::Property => self.property(out),
            NodeType::Import => self.import(out),
            NodeType::Export => self.export(out),
            NodeType::Module => self.module(out),
            NodeType::Class | NodeType::Namespace | NodeType::Enum => self.container(out),
            NodeType::Function | NodeType::Method => out.end = Some(EndKind::Function),
            NodeType::Literal => out.end = Some(EndKind::Literal),
            NodeType::ExternalFunction | NodeType::ExternalModule | NodeType::NetStdio => {
                out.end = Some(EndKind::External);
            }
            NodeType::EnumMember => {
                if out.next.is_empty() {
                    out.end = Some(EndKind::Literal);
                }
            }
            NodeType::Expression => self.expression(out),
            NodeType::Variable | NodeType::Constant => self.variable(out),
            _ => {
                if out.next.is_empty() {
                    out.end = Some(EndKind::DeadEnd);
                }
            }
        }
    }

    /// ASSIGNED_FROM, DERIVES_FROM, RECEIVES_ARGUMENT.
    fn sources(&self, out: &mut Expansion) {
        let id = self.node.id;
        let reads = self.node.is(NodeType::PropertyAccess)
            && self
                .edges
                .outgoing_of(id, EdgeType::ReadsFrom)
                .next()
                .is_some();
        for edge in self.edges.outgoing(id) {
            let derives = edge.edge_type == EdgeType::DerivesFrom;
            if !(derives
                || matches!(
                    edge.edge_type,
                    EdgeType::AssignedFrom | EdgeType::ReceivesArgument
                ))
                || (derives && reads)
            {
                continue;
            }
            for facts in edge.occurrences() {
                let computed =
                    derives && (computes(self.node) || facts.via.as_deref() == Some("pure"));
                if computed {
                    push(out, State::value(edge.dst, Path::default()), edge, false);
                } else {
                    self.flow(
                        out,
                        edge,
                        edge.dst,
                        &facts.result_path,
                        &facts.property_path,
                    );
                }
            }
        }
    }

    /// FLOWS_INTO, read from its target.
    fn writes(&self, out: &mut Expansion) {
        for edge in self.edges.incoming_of(self.node.id, EdgeType::FlowsInto) {
            for facts in edge.occurrences() {
                self.flow(
                    out,
                    edge,
                    edge.src,
                    &facts.property_path,
                    &facts.source_path,
                );
            }
        }
    }

    /// One value edge: `becomes` says which part of this node the value is, `part` which part of the source flows.
    fn flow(
        &self,
        out: &mut Expansion,
        edge: &Edge,
        source: NodeId,
        becomes: &[String],
        part: &[String],
    ) {
        match self.path.prefix(becomes) {
            Prefix::Whole(rest) => {
                push(
                    out,
                    State::value(source, Path::join(part, rest)),
                    edge,
                    false,
                );
            }
            Prefix::Partial => push(out, State::value(source, Path::join(part, &[])), edge, true),
            Prefix::No => {}
        }
    }

    fn property_access(&self, out: &mut Expansion) {
        for edge in self.edges.outgoing_of(self.node.id, EdgeType::ReadsFrom) {
            match self.graph.node(edge.dst) {
                Some(read) if read.is_callable() && is_getter(read) => {
                    push(
                        out,
                        State::returned(edge.dst, self.path.clone()),
                        edge,
                        false,
                    );
                }
                _ => push(out, State::value(edge.dst, self.path.clone()), edge, false),
            }
        }
        if out.next.is_empty() {
            let of_runtime = self
                .node
                .metadata_value("objectName")
                .is_some_and(|v| matches!(v.as_str(), Some("import" | "new" | "import.meta")))
                || matches!(self.node.name.as_str(), "import.meta" | "new.target");
            out.end = Some(if of_runtime {
                EndKind::External
            } else {
                EndKind::DeadEnd
            });
        }
    }

    /// Objects, arrays and JSX elements.
    fn literal_of_parts(&self, out: &mut Expansion) {
        let written = !out.next.is_empty();
        let Some((_, rest)) = self.path.split_first() else {
            out.end = Some(EndKind::New);
            return;
        };
        let mut parts = false;
        for edge in self.edges.outgoing(self.node.id) {
            for facts in edge.occurrences() {
                let (key, spread) = match edge.edge_type {
                    EdgeType::HasProperty => {
                        let name = facts.property_name.as_deref().unwrap_or("<computed>");
                        (name.to_owned(), name == "<spread>")
                    }
                    EdgeType::HasElement => (
                        facts.element_index.unwrap_or_default().to_string(),
                        facts.is_spread,
                    ),
                    EdgeType::PassesProp => {
                        let name = facts.prop_name.as_deref().unwrap_or("<spread>");
                        (name.to_owned(), name == "<spread>")
                    }
                    _ => continue,
                };
                parts = true;
                let key = if key == "<computed>" { "*" } else { &key };
                if spread {
                    push(out, State::value(edge.dst, self.path.clone()), edge, false);
                } else if self.path.first_matches(key) && facts.kind.as_deref() != Some("set") {
                    let next = if facts.kind.as_deref() == Some("get") {
                        State::returned(edge.dst, rest.clone())
                    } else {
                        State::value(edge.dst, rest.clone())
                    };
                    push(out, next, edge, false);
                }
            }
        }
        if out.next.is_empty() && !written {
            // Folded trees have no parts, their literals are in their own metadata.
            let folded = !parts && self.folded_part();
            let of_language = !self.node.is(NodeType::ObjectLiteral)
                || self
                    .path
                    .split_first()
                    .is_some_and(|(name, _)| name == "*" || is_object_member(name));
            out.end = Some(match (folded, of_language) {
                (true, _) => EndKind::Literal,
                (_, true) => EndKind::New,
                _ => EndKind::Absent,
            });
        }
    }

    /// Whether the tree of literals that was folded into the node's metadata has the part that is selected.
    fn folded_part(&self) -> bool {
        match (self.node.metadata_value("value"), self.path.split_first()) {
            (Some(serde_json::Value::Object(parts)), Some((name, _))) => {
                parts.contains_key(name) || (name == "*" && !parts.is_empty())
            }
            (Some(serde_json::Value::Array(parts)), Some((name, _))) => {
                name.parse().is_ok_and(|at: usize| at < parts.len())
                    || (name == "*" && !parts.is_empty())
            }
            _ => false,
        }
    }

    fn call(&self, out: &mut Expansion) {
        let derived = !out.next.is_empty();
        let mut external = false;
        let mut called = false;
        for edge in self.edges.outgoing_of(self.node.id, EdgeType::Calls) {
            if edge.facts.call_type.is_some() {
                continue;
            }
            called = true;
            match self.graph.node(edge.dst) {
                Some(callee) if callee.is_callable() => {
                    push(
                        out,
                        State::returned(edge.dst, self.path.clone()),
                        edge,
                        false,
                    );
                }
                Some(callee) if callee.is(NodeType::Class) => {
                    push(
                        out,
                        State::instance(edge.dst, self.path.clone()),
                        edge,
                        false,
                    );
                }
                _ => external = true,
            }
        }
        if !derived {
            if external {
                out.end = Some(EndKind::External);
            } else if !called {
                out.end = Some(EndKind::UnresolvedCall);
            }
        }
    }

    fn constructor_call(&self, out: &mut Expansion) {
        let resolvers = self.edges.incoming_of(self.node.id, EdgeType::ResolvesTo);
        let mut promise = false;
        for resolver in resolvers.filter(|edge| !edge.facts.is_reject) {
            promise = true;
            for argument in self
                .edges
                .outgoing_of(resolver.src, EdgeType::PassesArgument)
                .filter(|edge| edge.facts.arg_index.unwrap_or(0) == 0)
            {
                push(
                    out,
                    State::value(argument.dst, self.path.clone()),
                    argument,
                    false,
                );
            }
        }
        if promise {
            return;
        }
        if !self.path.is_empty() {
            self.instance_of(out);
        }
        if out.next.is_empty() || self.path.is_empty() {
            out.end = Some(EndKind::New);
        }
    }

    /// The fields of the classes that the node is an instance of.
    fn instance_of(&self, out: &mut Expansion) {
        for edge in self.edges.outgoing_of(self.node.id, EdgeType::InstanceOf) {
            let class = self.graph.node(edge.dst);
            if class.is_some_and(|n| n.is(NodeType::Class) || n.is_callable()) {
                push(
                    out,
                    State::instance(edge.dst, self.path.clone()),
                    edge,
                    false,
                );
            }
        }
    }

    fn parameter(&self, out: &mut Expansion) {
        let implicit = flag(self.node, "implicit");
        if implicit && self.node.name == "this" {
            if !self.path.is_empty() {
                self.instance_of(out);
                if let Some((callable, Some(owner))) = self.around.owner.get(&self.node.id)
                    && let Some(class) = self.graph.node(*owner)
                    && class.is(NodeType::Class)
                {
                    let is_static = self
                        .graph
                        .node(*callable)
                        .is_some_and(|n| flag(n, "isStatic"));
                    let state = if is_static {
                        State::value(*owner, self.path.clone())
                    } else {
                        State::instance(*owner, self.path.clone())
                    };
                    out.next.push(Next {
                        state,
                        edge: EdgeType::InstanceOf,
                        confidence: Confidence::Exact,
                        partial: false,
                    });
                }
            }
            if out.next.is_empty() {
                out.end = Some(EndKind::This);
            }
            return;
        }
        if !out.next.is_empty() {
            return;
        }
        let outside = || {
            let (callable, owner) = self.around.owner.get(&self.node.id)?;
            let callable = self.graph.node(*callable)?;
            if callable.exported {
                return Some(true);
            }
            // A member of what can be reached from outside, or the function that such a field holds.
            let owner = owner.and_then(|id| self.graph.node(id))?;
            Some(callable.is(NodeType::Method) && owner.exported)
        };
        out.end = Some(if implicit {
            EndKind::This
        } else if outside() == Some(true) {
            EndKind::ExportedParameter
        } else {
            EndKind::Parameter
        });
    }

    fn property(&self, out: &mut Expansion) {
        for edge in self.edges.outgoing_of(self.node.id, EdgeType::Overrides) {
            push(out, State::value(edge.dst, self.path.clone()), edge, false);
        }
        for edge in self.edges.incoming_of(self.node.id, EdgeType::Overrides) {
            push(out, State::value(edge.src, self.path.clone()), edge, false);
        }
        if out.next.is_empty() {
            let declared = metadata_is(self.node, "propertyKind", "signature")
                || flag(self.node, "declare")
                || flag(self.node, "isAbstract");
            out.end = Some(if declared {
                EndKind::Declared
            } else {
                EndKind::DeadEnd
            });
        }
    }

    fn variable(&self, out: &mut Expansion) {
        if out.next.is_empty() {
            out.end = Some(if flag(self.node, "declare") {
                EndKind::Declared
            } else if metadata_is(self.node, "kind", "catch") {
                EndKind::Caught
            } else if self
                .edges
                .incoming_of(self.node.id, EdgeType::FlowsInto)
                .next()
                .is_some()
                || !self.path.is_empty()
                    && self
                        .edges
                        .outgoing_of(self.node.id, EdgeType::AssignedFrom)
                        .next()
                        .is_some()
            {
                // It is written, but this part of it is not.
                EndKind::DeadEnd
            } else if self.node.is(NodeType::Constant) {
                EndKind::Literal
            } else {
                EndKind::DeadEnd
            });
        }
    }

    fn expression(&self, out: &mut Expansion) {
        if let Some(serde_json::Value::Array(literals)) = self.node.metadata_value("literals") {
            out.literals = literals.iter().map(ToString::to_string).collect();
        }
        if out.next.is_empty() && out.literals.is_empty() {
            // `yield` gives what the caller of the generator sends.
            let sent = metadata_is(self.node, "expressionType", "YieldExpression");
            out.end = Some(if sent {
                EndKind::External
            } else {
                EndKind::Literal
            });
        }
    }

    fn import(&self, out: &mut Expansion) {
        self.imports_from(out);
        if out.next.is_empty() {
            // An import of a package is one edge to it; without any edge there is no such module.
            out.end = Some(EndKind::UnresolvedImport);
        }
    }

    fn imports_from(&self, out: &mut Expansion) {
        let edges = self.edges.outgoing_of(self.node.id, EdgeType::ImportsFrom);
        for edge in edges {
            let to_export = self
                .graph
                .node(edge.dst)
                .is_some_and(|n| n.is(NodeType::Export));
            match &edge.facts.imported {
                Some(name) if to_export => {
                    if let Some((_, rest)) = self.path.split_first()
                        && self.path.first_matches(name)
                    {
                        push(out, State::value(edge.dst, rest), edge, false);
                    }
                }
                _ => push(out, State::value(edge.dst, self.path.clone()), edge, false),
            }
        }
    }

    fn export(&self, out: &mut Expansion) {
        for edge in self.edges.outgoing_of(self.node.id, EdgeType::Exports) {
            push(out, State::value(edge.dst, self.path.clone()), edge, false);
        }
        self.imports_from(out);
        if out.next.is_empty() {
            out.end = Some(EndKind::UnresolvedImport);
        }
    }

    fn module(&self, out: &mut Expansion) {
        let Some((name, rest)) = self.path.split_first() else {
            out.end = Some(EndKind::New);
            return;
        };
        let found = self.around.exports.get(&(self.node.id, name.to_owned()));
        for id in found.into_iter().flatten() {
            // `export *` passes the name on.
            let all = self.graph.node(*id).is_some_and(|n| n.name == "*");
            let path = if all { self.path.clone() } else { rest.clone() };
            out.next.push(Next {
                state: State::value(*id, path),
                edge: EdgeType::Exports,
                confidence: Confidence::Exact,
                partial: false,
            });
        }
        if out.next.is_empty() {
            out.end = Some(EndKind::DeadEnd);
        }
    }

    /// Static members of a class, members of an enum or namespace.
    fn container(&self, out: &mut Expansion) {
        if let Some((_, rest)) = self.path.split_first() {
            let listed = self
                .edges
                .outgoing(self.node.id)
                .iter()
                .filter(|e| matches!(e.edge_type, EdgeType::HasProperty | EdgeType::HasMember))
                .map(|e| e.dst);
            let contained = self.around.members.get(&self.node.id);
            for id in listed.chain(contained.into_iter().flatten().copied()) {
                let Some(member) = self.graph.node(id) else {
                    continue;
                };
                let reachable = !self.node.is(NodeType::Class) || flag(member, "isStatic");
                if reachable && self.path.first_matches(&member.name) {
                    out.next.push(member_of(member, rest.clone()));
                }
            }
        }
        if out.next.is_empty() {
            out.end = Some(EndKind::Function);
        }
    }

    /// Every value that a callable returns; what a generator yields.
    fn returned(&self, out: &mut Expansion) {
        let id = self.node.id;
        for edge in self.edges.incoming(id) {
            match edge.edge_type {
                EdgeType::Returns => {
                    push(out, State::value(edge.src, self.path.clone()), edge, false);
                }
                EdgeType::Yields => {
                    if let Some((_, rest)) = self.path.split_first()
                        && self.path.first_matches("*")
                    {
                        push(out, State::value(edge.src, rest), edge, false);
                    } else if self.path.is_empty() {
                        push(out, State::value(edge.src, Path::default()), edge, true);
                    }
                }
                EdgeType::DelegatesTo => {
                    push(out, State::value(edge.src, self.path.clone()), edge, false);
                }
                _ => {}
            }
        }
        if out.next.is_empty() {
            let bodiless = flag(self.node, "isSignature")
                || flag(self.node, "declare")
                || flag(self.node, "isAbstract");
            let constructor = metadata_is(self.node, "methodKind", "constructor");
            out.end = Some(if bodiless {
                EndKind::Declared
            } else if constructor {
                EndKind::New
            } else {
                EndKind::Nothing
            });
        }
    }

    /// A field of an instance: of its class, else of the class above.
    fn instance(&self, out: &mut Expansion) {
        let Some((_, rest)) = self.path.split_first() else {
            out.end = Some(EndKind::New);
            return;
        };
        let id = self.node.id;
        let fields = self
            .edges
            .outgoing_of(id, EdgeType::HasProperty)
            .map(|e| e.dst);
        let methods = self.around.members.get(&id);
        for member in fields.chain(methods.into_iter().flatten().copied()) {
            let Some(member) = self.graph.node(member) else {
                continue;
            };
            let of_instance = (member.is(NodeType::Property) || member.is(NodeType::Method))
                && !flag(member, "isStatic");
            if of_instance && self.path.first_matches(&member.name) {
                out.next.push(member_of(member, rest.clone()));
            }
        }
        // A constructor function keeps the fields in its `this`, and methods in its prototype.
        for edge in self.edges.outgoing_of(id, EdgeType::HasParameter) {
            let this = self
                .graph
                .node(edge.dst)
                .is_some_and(|n| n.name == "this" && flag(n, "implicit"));
            if this {
                push(out, State::value(edge.dst, self.path.clone()), edge, false);
            }
        }
        for edge in self.edges.incoming_of(id, EdgeType::FlowsInto) {
            let on_prototype = self.path.under("prototype");
            if let Prefix::Whole(rest) = on_prototype.prefix(&edge.facts.property_path)
                && edge.facts.property_path.len() > 1
            {
                let path = Path::join(&edge.facts.source_path, rest);
                push(out, State::value(edge.src, path), edge, false);
            }
        }
        if out.next.is_empty() {
            for edge in self.edges.outgoing_of(id, EdgeType::Extends) {
                push(
                    out,
                    State::instance(edge.dst, self.path.clone()),
                    edge,
                    false,
                );
            }
        }
        if out.next.is_empty() {
            out.end = Some(EndKind::DeadEnd);
        }
    }
}

fn member_of(member: &Node, rest: Path) -> Next {
    let state = if member.is_callable() && is_getter(member) {
        State::returned(member.id, rest)
    } else {
        State::value(member.id, rest)
    };
    Next {
        state,
        edge: EdgeType::HasProperty,
        confidence: Confidence::Exact,
        partial: false,
    }
}

fn push(out: &mut Expansion, state: State, edge: &Edge, partial: bool) {
    out.next.push(Next::new(state, edge).partial(partial));
}

/// Members that every object has from the language.
fn is_object_member(name: &str) -> bool {
    matches!(
        name,
        "constructor"
            | "hasOwnProperty"
            | "isPrototypeOf"
            | "propertyIsEnumerable"
            | "toLocaleString"
            | "toString"
            | "valueOf"
            | "__proto__"
    )
}
