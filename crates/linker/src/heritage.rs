//! Pass: what classes and interfaces extend and implement in other modules, and what their members override (EXTENDS,
//! IMPLEMENTS, OVERRIDES).

use graph_model::summary::{MemberKind, Shape, Type, TypeRef};
use graph_model::{EdgeType, NodeType};

use crate::edges::FileLinks;
use crate::eval::{Env, Eval, Place, Value};
use crate::program::{Fact, ModuleIx};

/// Runs the pass for one module.
pub(crate) fn run(eval: &mut Eval<'_, '_>, ix: ModuleIx, links: &mut FileLinks) {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    for class in &of.summary.classes {
        eval.refuel();
        let place = Place {
            module: ix,
            node: class.node,
        };
        let src = of.summary.node(class.node).node_id();
        let mut above: Vec<(Place, Env<'_>)> = Vec::new();
        if let Some(extends) = class.extends {
            let local = match *of.summary.shape(extends) {
                Shape::Binding(node) | Shape::Class(node) => {
                    of.summary.node(node).node_type() == Some(NodeType::Class)
                }
                _ => false,
            };
            let base = eval.base(place);
            for value in base.iter() {
                match value {
                    Value::Inst(ancestor, env) => {
                        above.push((*ancestor, *env));
                        if !local && *ancestor != place {
                            let dst = linker.node_id(*ancestor);
                            links.edge(src, EdgeType::Extends, dst, "");
                        }
                    }
                    Value::ExtInst(specifier, path) => {
                        let path = if path.is_empty() { "default" } else { path };
                        let dst = links.external_function(specifier, path);
                        links.edge(src, EdgeType::Extends, dst, "");
                    }
                    _ => {}
                }
            }
        }
        for &implemented in class.implements.of(&of.summary.type_lists) {
            inherits(
                eval,
                place,
                implemented,
                EdgeType::Implements,
                &mut above,
                links,
            );
        }
        overrides(eval, place, &above, links);
    }
    for fact in &of.summary.type_facts {
        eval.refuel();
        let place = Place {
            module: ix,
            node: fact.node,
        };
        let mut above = Vec::new();
        for &base in fact.extends.of(&of.summary.type_lists) {
            inherits(eval, place, base, EdgeType::Extends, &mut above, links);
        }
        overrides(eval, place, &above, links);
    }
    constructors(eval, ix, links);
}

/// FUNCTION EXTENDS FUNCTION by prototypes.
fn constructors(eval: &mut Eval<'_, '_>, ix: ModuleIx, links: &mut FileLinks) {
    let linker = eval.linker;
    let of = linker.program.module(ix);
    for function in of.prototypes() {
        eval.refuel();
        let place = Place {
            module: ix,
            node: function,
        };
        if of.function(function).is_none() {
            continue;
        }
        let src = linker.node_id(place);
        let base = eval.base(place);
        for value in base.iter() {
            match value {
                Value::Inst(ancestor, _) if *ancestor != place => {
                    links.edge(src, EdgeType::Extends, linker.node_id(*ancestor), "");
                }
                Value::ExtInst(specifier, path) => {
                    let path = if path.is_empty() { "default" } else { path };
                    let dst = links.external_function(specifier, path);
                    links.edge(src, EdgeType::Extends, dst, "");
                }
                _ => {}
            }
        }
    }
}

fn inherits<'l>(
    eval: &mut Eval<'l, '_>,
    place: Place,
    ty: TypeRef,
    edge: EdgeType,
    above: &mut Vec<(Place, Env<'l>)>,
    links: &mut FileLinks,
) {
    let linker = eval.linker;
    let of = linker.program.module(place.module);
    // The analyzer has joined names of the file itself.
    let local = match of.summary.type_at(ty) {
        Type::Ref(node, path, _) => {
            path.is_empty()
                && matches!(
                    of.summary.node(node).node_type(),
                    Some(NodeType::Interface | NodeType::Type | NodeType::Class)
                )
        }
        _ => false,
    };
    let src = linker.node_id(place);
    let set = eval.ty(place.module, ty, Env::NONE);
    for value in set.iter() {
        match value {
            Value::Inst(ancestor, env) | Value::Iface(ancestor, env) => {
                above.push((*ancestor, *env));
                if !local && *ancestor != place {
                    links.edge(src, edge, linker.node_id(*ancestor), "");
                }
            }
            Value::ExtInst(specifier, path) if edge == EdgeType::Implements => {
                let path = if path.is_empty() { "default" } else { path };
                let dst = links.external_function(specifier, path);
                links.edge(src, edge, dst, "");
            }
            _ => {}
        }
    }
}

/// OVERRIDES of the members of a class or interface.
fn overrides<'l>(
    eval: &mut Eval<'l, '_>,
    place: Place,
    above: &[(Place, Env<'l>)],
    links: &mut FileLinks,
) {
    if above.is_empty() {
        return;
    }
    let linker = eval.linker;
    let of = linker.program.module(place.module);
    let members = match of.fact(place.node) {
        Fact::Class(i) => of.summary.classes[i as usize].members,
        Fact::Type(i) => of.summary.type_facts[i as usize].members,
        _ => return,
    };
    for member in members.of(&of.summary.members) {
        let Some(node) = member.node else { continue };
        if !matches!(
            member.kind,
            MemberKind::Method | MemberKind::Property | MemberKind::Getter
        ) {
            continue;
        }
        let name = of.summary.name(member.name);
        for (ancestor, env) in above {
            let Some(found) = eval.member_fact(*ancestor, *env, name, member.is_static) else {
                continue;
            };
            if let Some(target) = found.place
                && target != (Place { node, ..place })
            {
                let src = of.summary.node(node).node_id();
                links.edge(src, EdgeType::Overrides, linker.node_id(target), "");
            }
        }
    }
}
