//! What a shape stands for: a function, a class, an object, a module, something of a package.
//!
//! Only what follows from the names alone is evaluated here: bindings, imports and exports, members of modules, object
//! literals and classes. Everything else is unknown, never guessed.

use graph_model::NodeType;
use graph_model::summary::{ExportTarget, ImportFact, ImportForm, NodeRef, Shape, ShapeRef};

use crate::Linker;
use crate::exports::{ExportIx, Found};
use crate::program::{Fact, ModuleIx};
use crate::specifiers::Target;

/// Steps from name to name that are followed; longer ways only exist in cycles.
const MAX_STEPS: u32 = 32;

/// A node of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) module: ModuleIx,
    pub(crate) node: NodeRef,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// FUNCTION or METHOD.
    Callable(Place),
    /// CLASS.
    Class(Place),
    /// OBJECT_LITERAL.
    Object(Place),
    /// A module as a namespace object, or what `require` gives.
    Namespace(ModuleIx),
    /// Something of a package: where the specifier stands, and the names that lead to it.
    External { specifier: String, path: String },
}

/// How a value was reached, in the model's words. The last step that tells more wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Way {
    /// Through an import.
    pub(crate) import: bool,
    /// As a member of an object literal, or a static member of a class.
    pub(crate) object: bool,
    /// Through a variable that holds it.
    pub(crate) alias: bool,
}

impl Way {
    /// `resolution` of a CALLS edge; empty for a lexical one.
    pub(crate) fn resolution(self) -> &'static str {
        if self.object {
            "object"
        } else if self.import {
            "import"
        } else if self.alias {
            "alias"
        } else {
            ""
        }
    }
}

pub(crate) struct Evaluation<'l, 'p> {
    linker: &'l Linker<'p>,
    steps: u32,
    pub(crate) way: Way,
}

impl<'l, 'p> Evaluation<'l, 'p> {
    pub(crate) fn new(linker: &'l Linker<'p>) -> Self {
        Evaluation {
            linker,
            steps: 0,
            way: Way::default(),
        }
    }

    /// The value of a shape of a module.
    pub(crate) fn shape(&mut self, module: ModuleIx, shape: ShapeRef) -> Option<Value> {
        self.step()?;
        let of = self.linker.program.module(module);
        match of.summary.shape(shape) {
            Shape::Binding(node)
            | Shape::Function(node)
            | Shape::Class(node)
            | Shape::Object(node)
            | Shape::Import(node) => self.node(Place {
                module,
                node: *node,
            }),
            Shape::Member(object, name) => {
                let object = self.shape(module, *object)?;
                self.member(object, of.summary.name(*name))
            }
            Shape::Await(inner) => {
                // Only the promise of `import(…)` is known to become what it stands for.
                let Shape::Import(_) = of.summary.shape(*inner) else {
                    return None;
                };
                self.shape(module, *inner)
            }
            _ => None,
        }
    }

    /// The value that a node of a module is or holds.
    fn node(&mut self, place: Place) -> Option<Value> {
        self.step()?;
        let of = self.linker.program.module(place.module);
        match of.fact(place.node) {
            Fact::Import(i) => self.import(place.module, &of.summary.imports[i as usize]),
            Fact::Variable(i) => {
                let variable = &of.summary.variables[i as usize];
                if variable.reassigned {
                    return None;
                }
                let mut value = self.shape(place.module, variable.init)?;
                for &name in &variable.path {
                    value = self.member(value, of.summary.name(name))?;
                }
                self.way.alias = true;
                Some(value)
            }
            Fact::Class(_) => Some(Value::Class(place)),
            Fact::Object(_) => Some(Value::Object(place)),
            Fact::None => match of.summary.node(place.node).node_type()? {
                NodeType::Function | NodeType::Method => Some(Value::Callable(place)),
                NodeType::Class => Some(Value::Class(place)),
                _ => None,
            },
        }
    }

