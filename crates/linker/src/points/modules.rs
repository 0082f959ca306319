//! Imports and exports between the modules of a world.

use std::collections::hash_map::Entry;

use graph_model::summary::{ExportTarget, ImportForm, Sym};

use super::solve::{Kind, Slot, UNKNOWN, Wait};
use super::world::World;
use crate::exports::{ExportIx, Found};
use crate::is_builtin;
use crate::specifiers::Target;

impl World<'_, '_> {
    pub(super) fn exports_of(&mut self, m: u32) {
        let s = &self.of(m).summary;
        if s.exports.is_empty() {
            return;
        }
        let thing = self.module_thing(m);
        for (i, export) in (0..).zip(&s.exports) {
            match &export.target {
                ExportTarget::Star { specifier } => {
                    if let Some(target) = self.target(m, *specifier) {
                        let from = self.module_thing(target);
                        self.solver.copy_properties(from, thing);
                    }
                }
                ExportTarget::Equals(_) => {
                    self.export(m, i);
                }
                _ => {
                    let name = self.sym(m, export.name);
                    let from = self.export(m, i);
                    let to = self.solver.property(thing, name);
                    self.solver.flow(from, to);
                }
            }
        }
    }

    /// The module that a specifier leads to, if it is one of this world.
    pub(super) fn target(&mut self, m: u32, specifier: Sym) -> Option<u32> {
        if self.modules.len() == 1 {
            return None;
        }
        let ix = self.ix(m);
        match self.linker.specifiers.target(ix, specifier) {
            Target::Module(target) => {
                let target = self.index.get(&target).copied()?;
                self.imported.insert(target);
                Some(target)
            }
            _ => None,
        }
    }

    /// The slot of an export.
    pub(super) fn export(&mut self, m: u32, export: u32) -> Slot {
        let slot = match self.exports.entry((m, export)) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(new) => *new.insert(self.solver.slot()),
        };
        let of = self.of(m);
        let fact = of.export(export);
        match &fact.target {
            ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) => {
                for &node in nodes {
                    let from = self.node(m, node);
                    self.solver.flow(from, slot);
                }
                let from = self.shape(m, fact.shape);
                self.solver.flow(from, slot);
            }
            ExportTarget::Reexport {
                specifier,
                imported,
            } => {
                if let Some(target) = self.target(m, *specifier) {
                    let name = of.summary.name(*imported);
                    self.imported(target, name, false, slot);
                } else {
                    self.solver.flow(UNKNOWN, slot);
                }
            }
            ExportTarget::StarAs { specifier } => {
                if let Some(target) = self.target(m, *specifier) {
                    let thing = self.module_thing(target);
                    self.solver.put(slot, thing);
                } else {
                    self.solver.flow(UNKNOWN, slot);
                }
            }
            ExportTarget::Star { .. } => {}
        }
        slot
    }

    /// What an import of a name gives flows into a slot; `*` is the whole module, `as_value` what `require` gives.
    pub(super) fn imported(&mut self, target: u32, name: &str, as_value: bool, to: Slot) {
        if name == "*" {
            let thing = self.module_thing(target);
            self.solver.put(to, thing);
            if as_value && let Some(export) = self.of(target).export_equals() {
                let from = self.export(target, export);
                self.solver.flow(from, to);
            }
            return;
        }
        match self
            .linker
            .exports
            .lookup(self.ix(target), crate::program::Name::new(name))
        {
            Found::Export(ExportIx { module, export }, _) => {
                if let Some(&module) = self.index.get(&module) {
                    let from = self.export(module, export);
                    self.solver.flow(from, to);
                }
            }
            Found::Module(module) => {
                if let Some(&module) = self.index.get(&module) {
                    self.imported(module, "*", true, to);
                }
            }
            found @ (Found::External(_) | Found::None | Found::Ambiguous) => {
                if matches!(found, Found::External(_)) {
                    self.solver.flow(UNKNOWN, to);
                }
                let whole = self.solver.slot();
                self.imported(target, "*", true, whole);
                let name = self.name(name);
                self.wait(whole, Wait::Load(name, to));
            }
        }
    }

    pub(super) fn imports(&mut self, m: u32) {
        let s = &self.of(m).summary;
        for import in &s.imports {
            let to = self.node(m, import.node);
            let Some(specifier) = import.specifier else {
                self.solver.flow(UNKNOWN, to);
                continue;
            };
            let imported = s.name(import.imported);
            if let Some(target) = self.target(m, specifier) {
                let as_value = import.form != ImportForm::Static;
                self.imported(target, imported, as_value, to);
                continue;
            }
            let text = s.name(specifier);
            let text = text.strip_prefix("node:").unwrap_or(text);
            if is_builtin(text) {
                let path = match imported {
                    "*" | "default" => text.to_owned(),
                    name => format!("{text}.{name}"),
                };
                let path = self.name(&path);
                let thing = self.solver.thing(Kind::Native(path));
                self.solver.put(to, thing);
            } else {
                self.solver.flow(UNKNOWN, to);
            }
        }
    }
}
