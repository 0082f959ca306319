//! Datalog over a graph.
//!
//! ```
//! use rfdb_datalog::{Limits, MemoryGraph, Question, evaluate};
//!
//! let mut graph = MemoryGraph::default();
//! for id in ["main", "load", "parse", "unused"] {
//!     graph.node(id, "FUNCTION", &[("name", id)]);
//! }
//! graph.edge("main", "load", "CALLS", "");
//! graph.edge("load", "parse", "CALLS", "");
//!
//! let question = Question::program(
//!     r#"dead(Name) :- node(F, "FUNCTION"), \+ used(F), attr(F, "name", Name).
//!        used("main").
//!        used(G) :- used(F), edge(F, G, "CALLS")."#,
//! )?;
//! let answer = evaluate(question, &graph, &Limits::default(), false)?;
//! let names: Vec<_> = answer.rows().map(|row| answer.texts().show(row[0])).collect();
//! assert_eq!(names, ["unused"]);
//! # Ok::<(), rfdb_datalog::Error>(())
//! ```
//!
//! # The language
//!
//! A program is a list of rules `head :- literal, literal.` and facts `head.` A name with an upper-case first letter is a
//! variable, `_` stands for anything, everything else is a constant: `"text"`, `'text'`, `word`, `12`. `\+` before a literal
//! negates it. `%` begins a comment. An answer is a set: no row comes twice.
//!
//! | predicate | holds for |
//! |---|---|
//! | `node(Id, Type)`, `type(Id, Type)` | nodes; a type that is written as `"http:*"` stands for all that begin so |
//! | `edge(Src, Dst)`, `edge(Src, Dst, Type)` | edges |
//! | `incoming(Dst, Src)`, `incoming(Dst, Src, Type)` | the same, from the other end |
//! | `path(Src, Dst)` | different nodes between which a path of edges of any type leads; and `path(X, X)` |
//! | `attr(Id, Name, Value)` | `name`, `file`, `type`, `exported`, `id`, `semantic_id` and metadata (`"a.b"` for nested) of nodes |
//! | `attr_edge(Src, Dst, Type, Name, Value)` | metadata of edges |
//! | `parent_function(Id, Function)` | the function or method around a node |
//! | `eq` `neq` `lt` `lte` `gt` `gte`, or `=` `!=` `<` `<=` `>` `>=` | two values; numbers are compared as numbers and come before texts |
//! | `starts_with` `ends_with` `contains` (`string_contains`), and `not_…` of each | a text and a part of it |
//!
//! The head of a rule may aggregate: `fan_in(F, count(C)) :- edge(C, F, "CALLS").` has a row for each `F`, with the number of
//! different `C`. `min` and `max` work alike. A count without other arguments is 0 where nothing is counted.
//!
//! Where an argument is the id of a node, a constant may be a decimal number or a semantic id. Ids in answers are numbers;
//! [`Column::is_id`] says which columns hold them.
//!
//! # What is refused
//!
//! Variables that get their values from nowhere, negation or aggregation within a recursion, wrong numbers of arguments. A
//! negated literal may have variables of its own (`\+ edge(F, X)`: no edge at all). A predicate may leave arguments to its
//! callers: `is_test(F) :- starts_with(F, "test/").` can be asked wherever `F` is known.

mod builtin;
mod error;
mod eval;
mod explain;
mod graph;
mod memory_graph;
mod plan;
mod program;
mod suggest;
mod syntax;
mod value;

pub use builtin::builtin_names;
pub use error::Error;
pub use eval::{Answer, Limits, evaluate};
pub use explain::{ExplainedStep, Explanation, GraphUse};
pub use graph::{Graph, VisitEdge, metadata_field, node_id};
pub use memory_graph::MemoryGraph;
pub use program::{Column, Question, UnknownPredicates};
pub use syntax::{
    Aggregate, Head, HeadTerm, Literal, Rule, Span, Term, parse_program, parse_query,
};
pub use value::{Value, Values};
