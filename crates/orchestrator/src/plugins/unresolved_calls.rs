//! Calls whose target is not known.

use graph_model::{Diagnostic, Severity};

use crate::plugin::{Metadata, Plugin, PluginError, ValidationContext, ValidationPlugin};

/// See the module.
pub(super) struct UnresolvedCalls;

impl Plugin for UnresolvedCalls {
    fn metadata(&self) -> Metadata {
        Metadata::new("unresolved-calls")
            .without_links()
            .consumes(["CALLS"])
    }
}

impl ValidationPlugin for UnresolvedCalls {
    fn validate(&self, cx: &ValidationContext<'_>) -> Result<(), PluginError> {
        let calls = cx.program.links.calls;
        let unresolved = calls.total.saturating_sub(calls.resolved);
        if unresolved > 0 {
            cx.program.reporter.report(Diagnostic {
                file: String::new(),
                place: None,
                code: "unresolved-calls",
                severity: Severity::Warning,
                message: format!("{unresolved} of {} calls have no known target", calls.total),
            });
        }
        Ok(())
    }
}
