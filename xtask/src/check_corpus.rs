//! `cargo xtask check-corpus DIR`: analyzes every file of a project by itself and
//! holds the graph against what must hold for any source, and against a count of
//! the syntax tree that knows nothing of the analyzer.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use analyzer::{ModuleAnalysis, Options, analyze_module, parse_module};
use anyhow::{Context as _, bail};
use graph_model::{EdgeType, LineIndex, NodeType, Span as Place};
use rayon::prelude::*;
use swc_common::{Span, Spanned};
use swc_ecma_ast::*;
use swc_ecma_visit::{Visit, VisitWith};

/// More JSON of a literal tree is not kept, in bytes.
const MAX_VALUE: usize = 16 * 1024;

/// Arguments of `check-corpus`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folders or files to check
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many violations to show
    #[arg(long, default_value_t = 40)]
    most: usize,
}

/// Source files below some paths, declaration files left out.
pub(crate) fn source_files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        for entry in ignore::WalkBuilder::new(path).build() {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let source = [".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"]
                .iter()
                .any(|e| name.ends_with(e));
            if entry.file_type().is_some_and(|t| t.is_file()) && source && !name.contains(".d.") {
                files.push(entry.into_path());
            }
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let files = source_files(&args.paths)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(256 << 20)
        .build()?;
    let checked: Vec<(Vec<String>, Totals)> = pool.install(|| {
        files
            .par_iter()
            .map(|path| -> anyhow::Result<(Vec<String>, Totals)> {
                let bytes = std::fs::read(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let Ok(source) = String::from_utf8(bytes) else {
                    return Ok(Default::default());
                };
                Ok(check(path, &source))
            })
            .collect::<anyhow::Result<_>>()
    })?;
    let mut totals = Totals::default();
    let mut violations = Vec::new();
    for (found, part) in checked {
        totals.add(&part);
        violations.extend(found);
    }
    println!(
        "{} files, {} unparsed, {} lines, {} nodes, {} edges ({:.2} nodes per non-blank line)",
        files.len(),
        totals.unparsed,
        totals.lines,
        totals.nodes,
        totals.edges,
        totals.nodes as f64 / totals.lines.max(1) as f64
    );
    for violation in violations.iter().take(args.most) {
        println!("  {violation}");
    }
    if !violations.is_empty() {
        bail!("{} violations", violations.len());
    }
    println!("no violation");
    Ok(())
}

#[derive(Default)]
pub(crate) struct Totals {
    unparsed: usize,
    lines: usize,
    nodes: usize,
    edges: usize,
}

impl Totals {
    fn add(&mut self, other: &Totals) {
        self.unparsed += other.unparsed;
        self.lines += other.lines;
        self.nodes += other.nodes;
        self.edges += other.edges;
    }
}

/// Violations of one file.
pub(crate) fn check(path: &Path, source: &str) -> (Vec<String>, Totals) {
    let name = path.to_string_lossy().replace('\\', "/");
    let module = analyze_module(&name, source, &Options::default());
    let mut found = Vec::new();
    check_graph(&module, source, &mut found);
    let program = parse_module(&name, source);
    let mut count = Count::default();
    if let Some(program) = program.as_ref().filter(|_| source.contains("with")) {
        program.visit_with(&mut count);
    }
    // What `with` hides has no sources.
    if !count.has_with {
        check_data_flow(&module, source, &mut found);
    }
    if let Some(program) = &program {
        check_syntax(&module, source, program, &mut found);
    }
    let totals = Totals {
        unparsed: usize::from(program.is_none()),
        lines: source
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count(),
        nodes: module.graph.nodes().len(),
        edges: module.graph.edges().len(),
    };
    (
        found
            .into_iter()
            .map(|violation| format!("{name}: {violation}"))
            .collect(),
        totals,
    )
}

/// What must hold for every module graph.
fn check_graph(module: &ModuleAnalysis, source: &str, found: &mut Vec<String>) {
    let graph = &module.graph;
    let nodes = graph.nodes();
    let id = |i: u32| graph.semantic_id(&nodes[i as usize]);
    let mut ids = HashSet::new();
    let lines = LineIndex::new(source);
    let end = lines.position(source.len() as u32);
    for node in nodes {
        let id = graph.semantic_id(node);
        if !ids.insert(id.clone()) {
            found.push(format!("two nodes have the id {id}"));
        }
        if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(
            &graph.node_metadata(node),
        ) {
            found.push(format!("{id}: metadata is no JSON object: {error}"));
        }
        let span = node.span;
        let start = (span.line, span.column);
        if node.in_file
            && (span.line == 0
                || start > (span.end_line, span.end_column)
                || (span.end_line, span.end_column) > end)
        {
            found.push(format!("{id}: impossible span {span:?}"));
        }
    }
    let mut parent: HashMap<u32, u32> = HashMap::new();
    let mut triples = HashSet::new();
    for edge in graph.edges() {
        if !triples.insert((edge.src, edge.dst, edge.edge_type)) {
            found.push(format!(
                "{} {} {} twice",
                id(edge.src),
                edge.edge_type,
                id(edge.dst)
            ));
        }
        let metadata = graph.edge_metadata(edge);
        if !metadata.is_empty()
            && let Err(error) =
                serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&metadata)
        {
            found.push(format!(
                "{} {} {}: metadata: {error}",
                id(edge.src),
                edge.edge_type,
                id(edge.dst)
            ));
        }
        let field = edge.edge_type == EdgeType::HasProperty
            && nodes[edge.dst as usize].node_type == NodeType::Property;
        if edge.edge_type.is_containment() || field {
            if let Some(other) = parent.insert(edge.dst, edge.src) {
                found.push(format!(
                    "{} has two parents: {} and {}",
                    id(edge.dst),
                    id(other),
                    id(edge.src)
                ));
            }
            let (outer, inner) = (nodes[edge.src as usize].span, nodes[edge.dst as usize].span);
            let decorator = nodes[edge.dst as usize].node_type == NodeType::Decorator;
            if nodes[edge.dst as usize].in_file && !decorator && !inside(outer, inner) {
                found.push(format!(
                    "{} {inner:?} lies outside of {} {outer:?}",
                    id(edge.dst),
                    id(edge.src)
                ));
            }
        }
    }
    for (i, node) in nodes.iter().enumerate() {
        let i = i as u32;
        if i == 0 || node.node_type == NodeType::ExternalModule {
            continue;
        }
        let mut at = i;
        let mut steps = 0;
        while let Some(&up) = parent.get(&at) {
            at = up;
            steps += 1;
            if steps > nodes.len() {
                found.push(format!("{} is contained in itself", id(i)));
                break;
            }
        }
        if at != 0 && nodes[at as usize].node_type != NodeType::ExternalModule {
            found.push(format!(
                "{} is not reachable from the module (its root is {})",
                id(i),
                id(at)
            ));
        }
    }
}

