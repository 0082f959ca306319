//! What a value can be.

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

/// What type variables stand for; sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Env(Option<Rc<[(Var, Set)]>>, u8);

impl Env {
    pub(crate) const NONE: Env = Env(None, 0);

    pub(crate) fn of(mut bound: Vec<(Var, Set)>) -> Env {
        if bound.is_empty() {
            return Env::NONE;
        }
        bound.sort_by_key(|b| b.0);
        bound.dedup_by_key(|b| b.0);
        let depth = bound.iter().map(|b| b.1.1).max().unwrap_or(0);
        Env(Some(bound.into()), depth)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn get(&self, var: Var) -> Option<&Set> {
        let bound = self.0.as_ref()?;
        let at = bound.binary_search_by_key(&var, |b| b.0).ok()?;
        Some(&bound[at].1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Var, Set)> {
        self.0.iter().flat_map(|bound| bound.iter())
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
            | Value::Sig(_, _, _, env)
            | Value::New(_, _, env)
            | Value::Inst(_, env)
            | Value::Iface(_, env)
            | Value::Anon(_, _, env) => env.1,
            Value::Lib(_, parts) | Value::Tuple(parts) | Value::LibMethod(_, parts, _) => {
                parts.iter().map(|p| p.1).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// A few values, sorted; none of them where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Set(Option<Rc<[Value]>>, u8);

impl Set {
    pub(crate) const NONE: Set = Set(None, 0);

    pub(crate) fn one(value: Value) -> Set {
        let depth = value.depth() + 1;
        if depth > MAX_NESTING {
            return Set::NONE;
        }
        Set(Some(Rc::new([value])), depth)
    }

    pub(crate) fn of(mut values: Vec<Value>) -> Set {
        if values.is_empty() {
            return Set::NONE;
        }
        if values.len() > 1 {
            values.sort_unstable();
            values.dedup();
        }
        if values.len() > MAX_VALUES {
            return Set::NONE;
        }
        let depth = values.iter().map(Value::depth).max().unwrap_or(0) + 1;
        if depth > MAX_NESTING {
            return Set::NONE;
        }
        Set(Some(values.into()), depth)
    }

    pub(crate) fn lib(lib: Lib, arguments: &[Set]) -> Set {
        Set::one(Value::Lib(lib, arguments.into()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.as_deref().unwrap_or_default().iter()
    }

    pub(crate) fn union(self, other: Set) -> Set {
        if self.is_empty() || self == other {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Set::of(self.iter().chain(other.iter()).cloned().collect())
    }
}
