//! Trees of operators: one EXPRESSION for each maximal nest.

use graph_model::{EdgeType, NodeType};
use smallvec::{SmallVec, smallvec};
use swc_common::{Span, Spanned};
use swc_ecma_ast::*;

use super::literal::{is_literal, is_short, literal_json};
use super::naming::{ANONYMOUS, Context};
use super::text::transparent;
use crate::builder::{Builder, NodeIdx, Val};
use graph_model::summary::{Shape, ShapeRef};

/// Literal operands are shown if they have at most so many bytes in JSON.
const MAX_LITERAL_JSON: usize = 256;

/// `&&`, `||` and `??` pass on the value of an operand.
pub(crate) fn is_logical(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::LogicalAnd | BinaryOp::LogicalOr | BinaryOp::NullishCoalescing
    )
}

/// Whether the top of an expression is an operator that makes a new value.
pub(crate) fn is_computing(expr: &Expr) -> bool {
    match expr {
        Expr::Bin(bin) => !is_logical(bin.op),
        Expr::Unary(unary) => unary.op != UnaryOp::Delete && !is_literal(expr),
        Expr::Tpl(tpl) => !tpl.exprs.is_empty(),
        _ => false,
    }
}

/// Which operators belong to one tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    /// Operators that make a new value.
    Computing,
    /// `&&`, `||`, `??`.
    Logical,
    /// Every unary, binary and logical operator.
    Test,
}

impl Tree {
    fn takes(self, expr: &Expr) -> bool {
        match self {
            Tree::Computing => is_computing(expr),
            Tree::Logical => matches!(expr, Expr::Bin(bin) if is_logical(bin.op)),
            Tree::Test => match expr {
                Expr::Bin(_) => true,
                Expr::Unary(unary) => unary.op != UnaryOp::Delete && !is_literal(expr),
                _ => false,
            },
        }
    }
}

/// The operand of a tree, and how its value is used there.
struct Leaf<'a> {
    expr: &'a Expr,
    flows: bool,
    /// The innermost condition under which it is evaluated, from 1; 0 for none.
    condition: usize,
}

/// Conditions of leaves: the one around it, the test, whether it holds.
type Conditions<'a> = SmallVec<[(usize, &'a Expr, bool); 4]>;
/// Operands of a tree. Most trees are of one operator or two.
type LeafList<'a> = SmallVec<[Leaf<'a>; 4]>;
/// Operands that are literals.
type Literals<'a> = SmallVec<[&'a Expr; 4]>;
/// Expressions that are still to be taken apart: as those of a [`Leaf`].
type Stack<'a> = SmallVec<[(&'a Expr, bool, usize); 8]>;

impl<'a> Builder<'a> {
    /// A maximal tree of computing operators.
    pub(crate) fn computing(&mut self, expr: &'a Expr) -> Val {
        let node = self.operator_node(expr);
        let mut literals = Literals::new();
        let mut shapes = Vec::new();
        let mut conditions = Conditions::new();
        let leaves = self.leaves(expr, Tree::Computing, &mut literals, &mut conditions);
        self.derive(node, leaves, &conditions, ANONYMOUS, &mut shapes);
        self.describe(node, expr, &literals);
        let kind = self.word(computed_type(expr));
        let shape = self.shape(Shape::Primitive(kind));
        Val::new(node, shape)
    }

    /// A maximal tree of logical operators outside of a test.
    pub(crate) fn logical(&mut self, bin: &'a BinExpr, context: Context<'a>) -> Val {
        let range = self.range(bin.span);
        let name = self.word(bin.op.as_str());
        let node = self.add(NodeType::Expression, name, range);
        let mut literals = Literals::new();
        let mut shapes = Vec::new();
        let mut conditions = Conditions::new();
        let leaves = self.leaves_of_bin(bin, Tree::Logical, &mut literals, &mut conditions);
        self.derive(node, leaves, &conditions, context, &mut shapes);
        self.describe_as(
            node,
            "LogicalExpression",
            bin.op.as_str(),
            bin.span,
            &literals,
        );
        self.count_logical_bin(bin, true);
        let shape = self.facts.one_of(&shapes);
        Val::new(node, shape)
    }

    /// The tree of operators of a test.
    pub(crate) fn test_tree(&mut self, expr: &'a Expr) -> Val {
        let node = self.operator_node(expr);
        let mut literals = Literals::new();
        let mut shapes = Vec::new();
        let mut conditions = Conditions::new();
        let leaves = self.leaves(expr, Tree::Test, &mut literals, &mut conditions);
        self.derive(node, leaves, &conditions, ANONYMOUS, &mut shapes);
        self.describe(node, expr, &literals);
        self.count_logical(expr);
        Val::new(node, ShapeRef::UNKNOWN)
    }

