//! What a value can be.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

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

/// Hash of something whose parts know theirs.
fn hash_of(value: &impl Hash) -> u32 {
    let mut hasher = rustc_hash::FxHasher::default();
    value.hash(&mut hasher);
    let hash = hasher.finish();
    (hash >> 32) as u32 ^ hash as u32
}

/// What type variables stand for; sorted. Knows its hash, because environments are parts of questions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Env {
    bound: Option<Rc<[(Var, Set)]>>,
    depth: u8,
    hash: u32,
}

impl Env {
    pub(crate) const NONE: Env = Env {
        bound: None,
        depth: 0,
        hash: 0,
    };

    pub(crate) fn of(mut bound: Vec<(Var, Set)>) -> Env {
        if bound.is_empty() {
            return Env::NONE;
        }
        if bound.len() > 1 {
            bound.sort_by_key(|b| b.0);
            bound.dedup_by_key(|b| b.0);
        }
        Env::sorted(bound.into())
    }

    fn sorted(bound: Rc<[(Var, Set)]>) -> Env {
        Env {
            depth: bound.iter().map(|b| b.1.depth).max().unwrap_or(0),
            hash: hash_of(&bound),
            bound: Some(bound),
        }
    }

    /// This environment and what `this` stands for.
    pub(crate) fn with_this(&self, this: Set) -> Env {
        let Some(bound) = &self.bound else {
            return Env::sorted(Rc::new([(THIS, this)]));
        };
        // THIS comes last in the order.
        let kept = bound.iter().filter(|b| b.0 != THIS).cloned();
        let mut all: Vec<(Var, Set)> = Vec::with_capacity(bound.len() + 1);
        all.extend(kept);
        all.push((THIS, this));
        Env::sorted(all.into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bound.is_none()
    }

    pub(crate) fn get(&self, var: Var) -> Option<&Set> {
        let bound = self.bound.as_deref()?;
        bound.iter().find(|b| b.0 == var).map(|b| &b.1)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Var, Set)> {
        self.bound.as_deref().unwrap_or_default().iter()
    }

    /// This environment, with more bindings that take precedence.
    pub(crate) fn with(&self, more: Vec<(Var, Set)>) -> Env {
        if more.is_empty() {
            return self.clone();
        }
        let mut all = more;
        let new = all.len();
        for bound in self.iter() {
            if !all[..new].iter().any(|b| b.0 == bound.0) {
                all.push(bound.clone());
            }
        }
        Env::of(all)
    }
}

impl PartialEq for Env {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && same_or(&self.bound, &other.bound, |a, b| a == b)
    }
}

impl Eq for Env {}

impl Hash for Env {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.hash);
    }
}

impl PartialOrd for Env {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Env {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.bound, &other.bound)
    }
}

/// Whether two shared lists are one, or else equal.
fn same_or<T>(
    a: &Option<Rc<[T]>>,
    b: &Option<Rc<[T]>>,
    equal: impl FnOnce(&[T], &[T]) -> bool,
) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => Rc::ptr_eq(a, b) || equal(a, b),
        _ => false,
    }
}

fn order<T: Ord>(a: &Option<Rc<[T]>>, b: &Option<Rc<[T]>>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if Rc::ptr_eq(a, b) => Ordering::Equal,
        (a, b) => a.cmp(b),
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
}

impl Lib {
    /// The name of the global class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Lib::Array => "Array",
            Lib::Map => "Map",
            Lib::Set => "Set",
            Lib::Promise => "Promise",
            Lib::Record | Lib::Nothing => "Object",
            Lib::String => "String",
            Lib::Number => "Number",
            Lib::Boolean => "Boolean",
            Lib::RegExp => "RegExp",
        }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Value {
    /// FUNCTION or METHOD, with what the type variables around it stand for.
    Fn(Place, Env),
    /// A function with so many of its first arguments given by `bind`.
    Bound(Place, Env, u8),
    /// A value of a function type: the signature, and METHOD where it has a node.
    Sig(ModuleIx, SignatureRef, Option<Place>, Env),
    /// A value of a constructor type.
    New(ModuleIx, SignatureRef, Env),
    /// CLASS.
    Ctor(Place),
    /// An instance of a CLASS, or of a constructor FUNCTION.
    Inst(Place, Env),
    /// The prototype of a CLASS or constructor FUNCTION.
    Proto(Place),
    /// OBJECT_LITERAL.
    Obj(Place),
    /// INTERFACE, or TYPE of an object type.
    Iface(Place, Env),
    /// An object type without a name.
    Anon(ModuleIx, TypeRef, Env),
    /// A module.
    Ns(ModuleIx),
    /// ENUM or NAMESPACE.
    Scope(Place),
    /// A value of an ENUM.
    Enum(Place),
    /// A built-in type and its arguments.
    Lib(Lib, Rc<[Set]>),
    /// A tuple.
    Tuple(Rc<[Set]>),
    /// A method of a built-in type.
    LibMethod(Lib, Rc<[Set]>, Rc<str>),
    /// Something of a package, or of the global object: specifier and names.
    Ext(Rc<str>, Rc<str>),
    /// An instance of such a class.
    ExtInst(Rc<str>, Rc<str>),
    /// A literal type.
    Literal(ModuleIx, Sym),
    /// A type variable.
    Var(Var),
}

