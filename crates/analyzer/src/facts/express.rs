//! Express: applications, routers, routes and mounts.

use std::collections::BTreeSet;

use graph_model::facts::Term;

use super::{Detection, Detector, mentions};
use crate::words::{Word, Words};

/// Methods of applications and routers that make a route.
const METHODS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "all",
];

pub(super) struct Express;

impl Detector for Express {
    fn name(&self) -> &'static str {
        "express"
    }

    fn begin(&self, source: &str, words: Words) -> Option<Box<dyn Detection>> {
        let mentioned = words.have(Word::Express) && mentions(source, "express");
        mentioned.then(|| Box::<Names>::default() as Box<dyn Detection>)
    }
}

/// Names of a module, and what they stand for.
#[derive(Default)]
struct Names {
    express: BTreeSet<String>,
    router_constructors: BTreeSet<String>,
    applications: BTreeSet<String>,
}

impl Names {
    /// Whether a value is an application or router that the module knows.
    fn is_application(&self, term: &Term) -> bool {
        matches!(term, Term::Name(name) if self.applications.contains(name))
    }
}

impl Detection for Names {
    fn import(&mut self, specifier: &str, imported: &str, local: &str) {
        if specifier == "express" {
            match imported {
                "default" | "*" => self.express.insert(local.to_owned()),
                "Router" => self.router_constructors.insert(local.to_owned()),
                _ => false,
            };
        }
    }

    fn bound(&mut self, name: &str, value: &Term) -> Option<&'static str> {
        let Term::Call(callee, _) = value else {
            return None;
        };
        let kind = match &**callee {
            Term::Name(callee) if self.express.contains(callee) => "application",
            Term::Name(callee) if self.router_constructors.contains(callee) => "router",
            Term::Member(of, member) if member == "Router" => match &**of {
                Term::Name(of) if self.express.contains(of) => "router",
                _ => return None,
            },
            _ => return None,
        };
        self.applications.insert(name.to_owned());
        Some(kind)
    }

    fn call(&mut self, callee: &Term, arguments: &[Term]) -> Option<&'static str> {
        let Term::Member(of, method) = callee else {
            return None;
        };
        let mut of = &**of;
        let mut chained = false;
        // `r.route('/x').get(a).post(b)`
        while let Term::Call(callee, _) = of {
            let Term::Member(before, name) = &**callee else {
                return None;
            };
            if name != "route" && !METHODS.contains(&name.as_str()) {
                return None;
            }
            chained = name == "route";
            of = before;
        }
        if !self.is_application(of) {
            return None;
        }
        let with_path = arguments.len() > 1 && arguments[0].text().is_some();
        match method.as_str() {
            "use" if !chained => Some("mount"),
            method if METHODS.contains(&method) && (chained || with_path) => Some("route"),
            _ => None,
        }
    }
}
