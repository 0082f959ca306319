//! What the methods of the language's own classes give back and pass to their callbacks.

use super::value::Lib;

/// A value in terms of the receiver's type arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Unknown,
    /// The receiver.
    Receiver,
    /// A type argument of the receiver.
    Argument(u8),
    /// An array of the first type argument.
    String,
    Number,
    Boolean,
    Strings,
    /// An array of what the callback gives back.
    CallbackArray,
    /// An array of the elements of what the callback gives back.
    CallbackFlat,
    /// What the callback gives back, or the second argument.
    Callback,
    /// A promise of what the callback gives back.
    CallbackPromise,
    /// Iterates over pairs of key and value.
    Entries,
    /// Iterates over the keys.
    Keys,
    /// Iterates over the values.
    Values,
    /// `{ value: T, done }` of an iterator.
    Step,
    /// An array of the elements of the elements.
    Flat,
}

/// A method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// What it gives back.
    pub(crate) returns: Part,
    /// Parameters of its callbacks; none where it takes none.
    pub(crate) callback: &'static [Part],
}

const fn method(name: &'static str, returns: Part, callback: &'static [Part]) -> Method {
    Method {
        name,
        returns,
        callback,
    }
}

use Part::{
    Argument, Boolean, Callback, CallbackArray, CallbackFlat, CallbackPromise, Entries, Flat, Keys,
    Number, Receiver, Step, String, Strings, Unknown, Values,
};

const EACH: &[Part] = &[Argument(0), Number, Receiver];
const VALUE_KEY: &[Part] = &[Argument(1), Argument(0), Receiver];
/// What is accumulated comes after the elements (`Eval::accumulated`).
const ACCUMULATE: &[Part] = &[Argument(1), Argument(0), Number, Receiver];
const PAIR: &[Part] = &[Argument(0), Argument(0)];

const ARRAY: &[Method] = &[
    method("forEach", Unknown, EACH),
    method("map", CallbackArray, EACH),
    method("filter", Receiver, EACH),
    method("find", Argument(0), EACH),
    method("findLast", Argument(0), EACH),
    method("findIndex", Number, EACH),
    method("findLastIndex", Number, EACH),
    method("some", Boolean, EACH),
    method("every", Boolean, EACH),
    method("flatMap", CallbackFlat, EACH),
    method("reduce", Callback, ACCUMULATE),
    method("reduceRight", Callback, ACCUMULATE),
    method("sort", Receiver, PAIR),
    method("toSorted", Receiver, PAIR),
    method("reverse", Receiver, &[]),
    method("slice", Receiver, &[]),
    method("splice", Receiver, &[]),
    method("concat", Receiver, &[]),
    method("fill", Receiver, &[]),
    method("flat", Flat, &[]),
    method("pop", Argument(0), &[]),
    method("shift", Argument(0), &[]),
    method("at", Argument(0), &[]),
    method("join", String, &[]),
    method("indexOf", Number, &[]),
    method("includes", Boolean, &[]),
    method("push", Number, &[]),
    method("unshift", Number, &[]),
    method("values", Receiver, &[]),
    method("entries", Entries, &[]),
    method("next", Step, &[]),
];
const MAP: &[Method] = &[
    method("get", Argument(1), &[]),
    method("set", Receiver, &[]),
    method("has", Boolean, &[]),
    method("delete", Boolean, &[]),
    method("forEach", Unknown, VALUE_KEY),
    method("values", Values, &[]),
    method("keys", Keys, &[]),
    method("entries", Entries, &[]),
];
const SET: &[Method] = &[
    method("add", Receiver, &[]),
    method("has", Boolean, &[]),
    method("delete", Boolean, &[]),
    method("forEach", Unknown, EACH),
    method("values", Keys, &[]),
    method("keys", Keys, &[]),
    method("entries", Entries, &[]),
];
const PROMISE: &[Method] = &[
    method("then", CallbackPromise, &[Argument(0)]),
    method("catch", Receiver, &[]),
    method("finally", Receiver, &[]),
];
const STRING: &[Method] = &[
    method("split", Strings, &[]),
    method("match", Strings, &[]),
    method("charCodeAt", Number, &[]),
    method("codePointAt", Number, &[]),
    method("indexOf", Number, &[]),
    method("lastIndexOf", Number, &[]),
    method("search", Number, &[]),
    method("startsWith", Boolean, &[]),
    method("endsWith", Boolean, &[]),
    method("includes", Boolean, &[]),
    method("replace", String, &[String]),
    method("replaceAll", String, &[String]),
];