    fn import(&mut self, module: ModuleIx, import: &ImportFact) -> Option<Value> {
        let of = self.linker.program.module(module);
        let specifier = import.specifier?;
        let imported = of.summary.name(import.imported);
        self.way.import = true;
        match self.linker.specifiers.target(module, specifier) {
            Target::Module(target) => {
                if imported != "*" {
                    let found = self.linker.exports.lookup(target, imported);
                    return self.found(&found, imported);
                }
                self.whole_module(target, import.form != ImportForm::Static)
            }
            Target::External => {
                let path = if matches!(imported, "*" | "default") {
                    ""
                } else {
                    imported
                };
                Some(Value::External {
                    specifier: of.summary.name(specifier).to_owned(),
                    path: path.to_owned(),
                })
            }
            Target::Asset | Target::Missing => None,
        }
    }

    /// A module as a whole; `as_value` where the value of `module.exports` is meant.
    fn whole_module(&mut self, module: ModuleIx, as_value: bool) -> Option<Value> {
        if as_value && let Some(export) = self.linker.program.module(module).export_named("export=")
        {
            return match self.export(ExportIx { module, export }) {
                // Members of an object literal are exports of the module, and so are those added one by one.
                Some(Value::Object(_)) | None => Some(Value::Namespace(module)),
                value => value,
            };
        }
        Some(Value::Namespace(module))
    }

    fn found(&mut self, found: &Found, name: &str) -> Option<Value> {
        self.step()?;
        match found {
            Found::Export(export, _) => self.export(*export),
            Found::Module(module) => self.whole_module(*module, true),
            Found::External(at) => {
                let specifier = self.linker.external_specifier(*at)?.to_owned();
                let of = self.linker.program.module(at.module);
                let path = match &of.export(at.export).target {
                    ExportTarget::Reexport { imported, .. } => match of.summary.name(*imported) {
                        "default" => "",
                        imported => imported,
                    },
                    ExportTarget::StarAs { .. } => "",
                    _ => name,
                };
                Some(Value::External {
                    specifier,
                    path: path.to_owned(),
                })
            }
            Found::None | Found::Ambiguous => None,
        }
    }

    fn export(&mut self, at: ExportIx) -> Option<Value> {
        self.step()?;
        let of = self.linker.program.module(at.module);
        let export = of.export(at.export);
        match &export.target {
            ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) => {
                // Of merged declarations the one with a value counts: a class with its interface or namespace.
                for &node in nodes {
                    let before = self.way;
                    if let Some(value) = self.node(Place {
                        module: at.module,
                        node,
                    }) {
                        return Some(value);
                    }
                    self.way = before;
                }
                self.shape(at.module, export.shape)
            }
            ExportTarget::Reexport { .. }
            | ExportTarget::Star { .. }
            | ExportTarget::StarAs { .. } => match self.linker.exports.step(at)? {
                Found::Module(module) => Some(Value::Namespace(module)),
                found => self.found(&found, ""),
            },
        }
    }

    /// The member of a value.
    fn member(&mut self, value: Value, name: &str) -> Option<Value> {
        self.step()?;
        if matches!(name, "*" | "...") {
            return None;
        }
        match value {
            Value::Namespace(module) => {
                let found = self.linker.exports.lookup(module, name);
                let value = self.found(&found, name)?;
                self.way.object = false;
                Some(value)
            }
            Value::Object(place) => {
                let of = self.linker.program.module(place.module);
                let object = of.object(place.node)?;
                // The last of several properties of one name is the one that stays.
                let (_, shape) = object
                    .properties
                    .iter()
                    .rev()
                    .find(|(key, _)| of.summary.name(*key) == name)?;
                let value = self.shape(place.module, *shape)?;
                self.way.object = true;
                Some(value)
            }
            Value::Class(place) => {
                let of = self.linker.program.module(place.module);
                let class = of.class(place.node)?;
                let (_, _, method) = class
                    .methods
                    .iter()
                    .find(|(key, is_static, _)| *is_static && of.summary.name(*key) == name)?;
                self.way.object = true;
                Some(Value::Callable(Place {
                    module: place.module,
                    node: *method,
                }))
            }
            Value::External { specifier, path } => {
                let path = match path.as_str() {
                    "" => name.to_owned(),
                    path => format!("{path}.{name}"),
                };
                Some(Value::External { specifier, path })
            }
            Value::Callable(_) => None,
        }
    }

    fn step(&mut self) -> Option<()> {
        self.steps += 1;
        (self.steps <= MAX_STEPS).then_some(())
    }
}