/// Every value leads on to its sources, or is one: a backward walk over the edges
/// of the model has no dead end.
fn check_data_flow(module: &ModuleAnalysis, source: &str, found: &mut Vec<String>) {
    let graph = &module.graph;
    let nodes = graph.nodes();
    let mut sources = vec![0usize; nodes.len()];
    let mut arguments: Vec<HashSet<u64>> = vec![HashSet::new(); nodes.len()];
    let mut properties: Vec<HashSet<String>> = vec![HashSet::new(); nodes.len()];
    let mut tested = vec![false; nodes.len()];
    for edge in graph.edges() {
        match edge.edge_type {
            EdgeType::AssignedFrom | EdgeType::DerivesFrom | EdgeType::ReadsFrom => {
                sources[edge.src as usize] += 1
            }
            EdgeType::FlowsInto => sources[edge.dst as usize] += 1,
            EdgeType::HasCondition => tested[edge.src as usize] = true,
            EdgeType::HasProperty => {
                let metadata: serde_json::Value =
                    serde_json::from_str(&graph.edge_metadata(edge)).unwrap_or_default();
                let others = metadata["also"].as_array().cloned().unwrap_or_default();
                for metadata in std::iter::once(&metadata).chain(&others) {
                    if let Some(name) = metadata["propertyName"].as_str() {
                        properties[edge.src as usize].insert(name.to_owned());
                    }
                }
            }
            EdgeType::PassesArgument => {
                let metadata: serde_json::Value =
                    serde_json::from_str(&graph.edge_metadata(edge)).unwrap_or_default();
                let indexes = &mut arguments[edge.src as usize];
                indexes.extend(metadata["argIndex"].as_u64());
                indexes.extend(
                    metadata["argIndexes"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|i| i.as_u64()),
                );
            }
            _ => {}
        }
    }
    let lines: Vec<&str> = source.split('\n').collect();
    let text = |node: &analyzer::Node| {
        let line = lines
            .get(node.span.line as usize - 1)
            .copied()
            .unwrap_or("");
        let units: Vec<u16> = line.encode_utf16().collect();
        let end = if node.span.end_line == node.span.line {
            node.span.end_column as usize
        } else {
            units.len()
        };
        String::from_utf16_lossy(
            units
                .get(node.span.column as usize..end.min(units.len()))
                .unwrap_or(&[]),
        )
    };
    let metadata_of = |node| -> serde_json::Value {
        serde_json::from_str(&graph.node_metadata(node)).unwrap_or_default()
    };
    // In `catch (e) { var e = 1; }` the value goes to the binding of the `catch`, which has the name too.
    let caught: HashSet<&str> = (nodes.iter().zip(&sources))
        .filter(|(node, sources)| **sources > 0 && node.node_type == NodeType::Variable)
        .filter(|(node, _)| metadata_of(node)["kind"] == "catch")
        .map(|(node, _)| graph.name(node))
        .collect();
    for (i, node) in nodes.iter().enumerate() {
        let metadata = metadata_of(node);
        let dead = sources[i] == 0
            && match node.node_type {
                // Members of `this`, `super` and the meta properties start here.
                NodeType::PropertyAccess => {
                    let object = metadata["objectName"].as_str().unwrap_or("");
                    !matches!(object, "this" | "super" | "import" | "new" | "import.meta")
                }
                NodeType::Variable | NodeType::Constant => {
                    metadata["kind"] != "catch"
                        && !(metadata["kind"] == "var" && caught.contains(graph.name(node)))
                        && metadata["propertyPath"].is_null()
                        && text(node).contains('=')
                        && !text(node).contains("=>")
                        && !text(node).trim_end().ends_with("= this")
                }
                NodeType::Expression => {
                    metadata["literals"].is_null()
                        && metadata["operator"] != "yield"
                        && !metadata["text"].as_str().unwrap_or("").contains("this")
                }
                NodeType::Branch => {
                    metadata["branchType"] == "ternary" && !text(node).contains("this")
                }
                NodeType::UpdateExpression => {
                    metadata["operator"] != "delete" && !graph.name(node).contains("this")
                }
                _ => false,
            };
        if dead {
            found.push(format!(
                "{} at {:?}: a value without sources: {}",
                graph.semantic_id(node),
                node.span,
                text(node)
            ));
        }
        let needs_condition = match node.node_type {
            NodeType::Branch => true,
            NodeType::Loop => matches!(graph.name(node), "while" | "do-while"),
            _ => false,
        };
        // `this`, `undefined` and literals are tested without a node.
        if needs_condition
            && !tested[i]
            && metadata.get("constantTest").is_none()
            && !["this", "undefined"].iter().any(|w| text(node).contains(w))
        {
            found.push(format!(
                "{} at {:?}: a condition without a value: {}",
                graph.semantic_id(node),
                node.span,
                text(node)
            ));
        }
        // The values of a tree of literals are left out when they are too long.
        let length = || -> usize {
            let lines = lines.get(node.span.line as usize - 1..node.span.end_line as usize);
            lines.unwrap_or_default().iter().map(|l| l.len()).sum()
        };
        if node.node_type == NodeType::ObjectLiteral
            && metadata["value"].is_null()
            && length() <= MAX_VALUE
        {
            let keys = metadata["keys"].as_array().into_iter().flatten();
            let missing = keys
                .filter_map(|key| key.as_str())
                .filter(|key| !properties[i].contains(*key))
                .count();
            if missing > 0 && !source.contains("this") && !source.contains("undefined") {
                found.push(format!(
                    "{} at {:?}: {missing} properties have no value",
                    graph.semantic_id(node),
                    node.span
                ));
            }
        }
        if matches!(node.node_type, NodeType::Call | NodeType::ConstructorCall) {
            let count = metadata["argCount"].as_u64().unwrap_or(0);
            let first = u64::from(metadata["isTagged"] == true);
            let missing = (first..count)
                .filter(|index| !arguments[i].contains(index))
                .count();
            if missing > 0 && !text(node).contains("this") {
                found.push(format!(
                    "{} at {:?}: {missing} of {count} arguments have no value",
                    graph.semantic_id(node),
                    node.span
                ));
            }
        }
    }
}

