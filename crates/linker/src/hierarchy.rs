//! Which classes extend and implement which: from the top down.

use graph_model::summary::MemberKind;
use rustc_hash::FxHashMap;

use crate::Linker;
use crate::eval::{Arena, Eval, Place, Set, Value, given_to_extend};
use crate::program::{Fact, ModuleIx};
use crate::reads;

/// Classes below a class that are looked at.
const MAX_DESCENDANTS: usize = 256;

/// The classes and interfaces that directly extend or implement something.
#[derive(Debug, Default)]
pub(crate) struct Hierarchy {
    heirs: FxHashMap<Place, Vec<Place>>,
}

impl Hierarchy {
    /// The direct heirs that one module declares: pairs of ancestor and heir.
    pub(crate) fn of_module(eval: &mut Eval<'_, '_>, ix: ModuleIx) -> Vec<(Place, Place)> {
        let of = eval.linker.program.module(ix);
        let mut pairs = Vec::new();
        for class in &of.summary.classes {
            let heir = Place {
                module: ix,
                node: class.node,
            };
            if let Some(node) = of.merged_interface(class.node) {
                pairs.push((Place { module: ix, node }, heir));
            }
            if class.extends.is_some() {
                let mut above = Vec::new();
                for base in eval.base(heir).iter() {
                    add_ancestors(base, &mut above);
                }
                pairs.extend(above.into_iter().map(|p| (p, heir)));
            }
            for &implemented in class.implements.of(&of.summary.type_lists) {
                let set = eval.ty(ix, implemented, crate::eval::Env::NONE);
                pairs.extend(set.iter().filter_map(place_of).map(|p| (p, heir)));
            }
        }
        for fact in &of.summary.type_facts {
            let heir = Place {
                module: ix,
                node: fact.node,
            };
            for &base in fact.extends.of(&of.summary.type_lists) {
                let set = eval.ty(ix, base, crate::eval::Env::NONE);
                pairs.extend(set.iter().filter_map(place_of).map(|p| (p, heir)));
            }
        }
        pairs
    }

    /// The whole of the program.
    pub(crate) fn new(pairs: impl Iterator<Item = (Place, Place)>) -> Self {
        let mut heirs: FxHashMap<Place, Vec<Place>> = FxHashMap::default();
        for (ancestor, heir) in pairs {
            if ancestor != heir {
                heirs.entry(ancestor).or_default().push(heir);
            }
        }
        for list in heirs.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Hierarchy { heirs }
    }

    fn descendants(&self, place: Place) -> Vec<Place> {
        let mut all: Vec<Place> = Vec::new();
        let mut stack = vec![place];
        while let Some(at) = stack.pop() {
            for &heir in self.heirs.get(&at).map_or(&[][..], Vec::as_slice) {
                if !all.contains(&heir) && all.len() < MAX_DESCENDANTS {
                    all.push(heir);
                    stack.push(heir);
                }
            }
        }
        all.sort_unstable();
        all
    }
}

/// The classes and interfaces below one.
pub(crate) fn below(linker: &Linker<'_>, place: Place) -> Vec<Place> {
    reads::read(place.module.0, reads::heirs_key(linker.node_id(place)));
    linker.hierarchy.descendants(place)
}

/// Lists by what was asked about, and what was read for each.
#[derive(Debug)]
pub(crate) struct Remembered<'l, T>(FxHashMap<Place, (&'l [T], u32)>);

impl<T> Default for Remembered<'_, T> {
    fn default() -> Self {
        Remembered(FxHashMap::default())
    }
}

impl<'l, T: Copy> Remembered<'l, T> {
    /// The list, if it is known: it is read again then.
    fn again(&self, place: Place) -> Option<&'l [T]> {
        let &(known, reads) = self.0.get(&place)?;
        reads::again(reads);
        Some(known)
    }

    /// Remembers a list, for which was read what was since `begun`.
    fn keep(&mut self, arena: &'l Arena, place: Place, found: &[T], begun: usize) -> &'l [T] {
        let found = arena.list(found);
        self.0.insert(place, (found, reads::close(begun)));
        found
    }
}