    fn operator_node(&mut self, expr: &'a Expr) -> NodeIdx {
        let range = self.range(expr.span());
        let name = match expr {
            Expr::Bin(bin) => self.word(bin.op.as_str()),
            Expr::Unary(unary) => self.word(unary.op.as_str()),
            _ => self.word("template"),
        };
        self.add(NodeType::Expression, name, range)
    }

    fn describe(&mut self, node: NodeIdx, expr: &'a Expr, literals: &[&'a Expr]) {
        let (kind, operator) = match expr {
            Expr::Bin(bin) if is_logical(bin.op) => ("LogicalExpression", bin.op.as_str()),
            Expr::Bin(bin) => ("BinaryExpression", bin.op.as_str()),
            Expr::Unary(unary) => ("UnaryExpression", unary.op.as_str()),
            _ => ("TemplateLiteral", ""),
        };
        self.describe_as(node, kind, operator, expr.span(), literals);
    }

    fn describe_as(
        &mut self,
        node: NodeIdx,
        kind: &'static str,
        operator: &'static str,
        span: Span,
        literals: &[&'a Expr],
    ) {
        let fragment = self.node_fragment();
        self.m_word("expressionType", kind);
        if !operator.is_empty() {
            self.m_word("operator", operator);
        }
        if literals.iter().any(|literal| self.fits(literal)) {
            self.m_elements("literals", |b| {
                for literal in literals {
                    b.literal_element(literal);
                }
            });
        }
        let text = self.short_text(span);
        self.m_str("text", text);
        self.set_meta(node, fragment);
    }

    /// An operand that has no node. A long one is left out.
    fn literal_element(&mut self, literal: &'a Expr) {
        match literal {
            Expr::Lit(Lit::Num(number)) => self.m_number_element(number.value),
            Expr::Lit(Lit::Str(text)) if is_short(text, MAX_LITERAL_JSON) => {
                self.m_string_element(&text.value.to_string_lossy());
            }
            _ => {
                if let Some(json) = self.short_json(literal) {
                    self.m_json_element(&json);
                }
            }
        }
    }

    fn fits(&self, literal: &'a Expr) -> bool {
        match literal {
            Expr::Lit(Lit::Num(_) | Lit::Null(_) | Lit::Bool(_)) => true,
            Expr::Lit(Lit::Str(text)) if is_short(text, MAX_LITERAL_JSON) => true,
            _ => self.short_json(literal).is_some(),
        }
    }

    fn short_json(&self, literal: &'a Expr) -> Option<String> {
        let source = |e: &Expr| self.source_of(e).to_owned();
        literal_json(literal, &source, MAX_LITERAL_JSON)
    }

    /// `DERIVES_FROM` each leaf.
    fn derive(
        &mut self,
        node: NodeIdx,
        leaves: LeafList<'a>,
        conditions: &Conditions<'a>,
        context: Context<'a>,
        shapes: &mut Vec<ShapeRef>,
    ) {
        // Of nothing but `undefined` the value would come from nowhere.
        let only_undefined = leaves.iter().all(|leaf| self.names_undefined(leaf.expr));
        for leaf in leaves {
            let guards = self.guards.len();
            let mut at = leaf.condition;
            for _ in 0..16 {
                let Some(&(next, test, holds)) = at.checked_sub(1).and_then(|i| conditions.get(i))
                else {
                    break;
                };
                self.assume(test, holds);
                at = next;
            }
            let value = if leaf.flows || only_undefined {
                self.value(leaf.expr, context)
            } else {
                self.operand(leaf.expr)
            };
            self.guards.truncate(guards);
            // What only decides is not passed on.
            if leaf.flows && value.shape() != ShapeRef::UNKNOWN {
                shapes.push(value.shape());
            }
            let fragment = self.fragment();
            self.value_edge(node, value, EdgeType::DerivesFrom, fragment);
        }
    }

    fn leaves(
        &self,
        expr: &'a Expr,
        tree: Tree,
        literals: &mut Literals<'a>,
        conditions: &mut Conditions<'a>,
    ) -> LeafList<'a> {
        match expr {
            Expr::Bin(bin) => self.leaves_of_bin(bin, tree, literals, conditions),
            Expr::Unary(unary) => {
                let stack = smallvec![(&*unary.arg, false, 0)];
                self.collect(stack, tree, literals, conditions)
            }
            Expr::Tpl(tpl) => self.collect(
                tpl.exprs.iter().rev().map(|e| (&**e, false, 0)).collect(),
                tree,
                literals,
                conditions,
            ),
            _ => LeafList::new(),
        }
    }

    fn leaves_of_bin(
        &self,
        bin: &'a BinExpr,
        tree: Tree,
        literals: &mut Literals<'a>,
        conditions: &mut Conditions<'a>,
    ) -> LeafList<'a> {
        let stack = Stack::from_iter(operands(bin, 0, conditions));
        self.collect(stack, tree, literals, conditions)
    }

    /// The leaves in source order, without recursion: trees may be ten thousand deep.
    fn collect(
        &self,
        mut stack: Stack<'a>,
        tree: Tree,
        literals: &mut Literals<'a>,
        conditions: &mut Conditions<'a>,
    ) -> LeafList<'a> {
        let mut leaves = LeafList::new();
        while let Some((expr, flows, condition)) = stack.pop() {
            let inner = without_parens(expr);
            if tree.takes(inner) {
                match inner {
                    Expr::Bin(bin) => stack.extend(operands(bin, condition, conditions)),
                    Expr::Unary(unary) => stack.push((&unary.arg, false, condition)),
                    Expr::Tpl(tpl) => {
                        stack.extend(tpl.exprs.iter().rev().map(|e| (&**e, false, condition)));
                    }
                    _ => {}
                }
                continue;
            }
            if tree != Tree::Logical || !flows {
                let value = transparent(expr);
                if is_literal(value) {
                    literals.push(value);
                    continue;
                }
            }
            if matches!(inner, Expr::PrivateName(_)) {
                continue;
            }
            leaves.push(Leaf {
                expr,
                flows: flows && tree == Tree::Logical,
                condition,
            });
        }
        leaves
    }

    /// Adds the logical operators of a tree to the callable's decisions.
    pub(crate) fn count_logical(&mut self, expr: &'a Expr) {
        if let Expr::Bin(bin) = without_parens(expr) {
            self.count_logical_bin(bin, false);
        } else if let Expr::Unary(unary) = without_parens(expr) {
            self.count_logical(&unary.arg);
        }
    }

    /// With `nest`, only the operators that hang together; the others count themselves.
    fn count_logical_bin(&mut self, bin: &'a BinExpr, nest: bool) {
        let mut count = u32::from(is_logical(bin.op));
        let mut stack: SmallVec<[&Expr; 8]> = smallvec![&*bin.left, &*bin.right];
        while let Some(expr) = stack.pop() {
            match without_parens(expr) {
                Expr::Bin(bin) if !nest || is_logical(bin.op) => {
                    count += u32::from(is_logical(bin.op));
                    stack.push(&bin.left);
                    stack.push(&bin.right);
                }
                Expr::Unary(unary) if !nest => stack.push(&unary.arg),
                _ => {}
            }
        }
        self.frame_mut().control.decisions += count;
    }
}

