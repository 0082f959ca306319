//! Pass: which class values are instances of, and which members reads reach (INSTANCE_OF, READS_FROM).

use graph_model::summary::{AccessFact, ExportTarget, ModuleSummary, NodeRef, Shape, VariableFact};
use graph_model::{EdgeType, NodeId, NodeType};
use rustc_hash::FxHashSet;

use crate::edges::FileLinks;
use crate::eval::{Env, Eval, Place, Set, Value, is_imported_key};
use crate::exports::Found;
use crate::points::Points;
use crate::program::{Fact, ModuleIx, Name};

/// More members than these are none.
const MAX_TARGETS: usize = 16;

/// Runs the pass for one module.
pub(crate) fn run(eval: &mut Eval<'_, '_>, ix: ModuleIx, points: &Points, links: &mut FileLinks) {
    let of = eval.linker.program.module(ix);
    let mut last = None;
    for variable in &of.summary.variables {
        // A variable has its facts in a row or apart; an edge is written once in any case.
        if last == Some(variable.node) || !matches!(of.fact(variable.node), Fact::Variable(_)) {
            continue;
        }
        last = Some(variable.node);
        if !of
            .variables(variable.node)
            .all(|v| is_no_instance(&of.summary, v))
        {
            instance_of(eval, ix, variable.node, links);
        }
    }
    for binding in &of.summary.bindings {
        instance_of(eval, ix, binding.node, links);
    }
    for import in &of.summary.imports {
        instance_of(eval, ix, import.node, links);
    }
    for class in &of.summary.classes {
        let place = Place {
            module: ix,
            node: class.node,
        };
        for member in class.members.of(&of.summary.members) {
            if let Some(node) = member.node
                && of.summary.node(node).node_type() == Some(NodeType::Property)
            {
                eval.refuel();
                let name = of.summary.name(member.name);
                let set = eval
                    .own_member(place, crate::eval::Env::NONE, name, member.is_static)
                    .unwrap_or_default();
                instance_edge(eval, ix, node, set, links);
            }
        }
        let members = class.members.of(&of.summary.members);
        let mut seen: FxHashSet<NodeRef> = members.iter().filter_map(|m| m.node).collect();
        for write in &class.writes {
            let (name, is_static, node, _) = *write;
            if !seen.insert(node) || of.summary.node(node).node_type() != Some(NodeType::Property) {
                continue;
            }
            eval.refuel();
            let name = of.summary.name(name);
            let set = eval
                .own_member(place, crate::eval::Env::NONE, name, is_static)
                .unwrap_or_default();
            instance_edge(eval, ix, node, set, links);
        }
    }
    for access in &of.summary.accesses {
        eval.refuel();
        let joined = reads(eval, ix, access.node, access.shape, links);
        getters(eval, ix, access, points, joined, links);
    }
    setters(eval, ix, points, links);
}

/// FLOWS_INTO parameters of setters, by where objects go.
fn setters(eval: &Eval<'_, '_>, ix: ModuleIx, points: &Points, links: &mut FileLinks) {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    for (i, write) in (0..).zip(&of.summary.writes) {
        let found = points.of_write(i);
        let Some(node) = write.node.filter(|_| found.len() <= MAX_TARGETS) else {
            continue;
        };
        let src = of.summary.node(node).node_id();
        for &(setter, parameter) in found {
            if !linker.owns_edge(ix, node, setter.module) {
                continue;
            }
            let callee = linker.program.module(setter.module);
            for (_, binding) in callee.bindings_of(setter.node) {
                let dst = callee.summary.node(binding.node).node_id();
                if binding.index == parameter && !links.has(src, EdgeType::FlowsInto, dst) {
                    let metadata = r#"{"mutationType":"property","confidence":"possible"}"#;
                    links.edge(src, EdgeType::FlowsInto, dst, metadata);
                }
            }
        }
    }
}

/// READS_FROM to getters, by where objects go, but to the own one of a class that the analyzer has `joined` the access to.
fn getters<'e>(
    eval: &mut Eval<'e, '_>,
    ix: ModuleIx,
    access: &AccessFact,
    points: &Points,
    joined: Option<Value<'e>>,
    links: &mut FileLinks,
) {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    let mut shape = access.shape;
    while let Shape::Narrow(inner, _) = *of.summary.shape(shape) {
        shape = inner;
    }
    let found = points.of_read(shape);
    if found.is_empty() || found.len() > MAX_TARGETS {
        return;
    }
    let joined = match *of.summary.shape(shape) {
        Shape::Member(_, name) => {
            joined.and_then(|class| member_of_class(eval, class, of.summary.name(name)))
        }
        _ => None,
    };
    let src = of.summary.node(access.node).node_id();
    for &getter in found.iter().filter(|&&getter| joined != Some(getter)) {
        let dst = linker.node_id(getter);
        if !links.has(src, EdgeType::ReadsFrom, dst) {
            let metadata = r#"{"confidence":"possible"}"#;
            links.edge(src, EdgeType::ReadsFrom, dst, metadata);
        }
    }
}

/// Whether what a variable gets is, as it is written, no instance of a class: many are numbers, texts, objects and functions.
fn is_no_instance(summary: &ModuleSummary, variable: &VariableFact) -> bool {
    let is_none = matches!(
        summary.shape(variable.init),
        Shape::Unknown
            | Shape::Primitive(_)
            | Shape::Text(_)
            | Shape::Function(_)
            | Shape::Class(_)
            | Shape::Object(_)
            | Shape::Array(_)
    );
    is_none && variable.path.is_empty() && !variable.declared.is_known()
}

