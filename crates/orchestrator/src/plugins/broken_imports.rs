//! Imports of modules of the project that lead nowhere.

use crate::plugin::{Metadata, Plugin, PluginError, ValidationContext, ValidationPlugin};

/// What the linker says of imports.
pub(super) const CODES: &[&str] = &["unresolved-import", "missing-export"];

/// See the module.
pub(super) struct BrokenImports;

impl Plugin for BrokenImports {
    fn metadata(&self) -> Metadata {
        Metadata::new("broken-imports")
            .without_links()
            .consumes(["IMPORTS_FROM"])
    }
}

impl ValidationPlugin for BrokenImports {
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError> {
        let links = &cx.program.links.diagnostics;
        for diagnostic in links.iter().filter(|d| CODES.contains(&d.code)) {
            cx.program.reporter.report(diagnostic.clone());
        }
        Ok(())
    }
}
