//! What other modules can see of a module, and what of it an edit changed.
//!
//! Whatever begins at an exported name, at a class (from above, through what it extends) or at the module itself follows the
//! summary from reference to reference. So for each beginning all that can be reached from it is written into one text, with
//! the order of what it meets for names of what has none, and the texts of the old and the new summary are compared by their
//! hashes. What is not reached, such as the calls in the body of a function whose result does not depend on them, can
//! change without a trace.
//!
//! **Who lets the evaluator follow something backwards** (from a node to the facts that mention it) must let `Walk::node`
//! follow it too; the facts are taken apart field by field, so that a new field is not overlooked.

mod terms;
mod walk;

use std::collections::BTreeMap;

use graph_model::summary::{ExportFact, ExportTarget, MemberFact, NodeRef};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::globals;
use crate::member_lists::{is_named, member_key, whole_key};
use crate::program::Module;
use crate::reads::{ChangedKeys, function_key, name_key};
use walk::{Hash, Unit, Walk};

/// What can be seen of a module.
#[derive(Debug)]
pub(crate) struct Surface {
    /// Its kind, its value as a whole, and what it re-exports as a whole.
    module: Hash,
    names: FxHashMap<u32, Hash>,
    /// The members of object types that are read by member, in order, by the name of the list.
    lists: FxHashMap<u64, Vec<u32>>,
    /// Classes and interfaces by their ids.
    classes: FxHashMap<u128, (NodeRef, Hash)>,
    globals: Hash,
    /// What a script tells others by names.
    scripts: FxHashMap<u32, Hash>,
    /// The nodes, in order.
    nodes: Vec<u128>,
}

/// What an edit changed of what can be seen of a module.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) keys: ChangedKeys,
    /// Classes and interfaces of the new summary that changed or are new.
    pub(crate) classes: Vec<NodeRef>,
    /// Those of the old summary that are gone.
    pub(crate) gone: Vec<NodeRef>,
    /// Whether a name changed that all modules see without an import.
    pub(crate) globals: bool,
    /// Names by which scripts see something else of it.
    pub(crate) scripts: FxHashSet<u32>,
}

/// Compares what can be seen of an old and a new summary. `other_state`: one of them could not be parsed.
pub(crate) fn difference(old: &Module, new: &Module, other_state: bool) -> Difference {
    let (before, after) = (Surface::new(old), Surface::new(new));
    let (Some(before), Some(after)) = (before, after) else {
        return Difference {
            keys: ChangedKeys::All,
            classes: class_nodes(new).collect(),
            gone: class_nodes(old).collect(),
            globals: globals::of_module(old).next().is_some()
                || globals::of_module(new).next().is_some(),
            scripts: shared(old)
                .chain(shared(new))
                .map(|s| name_key(s.0))
                .collect(),
        };
    };
    let all = other_state || before.module != after.module || !same_order(&before, &after);
    let mut scripts: FxHashSet<u32> = changed_keys(&before.scripts, &after.scripts);
    if all {
        scripts.extend(before.scripts.keys().chain(after.scripts.keys()));
    }
    let keys = if all {
        ChangedKeys::All
    } else {
        ChangedKeys::Some(changed_keys(&before.names, &after.names))
    };
    let same = |id: &u128, hash: Hash| before.classes.get(id).is_some_and(|old| old.1 == hash);
    let mut classes: Vec<NodeRef> = after
        .classes
        .iter()
        .filter(|(id, (_, hash))| all || !same(id, *hash))
        .map(|(_, (node, _))| *node)
        .collect();
    let mut gone: Vec<NodeRef> = before
        .classes
        .iter()
        .filter(|(id, _)| !after.classes.contains_key(id))
        .map(|(_, (node, _))| *node)
        .collect();
    classes.sort_unstable();
    gone.sort_unstable();
    Difference {
        keys,
        classes,
        gone,
        globals: before.globals != after.globals,
        scripts,
    }
}

/// Names that only one of two has, or that are other things in them.
fn changed_keys(before: &FxHashMap<u32, Hash>, after: &FxHashMap<u32, Hash>) -> FxHashSet<u32> {
    let all = before.keys().chain(after.keys());
    all.filter(|key| before.get(key) != after.get(key))
        .copied()
        .collect()
}

/// What a script tells others by names.
fn shared(of: &Module) -> impl Iterator<Item = (&str, NodeRef)> {
    globals::script_globals(of).chain(globals::script_members(of))
}

/// Adds a hash to what a key stands for; in which order hashes come matters.
fn add(hashes: &mut FxHashMap<u32, Hash>, key: u32, hash: Hash) {
    let of_key = hashes.entry(key).or_default();
    *of_key = of_key.rotate_left(1).wrapping_add(hash);
}

