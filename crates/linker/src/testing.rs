//! Summaries written by hand, for tests of the passes.

use std::fs;

use graph_model::ModuleSummary;
use graph_model::summary::{
    CallFact, CallKind, ClassFact, ExportFact, ExportTarget, ImportFact, ImportForm, List,
    MemberFact, MemberKind, ModuleType, NodeRef, ObjectFact, PropertyFact, PropertyKind,
    SUMMARY_VERSION, Shape, ShapeRef, SummaryNode, Sym, Type, TypeRef, VariableFact,
};
use graph_model::{NodeId, NodeType};

use crate::packages::Packages;
use crate::program::Program;
use crate::{Links, link};

/// A summary in the making. Ids of nodes are `file->TYPE->name`.
pub(super) struct Summary(pub(super) ModuleSummary);

impl Summary {
    pub(super) fn new(file: &str, module_type: ModuleType) -> Self {
        let mut summary = Summary(ModuleSummary {
            version: SUMMARY_VERSION,
            file: file.to_owned(),
            content_hash: [0; 32],
            module_type,
            shapes: vec![Shape::Unknown],
            types: vec![Type::Unknown],
            ..ModuleSummary::default()
        });
        summary.node(NodeType::Module, "module");
        summary
    }

    pub(super) fn esm(file: &str) -> Self {
        Self::new(file, ModuleType::Esm)
    }

    pub(super) fn cjs(file: &str) -> Self {
        Self::new(file, ModuleType::CommonJs)
    }

    pub(super) fn name(&mut self, text: &str) -> Sym {
        std::sync::Arc::make_mut(&mut self.0.names).push(text)
    }

    pub(super) fn node(&mut self, node_type: NodeType, name: &str) -> NodeRef {
        let semantic_id = format!("{}->{node_type}->{name}", self.0.file);
        let position = NodeType::ALL.iter().position(|t| *t == node_type).unwrap() as u8;
        let line = self.0.nodes.len() as u32 + 1;
        self.0.nodes.push(SummaryNode {
            id: NodeId::of(&semantic_id).0,
            node_type: position,
            line,
            column: 0,
        });
        self.0.ids.push(name);
        NodeRef(self.0.nodes.len() as u32 - 1)
    }

    pub(super) fn function(&mut self, name: &str) -> NodeRef {
        self.node(NodeType::Function, name)
    }

    pub(super) fn shape(&mut self, shape: Shape) -> ShapeRef {
        self.0.shapes.push(shape);
        ShapeRef(self.0.shapes.len() as u32 - 1)
    }

    pub(super) fn member(&mut self, object: Shape, names: &[&str]) -> ShapeRef {
        let mut at = self.shape(object);
        for name in names {
            let name = self.name(name);
            at = self.shape(Shape::Member(at, name));
        }
        at
    }

    pub(super) fn import_as(
        &mut self,
        form: ImportForm,
        specifier: &str,
        imported: &str,
        selected: &[&str],
    ) -> NodeRef {
        let node = self.node(NodeType::Import, &format!("{imported} of {specifier}"));
        let fact = ImportFact {
            node,
            specifier: Some(self.name(specifier)),
            form,
            imported: self.name(imported),
            type_only: false,
            selected: selected.iter().map(|s| self.name(s)).collect(),
        };
        self.0.imports.push(fact);
        node
    }

    pub(super) fn import(&mut self, specifier: &str, imported: &str) -> NodeRef {
        self.import_as(ImportForm::Static, specifier, imported, &[])
    }

    pub(super) fn export_fact(&mut self, name: &str, target: ExportTarget) -> NodeRef {
        let node = self.node(NodeType::Export, name);
        let fact = ExportFact {
            node,
            name: self.name(name),
            target,
            shape: ShapeRef::UNKNOWN,
            type_only: false,
            common_js: self.0.module_type == ModuleType::CommonJs,
        };
        self.0.exports.push(fact);
        node
    }

    pub(super) fn export(&mut self, name: &str, node: NodeRef) -> NodeRef {
        self.export_fact(name, ExportTarget::Local(vec![node]))
    }

    pub(super) fn reexport(&mut self, specifier: &str, imported: &str, name: &str) -> NodeRef {
        let target = ExportTarget::Reexport {
            specifier: self.name(specifier),
            imported: self.name(imported),
        };
        self.export_fact(name, target)
    }

    pub(super) fn star(&mut self, specifier: &str) -> NodeRef {
        let target = ExportTarget::Star {
            specifier: self.name(specifier),
        };
        let node = self.export_fact("*", target);
        // As the analyzer names them.
        let id = format!("*:{specifier}");
        let ids = std::mem::take(&mut self.0.ids);
        for i in 0..ids.len() as u32 {
            self.0
                .ids
                .push(if i == node.0 { &id } else { ids.get(Sym(i)) });
        }
        node
    }

    pub(super) fn call(&mut self, name: &str, callee: ShapeRef) -> NodeRef {
        self.call_of(NodeType::Call, CallKind::Call, name, callee)
    }

    pub(super) fn new_of(&mut self, name: &str, callee: ShapeRef) -> NodeRef {
        self.call_of(NodeType::ConstructorCall, CallKind::New, name, callee)
    }

