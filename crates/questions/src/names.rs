//! From what a person writes to nodes: names, members, files with a name or a place, ids.

use graph_model::{EdgeType, NodeType, external_function_id, external_module_id};
use rfdb_client::{AttrQuery, Direction, NodeId, hash_id};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::near::near_misses;

/// What a question may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// What is declared and can be used elsewhere.
    Declarations,
    /// What holds or is a value; local variables and parameters count as much as others.
    Values,
}

/// One thing that a name means: a declaration with the nodes that are the same thing under other types, such as a
/// variable and the function that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What is shown.
    pub node: NodeId,
    /// The same thing.
    pub also: Vec<NodeId>,
}

impl Subject {
    /// All its nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        std::iter::once(self.node).chain(self.also.iter().copied())
    }
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The things of that name, exported ones first, then by place.
    pub subjects: Vec<Subject>,
    /// How many less prominent nodes have the name too, for instance local variables beside functions.
    pub others: usize,
}

const PROMINENT: &[NodeType] = &[
    NodeType::Function,
    NodeType::Method,
    NodeType::Class,
    NodeType::Interface,
    NodeType::Type,
    NodeType::Enum,
    NodeType::Namespace,
    NodeType::Property,
    NodeType::EnumMember,
    NodeType::Module,
];
const BINDINGS: &[NodeType] = &[
    NodeType::Variable,
    NodeType::Constant,
    NodeType::Parameter,
    NodeType::TypeParameter,
];
const MENTIONS: &[NodeType] = &[
    NodeType::Import,
    NodeType::Export,
    NodeType::ExternalFunction,
    NodeType::ExternalModule,
];
/// What holds or is a value and has no name, or only a text: asked for by place.
const VALUES: &[NodeType] = &[
    NodeType::Variable,
    NodeType::Constant,
    NodeType::Parameter,
    NodeType::Property,
    NodeType::EnumMember,
    NodeType::Import,
    NodeType::Function,
    NodeType::Method,
    NodeType::Class,
    NodeType::Call,
    NodeType::ConstructorCall,
    NodeType::PropertyAccess,
    NodeType::Expression,
    NodeType::Branch,
    NodeType::UpdateExpression,
    NodeType::ObjectLiteral,
    NodeType::ArrayLiteral,
    NodeType::JsxElement,
    NodeType::Literal,
];

/// Finds what a text means. It may be
///
/// - an id, as the other answers show it,
/// - a name: `add`,
/// - a name in what it lies in: `Repo.save`, `save.id` for a parameter, `api.users.list`,
/// - a name of something external: `fs.readFile`, `console.log`, `lodash`,
/// - any of these in a file, whose path may be cut at the front: `src/a.ts:add`, `a.ts:Repo.save`,
/// - a place: `src/a.ts:12` or `src/a.ts:12:5`, columns counted from 1.
///
/// # Errors
/// [`Error::UnknownName`] with near misses, or what the database says.
pub fn find(graph: &mut Graph<'_>, text: &str, wanted: Wanted) -> Result<Named> {
    let text = text.trim();
    if let Some(id) = exact_id(graph, text)? {
        let subjects = subjects(graph, vec![id])?;
        return Ok(Named {
            subjects,
            others: 0,
        });
    }
    let mut found = Vec::new();
    if let Some((file, place)) = split_place(text) {
        found = at_place(graph, file, place, wanted)?;
        if !found.is_empty() {
            let subjects = subjects(graph, found)?;
            return Ok(Named {
                subjects,
                others: 0,
            });
        }
    }
    if let Some((file, name)) = text.rsplit_once(':')
        && !file.is_empty()
        && !name.is_empty()
    {
        let files = files_like(graph, file)?;
        for id in by_name(graph, name)? {
            if graph.node(id).is_some_and(|n| files.contains(&n.file)) {
                found.push(id);
            }
        }
    }
    if found.is_empty() {
        found = by_name(graph, text)?;
    }
    if found.is_empty() {
        found = external(graph, text)?;
    }
    if found.is_empty() {
        return Err(Error::UnknownName {
            name: text.to_owned(),
            near: near_misses(graph, text)?,
        });
    }
    let imported = names_of_imports(graph, &found)?;
    let (best, others) = best_tier(graph, &found, &imported, wanted);
    if best.is_empty() {
        let first = graph.node(found[0]);
        return Err(Error::NotAskable {
            name: text.to_owned(),
            found: first.map_or_else(String::new, |n| n.node_type.clone()),
            why: "ask for a declaration, or for a place as FILE:LINE",
        });
    }
    Ok(Named {
        subjects: subjects(graph, best)?,
        others,
    })
}

