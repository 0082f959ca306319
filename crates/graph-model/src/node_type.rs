//! The types of nodes that the analyzer, the linker and the project index emit.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// The type of a node. Plugins may add their own types as plain strings;
    /// those never appear here.
    NodeType {
        /// The whole project; the root of the containment tree.
        Project = "PROJECT",
        /// A package of the project, or the project itself as one.
        Service = "SERVICE",
        /// One source file.
        Module = "MODULE",
        /// A function declaration or expression, an arrow, an object's method or accessor.
        Function = "FUNCTION",
        /// A class member in method syntax, or a method signature of an interface.
        Method = "METHOD",
        /// A class declaration or expression.
        Class = "CLASS",
        /// A field of a class or a property of an interface.
        Property = "PROPERTY",
        /// A `let`, `var`, `const` or `using` binding that is not a [`NodeType::Constant`].
        Variable = "VARIABLE",
        /// A `const` bound to a tree of literals.
        Constant = "CONSTANT",
        /// A binding of a formal parameter.
        Parameter = "PARAMETER",
        /// The body of a callable, an arm of an `if`, the body of a loop, a static block.
        Scope = "SCOPE",
        /// `if`, `switch` or a conditional expression.
        Branch = "BRANCH",
        /// One clause of a `switch`.
        Case = "CASE",
        /// Any loop.
        Loop = "LOOP",
        /// The `try` part of a try statement.
        TryBlock = "TRY_BLOCK",
        /// The `catch` clause of a try statement.
        CatchBlock = "CATCH_BLOCK",
        /// The `finally` block of a try statement.
        FinallyBlock = "FINALLY_BLOCK",
        /// A call, method call, tagged template or `super()`.
        Call = "CALL",
        /// A `new` expression.
        ConstructorCall = "CONSTRUCTOR_CALL",
        /// One link of a member read.
        PropertyAccess = "PROPERTY_ACCESS",
        /// A literal in a position where its value flows on.
        Literal = "LITERAL",
        /// A tree of operators.
        Expression = "EXPRESSION",
        /// `{…}` as a value.
        ObjectLiteral = "OBJECT_LITERAL",
        /// `[…]` as a value.
        ArrayLiteral = "ARRAY_LITERAL",
        /// `++`, `--` or `delete`.
        UpdateExpression = "UPDATE_EXPRESSION",
        /// A JSX element or fragment.
        JsxElement = "JSX_ELEMENT",
        /// An imported binding, a side-effect import, `import()`, `require()`.
        Import = "IMPORT",
        /// One exported name.
        Export = "EXPORT",
        /// A TypeScript interface.
        Interface = "INTERFACE",
        /// A TypeScript type alias.
        Type = "TYPE",
        /// A TypeScript enum.
        Enum = "ENUM",
        /// A member of an enum.
        EnumMember = "ENUM_MEMBER",
        /// `namespace`, `module` or `declare global`.
        Namespace = "NAMESPACE",
        /// A generic parameter.
        TypeParameter = "TYPE_PARAMETER",
        /// A decorator.
        Decorator = "DECORATOR",
        /// A package, a Node built-in, or the global object.
        ExternalModule = "EXTERNAL_MODULE",
        /// A member of an external module or of the global object.
        ExternalFunction = "EXTERNAL_FUNCTION",
        /// Console and process output.
        NetStdio = "net:stdio",
    }
}

impl NodeType {
    /// Whether edges that name a callable accept this type.
    pub const fn is_callable(self) -> bool {
        matches!(self, NodeType::Function | NodeType::Method)
    }

    /// Whether the node belongs to no file and is shared by all that refer to it.
    pub const fn is_global(self) -> bool {
        matches!(
            self,
            NodeType::Project
                | NodeType::Service
                | NodeType::ExternalModule
                | NodeType::ExternalFunction
                | NodeType::NetStdio
        )
    }
}

#[cfg(test)]
mod tests {
    use super::NodeType;

    #[test]
    fn text_and_type_are_inverse() {
        for &node_type in NodeType::ALL {
            assert_eq!(NodeType::parse(node_type.as_str()), Some(node_type));
        }
        assert_eq!(NodeType::parse("http:route"), None);
    }
}