    fn call_of(
        &mut self,
        node_type: NodeType,
        kind: CallKind,
        name: &str,
        callee: ShapeRef,
    ) -> NodeRef {
        let node = self.node(node_type, name);
        self.0.calls.push(CallFact {
            node,
            kind,
            callee,
            resolved: None,
            arguments: List::EMPTY,
            type_arguments: List::EMPTY,
            caller: None,
            settles: false,
            protected: false,
        });
        node
    }

    pub(super) fn variable(
        &mut self,
        name: &str,
        init: ShapeRef,
        path: &[&str],
        reassigned: bool,
    ) -> NodeRef {
        let node = self.node(NodeType::Variable, name);
        let path = path.iter().map(|p| self.name(p)).collect();
        let fact = VariableFact {
            node,
            declared: TypeRef::UNKNOWN,
            init,
            path,
            reassigned: false,
            is_const: !reassigned,
        };
        if reassigned {
            let init = self.shape(Shape::Primitive(Sym(u32::MAX)));
            let write = VariableFact {
                init,
                path: Box::default(),
                reassigned,
                ..fact.clone()
            };
            self.0.variables.push(write);
        }
        self.0.variables.push(fact);
        node
    }

    pub(super) fn class(
        &mut self,
        name: &str,
        extends: Option<ShapeRef>,
        constructor: bool,
        statics: &[&str],
    ) -> NodeRef {
        let node = self.node(NodeType::Class, name);
        let constructor =
            constructor.then(|| self.node(NodeType::Method, &format!("{name}.constructor")));
        let members: Vec<MemberFact> = statics
            .iter()
            .map(|method| MemberFact {
                node: Some(self.node(NodeType::Method, &format!("{name}.{method}"))),
                name: self.name(method),
                kind: MemberKind::Method,
                is_static: true,
                optional: false,
                is_abstract: false,
                declared: TypeRef::UNKNOWN,
                init: ShapeRef::UNKNOWN,
                signature: None,
            })
            .collect();
        let start = self.0.members.len() as u32;
        let len = members.len() as u32;
        self.0.members.extend(members);
        self.0.classes.push(ClassFact {
            node,
            type_vars: List::EMPTY,
            extends,
            extends_arguments: List::EMPTY,
            implements: List::EMPTY,
            constructor,
            is_abstract: false,
            members: List { start, len },
            writes: Vec::new(),
        });
        node
    }

    pub(super) fn object(&mut self, name: &str, properties: &[(&str, Shape)]) -> NodeRef {
        let node = self.node(NodeType::ObjectLiteral, name);
        let properties: Vec<PropertyFact> = properties
            .iter()
            .map(|(key, shape)| PropertyFact {
                name: self.name(key),
                shape: self.shape(*shape),
                kind: PropertyKind::Value,
            })
            .collect();
        let start = self.0.properties.len() as u32;
        let len = properties.len() as u32;
        self.0.properties.extend(properties);
        let properties = List { start, len };
        self.0.objects.push(ObjectFact { node, properties });
        node
    }
}

/// Links summaries, with further files (manifests, configuration) on disk. Answers the edges as
/// `src TYPE dst metadata`, sorted, and the links themselves.
pub(super) fn link_all(summaries: Vec<Summary>, files: &[(&str, &str)]) -> (Vec<String>, Links) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let manifests: Vec<String> = files
        .iter()
        .map(|f| f.0.to_owned())
        .filter(|f| f.ends_with("package.json"))
        .collect();
    let packages = Packages::read(&root, &manifests, &mut Vec::new());
    let program = Program::new(
        &root,
        packages,
        summaries.into_iter().map(|s| s.0).collect(),
    );
    let links = link(&program, &Default::default());
    let mut names: std::collections::HashMap<NodeId, String> = program
        .modules()
        .flat_map(|m| {
            let ids = (0..m.summary.nodes.len() as u32).map(|i| m.summary.semantic_id(NodeRef(i)));
            m.summary.nodes.iter().map(|n| n.node_id()).zip(ids)
        })
        .collect();
    for external in links.files.iter().flat_map(crate::FileLinks::externals) {
        let id = external.id();
        names.insert(NodeId::of(&id), id);
    }
    let mut edges: Vec<String> = links
        .files
        .iter()
        .flat_map(crate::FileLinks::edges)
        .map(|e| {
            format!(
                "{} {} {} {}",
                names[&e.src], e.edge_type, names[&e.dst], e.metadata
            )
            .trim_end()
            .to_owned()
        })
        .collect();
    edges.sort();
    (edges, links)
}

/// The edges of one type, without the type.
pub(super) fn of_type(edges: &[String], edge_type: &str) -> Vec<String> {
    let middle = format!(" {edge_type} ");
    edges
        .iter()
        .filter_map(|e| e.split_once(&middle))
        .map(|(src, rest)| format!("{src} => {rest}"))
        .collect()
}

/// Which files depend on which, and how.
pub(super) fn dependencies(edges: &[String]) -> Vec<String> {
    of_type(edges, "DEPENDS_ON")
        .iter()
        .map(|edge| edge.replace("->MODULE->module", ""))
        .collect()
}