fn instance_of(eval: &mut Eval<'_, '_>, ix: ModuleIx, node: NodeRef, links: &mut FileLinks) {
    eval.refuel();
    let set = eval.node(Place { module: ix, node });
    instance_edge(eval, ix, node, set, links);
}

fn instance_edge(
    eval: &Eval<'_, '_>,
    ix: ModuleIx,
    node: NodeRef,
    set: Set<'_>,
    links: &mut FileLinks,
) {
    let linker = eval.linker;
    let mut values = set.iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return;
    };
    let src = linker.program.module(ix).summary.node(node).node_id();
    match value {
        Value::Inst(class, _) => {
            links.edge(src, EdgeType::InstanceOf, linker.node_id(*class), "");
        }
        Value::ExtInst(specifier, path) => {
            let path = if path.is_empty() { "default" } else { path };
            let dst = links.external_function(specifier, path);
            links.edge(src, EdgeType::InstanceOf, dst, "");
        }
        _ => {}
    }
}

/// READS_FROM of one access. Answers the class whose own member the analyzer has joined it to already.
fn reads<'e>(
    eval: &mut Eval<'e, '_>,
    ix: ModuleIx,
    node: NodeRef,
    shape: graph_model::summary::ShapeRef,
    links: &mut FileLinks,
) -> Option<Value<'e>> {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    let mut shape = shape;
    while let Shape::Narrow(inner, _) = *of.summary.shape(shape) {
        shape = inner;
    }
    let Shape::Member(object, name) = *of.summary.shape(shape) else {
        return None;
    };
    let name = of.summary.name(name);
    if name == "*" {
        return None;
    }
    let own = match *of.summary.shape(object) {
        Shape::This(owner, _) => Some(owner),
        Shape::Binding(node)
            if matches!(
                of.summary.node(node).node_type(),
                Some(NodeType::Enum | NodeType::Namespace)
            ) =>
        {
            return None;
        }
        _ => None,
    };
    let receiver = eval.shape(ix, object);
    let mut found: Vec<NodeId> = Vec::new();
    for value in receiver.iter() {
        let place = match value {
            Value::Inst(place, _)
            | Value::Iface(place, _)
            | Value::Proto(place)
            | Value::Ctor(place) => {
                // The analyzer has joined members of the class itself.
                if own == Some(place.node) && place.module == ix && declares(eval, *place, name) {
                    return Some(*value);
                }
                member_of_class(eval, *value, name)
            }
            Value::Ns(module) => match linker.exports.lookup(*module, Name::new(name)) {
                Found::Export(at, _) => {
                    let at = linker.exports.origin(at);
                    let of = linker.program.module(at.module);
                    match &of.export(at.export).target {
                        ExportTarget::Local(nodes) => nodes
                            .iter()
                            .copied()
                            .find(|&n| is_member(of.summary.node(n).node_type()))
                            .map(|node| Place {
                                module: at.module,
                                node,
                            }),
                        _ => None,
                    }
                }
                _ => None,
            },
            Value::Scope(place) => {
                let of = linker.program.module(place.module);
                let scope = of.scope(place.node);
                scope.and_then(|scope| {
                    let found = scope.members.iter();
                    let mut found = found.filter(|m| of.summary.name(m.0) == name);
                    found.next().map(|m| Place {
                        module: place.module,
                        node: m.1,
                    })
                })
            }
            // What the key is nobody tells.
            Value::Ext(..) if is_imported_key(name) => None,
            Value::Ext(specifier, path) => {
                let path = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                found.push(links.external_function(specifier, &path));
                None
            }
            Value::Obj(_) => {
                let set = eval.member(Set::one(eval.arena, *value), name);
                let functions: Vec<Place> = set
                    .iter()
                    .filter_map(|v| match v {
                        Value::Fn(place, _) => Some(*place),
                        _ => None,
                    })
                    .collect();
                match functions.as_slice() {
                    [one] => Some(*one),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(place) = place {
            let id = linker.node_id(place);
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    if found.len() > MAX_TARGETS {
        return None;
    }
    let metadata = if found.len() > 1 {
        r#"{"confidence":"possible"}"#
    } else {
        ""
    };
    let src = of.summary.node(node).node_id();
    for dst in found {
        links.edge(src, EdgeType::ReadsFrom, dst, metadata);
    }
    None
}

/// The member of a class, its instances or its prototype.
fn member_of_class<'e>(eval: &mut Eval<'e, '_>, class: Value<'e>, name: &str) -> Option<Place> {
    let (place, env, is_static) = match class {
        Value::Inst(place, env) => (place, env, false),
        Value::Iface(place, _) | Value::Proto(place) => (place, Env::NONE, false),
        Value::Ctor(place) => (place, Env::NONE, true),
        _ => return None,
    };
    let member = eval.member_fact(place, env, name, is_static)?;
    member.place
}

/// Whether a class itself has a member, declared or assigned.
fn declares(eval: &Eval<'_, '_>, class: Place, name: &str) -> bool {
    let of = eval.linker.program.module(class.module);
    let Some(fact) = of.class(class.node) else {
        return false;
    };
    let named = Name::new(name);
    of.members_named(fact.members, name).next().is_some()
        || fact.writes.iter().any(|w| of.is_named(w.0, named))
}

fn is_member(node_type: Option<NodeType>) -> bool {
    matches!(
        node_type,
        Some(
            NodeType::Function
                | NodeType::Class
                | NodeType::Variable
                | NodeType::Constant
                | NodeType::Enum
                | NodeType::Namespace
        )
    )
}