/// Both operands, the right one first, as a stack wants them. The left side of
/// `&&` only decides; its value is an operand.
fn operands<'a>(
    bin: &'a BinExpr,
    condition: usize,
    conditions: &mut Conditions<'a>,
) -> [(&'a Expr, bool, usize); 2] {
    let left_flows = matches!(bin.op, BinaryOp::LogicalOr | BinaryOp::NullishCoalescing);
    let holds = match bin.op {
        BinaryOp::LogicalAnd => Some(true),
        BinaryOp::LogicalOr => Some(false),
        _ => None,
    };
    let right = match holds {
        Some(holds) => {
            conditions.push((condition, &bin.left, holds));
            conditions.len()
        }
        None => condition,
    };
    [
        (&*bin.right, is_logical(bin.op), right),
        (&*bin.left, left_flows, condition),
    ]
}

fn without_parens(mut expr: &Expr) -> &Expr {
    while let Expr::Paren(e) = expr {
        expr = &e.expr;
    }
    expr
}

/// The primitive type that an operator makes, as far as the operator tells.
fn computed_type(expr: &Expr) -> &'static str {
    match expr {
        Expr::Tpl(_) => "string",
        Expr::Unary(unary) => match unary.op {
            UnaryOp::TypeOf => "string",
            UnaryOp::Bang => "boolean",
            UnaryOp::Void => "undefined",
            _ => "number",
        },
        Expr::Bin(bin) => match bin.op {
            BinaryOp::Add => "string|number",
            BinaryOp::EqEq
            | BinaryOp::NotEq
            | BinaryOp::EqEqEq
            | BinaryOp::NotEqEq
            | BinaryOp::Lt
            | BinaryOp::LtEq
            | BinaryOp::Gt
            | BinaryOp::GtEq
            | BinaryOp::In
            | BinaryOp::InstanceOf => "boolean",
            _ => "number",
        },
        _ => "unknown",
    }
}
