//! What people ask a code graph: who uses a name, where a value comes from and goes, what a change reaches.
//!
//! A question is a function from a database and a text to an answer; an answer is a value that can be shown or written
//! as JSON. The command line and other front ends share them. Nothing here knows of terminals.
//!
//! ```
//! use orchestrator::{AnalyzeOptions, NoProgress, analyze};
//! use questions::{Graph, TraceDirection, TraceLimits, impact, trace, who};
//! use rfdb_client::Client;
//! use rfdb_server::{Config, Dispatcher};
//!
//! # let folder = tempfile::tempdir()?;
//! # let project = folder.path();
//! std::fs::write(project.join("tax.js"), "export function tax(price) { return price * 0.2; }")?;
//! std::fs::write(project.join("shop.js"), "import { tax } from './tax.js';\nexport const sum = () => tax(5);")?;
//! let client = Client::in_process(Dispatcher::in_memory(Config::default()).session());
//! analyze(project, &client, &AnalyzeOptions::default(), &NoProgress)?;
//!
//! let mut graph = Graph::new(&client);
//! let answer = who(&mut graph, "tax")?;
//! let call = &answer.subjects[0].calls[0];
//! assert_eq!((call.at.file.as_str(), call.at.line), ("shop.js", Some(2)));
//! assert_eq!(call.enclosing.as_ref().map(|f| f.name.as_str()), Some("sum"));
//!
//! let answer = impact(&mut graph, "tax", Default::default())?;
//! assert_eq!(answer.modules[0].file, "shop.js");
//!
//! let answer = trace(&mut graph, "tax", TraceDirection::Backward, TraceLimits::default())?;
//! assert!(answer.traces[0].steps.iter().any(|step| step.literals == ["0.2"]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Reads are batched: each step of a walk asks for all its nodes at once, never for one at a time.

mod answer;
mod containment;
mod coverage;
mod error;
mod graph;
mod held;
mod impact;
mod names;
mod near;
mod references;
mod source;
mod trace;
mod unresolved;
mod who;

pub use answer::NodeRef;
pub use coverage::{Coverage, ServiceCoverage, coverage};
pub use error::{Error, Result};
pub use graph::{Confidence, Edge, EdgeFacts, Graph, Node};
pub use impact::{CallerRef, Impact, ImpactLimits, ModuleImpact, impact};
pub use names::{Named, Subject, Wanted, find};
pub use source::Sources;
pub use trace::{
    Aspect, Cut, EndKind, Step, Trace, TraceDirection, TraceLimits, TraceOf, Tracer, trace,
    value_nodes,
};
pub use unresolved::{Unresolved, unresolved_calls};
pub use who::{UnresolvedRef, UseRef, UsesOf, Who, who};
