//! What a value can be.

use std::cell::Cell;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use super::arena::Arena;
use graph_model::summary::{NodeRef, SignatureRef, Sym, TypeRef, VarRef};

use crate::program::ModuleIx;

/// More values than these are as good as none.
const MAX_VALUES: usize = 16;
/// Type arguments of type arguments are kept so deep; deeper ones only come from types that grow without end.
const MAX_NESTING: u8 = 6;

/// A node of a module.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub(crate) struct Place {
    pub(crate) module: ModuleIx,
    pub(crate) node: NodeRef,
}

/// A type variable of a module.
pub(crate) type Var = (ModuleIx, VarRef);

/// Stands for `this` in an environment.
pub(crate) const THIS: Var = (ModuleIx(u32::MAX), VarRef(0));

/// Stands for the functions behind a value that is known by its type only: them, and the value without an environment, for
/// environments are handed on to values of other types.
const BEHIND: Var = (ModuleIx(u32::MAX), VarRef(1));

/// A list in the arena of an evaluation, which is shared and never changed: of one item mostly. Knows how deep type arguments
/// nest in it, and its hash once that was asked for.
///
/// It goes with the arena. Most lists are remembered until then, and to count and free them one by one took 4 to 8 % of the
/// time of linking; those that nobody remembers stay too, which is no more memory than counts and rounded sizes took (largest
/// size of the process, 1,200 files of types: 165 MB before, 159 MB now).
#[derive(Debug)]
struct Shared<'a, T> {
    items: Items<'a, T>,
    hash: Cell<u32>,
    depth: u8,
}

#[derive(Debug)]
enum Items<'a, T> {
    One([T; 1]),
    Many(&'a [T]),
}

impl<'a, T: Copy + Hash> Shared<'a, T> {
    fn new(arena: &'a Arena, items: &[T], depth: u8) -> &'a Self {
        let items = match *items {
            [item] => Items::One([item]),
            _ => Items::Many(arena.list(items)),
        };
        arena.one(Shared {
            items,
            hash: Cell::new(0),
            depth,
        })
    }

    fn items(&self) -> &[T] {
        match &self.items {
            Items::One(one) => one,
            Items::Many(many) => many,
        }
    }

    /// Hash of the items, whose parts know theirs.
    fn hash(&self) -> u32 {
        if self.hash.get() == 0 {
            let mut hasher = rustc_hash::FxHasher::default();
            self.items().hash(&mut hasher);
            let hash = hasher.finish();
            self.hash.set(((hash >> 32) as u32 ^ hash as u32) | 1);
        }
        self.hash.get()
    }
}

/// A shared list, or none.
type List<'a, T> = Option<&'a Shared<'a, T>>;

fn items<'a, T: Copy + Hash>(list: List<'a, T>) -> &'a [T] {
    list.map_or(&[], Shared::items)
}

fn same<T: Copy + Hash + PartialEq>(a: List<'_, T>, b: List<'_, T>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            let hashes = (a.hash.get(), b.hash.get());
            std::ptr::eq(a, b)
                || (hashes.0 == hashes.1 || hashes.0 == 0 || hashes.1 == 0)
                    && a.items() == b.items()
        }
        _ => false,
    }
}

fn order<T: Copy + Hash + Ord>(a: List<'_, T>, b: List<'_, T>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if std::ptr::eq(a, b) => Ordering::Equal,
        (a, b) => items(a).cmp(items(b)),
    }
}

/// What type variables stand for; sorted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Env<'a>(List<'a, (Var, Set<'a>)>);

impl<'a> Env<'a> {
    pub(crate) const NONE: Env<'static> = Env(None);

