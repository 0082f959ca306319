//! The facts of the summary while the module is being analyzed.
//!
//! Until the end, a [`NodeRef`] holds the index of a node in the builder.

use std::cell::Cell;

use graph_model::ModuleSummary;
use graph_model::summary::{
    ExportTarget, GuardTest, List, NodeRef, Shape, ShapeRef, Sym, Type, TypeRef, TypeVar, VarRef,
};

/// The tables of the summary, and what is only known while they grow.
pub(crate) struct Facts {
    summary: Box<ModuleSummary>,
}

impl std::ops::Deref for Facts {
    type Target = ModuleSummary;
    fn deref(&self) -> &ModuleSummary {
        &self.summary
    }
}

impl std::ops::DerefMut for Facts {
    fn deref_mut(&mut self) -> &mut ModuleSummary {
        &mut self.summary
    }
}

thread_local! {
    /// Empty tables with the room that modules before needed: there are thirty, and each would grow step by step.
    static TABLES: Cell<Option<Box<ModuleSummary>>> = const { Cell::new(None) };
}

impl Default for Facts {
    fn default() -> Self {
        let mut summary = TABLES.take().unwrap_or_default();
        summary.shapes.push(Shape::Unknown);
        summary.types.push(Type::Unknown);
        Facts { summary }
    }
}

/// Appends entries to a table and tells where they are.
pub(crate) fn list<T: Copy>(table: &mut Vec<T>, entries: &[T]) -> List {
    let start = table.len() as u32;
    table.extend_from_slice(entries);
    List {
        start,
        len: entries.len() as u32,
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

    pub(crate) fn shape_list(&mut self, shapes: &[ShapeRef]) -> List {
        list(&mut self.shape_lists, shapes)
    }

    pub(crate) fn one_of(&mut self, shapes: &[ShapeRef]) -> ShapeRef {
        if shapes.iter().all(|&s| s == ShapeRef::UNKNOWN) {
            return ShapeRef::UNKNOWN;
        }
        if let [one] = shapes {
            return *one;
        }
        let shapes = self.shape_list(shapes);
        self.shape(Shape::OneOf(shapes))
    }

    pub(crate) fn ty(&mut self, ty: Type) -> TypeRef {
        if ty == Type::Unknown {
            return TypeRef::UNKNOWN;
        }
        self.types.push(ty);
        TypeRef(self.types.len() as u32 - 1)
    }

    pub(crate) fn type_list(&mut self, types: &[TypeRef]) -> List {
        list(&mut self.type_lists, types)
    }

    pub(crate) fn type_var(&mut self) -> VarRef {
        self.type_vars.push(TypeVar {
            constraint: TypeRef::UNKNOWN,
            default: TypeRef::UNKNOWN,
        });
        VarRef(self.type_vars.len() as u32 - 1)
    }

    pub(crate) fn path(&mut self, path: &[Sym]) -> List {
        list(&mut self.paths, path)
    }

    /// Calls `f` on every reference to a node.
    pub(crate) fn for_each_node(&mut self, mut f: impl FnMut(&mut NodeRef)) {
        let facts = &mut *self.summary;
        for shape in &mut facts.shapes {
            match shape {
                Shape::Binding(node)
                | Shape::Call(node)
                | Shape::New(node)
                | Shape::Function(node)
                | Shape::Class(node)
                | Shape::Object(node)
                | Shape::Array(node)
                | Shape::Import(node)
                | Shape::Jsx(node)
                | Shape::Arguments(node)
                | Shape::Sent(node)
                | Shape::This(node, _)
                | Shape::Super(node, _) => f(node),
                _ => {}
            }
        }
        for ty in &mut facts.types {
            if let Type::Ref(node, _, _) = ty {
                f(node);
            }
        }
        for import in &mut facts.imports {
            f(&mut import.node);
        }
        for export in &mut facts.exports {
            f(&mut export.node);
            if let ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) = &mut export.target {
                nodes.iter_mut().for_each(&mut f);
            }
        }
        for call in &mut facts.calls {
            f(&mut call.node);
            call.resolved.iter_mut().for_each(&mut f);
            call.caller.iter_mut().for_each(&mut f);
        }
        for argument in &mut facts.arguments {
            argument.node.iter_mut().for_each(&mut f);
        }
        for variable in &mut facts.variables {
            f(&mut variable.node);
        }
        for class in &mut facts.classes {
            f(&mut class.node);
            class.constructor.iter_mut().for_each(&mut f);
            for write in &mut class.writes {
                f(&mut write.2);
            }
        }
        for member in &mut facts.members {
            member.node.iter_mut().for_each(&mut f);
        }
        for object in &mut facts.objects {
            f(&mut object.node);
        }
        for array in &mut facts.arrays {
            f(&mut array.node);
        }
        for fact in &mut facts.type_facts {
            f(&mut fact.node);
        }
        for scope in &mut facts.scopes {
            f(&mut scope.node);
            for (_, member) in &mut scope.members {
                f(member);
            }
        }
        for (node, _) in &mut facts.type_parameters {
            f(node);
        }
        for function in &mut facts.functions {
            f(&mut function.node);
            function.class.iter_mut().for_each(&mut f);
            function.object.iter_mut().for_each(&mut f);
        }
        for binding in &mut facts.bindings {
            f(&mut binding.node);
            f(&mut binding.function);
        }
        for access in &mut facts.accesses {
            f(&mut access.node);
        }
        for write in &mut facts.writes {
            write.node.iter_mut().for_each(&mut f);
        }
        for guard in &mut facts.guards {
            if let GuardTest::Predicate(node, _) | GuardTest::Asserted(node, ..) = &mut guard.test {
                f(node);
            }
        }
        for throw in &mut facts.throws {
            f(&mut throw.function);
        }
        for (node, value) in facts.receivers.iter_mut().chain(&mut facts.returns) {
            f(node);
            f(value);
        }
    }
}

/// Moves the tables of one summary to another, where they take no more room than they need. That no table is forgotten, which
/// would get into the next module, the compiler sees.
macro_rules! moved {
    ($from:expr => $to:expr; $($table:ident)*) => {{
        let ModuleSummary {
            version: _, file: _, content_hash: _, module_type: _, es_module_marker: _, names: _, nodes: _, ids: _,
            $($table),*
        } = $from;
        $(
            // All at once, which is quicker than one after the other.
            $to.$table.reserve_exact($table.len());
            $to.$table.append($table);
        )*
    }};
}

/// Tables with room for more shapes are not kept: a module of megabytes is rare.
const MOST_SHAPES: usize = 1 << 16;

impl Facts {
    /// The tables; their room is kept for the next module.
    pub(crate) fn into_summary(self) -> ModuleSummary {
        let mut tables = self.summary;
        let mut summary = ModuleSummary::default();
        moved! { &mut *tables => summary;
            shapes imports exports calls variables classes objects properties arrays shape_lists types type_lists paths
            type_vars signatures overloads parameters members type_facts typedefs scopes type_parameters functions
            bindings arguments accesses writes guards throws receivers returns
        }
        if tables.shapes.capacity() <= MOST_SHAPES {
            TABLES.set(Some(tables));
        }
        summary
    }

    pub(crate) fn shape_of(&self, shape: ShapeRef) -> &Shape {
        &self.summary.shapes[shape.0 as usize]
    }
}