/// Whether a method passes on what its callback gives, from call to call.
pub(super) fn accumulates(lib: Lib, name: &str) -> bool {
    find(lib, name).is_some_and(|method| matches!(method.returns, Callback))
}

/// A method of a class.
pub(crate) fn find(lib: Lib, name: &str) -> Option<&'static Method> {
    let methods = match lib {
        Lib::Array => ARRAY,
        Lib::Map => MAP,
        Lib::Set => SET,
        Lib::Promise => PROMISE,
        Lib::String => STRING,
        _ => &[],
    };
    methods.iter().find(|m| m.name == name)
}

/// Whether values certainly have no such member: of classes of which all members are known.
pub(crate) fn lacks(lib: Lib, name: &str) -> bool {
    let members = match lib {
        Lib::Boolean => &[][..],
        Lib::Number => &["toFixed", "toPrecision", "toExponential"],
        Lib::String => STRING_MEMBERS,
        Lib::Map => MAP_MEMBERS,
        Lib::Set => SET_MEMBERS,
        Lib::Promise => &["then", "catch", "finally"],
        _ => return false,
    };
    // Elements and symbols are others.
    let is_name = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    is_name && name != "constructor" && !OBJECT_METHODS.contains(&name) && !members.contains(&name)
}

/// Methods of every object.
pub(crate) const OBJECT_METHODS: &[&str] = &[
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];
/// Also of WeakMap.
const MAP_MEMBERS: &[&str] = &[
    "clear",
    "delete",
    "entries",
    "forEach",
    "get",
    "getOrInsert",
    "getOrInsertComputed",
    "has",
    "keys",
    "set",
    "size",
    "values",
];
/// Also of WeakSet.
const SET_MEMBERS: &[&str] = &[
    "add",
    "clear",
    "delete",
    "difference",
    "entries",
    "forEach",
    "has",
    "intersection",
    "isDisjointFrom",
    "isSubsetOf",
    "isSupersetOf",
    "keys",
    "size",
    "symmetricDifference",
    "union",
    "values",
];
const STRING_MEMBERS: &[&str] = &[
    "anchor",
    "at",
    "big",
    "blink",
    "bold",
    "charAt",
    "charCodeAt",
    "codePointAt",
    "concat",
    "endsWith",
    "fixed",
    "fontcolor",
    "fontsize",
    "includes",
    "indexOf",
    "isWellFormed",
    "italics",
    "lastIndexOf",
    "length",
    "link",
    "localeCompare",
    "match",
    "matchAll",
    "normalize",
    "padEnd",
    "padStart",
    "repeat",
    "replace",
    "replaceAll",
    "search",
    "slice",
    "small",
    "split",
    "startsWith",
    "strike",
    "sub",
    "substr",
    "substring",
    "sup",
    "toLocaleLowerCase",
    "toLocaleUpperCase",
    "toLowerCase",
    "toUpperCase",
    "toWellFormed",
    "trim",
    "trimEnd",
    "trimLeft",
    "trimRight",
    "trimStart",
];

/// The class that a global type name stands for, and how many type arguments it has.
pub(crate) fn named(name: &str) -> Option<Lib> {
    Some(match name {
        "Array"
        | "ReadonlyArray"
        | "ArrayLike"
        | "Iterable"
        | "IterableIterator"
        | "Iterator"
        | "Generator"
        | "AsyncIterable"
        | "AsyncGenerator"
        | "AsyncIterableIterator"
        | "AsyncIterator"
        | "ArrayIterator" => Lib::Array,
        "Map" | "ReadonlyMap" | "WeakMap" => Lib::Map,
        "Set" | "ReadonlySet" | "WeakSet" => Lib::Set,
        "Promise" | "PromiseLike" => Lib::Promise,
        "Record" => Lib::Record,
        "String" => Lib::String,
        "Number" => Lib::Number,
        "Boolean" => Lib::Boolean,
        "RegExp" => Lib::RegExp,
        _ => return None,
    })
}

/// What a function of the global object gives back: `Object.keys` and the like, by its path.
pub(crate) fn global(path: &str) -> Option<Part> {
    Some(match path {
        "Object.keys" | "Object.getOwnPropertyNames" => Strings,
        "String" | "JSON.stringify" => String,
        "Number" | "parseInt" | "parseFloat" | "Date.now" => Number,
        "Boolean" | "Array.isArray" => Boolean,
        _ if path.starts_with("Math.") => Number,
        _ => return None,
    })
}