impl Value {
    /// How deep its type arguments nest.
    fn depth(&self) -> u8 {
        match self {
            Value::Fn(_, env)
            | Value::Bound(_, env, _)
            | Value::Sig(_, _, _, env)
            | Value::New(_, _, env)
            | Value::Inst(_, env)
            | Value::Iface(_, env)
            | Value::Anon(_, _, env) => env.depth,
            Value::Lib(_, parts) | Value::Tuple(parts) | Value::LibMethod(_, parts, _) => {
                parts.iter().map(|p| p.depth).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// A few values, sorted; none of them where nothing is known. Knows its hash, as [`Env`] does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set {
    values: Option<Rc<[Value]>>,
    depth: u8,
    hash: u32,
}

impl Set {
    pub(crate) const NONE: Set = Set {
        values: None,
        depth: 0,
        hash: 0,
    };

    pub(crate) fn one(value: Value) -> Set {
        let depth = value.depth() + 1;
        if depth > MAX_NESTING {
            return Set::NONE;
        }
        let values: Rc<[Value]> = Rc::new([value]);
        Set {
            hash: hash_of(&values),
            values: Some(values),
            depth,
        }
    }

    pub(crate) fn of(mut values: Vec<Value>) -> Set {
        match values.len() {
            0 => return Set::NONE,
            1 => {
                return match values.pop() {
                    Some(value) => Set::one(value),
                    None => Set::NONE,
                };
            }
            _ => {}
        }
        values.sort_unstable();
        values.dedup();
        Set::sorted(values)
    }

    fn sorted(values: Vec<Value>) -> Set {
        if values.len() > MAX_VALUES {
            return Set::NONE;
        }
        let depth = values.iter().map(Value::depth).max().unwrap_or(0) + 1;
        if depth > MAX_NESTING {
            return Set::NONE;
        }
        let values: Rc<[Value]> = values.into();
        Set {
            hash: hash_of(&values),
            values: Some(values),
            depth,
        }
    }

    pub(crate) fn lib(lib: Lib, arguments: &[Set]) -> Set {
        Set::one(Value::Lib(lib, arguments.into()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_none()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.values.as_deref().unwrap_or_default().iter()
    }

    pub(crate) fn union(self, other: Set) -> Set {
        let (Some(mine), Some(theirs)) = (&self.values, &other.values) else {
            return if self.is_empty() { other } else { self };
        };
        if Rc::ptr_eq(mine, theirs) {
            return other;
        }
        // Often one holds the other.
        if mine.len() >= theirs.len() && holds(mine, theirs) {
            return self;
        }
        if theirs.len() > mine.len() && holds(theirs, mine) {
            return other;
        }
        let (mut a, mut b) = (&mine[..], &theirs[..]);
        let mut all = Vec::with_capacity(a.len() + b.len());
        while let (Some(x), Some(y)) = (a.first(), b.first()) {
            let order = x.cmp(y);
            all.push(if order == Ordering::Greater { y } else { x }.clone());
            a = &a[usize::from(order != Ordering::Greater)..];
            b = &b[usize::from(order != Ordering::Less)..];
        }
        all.extend(a.iter().chain(b).cloned());
        Set::sorted(all)
    }
}

/// Whether all values of a sorted list are in another.
fn holds(all: &[Value], some: &[Value]) -> bool {
    let mut all = all.iter();
    some.iter().all(|value| all.any(|other| other == value))
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && same_or(&self.values, &other.values, |a, b| a == b)
    }
}

impl Eq for Set {}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.hash);
    }
}

impl PartialOrd for Set {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Set {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.values, &other.values)
    }
}
