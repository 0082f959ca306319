//! The facts of the summary while the module is being analyzed.
//!
//! A [`NodeRef`](graph_model::summary::NodeRef) is the index of a node in the builder: the summary lists all nodes in that order.

use std::cell::Cell;

use graph_model::ModuleSummary;
use graph_model::summary::{List, Shape, ShapeRef, Sym, Type, TypeRef, TypeVar, VarRef};

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
