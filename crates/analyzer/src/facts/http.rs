//! Requests that a module makes, with `fetch` or axios.

use std::collections::BTreeSet;

use graph_model::facts::Term;

use super::{Detection, Detector, is_called, mentions};
use crate::words::{Word, Words};

/// Methods of axios that make a request.
const METHODS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "request",
];
/// Packages that export `fetch`; [`Http::begin`] knows what is common to their names.
const FETCH: &[&str] = &["node-fetch", "undici", "cross-fetch", "isomorphic-fetch"];
/// What the global object is called.
const GLOBAL: &[&str] = &["window", "globalThis", "self", "global"];

pub(super) struct Http;

impl Detector for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn begin(&self, source: &str, words: Words) -> Option<Box<dyn Detection>> {
        let mentioned = words.have(Word::Fetch) && is_called(source, "fetch")
            || words.have(Word::Axios) && mentions(source, "axios")
            || words.have(Word::Undici) && mentions(source, "undici");
        if !mentioned {
            return None;
        }
        let mut names = Names::default();
        // One that the module declares is another.
        if !mentions(source, "function fetch") {
            names.fetch.insert("fetch".to_owned());
        }
        Some(Box::new(names))
    }
}

#[derive(Default)]
struct Names {
    fetch: BTreeSet<String>,
    axios: BTreeSet<String>,
}

impl Detection for Names {
    fn import(&mut self, specifier: &str, imported: &str, local: &str) {
        if specifier == "axios" && matches!(imported, "default" | "*" | "axios") {
            self.axios.insert(local.to_owned());
        } else if FETCH.contains(&specifier) && matches!(imported, "default" | "*" | "fetch") {
            self.fetch.insert(local.to_owned());
        } else if local == "fetch" {
            self.fetch.remove(local);
        }
    }

    fn bound(&mut self, name: &str, value: &Term) -> Option<&'static str> {
        if let Term::Call(callee, _) = value
            && let Term::Member(of, create) = &**callee
            && let Term::Name(of) = &**of
            && create == "create"
            && self.axios.contains(of)
        {
            self.axios.insert(name.to_owned());
        }
        None
    }

    fn call(&mut self, callee: &Term, arguments: &[Term]) -> Option<&'static str> {
        if arguments.is_empty() {
            return None;
        }
        let is_request = match callee {
            Term::Name(name) => self.fetch.contains(name) || self.axios.contains(name),
            Term::Member(of, method) => match &**of {
                Term::Name(of) if self.axios.contains(of) => METHODS.contains(&method.as_str()),
                Term::Name(of) => method == "fetch" && GLOBAL.contains(&of.as_str()),
                _ => false,
            },
            _ => false,
        };
        is_request.then_some("request")
    }
}
