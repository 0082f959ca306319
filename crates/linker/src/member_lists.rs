//! Object types that others read member by member.
//!
//! Interfaces and the object types of a type alias have names that an edit of the file does not change: the declaration, and
//! which of its object types it is. So what others read of them is noted for each member (`reads.rs`), and compared for each
//! member (`surface/`), instead of with whatever leads to the type. Index, call and construct signatures have no name to be
//! looked up by, and are part of whatever leads to the type, as is everything of object types that stand elsewhere.

use std::hash::Hasher as _;

use graph_model::ModuleSummary;
use graph_model::summary::{List, MemberFact, MemberKind, Type, TypeRef};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::program::{ModuleIx, Program};
use crate::reads;

/// The lists of members of a module that have names.
#[derive(Debug, Default)]
pub(crate) struct MemberLists {
    /// Names by where a list starts.
    ids: FxHashMap<u32, u64>,
    lists: Vec<(List, u64)>,
}

impl MemberLists {
    pub(crate) fn new(summary: &ModuleSummary) -> Self {
        let mut lists = MemberLists::default();
        let mut seen: FxHashSet<TypeRef> = FxHashSet::default();
        let mut stack: Vec<TypeRef> = Vec::new();
        for fact in &summary.type_facts {
            let Some(node) = summary.nodes.get(fact.node.0 as usize) else {
                continue;
            };
            let mut ordinal = 0_u64;
            let mut add = |list: List| {
                let id = (node.id as u64) ^ ordinal.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                ordinal += 1;
                if !list.is_empty() && lists.ids.insert(list.start, id).is_none() {
                    lists.lists.push((list, id));
                }
            };
            add(fact.members);
            let members = |list: List| list.of(&summary.members).iter().map(|m| m.declared);
            stack.extend(members(fact.members));
            stack.push(fact.alias);
            while let Some(ty) = stack.pop() {
                if !ty.is_known() || !seen.insert(ty) {
                    continue;
                }
                match summary.type_at(ty) {
                    Type::Object(list) => {
                        add(list);
                        stack.extend(members(list));
                    }
                    Type::Alias(inner)
                    | Type::Array(inner)
                    | Type::KeyOf(inner)
                    | Type::Mapped(inner)
                    | Type::Rest(inner) => stack.push(inner),
                    Type::Tuple(types)
                    | Type::Union(types)
                    | Type::Intersection(types)
                    | Type::Ref(_, _, types)
                    | Type::Global(_, _, types)
                    | Type::Import(_, _, types) => {
                        stack.extend_from_slice(types.of(&summary.type_lists));
                    }
                    Type::Indexed(one, other) | Type::Conditional(one, other) => {
                        stack.extend([one, other]);
                    }
                    _ => {}
                }
            }
        }
        lists
    }

    /// The name of a list, if it has one.
    pub(crate) fn id(&self, list: List) -> Option<u64> {
        self.ids.get(&list.start).copied()
    }

    /// All that have names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (List, u64)> + '_ {
        self.lists.iter().copied()
    }
}

/// Whether a member is looked up by its name.
pub(crate) fn is_named(member: &MemberFact) -> bool {
    !matches!(
        member.kind,
        MemberKind::Index | MemberKind::Call | MemberKind::Construct
    )
}

/// Stands for a member of a list, among the names of a module.
pub(crate) fn member_key(list: u64, name: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(list);
    hasher.write(name.as_bytes());
    (hasher.finish() >> 32) as u32 | 1
}

/// Stands for all members of a list together.
pub(crate) fn whole_key(list: u64) -> u32 {
    (list.rotate_left(23).wrapping_mul(0x517c_c1b7_2722_0a95) >> 32) as u32 | 1
}

/// Notes that a member of an object type is looked up by its name.
pub(crate) fn read_member(program: &Program, module: ModuleIx, list: List, name: &str) {
    if reads::are_logged()
        && let Some(id) = program.module(module).member_lists().id(list)
    {
        reads::read(module.0, member_key(id, name));
    }
}

/// Notes that all members of an object type are gone through.
pub(crate) fn read_members(program: &Program, module: ModuleIx, list: List) {
    if reads::are_logged()
        && let Some(id) = program.module(module).member_lists().id(list)
    {
        reads::read(module.0, whole_key(id));
    }
}