fn exact_id(graph: &mut Graph<'_>, text: &str) -> Result<Option<NodeId>> {
    if !text.contains("->") && !text.contains(':') {
        return Ok(None);
    }
    let id = hash_id(text);
    graph.load([id])?;
    Ok(graph.node(id).map(|n| n.id))
}

/// A line, and a column if one is given, both from 1.
type Place = (u32, Option<u32>);

/// `file:12` and `file:12:5`.
fn split_place(text: &str) -> Option<(&str, Place)> {
    let (head, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok().filter(|&n| n > 0)?;
    if let Some((file, line)) = head.rsplit_once(':')
        && let Ok(line) = line.parse::<u32>()
        && line > 0
    {
        return Some((file, (line, Some(last))));
    }
    (!head.is_empty()).then_some((head, (last, None)))
}

/// Files of the graph whose path is, or ends with, this one.
fn files_like(graph: &mut Graph<'_>, file: &str) -> Result<FxHashSet<String>> {
    let file = file.strip_prefix("./").unwrap_or(file).replace('\\', "/");
    let modules = graph.find(AttrQuery {
        node_type: Some(NodeType::Module.as_str().to_owned()),
        file: Some(file.clone()),
        substring_match: true,
        ..AttrQuery::default()
    })?;
    let all: Vec<&str> = modules
        .iter()
        .filter_map(|id| graph.node(*id))
        .map(|n| n.file.as_str())
        .collect();
    if all.contains(&file.as_str()) {
        return Ok([file].into_iter().collect());
    }
    let ends = |path: &&&str| {
        path.strip_suffix(file.as_str())
            .is_some_and(|head| head.is_empty() || head.ends_with('/'))
    };
    Ok(all.iter().filter(ends).map(|p| (*p).to_owned()).collect())
}

/// The nodes that a place means. With a column, the innermost there; without, the bindings that begin on the line,
/// else the outermost values that do.
fn at_place(
    graph: &mut Graph<'_>,
    file: &str,
    (line, column): Place,
    wanted: Wanted,
) -> Result<Vec<NodeId>> {
    let mut found = Vec::new();
    let mut files: Vec<String> = files_like(graph, file)?.into_iter().collect();
    files.sort();
    for file in files {
        let ids = graph.find(AttrQuery {
            file: Some(file),
            ..AttrQuery::default()
        })?;
        let askable = |kind: Option<NodeType>| {
            kind.is_some_and(|k| match wanted {
                Wanted::Values => VALUES.contains(&k),
                Wanted::Declarations => {
                    (PROMINENT.contains(&k) && k != NodeType::Module)
                        || matches!(
                            k,
                            NodeType::Variable | NodeType::Constant | NodeType::Import
                        )
                }
            })
        };
        let spans: Vec<_> = ids
            .iter()
            .filter_map(|id| graph.node(*id))
            .filter(|n| askable(n.kind))
            .filter_map(|n| n.span.map(|span| (n, span)))
            .collect();
        if let Some(column) = column {
            let at = (line, column - 1);
            let inside = spans
                .iter()
                .filter(|(_, s)| (s.line, s.column) <= at && at < (s.end_line, s.end_column));
            // The innermost: what begins last, and of those what ends first.
            let best = inside
                .map(|(n, s)| {
                    (
                        (s.line, s.column),
                        std::cmp::Reverse((s.end_line, s.end_column)),
                        *n,
                    )
                })
                .max_by(|a, b| {
                    (a.0, a.1)
                        .cmp(&(b.0, b.1))
                        .then(b.2.order().cmp(&a.2.order()))
                });
            found.extend(best.map(|(_, _, n)| n.id));
            continue;
        }
        let begins: Vec<_> = spans.iter().filter(|(_, s)| s.line == line).collect();
        let bindings: Vec<NodeId> = begins
            .iter()
            .filter(|(n, _)| {
                n.kind.is_some_and(|k| {
                    BINDINGS.contains(&k)
                        || matches!(
                            k,
                            NodeType::Property | NodeType::EnumMember | NodeType::Import
                        )
                        || (wanted == Wanted::Declarations && PROMINENT.contains(&k))
                })
            })
            .map(|(n, _)| n.id)
            .collect();
        if !bindings.is_empty() {
            found.extend(bindings);
            continue;
        }
        let within = |a: &graph_model::Span, b: &graph_model::Span| {
            (b.line, b.column) <= (a.line, a.column)
                && (a.end_line, a.end_column) <= (b.end_line, b.end_column)
                && a != b
        };
        found.extend(
            begins
                .iter()
                .filter(|(_, s)| !begins.iter().any(|(_, other)| within(s, other)))
                .map(|(n, _)| n.id),
        );
    }
    Ok(found)
}

/// The nodes of a name, or of a name in what it lies in.
fn by_name(graph: &mut Graph<'_>, name: &str) -> Result<Vec<NodeId>> {
    let named = |name: &str| AttrQuery {
        name: Some(name.to_owned()),
        ..AttrQuery::default()
    };
    let declared = |graph: &Graph<'_>, ids: Vec<NodeId>| -> Vec<NodeId> {
        ids.into_iter()
            .filter(|id| {
                graph.node(*id).and_then(|n| n.kind).is_some_and(|k| {
                    PROMINENT.contains(&k) || BINDINGS.contains(&k) || MENTIONS.contains(&k)
                })
            })
            .collect()
    };
    let found = graph.find(named(name))?;
    let whole = declared(graph, found);
    if !whole.is_empty() {
        return Ok(whole);
    }
    let Some((owner, last)) = name.rsplit_once(['.', '#']) else {
        return Ok(Vec::new());
    };
    // `Repo.#secret`, `Repo#save` and `Repo.prototype.save` are ways to write a member.
    let private = owner.ends_with('.');
    let owner = owner.trim_end_matches('.').replace(".prototype", "");
    let last = if private {
        format!("#{last}")
    } else {
        last.to_owned()
    };
    let found = graph.find(named(&last))?;
    let members = declared(graph, found);
    Ok(members
        .into_iter()
        .filter(|id| {
            graph.node(*id).is_some_and(|n| {
                n.scope()
                    .is_some_and(|scope| scope_ends_with(&scope, &owner))
            })
        })
        .collect())
}