/// The same, sorted, for whoever asks again and again.
pub(crate) fn heirs<'l>(eval: &mut Eval<'l, '_>, place: Place) -> &'l [Place] {
    if let Some(known) = eval.heirs.again(place) {
        return known;
    }
    let begun = reads::open();
    let found = below(eval.linker, place);
    eval.heirs.keep(eval.arena, place, &found, begun)
}

/// What is directly above a class: what it extends, and what that extends because of the class.
fn add_ancestors(base: &Value<'_>, above: &mut Vec<Place>) {
    above.extend(place_of(base));
    if let Value::Inst(_, env) = base {
        for given in given_to_extend(*env).flat_map(Set::iter) {
            add_ancestors(given, above);
        }
    }
}

fn place_of(value: &Value<'_>) -> Option<Place> {
    match value {
        Value::Inst(place, _) | Value::Iface(place, _) => Some(*place),
        _ => None,
    }
}

/// The methods with a body that implement a signature of a type, in the classes below it.
pub(crate) fn implementations(eval: &Eval<'_, '_>, signature: Place, owner: Place) -> Vec<Place> {
    let linker = eval.linker;
    let of = linker.program.module(signature.module);
    let members = match linker.program.module(owner.module).fact(owner.node) {
        Fact::Class(_) | Fact::Type(_) => below(linker, owner),
        _ => return Vec::new(),
    };
    let name = of
        .summary
        .members
        .iter()
        .find(|m| m.node == Some(signature.node))
        .map(|m| of.summary.name(m.name));
    let Some(name) = name else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for heir in members {
        if let Some(place) = own_method(eval, heir, name)
            && !found.contains(&place)
        {
            found.push(place);
        }
    }
    found
}

/// The method with a body that a class itself has under a name; a function that a field holds counts.
fn own_method(eval: &Eval<'_, '_>, class: Place, name: &str) -> Option<Place> {
    let of = eval.linker.program.module(class.module);
    let fact = of.class(class.node)?;
    let member = of
        .members_named(fact.members, name)
        .map(|m| m.1)
        .find(|m| !m.is_static && matches!(m.kind, MemberKind::Method | MemberKind::Property))?;
    let node = match (member.kind, of.summary.shape(member.init)) {
        (MemberKind::Method, _) => member.node.filter(|_| !member.is_abstract)?,
        (_, graph_model::summary::Shape::Function(node)) => *node,
        _ => return None,
    };
    Some(Place {
        module: class.module,
        node,
    })
}

/// The methods below a class that override one of its methods: the class of each, and the method.
pub(crate) fn overriding<'l>(eval: &mut Eval<'l, '_>, method: Place) -> &'l [(Place, Place)] {
    if let Some(known) = eval.overriding.again(method) {
        return known;
    }
    let begun = reads::open();
    let found = find_overriding(eval, method);
    eval.overriding.keep(eval.arena, method, &found, begun)
}

fn find_overriding(eval: &Eval<'_, '_>, method: Place) -> Vec<(Place, Place)> {
    let linker = eval.linker;
    let of = linker.program.module(method.module);
    let Some(function) = of.function(method.node) else {
        return Vec::new();
    };
    let (Some(class), true, false) = (function.class, function.has_body, function.is_static) else {
        return Vec::new();
    };
    let owner = Place {
        module: method.module,
        node: class,
    };
    let heirs = below(linker, owner);
    if heirs.is_empty() {
        return Vec::new();
    }
    let name = of
        .summary
        .members
        .iter()
        .find(|m| m.node == Some(method.node) && m.kind == MemberKind::Method)
        .map(|m| of.summary.name(m.name));
    let Some(name) = name else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for heir in heirs {
        if let Some(place) = own_method(eval, heir, name) {
            found.push((heir, place));
        }
    }
    found
}
