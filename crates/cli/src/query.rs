//! `grafema-rs query`.

use std::io::{self, BufWriter, Write};

use orchestrator::export::write_node;
use rfdb_client::{AttrQuery, Client, Node, NodeTable, hash_id};
use serde::Deserialize;

use crate::args::QueryArgs;
use crate::error::Error;
use crate::{database, text};

/// Types that declare what other nodes only mention, in the order in which they are shown.
const DECLARATIONS: &[&str] = &[
    "FUNCTION",
    "METHOD",
    "CLASS",
    "INTERFACE",
    "TYPE",
    "ENUM",
    "NAMESPACE",
    "VARIABLE",
    "CONSTANT",
    "PROPERTY",
    "ENUM_MEMBER",
    "MODULE",
    "SERVICE",
    "PROJECT",
    "PARAMETER",
    "EXPORT",
    "IMPORT",
];

#[derive(Default, Deserialize)]
struct Position {
    line: Option<u32>,
    column: Option<u32>,
}

pub(crate) fn run(args: &QueryArgs) -> Result<(), Error> {
    let (_, client) = database::open(args.path.as_deref(), "query")?;
    let node_type = args
        .r#type
        .as_deref()
        .map(|asked| known_type(&client, asked))
        .transpose()?;
    let (nodes, exact) = find(&client, &args.name, node_type)?;
    let mut rows: Vec<(Node<'_>, Position)> = nodes
        .iter()
        .map(|node| {
            let position = serde_json::from_str(node.metadata).unwrap_or_default();
            (node, position)
        })
        .collect();
    rows.sort_by(|(a, at), (b, bt)| {
        let rank = |node: &Node<'_>| {
            DECLARATIONS
                .iter()
                .position(|t| *t == node.node_type)
                .unwrap_or(DECLARATIONS.len())
        };
        let key = |node: &Node<'_>, at: &Position| (rank(node), at.line, at.column);
        (a.file.cmp(b.file).then(key(a, at).cmp(&key(b, bt))))
            .then(a.semantic_id.cmp(b.semantic_id))
    });
    // Declarations of all files come before the places that mention them.
    rows.sort_by_key(|(node, _)| !DECLARATIONS.contains(&node.node_type));
    let total = rows.len();
    rows.truncate(args.limit);
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        json(&rows, &mut out)?;
    } else {
        lines(args, &rows, total, exact, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

/// The nodes of a name or id; if there are none, those whose name contains it. And whether the name is equal.
fn find(
    client: &Client,
    name: &str,
    node_type: Option<String>,
) -> Result<(NodeTable, bool), Error> {
    if name.contains("->") || name.starts_with("EXTERNAL_") {
        let nodes = client.get_nodes(&[hash_id(name)])?;
        if !nodes.is_empty() {
            return Ok((nodes, true));
        }
    }
    let query = AttrQuery {
        node_type,
        name: Some(name.to_owned()),
        ..AttrQuery::default()
    };
    let nodes = client.query_nodes(query.clone())?;
    if !nodes.is_empty() || name.is_empty() {
        return Ok((nodes, true));
    }
    Ok((
        client.query_nodes(AttrQuery {
            substring_match: true,
            ..query
        })?,
        false,
    ))
}

/// The type as it is stored, whatever its case.
fn known_type(client: &Client, asked: &str) -> Result<String, Error> {
    let known = client.count_nodes_by_type(None)?;
    if let Some(found) = known.keys().find(|t| t.eq_ignore_ascii_case(asked)) {
        return Ok(found.clone());
    }
    // A type of the model that this project happens not to have is no mistake.
    if let Some(node_type) = graph_model::NodeType::parse(&asked.to_ascii_uppercase()) {
        return Ok(node_type.as_str().to_owned());
    }
    let known: Vec<&str> = known.keys().map(String::as_str).collect();
    Err(Error::UnknownType {
        asked: asked.to_owned(),
        known: known.join(", "),
    })
}

fn json(rows: &[(Node<'_>, Position)], out: &mut dyn Write) -> Result<(), Error> {
    let mut text = Vec::new();
    for (i, (node, _)) in rows.iter().enumerate() {
        text.extend_from_slice(if i == 0 { b"[\n" } else { b",\n" });
        write_node(&mut text, node)?;
        // The line's own newline.
        text.pop();
    }
    text.extend_from_slice(if rows.is_empty() { b"[]\n" } else { b"\n]\n" });
    out.write_all(&text)?;
    Ok(())
}

fn lines(
    args: &QueryArgs,
    rows: &[(Node<'_>, Position)],
    total: usize,
    exact: bool,
    out: &mut dyn Write,
) -> Result<(), Error> {
    if rows.is_empty() {
        let of_type = args
            .r#type
            .as_deref()
            .map(|t| format!(" of type {t}"))
            .unwrap_or_default();
        writeln!(
            out,
            "no node{of_type} has a name that is or contains '{}'",
            args.name
        )?;
        return Ok(());
    }
    if !exact {
        writeln!(
            out,
            "no node is named '{}'; these names contain it:",
            args.name
        )?;
    }
    let types = rows
        .iter()
        .map(|(node, _)| node.node_type.len())
        .max()
        .unwrap_or(0);
    let names = rows
        .iter()
        .map(|(node, _)| node.name.chars().count())
        .max()
        .unwrap_or(0)
        .min(40);
    for (node, at) in rows {
        let place = match (at.line, at.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{}", node.file, column + 1),
            _ => node.semantic_id.to_owned(),
        };
        let exported = if node.exported { "  exported" } else { "" };
        writeln!(
            out,
            "{:<types$}  {:<names$}  {place}{exported}",
            node.node_type, node.name
        )?;
    }
    if total > rows.len() {
        writeln!(
            out,
            "and {} more; --limit {total} shows all",
            text::number((total - rows.len()) as u64)
        )?;
    }
    Ok(())
}
