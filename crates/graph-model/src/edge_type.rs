//! The types of edges that the analyzer, the linker and the project index emit.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// The type of an edge, read from source to destination.
    EdgeType {
        /// Container to what it holds.
        Contains = "CONTAINS",
        /// Container to the variables that it declares.
        Declares = "DECLARES",
        /// Callable to its body.
        HasScope = "HAS_SCOPE",
        /// Callable to its parameters.
        HasParameter = "HAS_PARAMETER",
        /// Generic declaration to its type parameters.
        HasTypeParameter = "HAS_TYPE_PARAMETER",
        /// Enum to its members.
        HasMember = "HAS_MEMBER",
        /// Declaration to its decorators.
        DecoratedBy = "DECORATED_BY",
        /// Class or interface to its fields; object literal to its property values.
        HasProperty = "HAS_PROPERTY",
        /// Array literal to its element values.
        HasElement = "HAS_ELEMENT",
        /// Branch, loop or case to the value it tests.
        HasCondition = "HAS_CONDITION",
        /// Branch to what runs or results when the test holds.
        HasConsequent = "HAS_CONSEQUENT",
        /// Branch to what runs or results when the test fails.
        HasAlternate = "HAS_ALTERNATE",
        /// Switch to a clause.
        HasCase = "HAS_CASE",
        /// Switch to its default clause.
        HasDefault = "HAS_DEFAULT",
        /// Try block to its catch block.
        HasCatch = "HAS_CATCH",
        /// Try block to its finally block.
        HasFinally = "HAS_FINALLY",
        /// Loop to its body.
        HasBody = "HAS_BODY",
        /// Loop to the bindings of its head.
        HasInit = "HAS_INIT",
        /// Loop to its update expression.
        HasUpdate = "HAS_UPDATE",
        /// Loop to the value it iterates over.
        IteratesOver = "ITERATES_OVER",
        /// Catch block to what can throw into it.
        CatchesFrom = "CATCHES_FROM",
        /// Binding to the value it is initialised with.
        AssignedFrom = "ASSIGNED_FROM",
        /// Value to the value it is computed from.
        DerivesFrom = "DERIVES_FROM",
        /// Value to the place it is written to.
        FlowsInto = "FLOWS_INTO",
        /// Call to the value of an argument.
        PassesArgument = "PASSES_ARGUMENT",
        /// Parameter to the value of an argument.
        ReceivesArgument = "RECEIVES_ARGUMENT",
        /// JSX element to the value of an attribute or child.
        PassesProp = "PASSES_PROP",
        /// Value to the callable that returns it.
        Returns = "RETURNS",
        /// Value to the generator that yields it.
        Yields = "YIELDS",
        /// Value to the generator that delegates to it.
        DelegatesTo = "DELEGATES_TO",
        /// Call of resolve or reject to its promise.
        ResolvesTo = "RESOLVES_TO",
        /// Property access to the member it reads.
        ReadsFrom = "READS_FROM",
        /// Construct to a name or value it uses without another edge saying so.
        Uses = "USES",
        /// Update expression to what it modifies.
        Modifies = "MODIFIES",
        /// Body of a closure to a binding of an enclosing function.
        Captures = "CAPTURES",
        /// Call to the callable that runs.
        Calls = "CALLS",
        /// JSX element to the component that it renders.
        Renders = "RENDERS",
        /// Value to the class it is an instance of.
        InstanceOf = "INSTANCE_OF",
        /// Class or interface to what it extends.
        Extends = "EXTENDS",
        /// Class to the interfaces it implements.
        Implements = "IMPLEMENTS",
        /// Member to the ancestor's member of the same name.
        Overrides = "OVERRIDES",
        /// Binding to its declared type.
        HasType = "HAS_TYPE",
        /// Callable to its declared return type.
        ReturnsType = "RETURNS_TYPE",
        /// Export to what it exports.
        Exports = "EXPORTS",
        /// Import to the export, module or package it names.
        ImportsFrom = "IMPORTS_FROM",
        /// Module to a module of the project that it imports.
        DependsOn = "DEPENDS_ON",
        /// Module to a package that it imports.
        Imports = "IMPORTS",
        /// Callable to the class of the errors it throws.
        Throws = "THROWS",
        /// Callable to the class of the errors its promise rejects with.
        Rejects = "REJECTS",
        /// Call to the output it writes to.
        WritesTo = "WRITES_TO",
        /// Call without a known target to its module; the metadata says why.
        UnresolvedCall = "UNRESOLVED_CALL",
    }
}

impl EdgeType {
    /// Whether the type always means containment. `HAS_PROPERTY` is containment
    /// only where its target is a PROPERTY node.
    pub const fn is_containment(self) -> bool {
        matches!(
            self,
            EdgeType::Contains
                | EdgeType::Declares
                | EdgeType::HasScope
                | EdgeType::HasParameter
                | EdgeType::HasTypeParameter
                | EdgeType::HasMember
                | EdgeType::DecoratedBy
        )
    }
}

#[cfg(test)]
mod tests {
    use super::EdgeType;

    #[test]
    fn text_and_type_are_inverse() {
        for &edge_type in EdgeType::ALL {
            assert_eq!(EdgeType::parse(edge_type.as_str()), Some(edge_type));
        }
    }
}
