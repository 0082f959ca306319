//! Requests that the project makes, with `fetch` or axios: an `http:request` node for each, made by its CALL.

use graph_model::facts::{Fact, Term};
use graph_model::{EdgeType, NodeId};

use crate::plugin::{AnalysisPlugin, Metadata, ModuleContext, Ordinals, Plugin, PluginError, Rows};

const NODE_TYPE: &str = "http:request";
/// Stands for a URL that is only known when the program runs.
const UNKNOWN_URL: &str = "dynamic";

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
        let file = &module.summary.file;
        for request in requests(file, module.facts) {
            let metadata = serde_json::json!({
                "method": request.method,
                "methodSource": if request.explicit { "explicit" } else { "default" },
                "url": request.url.unwrap_or(UNKNOWN_URL),
            });
            let node = rows.spanning(
                file,
                NODE_TYPE,
                &request.name,
                span(request.fact),
                &metadata.to_string(),
            )?;
            let contained_by = module.summary.module().node_id();
            rows.edge(contained_by, EdgeType::Contains.as_str(), node, "");
            if let Some(call) = super::call_node(module.summary, request.fact) {
                rows.edge(call, "MAKES_REQUEST", node, "");
            }
        }
        Ok(())
    }
}

/// A request that a module makes.
pub(super) struct Request<'f> {
    fact: &'f Fact,
    name: String,
    /// Its `http:request` node.
    pub(super) node: NodeId,
    /// In capitals; `UNKNOWN` if it is only known when the program runs.
    pub(super) method: String,
    /// Whether the source says the method.
    explicit: bool,
    /// `None` if it is only known when the program runs.
    pub(super) url: Option<&'f str>,
}

/// The requests of a module, in source order.
pub(super) fn requests<'f>(file: &str, facts: &'f [Fact]) -> Vec<Request<'f>> {
    let mut ids = Ordinals::default();
    let of_http = facts.iter().filter(|fact| fact.detector == "http");
    of_http
        .filter_map(|fact| {
            let Term::Call(callee, arguments) = &fact.term else {
                return None;
            };
            let (method, explicit) = method(callee, arguments);
            let url = url(arguments);
            let name = format!("{method} {}", url.unwrap_or(UNKNOWN_URL));
            Some(Request {
                fact,
                node: NodeId::of(&ids.next_id(file, NODE_TYPE, &name)),
                name,
                method,
                explicit,
                url,
            })
        })
        .collect()
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