/// Whether the last names of a scope are these. Ordinals (`save#2`) and the kinds of members (`static:of`) need not be
/// written.
fn scope_ends_with(scope: &str, owner: &str) -> bool {
    let plain = |segment: &str| -> String {
        let segment = segment
            .rsplit_once('#')
            .filter(|(head, n)| !head.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
            .map_or(segment, |(head, _)| head);
        let segment = ["static:", "get:", "set:"]
            .iter()
            .find_map(|p| segment.strip_prefix(p))
            .unwrap_or(segment);
        segment.to_owned()
    };
    let scope: Vec<String> = scope.split('.').map(plain).collect();
    let owner: Vec<String> = owner.split('.').map(plain).collect();
    scope.ends_with(&owner)
}

/// Functions of packages and of the global object, and packages.
fn external(graph: &mut Graph<'_>, text: &str) -> Result<Vec<NodeId>> {
    let text = text.strip_prefix("node:").unwrap_or(text);
    let mut ids = vec![
        external_function_id(graph_model::GLOBAL_MODULE, text),
        external_module_id(text),
    ];
    ids.extend(
        text.match_indices('.')
            .map(|(at, _)| external_function_id(&text[..at], &text[at + 1..])),
    );
    let ids: Vec<NodeId> = ids.iter().map(|id| hash_id(id)).collect();
    graph.load(ids.iter().copied())?;
    Ok(ids
        .into_iter()
        .filter(|id| graph.node(*id).is_some())
        .collect())
}

/// Those of the nodes that are mere names of what was imported: `const add = require('./add')`.
fn names_of_imports(graph: &mut Graph<'_>, found: &[NodeId]) -> Result<FxHashSet<NodeId>> {
    let bindings: Vec<NodeId> = found
        .iter()
        .copied()
        .filter(|id| {
            graph
                .node(*id)
                .is_some_and(|n| n.is(NodeType::Variable) || n.is(NodeType::Constant))
        })
        .collect();
    let edges = graph.edges(&bindings, Direction::Outgoing, &[EdgeType::AssignedFrom])?;
    graph.load(edges.iter().map(|edge| edge.dst))?;
    Ok(edges
        .iter()
        .filter(|edge| graph.node(edge.dst).is_some_and(|n| n.is(NodeType::Import)))
        .map(|edge| edge.src)
        .collect())
}

/// The most prominent of the nodes, and how many others there are.
fn best_tier(
    graph: &Graph<'_>,
    found: &[NodeId],
    imported: &FxHashSet<NodeId>,
    wanted: Wanted,
) -> (Vec<NodeId>, usize) {
    let tier = |id: &NodeId| {
        let Some((node, kind)) = graph.node(*id).and_then(|n| Some((n, n.kind?))) else {
            return 3;
        };
        let local = node.scope().is_some();
        if imported.contains(id) {
            return 2;
        }
        if PROMINENT.contains(&kind) {
            0
        } else if BINDINGS.contains(&kind) {
            usize::from(local && wanted == Wanted::Declarations)
        } else if MENTIONS.contains(&kind) {
            2
        } else {
            3
        }
    };
    let Some(best) = found.iter().map(tier).min().filter(|best| *best < 3) else {
        return (Vec::new(), found.len());
    };
    let chosen: Vec<NodeId> = found
        .iter()
        .copied()
        .filter(|id| tier(id) == best)
        .collect();
    // Imports and exports of what was chosen are not other things of the same name.
    let others = found
        .iter()
        .filter(|id| tier(id) > best && tier(id) < 2)
        .count();
    (chosen, others)
}

/// Joins nodes that are one thing: a binding or field with the function or class that it is initialised with, under
/// the same name.
fn subjects(graph: &mut Graph<'_>, mut ids: Vec<NodeId>) -> Result<Vec<Subject>> {
    graph.sort(&mut ids);
    let holders: Vec<NodeId> = ids
        .iter()
        .copied()
        .filter(|id| {
            graph.node(*id).and_then(|n| n.kind).is_some_and(|k| {
                matches!(
                    k,
                    NodeType::Variable | NodeType::Constant | NodeType::Property
                )
            })
        })
        .collect();
    // From a function or class that was asked for by its id, to the binding that holds it.
    let values: Vec<NodeId> = ids
        .iter()
        .copied()
        .filter(|id| {
            graph
                .node(*id)
                .is_some_and(|n| n.is(NodeType::Function) || n.is(NodeType::Class))
        })
        .collect();
    let mut edges = graph.edges(&holders, Direction::Outgoing, &[EdgeType::AssignedFrom])?;
    edges.extend(graph.edges(&values, Direction::Incoming, &[EdgeType::AssignedFrom])?);
    graph.load(edges.iter().flat_map(|edge| [edge.src, edge.dst]))?;
    let mut value_of: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for edge in &edges {
        let (Some(holder), Some(value)) = (graph.node(edge.src), graph.node(edge.dst)) else {
            continue;
        };
        let same = holder.name == value.name
            && holder.file == value.file
            && edge.facts.property_path.is_empty()
            && (value.is(NodeType::Function) || value.is(NodeType::Class))
            && !holder.is(NodeType::Parameter);
        if same {
            value_of.insert(edge.src, edge.dst);
        }
    }
    let mut subjects: Vec<Subject> = Vec::new();
    let mut place: FxHashMap<NodeId, usize> = FxHashMap::default();
    for id in ids {
        let holder = value_of.iter().find(|(_, v)| **v == id).map(|(h, _)| *h);
        let (node, also) = match (value_of.get(&id), holder) {
            (Some(value), _) => (*value, vec![id]),
            (None, Some(holder)) => (id, vec![holder]),
            (None, None) => (id, Vec::new()),
        };
        if let Some(&at) = place.get(&node) {
            let subject = &mut subjects[at];
            subject.also.extend(also);
            subject.also.sort_unstable();
            subject.also.dedup();
        } else {
            place.insert(node, subjects.len());
            subjects.push(Subject { node, also });
        }
    }
    subjects.sort_by_key(|s| {
        !s.nodes()
            .any(|id| graph.node(id).is_some_and(|n| n.exported))
    });
    Ok(subjects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_names_are_told_apart() {
        assert_eq!(split_place("a.ts:12"), Some(("a.ts", (12, None))));
        assert_eq!(split_place("a.ts:12:5"), Some(("a.ts", (12, Some(5)))));
        assert_eq!(split_place("a.ts:add"), None);
        assert_eq!(split_place("a.ts:0"), None);
        assert_eq!(split_place("12"), None);
    }

    #[test]
    fn scopes_are_compared_from_their_ends() {
        assert!(scope_ends_with("ns.Repo.save", "Repo.save"));
        assert!(scope_ends_with("Repo#2.static:of", "Repo.of"));
        assert!(!scope_ends_with("MyRepo.save", "Repo.save"));
        assert!(!scope_ends_with("save", "Repo.save"));
    }
}