fn inside(outer: Place, inner: Place) -> bool {
    (outer.line, outer.column) <= (inner.line, inner.column)
        && (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
}

/// Every call, `new`, callable, class, import and export of the tree has its node.
fn check_syntax(module: &ModuleAnalysis, source: &str, program: &Program, found: &mut Vec<String>) {
    let mut count = Count::default();
    program.visit_with(&mut count);
    let graph = &module.graph;
    let lines = LineIndex::new(source);
    let place = |span: Span| lines.span(span.lo.0.saturating_sub(1), span.hi.0.saturating_sub(1));
    let mut spans: HashMap<NodeType, HashMap<Place, usize>> = HashMap::new();
    for node in graph.nodes() {
        *spans
            .entry(node.node_type)
            .or_default()
            .entry(node.span)
            .or_default() += 1;
    }
    let has = |node_type: NodeType, span: Span| {
        spans
            .get(&node_type)
            .is_some_and(|s| s.contains_key(&place(span)))
    };
    for &call in &count.calls {
        if !has(NodeType::Call, call)
            && !has(NodeType::Import, call)
            && !count.decorators.contains(&call)
        {
            found.push(format!("the call at {:?} has no node", place(call)));
        }
    }
    for &new in &count.news {
        if !has(NodeType::ConstructorCall, new) {
            found.push(format!("the `new` at {:?} has no node", place(new)));
        }
    }
    let nodes = |t: NodeType| graph.nodes().iter().filter(|n| n.node_type == t).count();
    let calls = nodes(NodeType::Call);
    let requires = graph
        .nodes()
        .iter()
        .filter(|n| {
            n.node_type == NodeType::Import
                && graph
                    .node_metadata(n)
                    .contains("\"importType\":\"require\"")
        })
        .count();
    let decorated = count
        .decorators
        .iter()
        .filter(|span| count.calls.contains(span))
        .count();
    let bodies: HashMap<u32, Place> = graph
        .edges()
        .iter()
        .filter(|e| e.edge_type == EdgeType::HasScope)
        .map(|e| (e.src, graph.nodes()[e.dst as usize].span))
        .collect();
    let returning: HashSet<Place> = graph
        .edges()
        .iter()
        .filter(|e| e.edge_type == EdgeType::Returns)
        .filter_map(|e| bodies.get(&e.dst).copied())
        .collect();
    for &body in &count.returning {
        if !returning.contains(&place(body)) {
            found.push(format!(
                "the function with the body at {:?} returns a value, which the graph does not say",
                place(body)
            ));
        }
    }
    let mut compare = |what: &str, tree: usize, graph: usize| {
        if tree != graph {
            found.push(format!("{what}: {tree} in the tree, {graph} in the graph"));
        }
    };
    compare("calls", count.calls.len(), calls + requires + decorated);
    compare("`new`", count.news.len(), nodes(NodeType::ConstructorCall));
    compare("classes", count.classes, nodes(NodeType::Class));
    let bodies = graph
        .edges()
        .iter()
        .filter(|e| e.edge_type == EdgeType::HasScope)
        .count();
    compare("callables with a body", count.bodies, bodies);
    compare("imports", count.imports, nodes(NodeType::Import) - requires);
    compare("interfaces", count.interfaces, nodes(NodeType::Interface));
    compare("type aliases", count.aliases, nodes(NodeType::Type));
    compare("enums", count.enums, nodes(NodeType::Enum));
    let exported: HashSet<&str> = graph
        .nodes()
        .iter()
        .filter(|n| n.node_type == NodeType::Export)
        .map(|n| graph.name(n))
        .collect();
    for name in &count.exports {
        if !exported.contains(name.as_str()) {
            found.push(format!("the export `{name}` has no node"));
        }
    }
}

/// What a plain walk over the tree finds.
#[derive(Default)]
struct Count {
    calls: Vec<Span>,
    news: Vec<Span>,
    decorators: HashSet<Span>,
    classes: usize,
    bodies: usize,
    imports: usize,
    interfaces: usize,
    aliases: usize,
    enums: usize,
    exports: Vec<String>,
    namespaces: usize,
    /// Bodies of functions that return a value.
    returning: Vec<Span>,
    /// Of the functions around: whether a value is returned.
    returns: Vec<bool>,
    /// `with` hides names, whose values are not known.
    withs: usize,
    has_with: bool,
}

impl Count {
    fn body(&mut self, span: Option<Span>, visit: impl FnOnce(&mut Self)) {
        self.returns.push(false);
        visit(self);
        if self.returns.pop() == Some(true) {
            self.returning.extend(span);
        }
    }
}

fn module_name(name: &ModuleExportName) -> String {
    match name {
        ModuleExportName::Ident(ident) => ident.sym.to_string(),
        ModuleExportName::Str(s) => s.value.to_string_lossy().into_owned(),
    }
}

impl Visit for Count {
    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => self.imports += 1,
            _ => self.calls.push(call.span),
        }
        call.visit_children_with(self);
    }

    fn visit_opt_chain_expr(&mut self, chain: &OptChainExpr) {
        if let OptChainBase::Call(_) = &*chain.base {
            self.calls.push(chain.span);
        }
        chain.visit_children_with(self);
    }

    fn visit_tagged_tpl(&mut self, tagged: &TaggedTpl) {
        self.calls.push(tagged.span);
        tagged.visit_children_with(self);
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        self.news.push(new.span);
        new.visit_children_with(self);
    }

    fn visit_decorator(&mut self, decorator: &Decorator) {
        self.decorators.insert(decorator.expr.span());
        decorator.visit_children_with(self);
    }

    fn visit_class(&mut self, class: &Class) {
        self.classes += 1;
        class.visit_children_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        self.bodies += usize::from(function.body.is_some());
        let span = function.body.as_ref().map(|body| body.span);
        self.body(span, |count| function.visit_children_with(count));
    }

    fn visit_return_stmt(&mut self, stmt: &ReturnStmt) {
        let value = stmt
            .arg
            .as_ref()
            .is_some_and(|arg| !matches!(**arg, Expr::This(_)));
        if value
            && self.withs == 0
            && let Some(returns) = self.returns.last_mut()
        {
            *returns = true;
        }
        stmt.visit_children_with(self);
    }

    fn visit_with_stmt(&mut self, stmt: &WithStmt) {
        self.withs += 1;
        self.has_with = true;
        stmt.visit_children_with(self);
        self.withs -= 1;
    }

    fn visit_constructor(&mut self, constructor: &Constructor) {
        self.bodies += usize::from(constructor.body.is_some());
        let span = constructor.body.as_ref().map(|body| body.span);
        self.body(span, |count| constructor.visit_children_with(count));
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.bodies += 1;
        let span = match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Some(body.span),
            ArrowFunctionBody::Expr(_) => None,
        };
        self.body(span, |count| arrow.visit_children_with(count));
    }

    fn visit_import_decl(&mut self, import: &ImportDecl) {
        self.imports += import.specifiers.len().max(1);
    }

    fn visit_ts_import_equals_decl(&mut self, import: &TsImportEqualsDecl) {
        self.imports += 1;
        if import.is_export && self.namespaces == 0 {
            self.exports.push(import.id.sym.to_string());
        }
    }

    fn visit_ts_interface_decl(&mut self, decl: &TsInterfaceDecl) {
        self.interfaces += 1;
        decl.visit_children_with(self);
    }

    fn visit_ts_type_alias_decl(&mut self, decl: &TsTypeAliasDecl) {
        self.aliases += 1;
        decl.visit_children_with(self);
    }

    fn visit_ts_enum_decl(&mut self, decl: &TsEnumDecl) {
        self.enums += 1;
        decl.visit_children_with(self);
    }

    fn visit_ts_module_decl(&mut self, module: &TsModuleDecl) {
        self.namespaces += 1;
        module.visit_children_with(self);
        self.namespaces -= 1;
    }

    fn visit_named_export(&mut self, export: &NamedExport) {
        if self.namespaces > 0 {
            return;
        }
        for specifier in &export.specifiers {
            self.exports.push(match specifier {
                ExportSpecifier::Named(s) => module_name(s.exported.as_ref().unwrap_or(&s.orig)),
                ExportSpecifier::Namespace(s) => module_name(&s.name),
                ExportSpecifier::Default(s) => s.exported.sym.to_string(),
            });
        }
    }

    fn visit_export_all(&mut self, _: &ExportAll) {
        if self.namespaces == 0 {
            self.exports.push("*".to_owned());
        }
    }

    fn visit_export_default_decl(&mut self, export: &ExportDefaultDecl) {
        if self.namespaces == 0 {
            self.exports.push("default".to_owned());
        }
        export.visit_children_with(self);
    }

    fn visit_export_default_expr(&mut self, export: &ExportDefaultExpr) {
        if self.namespaces == 0 {
            self.exports.push("default".to_owned());
        }
        export.visit_children_with(self);
    }

    fn visit_export_decl(&mut self, export: &ExportDecl) {
        if self.namespaces == 0 {
            match &export.decl {
                Decl::Class(d) => self.exports.push(d.ident.sym.to_string()),
                Decl::Fn(d) => self.exports.push(d.ident.sym.to_string()),
                Decl::TsInterface(d) => self.exports.push(d.id.sym.to_string()),
                Decl::TsTypeAlias(d) => self.exports.push(d.id.sym.to_string()),
                Decl::TsEnum(d) => self.exports.push(d.id.sym.to_string()),
                Decl::Var(_) | Decl::Using(_) | Decl::TsModule(_) => {}
            }
        }
        export.visit_children_with(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyzed(source: &str) -> ModuleAnalysis {
        analyze_module("a.js", source, &Options::default())
    }

    #[test]
    fn the_sources_of_the_repository_hold() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let paths = source_files(&[
            root.join("fixtures"),
            root.join("crates/analyzer/tests/fixtures"),
        ])
        .unwrap();
        let mut found = Vec::new();
        for path in &paths {
            let Ok(source) = std::fs::read_to_string(path) else {
                continue;
            };
            found.extend(check(path, &source).0);
        }
        assert_eq!(found, Vec::<String>::new());
        assert!(paths.len() > 220, "only {} files were found", paths.len());
    }

    #[test]
    fn constructs_without_a_node_are_noticed() {
        let module = analyzed("f(1); class A {}");
        let source = "f(1); class A {} g(2); new B(); export const c = () => 1;";
        let program = parse_module("a.js", source).unwrap();
        let mut found = Vec::new();
        check_syntax(&module, source, &program, &mut found);
        let all = found.join("\n");
        for what in [
            "the call at",
            "the `new` at",
            "callables with a body: 1",
            "calls: 2 in the tree, 1",
        ] {
            assert!(all.contains(what), "{what} is missing in:\n{all}");
        }
    }

    #[test]
    fn spans_beyond_the_file_are_noticed() {
        let mut found = Vec::new();
        check_graph(&analyzed("f(1);\nf(2);"), "f(1);", &mut found);
        assert!(
            found.iter().any(|v| v.contains("impossible span")),
            "{found:?}"
        );
    }

    #[test]
    fn values_without_sources_are_noticed() {
        // The names of a `with` body are hidden: the variable has an initialiser and no source.
        let source = "with (o) { let x = y; }";
        let mut found = Vec::new();
        check_data_flow(&analyzed(source), source, &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
