//! Requests that the project makes, with `fetch` or axios: an `http:request` node for each, made by its CALL.

use graph_model::EdgeType;
use graph_model::facts::{Fact, Term};

use crate::plugin::{AnalysisPlugin, Metadata, ModuleContext, Plugin, PluginError, Rows};

/// Methods that axios has functions for.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];

/// See the module.
pub(super) struct HttpRequests;

impl Plugin for HttpRequests {
    fn metadata(&self) -> Metadata {
        Metadata::new("http-requests").produces(["http:request", "MAKES_REQUEST"])
    }
}

impl AnalysisPlugin for HttpRequests {
    fn analyze(&self, module: &ModuleContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        for fact in module.facts.iter().filter(|f| f.detector == "http") {
            let Term::Call(callee, arguments) = &fact.term else {
                continue;
            };
            let (method, explicit) = method(callee, arguments);
            let url = url(arguments);
            let shown = url.unwrap_or("dynamic");
            let metadata = serde_json::json!({
                "method": method,
                "methodSource": if explicit { "explicit" } else { "default" },
                "url": shown,
            });
            let request = rows.spanning(
                &module.summary.file,
                "http:request",
                &format!("{method} {shown}"),
                span(fact),
                &metadata.to_string(),
            )?;
            let contained_by = module.summary.module().node_id();
            rows.edge(contained_by, EdgeType::Contains.as_str(), request, "");
            if let Some(call) = super::call_node(module.summary, fact) {
                rows.edge(call, "MAKES_REQUEST", request, "");
            }
        }
        Ok(())
    }
}

fn span(fact: &Fact) -> ((u32, u32), (u32, u32)) {
    let at = fact.span;
    ((at.line, at.column), (at.end_line, at.end_column))
}

/// The method, and whether the source says it.
fn method(callee: &Term, arguments: &[Term]) -> (String, bool) {
    if let Term::Member(_, name) = callee
        && METHODS.contains(&name.as_str())
    {
        return (name.to_uppercase(), true);
    }
    let options = arguments.iter().rev().find_map(|a| a.property("method"));
    match options {
        Some(Term::Text(method)) => (method.to_uppercase(), true),
        // It is given, and only known when the program runs.
        Some(_) => ("UNKNOWN".to_owned(), true),
        None => ("GET".to_owned(), false),
    }
}

fn url(arguments: &[Term]) -> Option<&str> {
    let first = arguments.first()?;
    first
        .text()
        .or_else(|| first.property("url").and_then(Term::text))
}
