//! Where functions and literals stand in their module.

use graph_model::ModuleSummary;
use graph_model::summary::{NodeRef, Shape, ShapeRef, Sym, TypeRef};

/// Where a function, object or array literal stands, and so what is expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An argument: index of the call, position.
    Argument(u32, u32),
    /// The value of a variable: index of its fact.
    Variable(u32),
    /// A property of an object literal: that, and the name.
    Property(NodeRef, Sym),
    /// An element of an array literal.
    Element(NodeRef),
    /// What a function returns.
    Returned(u32),
    /// The initialiser of a member: its index.
    Member(NodeRef, u32),
    /// Written to a property: index of the write.
    Written(u32),
    /// The default of a parameter of a function.
    Default(u32, u32),
    /// Under a cast.
    Cast(TypeRef),
}

/// The roles of the nodes of a module that have one.
#[derive(Debug)]
pub(crate) struct Roles {
    /// For each node, one more than the index of its role.
    of_nodes: Vec<u32>,
    roles: Vec<Role>,
}

impl Roles {
    pub(crate) fn get(&self, node: NodeRef) -> Option<Role> {
        let role = *self.of_nodes.get(node.0 as usize)?;
        self.roles.get((role as usize).wrapping_sub(1)).copied()
    }
}

/// Where the functions, object and array literals of a module stand.
pub(crate) fn roles(summary: &ModuleSummary) -> Roles {
    let mut roles = Roles {
        of_nodes: vec![0; summary.nodes.len()],
        roles: Vec::new(),
    };
    let mut stack: Vec<(ShapeRef, Role)> = Vec::new();
    let mut note = |shape: ShapeRef, role: Role| {
        // Through arms, and under a cast whose type counts first.
        stack.push((shape, role));
        while let Some((shape, role)) = stack.pop() {
            match *summary.shape(shape) {
                Shape::Function(node) | Shape::Object(node) | Shape::Array(node) => {
                    if let Some(known @ 0) = roles.of_nodes.get_mut(node.0 as usize) {
                        roles.roles.push(role);
                        *known = roles.roles.len() as u32;
                    }
                }
                Shape::OneOf(list) => {
                    stack.extend(list.of(&summary.shape_lists).iter().map(|&s| (s, role)));
                }
                Shape::Cast(inner, ty) => stack.push((inner, Role::Cast(ty))),
                _ => {}
            }
        }
    };
    for (i, call) in (0..).zip(&summary.calls) {
        for (k, argument) in (0..).zip(call.arguments.of(&summary.arguments)) {
            note(argument.shape, Role::Argument(i, k));
        }
    }
    for (i, variable) in (0..).zip(&summary.variables) {
        if variable.path.is_empty() {
            note(variable.init, Role::Variable(i));
        }
    }
    for object in &summary.objects {
        for property in object.properties.of(&summary.properties) {
            note(property.shape, Role::Property(object.node, property.name));
        }
    }
    for array in &summary.arrays {
        for &element in array.elements.of(&summary.shape_lists) {
            note(element, Role::Element(array.node));
        }
    }
    for (i, function) in (0..).zip(&summary.functions) {
        for &returned in function.returned.of(&summary.shape_lists) {
            note(returned, Role::Returned(i));
        }
        let parameters = summary.signature(function.signature).parameters;
        for (k, parameter) in (0..).zip(parameters.of(&summary.parameters)) {
            note(parameter.default, Role::Default(i, k));
        }
    }
    for class in &summary.classes {
        for index in class.members.indexes() {
            if let Some(member) = summary.members.get(index as usize) {
                note(member.init, Role::Member(class.node, index));
            }
        }
    }
    for (i, write) in (0..).zip(&summary.writes) {
        note(write.value, Role::Written(i));
    }
    roles
}