    pub(crate) fn of(arena: &'a Arena, mut bound: Vec<(Var, Set<'a>)>) -> Self {
        if bound.len() > 1 {
            bound.sort_by_key(|b| b.0);
            bound.dedup_by_key(|b| b.0);
        }
        Env::sorted(arena, &bound)
    }

    /// Of variables in order, each once.
    pub(crate) fn sorted(arena: &'a Arena, bound: &[(Var, Set<'a>)]) -> Self {
        if bound.is_empty() {
            return Env::NONE;
        }
        debug_assert!(bound.is_sorted_by(|a, b| a.0 < b.0));
        let depth = bound.iter().map(|b| b.1.depth()).max().unwrap_or(0);
        Env(Some(Shared::new(arena, bound, depth)))
    }

    /// This environment and what `this` stands for.
    pub(crate) fn with_this(self, arena: &'a Arena, this: Set<'a>) -> Self {
        // THIS comes last in the order.
        let kept = self.iter().copied().filter(|b| b.0 < THIS);
        let all: SmallVec<[(Var, Set<'a>); 8]> = kept.chain([(THIS, this)]).collect();
        Env::sorted(arena, &all)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn get(self, var: Var) -> Option<Set<'a>> {
        self.iter().find(|b| b.0 == var).map(|b| b.1)
    }

    pub(crate) fn iter(self) -> std::slice::Iter<'a, (Var, Set<'a>)> {
        items(self.0).iter()
    }

    fn depth(self) -> u8 {
        self.0.map_or(0, |shared| shared.depth)
    }

    /// This environment, with more bindings that take precedence.
    pub(crate) fn with(self, arena: &'a Arena, more: Vec<(Var, Set<'a>)>) -> Self {
        if more.is_empty() {
            return self;
        }
        let mut all = more;
        let new = all.len();
        for bound in self.iter() {
            if !all[..new].iter().any(|b| b.0 == bound.0) {
                all.push(*bound);
            }
        }
        Env::of(arena, all)
    }
}

impl<'a> Value<'a> {
    /// Whether only its type is known, which may be one of a function.
    pub(crate) fn is_known_by_type(&self) -> bool {
        matches!(
            self,
            Value::Sig(_, _, None, _) | Value::Iface(..) | Value::Anon(..)
        )
    }

    /// A value of an object type or interface, with the functions that are called when it is.
    pub(crate) fn with_functions(self, arena: &'a Arena, functions: &[Place]) -> Self {
        let functions = functions
            .iter()
            .map(|&place| Value::Fn(place, Env::NONE))
            .chain([self.without_environment()]);
        let behind = vec![(BEHIND, Set::of(arena, functions.collect()))];
        match self {
            Value::Iface(place, env) => Value::Iface(place, env.with(arena, behind)),
            Value::Anon(module, ty, env) => Value::Anon(module, ty, env.with(arena, behind)),
            value => value,
        }
    }

    /// The functions of [`Value::with_functions`].
    pub(crate) fn functions_behind(self) -> impl Iterator<Item = Place> + 'a {
        let behind = match self {
            Value::Iface(_, env) | Value::Anon(_, _, env) => env.get(BEHIND),
            _ => None,
        };
        // What type variables stand for may have been put into the value since.
        let of = self.without_environment();
        let own = |set: Set<'a>| set.iter().any(|value| value.without_environment() == of);
        let functions = behind
            .filter(|arg0: &Set<'_>| own(*arg0))
            .into_iter()
            .flat_map(Set::iter);
        functions.filter_map(|value| match value {
            Value::Fn(place, _) => Some(*place),
            _ => None,
        })
    }

    fn without_environment(self) -> Self {
        match self {
            Value::Iface(place, _) => Value::Iface(place, Env::NONE),
            Value::Anon(module, ty, _) => Value::Anon(module, ty, Env::NONE),
            value => value,
        }
    }
}

impl PartialEq for Env<'_> {
    fn eq(&self, other: &Self) -> bool {
        same(self.0, other.0)
    }
}

impl Eq for Env<'_> {}

impl Hash for Env<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.0.map_or(0, Shared::hash));
    }
}

impl PartialOrd for Env<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Env<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.0, other.0)
    }
}

/// Types of the language that have a name of their own here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Lib {
    /// `T[]`, and what iterates like one.
    Array,
    Map,
    Set,
    Promise,
    /// `{ [key: string]: T }`.
    Record,
    String,
    Number,
    Boolean,
    RegExp,
    /// `null` and `undefined`.
    Nothing,
    /// What React hands down to components; more than one argument where the value is the default of it.
    Context,
}

impl Lib {
    pub(crate) const COUNT: usize = 11;
    /// In the order of their numbers.
    pub(crate) const ALL: [Lib; Lib::COUNT] = [
        Lib::Array,
        Lib::Map,
        Lib::Set,
        Lib::Promise,
        Lib::Record,
        Lib::String,
        Lib::Number,
        Lib::Boolean,
        Lib::RegExp,
        Lib::Nothing,
        Lib::Context,
    ];