/// Adds the members that are read one by one to what names mean; answers their order in each list.
fn members(
    of: &Module,
    walk: &mut Walk<'_>,
    names: &mut FxHashMap<u32, Hash>,
) -> Option<FxHashMap<u64, Vec<u32>>> {
    let summary = &of.summary;
    let mut orders = FxHashMap::default();
    for (list, id) in of.member_lists().iter() {
        let all = list.of(&summary.members);
        let mut by_name: BTreeMap<&str, Vec<&MemberFact>> = BTreeMap::new();
        let mut order = Vec::new();
        for member in all.iter().filter(|member| is_named(member)) {
            let name = summary.name(member.name);
            order.push(member_key(id, name));
            by_name.entry(name).or_default().push(member);
        }
        for (name, members) in by_name {
            let hash = walk.text(|walk| members.iter().for_each(|member| walk.member(member)))?;
            add(names, member_key(id, name), hash);
        }
        add(names, whole_key(id), walk.text(|walk| walk.members(list))?);
        orders.insert(id, order);
    }
    Some(orders)
}

/// Whether what both have stands in one order, nodes and members: values are sorted by it.
fn same_order(before: &Surface, after: &Surface) -> bool {
    let same_members = |(id, keys): (&u64, &Vec<u32>)| {
        let before = before.lists.get(id);
        before.is_none_or(|before| before == keys || in_one_order(before, keys))
    };
    in_one_order(&before.nodes, &after.nodes) && after.lists.iter().all(same_members)
}

fn in_one_order<T: Eq + std::hash::Hash>(before: &[T], after: &[T]) -> bool {
    let positions: FxHashMap<&T, usize> = before.iter().zip(0..).collect();
    let common = after.iter().filter_map(|one| positions.get(one));
    common.is_sorted()
}

fn class_nodes(of: &Module) -> impl Iterator<Item = NodeRef> {
    let types = of.summary.type_facts.iter().map(|fact| fact.node);
    of.summary.classes.iter().map(|c| c.node).chain(types)
}

impl Surface {
    /// `None` if it would be too much to write.
    fn new(of: &Module) -> Option<Surface> {
        let summary = &of.summary;
        let mut walk = Walk::new(of);
        let mut by_name: BTreeMap<&str, Vec<&ExportFact>> = BTreeMap::new();
        for export in &summary.exports {
            if !matches!(export.target, ExportTarget::Star { .. }) {
                let name = summary.name(export.name);
                by_name.entry(name).or_default().push(export);
            }
        }
        for &(name, _) in &summary.typedefs {
            by_name.entry(summary.name(name)).or_default();
        }
        let mut names: FxHashMap<u32, Hash> = FxHashMap::default();
        for (name, exports) in &by_name {
            let hash = walk.text(|walk| {
                for export in exports {
                    walk.export(export);
                }
                for &(defined, ty) in &summary.typedefs {
                    if summary.name(defined) == *name {
                        walk.ty(ty);
                    }
                }
            })?;
            add(&mut names, name_key(name), hash);
        }
        for function in &summary.functions {
            let mut bindings = of.bindings_of(function.node);
            if bindings.any(|(i, _)| !of.parameter_uses(i).is_empty()) {
                let hash = walk.text(|walk| walk.uses_of_parameters(function.node))?;
                let key = function_key(summary, function.node);
                add(&mut names, key, hash);
            }
        }
        let lists = members(of, &mut walk, &mut names)?;
        let module = walk.text(|walk| {
            walk.byte(summary.module_type as u8);
            walk.byte(u8::from(summary.es_module_marker));
            for export in &summary.exports {
                let whole = summary.name(export.name) == "export=";
                if whole || matches!(export.target, ExportTarget::Star { .. }) {
                    walk.export(export);
                }
            }
        })?;
        let mut classes = FxHashMap::default();
        for node in class_nodes(of) {
            let hash = walk.text(|walk| walk.refer(Unit::Node(node.0)))?;
            classes.insert(summary.node(node).id, (node, hash));
        }
        let globals = walk.text(|walk| {
            for (name, node) in globals::of_module(of) {
                walk.string(name);
                walk.refer(Unit::Node(node.0));
            }
        })?;
        let mut scripts: FxHashMap<u32, Hash> = FxHashMap::default();
        for (name, node) in shared(of) {
            let hash = walk.text(|walk| walk.refer(Unit::Node(node.0)))?;
            add(&mut scripts, name_key(name), hash);
        }
        Some(Surface {
            scripts,
            module,
            names,
            lists,
            classes,
            globals,
            nodes: summary.nodes.iter().map(|node| node.id).collect(),
        })
    }
}
