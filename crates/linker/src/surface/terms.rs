//! All that can be reached from somewhere in a summary, written down: shapes, types and signatures.

use graph_model::summary::{
    Guard, GuardRef, GuardTest, List, NodeRef, ParameterFact, Shape, ShapeRef, Signature,
    SignatureRef, Type, TypeRef,
};

use super::walk::{Unit, Walk};

impl Walk<'_> {
    pub(super) fn signature(&mut self, signature: SignatureRef) {
        let s = &self.of.summary;
        let Some(&Signature {
            type_vars,
            parameters,
            returns,
            this_type,
        }) = s.signatures.get(signature.0 as usize)
        else {
            return;
        };
        self.vars(type_vars);
        self.number(parameters.len);
        for &ParameterFact {
            name,
            declared,
            default,
            rest,
            optional,
        } in parameters.of(&s.parameters)
        {
            self.name(name);
            self.ty(declared);
            self.shape(default);
            self.flags(&[rest, optional]);
        }
        self.ty(returns);
        self.ty(this_type);
    }

    pub(super) fn shape_at(&mut self, shape: ShapeRef) {
        let shape = *self.of.summary.shape(shape);
        match shape {
            Shape::Unknown => self.byte(0),
            Shape::Binding(node) => self.tagged(1, node),
            Shape::Global(name) => {
                self.byte(2);
                self.name(name);
            }
            Shape::This(owner, is_static) => {
                self.tagged(3, owner);
                self.flags(&[is_static]);
            }
            Shape::Super(owner, is_static) => {
                self.tagged(4, owner);
                self.flags(&[is_static]);
            }
            Shape::Member(inner, name) => {
                self.byte(5);
                self.shape(inner);
                self.name(name);
            }
            Shape::Call(node) => self.tagged(6, node),
            Shape::New(node) => self.tagged(7, node),
            Shape::Function(node) => self.tagged(8, node),
            Shape::Class(node) => self.tagged(9, node),
            Shape::Object(node) => self.tagged(10, node),
            Shape::Array(node) => self.tagged(11, node),
            Shape::Import(node) => self.tagged(12, node),
            Shape::Jsx(node) => self.tagged(13, node),
            Shape::Primitive(name) => {
                self.byte(14);
                self.name(name);
            }
            Shape::Await(inner) => {
                self.byte(15);
                self.shape(inner);
            }
            Shape::OneOf(list) => {
                self.byte(16);
                self.shapes(list);
            }
            Shape::Element(inner) => {
                self.byte(17);
                self.shape(inner);
            }
            Shape::Path(inner, path) => {
                self.byte(18);
                self.shape(inner);
                self.path(path);
            }
            Shape::Cast(inner, ty) => {
                self.byte(19);
                self.shape(inner);
                self.ty(ty);
            }
            Shape::Narrow(inner, guard) => {
                self.byte(20);
                self.shape(inner);
                self.inner_guard(guard);
            }
            Shape::Text(name) => {
                self.byte(23);
                self.name(name);
            }
            Shape::Sent(function) => self.tagged(24, function),
            Shape::Delegated(inner) => {
                self.byte(25);
                self.shape(inner);
            }
            Shape::Exports => self.byte(21),
            Shape::Arguments(function) => self.tagged(22, function),
        }
    }

    fn tagged(&mut self, tag: u8, node: NodeRef) {
        self.byte(tag);
        self.to(node);
    }

    fn inner_guard(&mut self, guard: GuardRef) {
        if let Some(&guard) = self.of.summary.guards.get(guard.0 as usize) {
            self.guard(guard);
        }
    }

    fn guard(&mut self, guard: Guard) {
        let Guard { test, negated } = guard;
        self.flags(&[negated]);
        match test {
            GuardTest::InstanceOf(class) => {
                self.byte(0);
                self.shape(class);
            }
            GuardTest::TypeOf(name) => {
                self.byte(1);
                self.name(name);
            }
            GuardTest::Has(name) => {
                self.byte(2);
                self.name(name);
            }
            GuardTest::Property(name, literal) => {
                self.byte(3);
                self.names(&[name, literal]);
            }
            GuardTest::Predicate(call, index) => {
                self.tagged(4, call);
                self.number(index);
            }
            GuardTest::IsArray => self.byte(5),
            GuardTest::Asserted(call, index, inner) => {
                self.tagged(6, call);
                self.number(index);
                self.inner_guard(inner);
            }
            GuardTest::Either(first, second) => {
                self.byte(7);
                self.inner_guard(first);
                self.inner_guard(second);
            }
        }
    }

    pub(super) fn type_at(&mut self, ty: TypeRef) {
        match self.of.summary.type_at(ty) {
            Type::Unknown => self.byte(0),
            Type::Primitive(name) => {
                self.byte(1);
                self.name(name);
            }
            Type::Literal(name) => {
                self.byte(2);
                self.name(name);
            }
            Type::Ref(node, path, arguments) => {
                self.tagged(3, node);
                self.path(path);
                self.types(arguments);
            }
            Type::Global(name, path, arguments) => {
                self.byte(4);
                self.name(name);
                self.path(path);
                self.types(arguments);
            }
            Type::Alias(inner) => self.one(5, inner),
            Type::Var(var) => {
                self.byte(6);
                self.refer(Unit::Var(var.0));
            }
            Type::Array(inner) => self.one(7, inner),
            Type::Tuple(list) => self.several(8, list),
            Type::Union(list) => self.several(9, list),
            Type::Intersection(list) => self.several(10, list),
            Type::Function(signature) => {
                self.byte(11);
                self.signature_of(signature);
            }
            Type::Constructor(signature) => {
                self.byte(12);
                self.signature_of(signature);
            }
            Type::Object(members) => {
                self.byte(13);
                self.members_apart(members);
            }
            Type::TypeOf(shape) => {
                self.byte(14);
                self.shape(shape);
            }
            Type::Indexed(object, key) => {
                self.one(15, object);
                self.ty(key);
            }
            Type::KeyOf(inner) => self.one(16, inner),
            Type::Predicate(name, inner) => {
                self.one(17, inner);
                self.name(name);
            }
            Type::Import(specifier, path, arguments) => {
                self.byte(18);
                self.name(specifier);
                self.path(path);
                self.types(arguments);
            }
            Type::This => self.byte(19),
            Type::Conditional(yes, no) => {
                self.one(20, yes);
                self.ty(no);
            }
            Type::Mapped(inner) => self.one(21, inner),
            Type::Rest(inner) => self.one(22, inner),
        }
    }

    fn one(&mut self, tag: u8, inner: TypeRef) {
        self.byte(tag);
        self.ty(inner);
    }

    fn several(&mut self, tag: u8, list: List) {
        self.byte(tag);
        self.types(list);
    }
}