    /// The name of the global class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Lib::Array => "Array",
            Lib::Map => "Map",
            Lib::Set => "Set",
            Lib::Promise => "Promise",
            Lib::Record | Lib::Nothing | Lib::Context => "Object",
            Lib::String => "String",
            Lib::Number => "Number",
            Lib::Boolean => "Boolean",
            Lib::RegExp => "RegExp",
        }
    }
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Value<'a> {
    /// FUNCTION or METHOD, with what the type variables around it stand for.
    Fn(Place, Env<'a>),
    /// A function with so many of its first arguments given by `bind`.
    Bound(Place, Env<'a>, u8),
    /// What a package made of a FUNCTION, METHOD or CLASS, and whether it is known to call it.
    Wrapped(Place, bool),
    /// A value of a function type: the signature, and METHOD where it has a node.
    Sig(ModuleIx, SignatureRef, Option<Place>, Env<'a>),
    /// A value of a constructor type.
    New(ModuleIx, SignatureRef, Env<'a>),
    /// CLASS.
    Ctor(Place),
    /// An instance of a CLASS, or of a constructor FUNCTION.
    Inst(Place, Env<'a>),
    /// The prototype of a CLASS or constructor FUNCTION.
    Proto(Place),
    /// OBJECT_LITERAL.
    Obj(Place),
    /// INTERFACE, or TYPE of an object type.
    Iface(Place, Env<'a>),
    /// An object type without a name.
    Anon(ModuleIx, TypeRef, Env<'a>),
    /// A module.
    Ns(ModuleIx),
    /// ENUM or NAMESPACE.
    Scope(Place),
    /// A value of an ENUM.
    Enum(Place),
    /// A built-in type and its arguments.
    Lib(Lib, &'a [Set<'a>]),
    /// A tuple.
    Tuple(&'a [Set<'a>]),
    /// A method of a built-in type.
    LibMethod(Lib, &'a [Set<'a>], &'a str),
    /// Something of a package, or of the global object: specifier and names.
    Ext(&'a str, &'a str),
    /// An instance of such a class.
    ExtInst(&'a str, &'a str),
    /// A literal type.
    Literal(ModuleIx, Sym),
    /// A string that is passed where a key of a type is wanted: its text.
    Text(&'a str),
    /// A type variable.
    Var(Var),
}

impl Value<'_> {
    /// Whether it is no value for how deep its type arguments nest.
    pub(crate) fn nests_too_deep(&self) -> bool {
        self.depth() >= MAX_NESTING
    }

    /// How deep its type arguments nest.
    fn depth(&self) -> u8 {
        match self {
            Value::Fn(_, env)
            | Value::Bound(_, env, _)
            | Value::Sig(_, _, _, env)
            | Value::New(_, _, env)
            | Value::Inst(_, env)
            | Value::Iface(_, env)
            | Value::Anon(_, _, env) => env.depth(),
            Value::Lib(_, parts) | Value::Tuple(parts) | Value::LibMethod(_, parts, _) => {
                parts.iter().map(|set| set.depth()).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// A few values, sorted; none of them where nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Set<'a>(List<'a, Value<'a>>);

impl<'a> Set<'a> {
    pub(crate) const NONE: Set<'static> = Set(None);

    pub(crate) fn one(arena: &'a Arena, value: Value<'a>) -> Self {
        Set::sorted(arena, &[value])
    }

    pub(crate) fn of(arena: &'a Arena, mut values: Vec<Value<'a>>) -> Self {
        if values.is_empty() {
            return Set::NONE;
        }
        if values.len() > 1 {
            values.sort_unstable();
            values.dedup();
        }
        Set::sorted(arena, &values)
    }

    #[inline]
    fn sorted(arena: &'a Arena, values: &[Value<'a>]) -> Self {
        if values.len() > MAX_VALUES {
            return Set::NONE;
        }
        let depth = values.iter().map(Value::depth).max().unwrap_or(0) + 1;
        if depth > MAX_NESTING {
            return Set::NONE;
        }
        Set(Some(Shared::new(arena, values, depth)))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn iter(self) -> std::slice::Iter<'a, Value<'a>> {
        items(self.0).iter()
    }

    fn depth(self) -> u8 {
        self.0.map_or(0, |shared| shared.depth)
    }

    pub(crate) fn union(self, arena: &'a Arena, other: Self) -> Self {
        let (Some(a), Some(b)) = (self.0, other.0) else {
            return if self.is_empty() { other } else { self };
        };
        if std::ptr::eq(a, b) {
            return other;
        }
        let (mut a, mut b) = (a.items(), b.items());
        // Often one holds the other.
        if a.len() >= b.len() && holds(a, b) {
            return self;
        }
        if b.len() > a.len() && holds(b, a) {
            return other;
        }
        let mut all = Vec::with_capacity(a.len() + b.len());
        while let (Some(x), Some(y)) = (a.first(), b.first()) {
            let order = x.cmp(y);
            all.push(*if order == Ordering::Greater { y } else { x });
            a = &a[usize::from(order != Ordering::Greater)..];
            b = &b[usize::from(order != Ordering::Less)..];
        }
        all.extend(a.iter().chain(b));
        Set::sorted(arena, &all)
    }
}

/// Sets that are united one after the other: with the same result as [`Set::union`], and with one list for all.
#[derive(Debug, Default)]
pub(crate) struct Union<'a> {
    /// The values, while they are those of one set.
    set: Set<'a>,
    /// The values, sorted, once they are those of several.
    values: Vec<Value<'a>>,
}

impl<'a> Union<'a> {
    pub(crate) fn add(&mut self, other: Set<'a>) {
        if self.values.is_empty() {
            let (Some(a), Some(b)) = (self.set.0, other.0) else {
                if self.set.is_empty() {
                    self.set = other;
                }
                return;
            };
            if std::ptr::eq(a, b)
                || a.items().len() >= b.items().len() && holds(a.items(), b.items())
            {
                return;
            }
            if b.items().len() > a.items().len() && holds(b.items(), a.items()) {
                self.set = other;
                return;
            }
            self.values.extend_from_slice(a.items());
            self.set = Set::NONE;
        }
        for value in other.iter() {
            if let Err(at) = self.values.binary_search(value) {
                self.values.insert(at, *value);
            }
        }
        if self.values.len() > MAX_VALUES {
            self.values.clear();
        }
    }

    pub(crate) fn finish(self, arena: &'a Arena) -> Set<'a> {
        if self.values.is_empty() {
            return self.set;
        }
        Set::sorted(arena, &self.values)
    }
}

/// Whether all values of a sorted list are in another.
fn holds(all: &[Value<'_>], some: &[Value<'_>]) -> bool {
    let mut all = all.iter();
    some.iter().all(|value| all.any(|other| other == value))
}

impl PartialEq for Set<'_> {
    fn eq(&self, other: &Self) -> bool {
        same(self.0, other.0)
    }
}

impl Eq for Set<'_> {}

impl Hash for Set<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.0.map_or(0, Shared::hash));
    }
}

impl PartialOrd for Set<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Set<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.0, other.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value<'a>(number: u32) -> Value<'a> {
        Value::Ns(ModuleIx(number))
    }

    fn places(set: Set<'_>) -> Vec<Value<'_>> {
        set.iter().copied().collect()
    }

    #[test]
    fn too_many_values_are_none_and_one_less_are_all() {
        let arena = Arena::new();
        let of = |count: usize| Set::of(&arena, (0..count as u32).rev().map(value).collect());
        assert_eq!(of(MAX_VALUES).iter().len(), MAX_VALUES);
        assert!(of(MAX_VALUES).iter().is_sorted());
        assert!(of(MAX_VALUES + 1).is_empty());
        let twice = Set::of(&arena, vec![value(1), value(0), value(1)]);
        assert_eq!(places(twice), [value(0), value(1)]);
    }

    #[test]
    fn what_nests_too_deep_is_none() {
        let arena = Arena::new();
        let mut set = Set::one(&arena, value(0));
        for depth in 1..=MAX_NESTING {
            assert_eq!(set.depth(), depth);
            set = Set::one(&arena, Value::Tuple(arena.list(&[set])));
        }
        assert!(set.is_empty());
    }

    proptest! {
        #[test]
        fn sets_united_at_once_are_those_united_one_by_one(
            lists in prop::collection::vec(prop::collection::vec(0..30u32, 0..20), 0..8),
        ) {
            let arena = Arena::new();
            let of = |list: Vec<u32>| Set::of(&arena, list.into_iter().map(value).collect());
            let sets: Vec<Set<'_>> = lists.into_iter().map(of).collect();
            let one_by_one = sets.iter().fold(Set::NONE, |all, &set| all.union(&arena, set));
            let mut union = Union::default();
            sets.iter().for_each(|&set| union.add(set));
            prop_assert_eq!(places(union.finish(&arena)), places(one_by_one));
        }
    }
}
