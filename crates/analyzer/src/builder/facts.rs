//! The facts of the summary while the module is being analyzed.
//!
//! Until the end, a [`NodeRef`] holds the index of a node in the builder.

use graph_model::summary::{
    CallFact, ClassFact, ExportFact, ExportTarget, ImportFact, NodeRef, ObjectFact, Shape,
    ShapeRef, VariableFact,
};

pub(crate) struct Facts {
    pub(crate) shapes: Vec<Shape>,
    pub(crate) imports: Vec<ImportFact>,
    pub(crate) exports: Vec<ExportFact>,
    pub(crate) calls: Vec<CallFact>,
    pub(crate) variables: Vec<VariableFact>,
    pub(crate) classes: Vec<ClassFact>,
    pub(crate) objects: Vec<ObjectFact>,
}

impl Default for Facts {
    fn default() -> Self {
        Facts {
            shapes: vec![Shape::Unknown],
            imports: Vec::new(),
            exports: Vec::new(),
            calls: Vec::new(),
            variables: Vec::new(),
            classes: Vec::new(),
            objects: Vec::new(),
        }
    }
}

impl Facts {
    pub(crate) fn shape(&mut self, shape: Shape) -> ShapeRef {
        if shape == Shape::Unknown {
            return ShapeRef::UNKNOWN;
        }
        self.shapes.push(shape);
        ShapeRef(self.shapes.len() as u32 - 1)
    }

    /// Calls `f` on every reference to a node.
    pub(crate) fn for_each_node(&mut self, mut f: impl FnMut(&mut NodeRef)) {
        for shape in &mut self.shapes {
            match shape {
                Shape::Binding(node)
                | Shape::Call(node)
                | Shape::New(node)
                | Shape::Function(node)
                | Shape::Class(node)
                | Shape::Object(node)
                | Shape::Array(node)
                | Shape::Import(node)
                | Shape::Jsx(node) => f(node),
                Shape::Unknown
                | Shape::Global(_)
                | Shape::This
                | Shape::Super
                | Shape::Member(..)
                | Shape::Primitive(_)
                | Shape::Await(_)
                | Shape::OneOf(_) => {}
            }
        }
        for import in &mut self.imports {
            f(&mut import.node);
        }
        for export in &mut self.exports {
            f(&mut export.node);
            if let ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) = &mut export.target {
                nodes.iter_mut().for_each(&mut f);
            }
        }
        for call in &mut self.calls {
            f(&mut call.node);
        }
        for variable in &mut self.variables {
            f(&mut variable.node);
        }
        for class in &mut self.classes {
            f(&mut class.node);
            if let Some(constructor) = &mut class.constructor {
                f(constructor);
            }
            for (_, _, method) in &mut class.methods {
                f(method);
            }
        }
        for object in &mut self.objects {
            f(&mut object.node);
        }
    }
}
