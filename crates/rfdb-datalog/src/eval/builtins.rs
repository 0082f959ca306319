//! The predicates of the language, over the graph.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use rustc_hash::FxHashSet;

use super::{Flow, Machine};
use crate::builtin::{Builtin, Test};
use crate::graph::Graph;
use crate::plan::{Step, StepArg};
use crate::value::Value;

/// Called with each row that a step lets pass; may end the step.
type Visit<'a, M> = dyn FnMut(&mut M, &mut [Value]) -> Flow + 'a;

/// The end of an edge from which it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

/// Edge types that lead from a function to what is in it.
const CONTAINERS: [&str; 3] = ["CONTAINS", "HAS_SCOPE", "DECLARES"];
/// How far an enclosing function is looked for.
const MAX_NESTING: usize = 20;

impl<G: Graph> Machine<'_, G> {
    /// Calls with each row that a step lets pass. Breaks only if the evaluation failed.
    pub(super) fn matches(
        &mut self,
        step: &Step,
        builtin: Builtin,
        row: &mut [Value],
        visit: &mut Visit<'_, Self>,
    ) -> Flow {
        let args = &step.args;
        let _ = match builtin {
            Builtin::Node => self.node(args, row, visit),
            Builtin::Edge => self.edge([args[0], args[1]], args.get(2), None, row, visit),
            Builtin::Incoming => self.edge([args[1], args[0]], args.get(2), None, row, visit),
            Builtin::AttrEdge => {
                let attribute = Some((args[3], args[4]));
                self.edge([args[0], args[1]], args.get(2), attribute, row, visit)
            }
            Builtin::Path => self.path(args, row, visit),
            Builtin::Attr => self.attr(args, row, visit),
            Builtin::ParentFunction => self.parent_function(args, row, visit),
            Builtin::Test(test) => self.test(test, args, row, visit),
        };
        self.unless_failed()
    }

    /// The id that an argument has before the step. `None` if it has a value that is no id.
    fn id(&self, arg: StepArg, row: &[Value]) -> Option<Option<u128>> {
        match arg.value(row) {
            Some(value) => self.values.as_number(value).map(Some),
            None => Some(None),
        }
    }

    fn node(&mut self, args: &[StepArg], row: &mut [Value], visit: &mut Visit<'_, Self>) -> Flow {
        let Some(id) = self.id(args[0], row) else {
            return Flow::Continue(());
        };
        if let Some(id) = id {
            return match self.node_has_type(id, args[1], row)? {
                true => visit(self, row),
                false => Flow::Continue(()),
            };
        }
        let patterns = match args[1].value(row) {
            Some(value) => vec![self.values.show(value).into_owned()],
            None if args[1] == StepArg::Any => vec!["*".to_owned()],
            None => self.planner.statistics.nodes.keys().cloned().collect(),
        };
        let graph = self.graph;
        // Only a type that is written in the literal is a pattern.
        let exact = !matches!(args[1], StepArg::Const(_) | StepArg::Any);
        for pattern in patterns {
            self.graph_use.find_by_type_calls += 1;
            let literal_star = exact && pattern.ends_with('*');
            if exact && !args[1].accept(self.values.text(&pattern), row) {
                continue;
            }
            let walked = graph.nodes(&pattern, &mut |id| {
                self.graph_use.nodes_visited += 1;
                self.tick()?;
                if literal_star && !self.node_has_type(id, args[1], row)? {
                    return Flow::Continue(());
                }
                let value = self.values.number(id);
                if args[0].accept(value, row) {
                    visit(self, row)
                } else {
                    Flow::Continue(())
                }
            });
            self.walked(walked)?;
        }
        Flow::Continue(())
    }

    /// Whether a node exists and an argument can have its type.
    fn node_has_type(
        &mut self,
        id: u128,
        arg: StepArg,
        row: &mut [Value],
    ) -> ControlFlow<(), bool> {
        let graph = self.graph;
        self.graph_use.get_node_calls += 1;
        let found = match graph.node_type(id) {
            Ok(Some(found)) => found,
            Ok(None) => return ControlFlow::Continue(false),
            Err(error) => {
                self.fail(crate::Error::Graph(Box::new(error)))?;
                return ControlFlow::Break(());
            }
        };
        ControlFlow::Continue(match arg {
            StepArg::Any => true,
            StepArg::Const(value) => {
                let pattern = self.values.show(value);
                match pattern.strip_suffix('*') {
                    Some(prefix) => found.starts_with(prefix.trim_end_matches('*')),
                    None => found == pattern,
                }
            }
            _ => {
                let value = self.values.text(found);
                arg.accept(value, row)
            }
        })
    }

    /// The edge type of an argument that has a value, looked up once.
    fn edge_type(
        &mut self,
        arg: Option<&StepArg>,
        row: &[Value],
    ) -> ControlFlow<(), Option<G::EdgeType>> {
        let Some(value) = arg.and_then(|arg| arg.value(row)) else {
            return ControlFlow::Continue(None);
        };
        if let Some(known) = self.edge_types.get(&value) {
            return ControlFlow::Continue(Some(known.clone()));
        }
        match self.graph.edge_type(&self.values.show(value)) {
            Ok(found) => {
                self.edge_types.insert(value, found.clone());
                ControlFlow::Continue(Some(found))
            }
            Err(error) => {
                self.fail(crate::Error::Graph(Box::new(error)))?;
                ControlFlow::Break(())
            }
        }
    }

    fn edge(
        &mut self,
        [src_arg, dst_arg]: [StepArg; 2],
        type_arg: Option<&StepArg>,
        attribute: Option<(StepArg, StepArg)>,
        row: &mut [Value],
        visit: &mut Visit<'_, Self>,
    ) -> Flow {
        let (Some(src), Some(dst)) = (self.id(src_arg, row), self.id(dst_arg, row)) else {
            return Flow::Continue(());
        };
        let edge_type = self.edge_type(type_arg, row)?;
        // A type that was looked up needs no comparison.
        let free_type = if edge_type.is_some() { None } else { type_arg };
        let graph = self.graph;
        let mut one = |from: u128, to: u128, found: &str| -> Flow {
            self.graph_use.edges_traversed += 1;
            self.tick()?;
            // An end that is known was the key of the walk, unless both are. A variable that is at both ends gets its value
            // from the one that comes first in the literal, which is the target of `incoming`.
            if dst.is_some_and(|dst| dst != to) {
                return Flow::Continue(());
            }
            let mut ends = [(src_arg, src, from), (dst_arg, dst, to)];
            if matches!(src_arg, StepArg::Same(_)) {
                ends.reverse();
            }
            for (arg, known, found) in ends {
                if known.is_none() {
                    let value = self.values.number(found);
                    if !arg.accept(value, row) {
                        return Flow::Continue(());
                    }
                }
            }
            if let Some(arg) = free_type
                && *arg != StepArg::Any
            {
                let value = self.values.text(found);
                if !arg.accept(value, row) {
                    return Flow::Continue(());
                }
            }
            let Some((name, value)) = attribute else {
                return visit(self, row);
            };
            let Some(name) = name.value(row) else {
                return Flow::Continue(());
            };
            let name = self.values.show(name).into_owned();
            match graph.edge_attribute(from, to, found, &name) {
                Ok(Some(text)) => {
                    let text = self.values.text(&text);
                    if value.accept(text, row) {
                        visit(self, row)
                    } else {
                        Flow::Continue(())
                    }
                }
                Ok(None) => Flow::Continue(()),
                Err(error) => self.fail(crate::Error::Graph(Box::new(error))),
            }
        };
        let walked = match (src, dst) {
            (Some(src), _) => graph.outgoing(src, edge_type.as_ref(), &mut one),
            (None, Some(dst)) => graph.incoming(dst, edge_type.as_ref(), &mut one),
            (None, None) => graph.edges(edge_type.as_ref(), &mut one),
        };
        match (src, dst) {
            (Some(_), _) => self.graph_use.outgoing_edge_calls += 1,
            (None, Some(_)) => self.graph_use.incoming_edge_calls += 1,
            (None, None) => self.graph_use.all_edges_calls += 1,
        }
        self.walked(walked)
    }

    /// Reachability along edges of all types. A node reaches itself only where both arguments are written the same.
    fn path(&mut self, args: &[StepArg], row: &mut [Value], visit: &mut Visit<'_, Self>) -> Flow {
        let (Some(src), Some(dst)) = (self.id(args[0], row), self.id(args[1], row)) else {
            return Flow::Continue(());
        };
        let (start, way, free) = match (src, dst) {
            (Some(src), _) => (src, Way::Out, args[1]),
            (None, Some(dst)) => (dst, Way::In, args[0]),
            (None, None) => return Flow::Continue(()),
        };
        if src == dst {
            return if args[0] == args[1] {
                visit(self, row)
            } else {
                Flow::Continue(())
            };
        }
        self.graph_use.bfs_calls += 1;
        let graph = self.graph;
        let mut seen = FxHashSet::from_iter([start]);
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            let mut one = |from: u128, to: u128, _: &str| -> Flow {
                self.graph_use.edges_traversed += 1;
                self.tick()?;
                let other = if way == Way::Out { to } else { from };
                if !seen.insert(other) {
                    return Flow::Continue(());
                }
                queue.push_back(other);
                if self
                    .limits
                    .max_bytes
                    .is_some_and(|limit| seen.len() * 48 + self.bytes > limit)
                {
                    return self.keep(0, seen.len() * 48);
                }
                let value = self.values.number(other);
                if free.accept(value, row) {
                    visit(self, row)?;
                    if matches!(free, StepArg::Known(_) | StepArg::Const(_) | StepArg::Any) {
                        return Flow::Break(());
                    }
                }
                Flow::Continue(())
            };
            let mut broken = false;
            let mut one = |from: u128, to: u128, edge_type: &str| {
                let flow = one(from, to, edge_type);
                broken = flow.is_break();
                flow
            };
            let walked = match way {
                Way::Out => graph.outgoing(at, None, &mut one),
                Way::In => graph.incoming(at, None, &mut one),
            };
            self.walked(walked)?;
            if broken {
                return Flow::Break(());
            }
        }
        Flow::Continue(())
    }

    fn attr(&mut self, args: &[StepArg], row: &mut [Value], visit: &mut Visit<'_, Self>) -> Flow {
        let Some(id) = self.id(args[0], row) else {
            return Flow::Continue(());
        };
        let Some(name) = args[1].value(row) else {
            return Flow::Continue(());
        };
        if let Some(id) = id {
            return match self.attribute_fits(id, name, args[2], row)? {
                true => visit(self, row),
                false => Flow::Continue(()),
            };
        }
        let graph = self.graph;
        let wanted = args[2].value(row);
        // The texts of values may move while the walk goes on.
        let name_text = self.values.show(name).into_owned();
        let wanted_text = wanted.map(|wanted| self.values.show(wanted).into_owned());
        let mut one = |id: u128| -> Flow {
            self.graph_use.nodes_visited += 1;
            self.tick()?;
            let value = self.values.number(id);
            if !args[0].accept(value, row) {
                return Flow::Continue(());
            }
            if wanted.is_none() && !self.attribute_fits(id, name, args[2], row)? {
                return Flow::Continue(());
            }
            visit(self, row)
        };
        let walked = match wanted_text {
            Some(wanted) => graph.nodes_with(&name_text, &wanted, &mut one),
            None => graph.nodes("*", &mut one),
        };
        self.walked(walked)
    }

    /// Whether a node has an attribute and an argument can have its value.
    fn attribute_fits(
        &mut self,
        id: u128,
        name: Value,
        arg: StepArg,
        row: &mut [Value],
    ) -> ControlFlow<(), bool> {
        let graph = self.graph;
        self.graph_use.get_node_calls += 1;
        let found = match graph.attribute(id, &self.values.show(name)) {
            Ok(Some(found)) => found,
            Ok(None) => return ControlFlow::Continue(false),
            Err(error) => {
                self.fail(crate::Error::Graph(Box::new(error)))?;
                return ControlFlow::Break(());
            }
        };
        ControlFlow::Continue(match arg.value(row) {
            Some(wanted) => *self.values.show(wanted) == *found,
            None if arg == StepArg::Any => true,
            None => {
                let value = self.values.text(&found);
                arg.accept(value, row)
            }
        })
    }

    /// The function or method that a node lies in.
    fn parent_function(
        &mut self,
        args: &[StepArg],
        row: &mut [Value],
        visit: &mut Visit<'_, Self>,
    ) -> Flow {
        let Some(Some(mut at)) = self.id(args[0], row) else {
            return Flow::Continue(());
        };
        let graph = self.graph;
        let mut parent: Option<u128> = None;
        for _ in 0..MAX_NESTING {
            let is_parameter = self.type_is(at, &["PARAMETER"])?;
            let mut next = None;
            let walked = graph.incoming(at, None, &mut |from, _, edge_type| {
                let leads = if is_parameter {
                    edge_type == "HAS_PARAMETER"
                } else {
                    CONTAINERS.contains(&edge_type)
                };
                if leads {
                    next = Some(from);
                    return Flow::Break(());
                }
                Flow::Continue(())
            });
            self.walked(walked)?;
            let Some(found) = next else { break };
            if self.type_is(found, &["FUNCTION", "METHOD"])? {
                parent = Some(found);
                break;
            }
            if self.type_is(found, &["MODULE", "CLASS"])? {
                break;
            }
            at = found;
        }
        let Some(parent) = parent else {
            return Flow::Continue(());
        };
        let value = self.values.number(parent);
        if args[1].accept(value, row) {
            visit(self, row)
        } else {
            Flow::Continue(())
        }
    }

    fn type_is(&mut self, id: u128, types: &[&str]) -> ControlFlow<(), bool> {
        let graph = self.graph;
        self.graph_use.get_node_calls += 1;
        match graph.node_type(id) {
            Ok(found) => ControlFlow::Continue(found.is_some_and(|t| types.contains(&t))),
            Err(error) => {
                self.fail(crate::Error::Graph(Box::new(error)))?;
                ControlFlow::Break(())
            }
        }
    }

    fn test(
        &mut self,
        test: Test,
        args: &[StepArg],
        row: &mut [Value],
        visit: &mut Visit<'_, Self>,
    ) -> Flow {
        let holds = match (test, args[0].value(row), args[1].value(row)) {
            (Test::Eq, Some(a), None) => args[1].accept(a, row),
            (Test::Eq, None, Some(b)) => args[0].accept(b, row),
            (Test::Eq, Some(a), Some(b)) => a == b,
            (Test::Neq, Some(a), Some(b)) => a != b,
            (test, Some(a), Some(b)) => test.holds(&self.values.show(a), &self.values.show(b)),
            _ => false,
        };
        if holds {
            visit(self, row)
        } else {
            Flow::Continue(())
        }
    }
}
