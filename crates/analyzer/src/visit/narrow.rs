//! Narrowings: what a test tells of a value where it holds, and where it does not.

use swc_ecma_ast::*;

use super::text::{last_name, static_key, transparent};
use crate::builder::{Builder, FrameKind, NO_NODE};
use graph_model::summary::{Guard, GuardRef, GuardTest, NodeRef, Shape, ShapeRef, Sym};

/// A value with what a test in force tells of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Narrowing {
    value: NamedValue,
    guard: GuardRef,
}

/// A shape without what tests told of it.
#[derive(Debug, Clone, Copy)]
struct NamedValue {
    /// A number that all shapes of the same value have; of members their name.
    key: u64,
    shape: ShapeRef,
}

/// So many arguments of a call may be what it asserts.
const MAX_ASSERTED: u32 = 2;

/// Whether a function that asserts something may have this name.
fn may_assert(name: &str) -> bool {
    let words = [
        "assert",
        "invariant",
        "ensure",
        "expect",
        "check",
        "verify",
        "must",
    ];
    let has_word = |at: usize| {
        let rest = &name.as_bytes()[at..];
        words.iter().any(|word| {
            let start = rest.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    // Few letters begin one of them.
    let begins = |byte: u8| matches!(byte | 0x20, b'a' | b'i' | b'e' | b'c' | b'v' | b'm');
    let mut places = name.bytes().enumerate();
    name == "ok" || places.any(|(at, byte)| begins(byte) && has_word(at))
}

/// Whether a test is of a form that tells something of a value.
fn may_tell(test: &Expr) -> bool {
    match transparent(test) {
        Expr::Call(call) => !call.args.is_empty(),
        Expr::Unary(unary) => unary.op == UnaryOp::Bang,
        Expr::Bin(bin) => !matches!(
            bin.op,
            BinaryOp::Lt
                | BinaryOp::LtEq
                | BinaryOp::Gt
                | BinaryOp::GtEq
                | BinaryOp::NullishCoalescing
        ),
        _ => false,
    }
}

/// Tests are looked into so deep.
const MAX_DEPTH: usize = 12;

impl<'a> Builder<'a> {
    /// `this` where it stands.
    pub(crate) fn this_shape(&mut self) -> ShapeRef {
        let frame = &self.frames[self.this_frame()];
        let shape = match (frame.class, frame.kind) {
            (Some(class), _) => Shape::This(NodeRef(self.classes[class].node), frame.is_static),
            (None, FrameKind::Function) => Shape::This(NodeRef(frame.callable), false),
            (None, FrameKind::Module) if !self.is_module => Shape::Exports,
            _ => Shape::Unknown,
        };
        self.shape(shape)
    }

    /// `super` where it stands.
    pub(crate) fn super_shape(&mut self) -> ShapeRef {
        let frame = &self.frames[self.this_frame()];
        let shape = match frame.class {
            Some(class) => Shape::Super(NodeRef(self.classes[class].node), frame.is_static),
            None if frame.kind == FrameKind::Function => {
                Shape::Super(NodeRef(frame.callable), false)
            }
            None => Shape::Unknown,
        };
        self.shape(shape)
    }

    /// The shape of a member, under the tests in force.
    pub(crate) fn member_shape(&mut self, object: ShapeRef, name: Sym) -> ShapeRef {
        if object == ShapeRef::UNKNOWN {
            return ShapeRef::UNKNOWN;
        }
        let shape = self.shape(Shape::Member(object, name));
        self.narrowed(shape)
    }

    /// A shape under the tests in force.
    pub(crate) fn narrowed(&mut self, shape: ShapeRef) -> ShapeRef {
        if self.guards.is_empty() || shape == ShapeRef::UNKNOWN {
            return shape;
        }
        let value = self.unnarrowed(shape);
        let mut result = shape;
        for i in 0..self.guards.len() {
            let narrowing = self.guards[i];
            if self.is_same(value, narrowing.value) {
                result = self.shape(Shape::Narrow(result, narrowing.guard));
            }
        }
        result
    }

    #[inline]
    fn unnarrowed(&self, mut shape: ShapeRef) -> NamedValue {
        let (kind, number) = loop {
            break match *self.facts.shape_of(shape) {
                Shape::Narrow(inner, _) => {
                    shape = inner;
                    continue;
                }
                Shape::Member(_, name) => (0, name.0),
                Shape::Binding(node) => (1, node.0),
                Shape::This(node, is_static) => (2 + u64::from(is_static), node.0),
                Shape::Exports => (4, 0),
                // Only itself.
                _ => (5, shape.0),
            };
        };
        let key = kind << 32 | u64::from(number);
        NamedValue { key, shape }
    }

    /// Whether two shapes are the same value: members of one name are so if their objects are.
    #[inline]
    fn is_same(&self, mut a: NamedValue, mut b: NamedValue) -> bool {
        while a.key == b.key {
            if a.shape == b.shape {
                return true;
            }
            let shapes = (*self.facts.shape_of(a.shape), *self.facts.shape_of(b.shape));
            let (Shape::Member(x, _), Shape::Member(y, _)) = shapes else {
                return true;
            };
            (a, b) = (self.unnarrowed(x), self.unnarrowed(y));
        }
        false
    }

    /// The shape of an expression that is visited elsewhere: names and members only.
    pub(crate) fn quiet_shape(&mut self, expr: &'a Expr) -> ShapeRef {
        match transparent(expr) {
            Expr::Ident(ident) => match self.meaning(ident) {
                super::name::Meaning::Bound(id) => {
                    let binding = *self.scopes.get(id);
                    if binding.node == NO_NODE {
                        return ShapeRef::UNKNOWN;
                    }
                    if binding.shape != ShapeRef::UNKNOWN {
                        return binding.shape;
                    }
                    let shape = self.shape(Shape::Binding(NodeRef(binding.node)));
                    self.scopes.get_mut(id).shape = shape;
                    shape
                }
                super::name::Meaning::Global(name) if name == self.known.exports => {
                    self.shape(Shape::Exports)
                }
                super::name::Meaning::Global(name) => self.shape(Shape::Global(name)),
                super::name::Meaning::Hidden => ShapeRef::UNKNOWN,
            },
            Expr::This(_) => self.this_shape(),
            Expr::Member(member) => {
                if self.is_module_exports(member) {
                    return self.shape(Shape::Exports);
                }
                let object = self.quiet_shape(&member.obj);
                let (name, _) = self.member_key(&member.prop);
                if object == ShapeRef::UNKNOWN || name == self.known.star {
                    return ShapeRef::UNKNOWN;
                }
                self.shape(Shape::Member(object, name))
            }
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => {
                    let object = self.quiet_shape(&member.obj);
                    let (name, _) = self.member_key(&member.prop);
                    if object == ShapeRef::UNKNOWN || name == self.known.star {
                        return ShapeRef::UNKNOWN;
                    }
                    self.shape(Shape::Member(object, name))
                }
                OptChainBase::Call(_) => ShapeRef::UNKNOWN,
            },
            _ => ShapeRef::UNKNOWN,
        }
    }

    /// Puts what a test tells into force; the caller takes it back.
    pub(crate) fn assume(&mut self, test: &'a Expr, holds: bool) {
        self.assume_part(test, holds, MAX_DEPTH);
    }

    fn assume_part(&mut self, test: &'a Expr, holds: bool, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match test {
            Expr::Paren(e) => self.assume_part(&e.expr, holds, depth),
            Expr::Unary(unary) if unary.op == UnaryOp::Bang => {
                self.assume_part(&unary.arg, !holds, depth);
            }
            Expr::Bin(bin) => match bin.op {
                BinaryOp::LogicalAnd if holds => {
                    self.assume_part(&bin.left, holds, depth);
                    self.assume_part(&bin.right, holds, depth);
                }
                BinaryOp::LogicalOr if !holds => {
                    self.assume_part(&bin.left, holds, depth);
                    self.assume_part(&bin.right, holds, depth);
                }
                BinaryOp::LogicalAnd | BinaryOp::LogicalOr => {
                    self.assume_either([&bin.left, &bin.right], holds, depth);
                }
                BinaryOp::InstanceOf => {
                    let class = self.quiet_shape(&bin.right);
                    if class != ShapeRef::UNKNOWN {
                        self.guard(&bin.left, GuardTest::InstanceOf(class), !holds);
                    }
                }
                BinaryOp::In => {
                    if let Some(key) = static_key(&bin.left) {
                        let key = self.sym(&key);
                        self.guard(&bin.right, GuardTest::Has(key), !holds);
                    }
                }
                BinaryOp::EqEqEq | BinaryOp::EqEq => self.compared(bin, !holds),
                BinaryOp::NotEqEq | BinaryOp::NotEq => self.compared(bin, holds),
                _ => {}
            },
            Expr::Call(call) => {
                let Callee::Expr(callee) = &call.callee else {
                    return;
                };
                if let Expr::Member(member) = &**callee
                    && let (Expr::Ident(object), MemberProp::Ident(name)) =
                        (&*member.obj, &member.prop)
                    && &*object.sym == "Array"
                    && &*name.sym == "isArray"
                {
                    if let Some(argument) = call.args.first() {
                        self.guard(&argument.expr, GuardTest::IsArray, !holds);
                    }
                    return;
                }
                for (i, argument) in call.args.iter().enumerate() {
                    if argument.spread.is_some()
                        || !matches!(
                            transparent(&argument.expr),
                            Expr::Ident(_) | Expr::Member(_)
                        )
                    {
                        continue;
                    }
                    let Some(node) = self.visited_call(call) else {
                        return;
                    };
                    self.guard(&argument.expr, GuardTest::Predicate(node, i as u32), !holds);
                }
            }
            _ => {}
        }
    }

    /// One of two tests holds, or does not: what both tell of a value is in force.
    fn assume_either(&mut self, tests: [&'a Expr; 2], holds: bool, depth: usize) {
        if !tests.iter().all(|test| may_tell(test)) {
            return;
        }
        let (before, facts_before) = (self.guards.len(), self.facts.guards.len());
        let mut told = tests.map(|test| {
            self.assume_part(test, holds, depth);
            self.guards.split_off(before)
        });
        let (first, second) = told.split_at_mut(1);
        for one in first.iter().flatten() {
            let mut others = second.iter().flatten();
            if let Some(other) = others.find(|other| self.is_same(one.value, other.value)) {
                let test = GuardTest::Either(one.guard, other.guard);
                let guard = self.guard_fact(test, false);
                self.guards.push(Narrowing { guard, ..*one });
            }
        }
        if self.guards.len() == before {
            self.facts.guards.truncate(facts_before);
        }
    }

    /// The CALL of a call that has just been visited.
    fn visited_call(&self, call: &CallExpr) -> Option<NodeRef> {
        let range = self.range(call.span);
        let mut latest = self.facts.calls.iter().rev().take(16);
        let found = latest.find(|fact| {
            let node = &self.nodes[fact.node.0 as usize];
            (node.start, node.end) == range
        });
        found.map(|fact| fact.node)
    }

    /// Puts into force what holds after a statement that calls a function which only returns where it does:
    /// `assert(x instanceof C)`, `assertIsText(node)`. Whether the function does that its type says. Calls are many; what such
    /// functions are called leaves few of them.
    pub(crate) fn assume_asserted(&mut self, statement: &'a Expr) {
        let Expr::Call(call) = statement else {
            return;
        };
        let may_hold = |argument: &ExprOrSpread| {
            let value = transparent(&argument.expr);
            matches!(value, Expr::Ident(_) | Expr::Member(_)) || may_tell(value)
        };
        let arguments = call.args.iter().take(MAX_ASSERTED as usize);
        if !arguments.clone().any(may_hold) {
            return;
        }
        let Callee::Expr(callee) = &call.callee else {
            return;
        };
        if !may_assert(&last_name(callee)) {
            return;
        }
        let Some(node) = self.visited_call(call) else {
            return;
        };
        for (index, argument) in (0..).zip(arguments) {
            if argument.spread.is_some() {
                return;
            }
            let test = transparent(&argument.expr);
            if matches!(test, Expr::Ident(_) | Expr::Member(_)) {
                self.guard(test, GuardTest::Predicate(node, index), false);
                continue;
            }
            let before = self.guards.len();
            self.assume(test, true);
            for at in before..self.guards.len() {
                let test = GuardTest::Asserted(node, index, self.guards[at].guard);
                self.guards[at].guard = self.guard_fact(test, false);
            }
        }
    }

    fn compared(&mut self, bin: &'a BinExpr, negated: bool) {
        let (left, right) = (transparent(&bin.left), transparent(&bin.right));
        for (value, literal) in [(left, right), (right, left)] {
            let type_of = match value {
                Expr::Unary(unary) if unary.op == UnaryOp::TypeOf => Some(unary),
                Expr::Member(_) => None,
                _ => continue,
            };
            let text = match literal {
                Expr::Lit(Lit::Str(s)) => ["'", &*s.value.to_string_lossy()].concat(),
                Expr::Lit(Lit::Bool(b)) => b.value.to_string(),
                Expr::Lit(Lit::Num(n)) => super::text::number_text(n.value),
                _ => continue,
            };
            if let Some(unary) = type_of {
                let name = self.sym(&text[1.min(text.len())..]);
                self.guard(&unary.arg, GuardTest::TypeOf(name), negated);
                return;
            }
            if let Expr::Member(member) = value
                && let (name, None) = self.member_key(&member.prop)
            {
                let literal = self.sym(&text);
                self.guard(&member.obj, GuardTest::Property(name, literal), negated);
                return;
            }
        }
    }

    fn guard(&mut self, subject: &'a Expr, test: GuardTest, negated: bool) {
        let subject = self.quiet_shape(subject);
        if subject == ShapeRef::UNKNOWN {
            return;
        }
        let value = self.unnarrowed(subject);
        let guard = self.guard_fact(test, negated);
        self.guards.push(Narrowing { value, guard });
    }

    fn guard_fact(&mut self, test: GuardTest, negated: bool) -> GuardRef {
        let guard = GuardRef(self.facts.guards.len() as u32);
        self.facts.guards.push(Guard { test, negated });
        guard
    }
}
