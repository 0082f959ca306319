//! Which route of the project answers which request: an INTERACTS_WITH edge from each `http:request` to the `http:route`s that
//! its method and path fit.
//!
//! A parameter of a route (`:id`) stands for any one part of a path, `*` for all that is left; a route without parameters goes
//! first. Rules of the configuration's `routing` say how paths change on the way from one service to another. Where a rule is
//! about the service that makes a request, and fits its path, the request reaches the service that the rule names, and no
//! other; otherwise it reaches whoever has such a route.

use crate::config::{Config, RoutingRule};
use crate::plugin::{EnrichmentPlugin, Metadata, Plugin, PluginError, ProgramContext, Rows};

use super::express_routes::{Route, routes};
use super::http_requests::requests;

/// See the module.
pub(super) struct ServiceConnections;

/// How the path of a request fits the path of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the same.
    Exact,
    /// A parameter stands for a part of it.
    Parametric,
}

impl Plugin for ServiceConnections {
    fn metadata(&self) -> Metadata {
        Metadata::new("service-connections")
            .after(["express-routes"])
            .consumes(["http:request", "http:route"])
            .produces(["INTERACTS_WITH"])
            .covers(["express"])
    }
}

impl EnrichmentPlugin for ServiceConnections {
    fn enrich(&self, cx: &ProgramContext<'_>, rows: &mut Rows) -> Result<(), PluginError> {
        let mut known: Option<Vec<Route>> = None;
        for module in cx.program.modules() {
            let file = module.file();
            let Some(facts) = cx.facts.get(file) else {
                continue;
            };
            for request in requests(file, facts) {
                let Some(path) = request.url.and_then(path_of) else {
                    continue;
                };
                let known = known.get_or_insert_with(|| routes(cx));
                for (route, fit) in answering(cx.config, known, file, &request.method, path) {
                    let fit = match fit {
                        Fit::Exact => r#"{"matchType":"exact"}"#,
                        Fit::Parametric => r#"{"matchType":"parametric"}"#,
                    };
                    rows.edge_of(file, request.node, "INTERACTS_WITH", route.node, fit);
                }
            }
        }
        Ok(())
    }
}

/// The routes that answer a request, those that fit best.
fn answering<'r>(
    config: &Config,
    routes: &'r [Route],
    file: &str,
    method: &str,
    path: &str,
) -> Vec<(&'r Route, Fit)> {
    let rule = rule_for(config, file, path);
    let path = rule.map_or_else(|| path.to_owned(), |rule| rewritten(rule, path));
    let reached = |route: &Route| {
        rule.is_none_or(|rule| service_of(config, &route.file) == Some(rule.to.as_str()))
    };
    let mut found: Vec<(&Route, Fit)> = routes
        .iter()
        .filter(|route| route.method == method || route.method == "ALL")
        .filter(|route| reached(route))
        .filter_map(|route| {
            let fits = route.full_paths.iter().filter_map(|full| fit(full, &path));
            Some((route, fits.min()?))
        })
        .collect();
    let best = found.iter().map(|(_, fit)| *fit).min();
    found.retain(|(_, fit)| Some(*fit) == best);
    found
}

/// The service that a file lies in: the one with the longest folder.
fn service_of<'c>(config: &'c Config, file: &str) -> Option<&'c str> {
    let around = config.services.iter().filter(|service| {
        let rest = file.strip_prefix(service.path.as_str());
        service.path.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
    });
    let nearest = around.max_by_key(|service| service.path.len())?;
    Some(&nearest.name)
}

/// The rule for a request: that of the highest priority, then that of the longest prefix, then the first.
fn rule_for<'c>(config: &'c Config, file: &str, path: &str) -> Option<&'c RoutingRule> {
    if config.routing.is_empty() {
        return None;
    }
    let from = service_of(config, file)?;
    let prefix = |rule: &RoutingRule| rule.strip_prefix.as_ref().map_or(0, String::len);
    let fitting = config.routing.iter().filter(|rule| {
        let prefix = rule.strip_prefix.as_deref().unwrap_or_default();
        rule.from == from && without(prefix, path).is_some()
    });
    fitting.min_by_key(|rule| std::cmp::Reverse((rule.priority, prefix(rule))))
}

fn rewritten(rule: &RoutingRule, path: &str) -> String {
    let prefix = rule.strip_prefix.as_deref().unwrap_or_default();
    let rest = without(prefix, path).unwrap_or(path);
    let added = rule.add_prefix.as_deref().unwrap_or_default();
    format!("{}{rest}", added.trim_end_matches('/'))
}

/// What follows a prefix in a path; `None` if it does not begin with it.
fn without<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(prefix.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// The path in a URL; `None` if it is relative to a path that is not known.
fn path_of(url: &str) -> Option<&str> {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    if let Some((_, rest)) = url.split_once("://") {
        return Some(rest.find('/').map_or("/", |at| &rest[at..]));
    }
    let has_host = url.starts_with("//");
    (url.starts_with('/') && !has_host).then_some(url)
}

/// Whether the path of a request fits that of a route.
fn fit(route: &str, path: &str) -> Option<Fit> {
    let parts = |path| str::split(path, '/').filter(|part: &&str| !part.is_empty());
    let (mut of_route, mut of_path) = (parts(route), parts(path));
    let mut fit = Fit::Exact;
    loop {
        match (of_route.next(), of_path.next()) {
            (None, None) => return Some(fit),
            (Some("*"), _) => return Some(Fit::Parametric),
            (Some(wanted), Some(part)) if wanted == part => {}
            (Some(wanted), Some(_)) if wanted.starts_with(':') => fit = Fit::Parametric,
            // An optional parameter at the end.
            (Some(wanted), None) if wanted.starts_with(':') && wanted.ends_with('?') => {
                fit = Fit::Parametric;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_urls() {
        for (url, path) in [
            ("/users?x=1", Some("/users")),
            ("https://api.example.com/v1/users#top", Some("/v1/users")),
            ("http://localhost:3000", Some("/")),
            ("users", None),
            ("//cdn.example.com/x", None),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }

    #[test]
    fn paths_fit_routes() {
        for (route, path, expected) in [
            ("/users", "/users/", Some(Fit::Exact)),
            ("/users/:id", "/users/7", Some(Fit::Parametric)),
            ("/users/:id", "/users", None),
            // A part that is only known when the program runs may be anything, so it is no name of its own.
            ("/users/:id", "/users/${}", Some(Fit::Parametric)),
            ("/users/me", "/users/${}", None),
            ("/users/:id?", "/users", Some(Fit::Parametric)),
            ("/files/*", "/files/a/b", Some(Fit::Parametric)),
            ("/users/:id", "/users/7/orders", None),
            ("/", "/", Some(Fit::Exact)),
            ("/users", "/orders", None),
        ] {
            assert_eq!(fit(route, path), expected, "{route} {path}");
        }
    }

    #[test]
    fn a_prefix_ends_where_a_part_ends() {
        assert_eq!(without("/api", "/api/x"), Some("/x"));
        assert_eq!(without("/api/", "/api/x"), Some("/x"));
        assert_eq!(without("/api", "/apix"), None);
        assert_eq!(without("", "/x"), Some("/x"));
    }
}
