//! All that can be reached from somewhere in a summary, written down: facts.

use graph_model::summary::{
    Argument, CallFact, ClassFact, ExportFact, ExportTarget, FunctionFact, ImportFact, List,
    MemberFact, NodeRef, ObjectFact, ParameterBinding, PropertyFact, Shape, ShapeRef, SignatureRef,
    Sym, TypeFact, TypeRef, TypeVar, VariableFact, WriteFact,
};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use crate::member_lists::is_named;
use crate::program::{Fact, Module, Role, Target};

/// A hash of a text; equal hashes mean equal texts.
pub(super) type Hash = u128;

/// So many things are written for one module, as a multiple of what it has. A module with more is compared as a whole.
const MAX_WRITTEN: usize = 48;
/// And so many in any case.
const MIN_WRITTEN: usize = 1 << 14;

/// Something that is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Node(u32),
    Type(u32),
    Signature(u32),
    Var(u32),
    Shape(u32),
    Write(u32),
}

/// Writes texts about one module.
pub(super) struct Walk<'m> {
    pub(super) of: &'m Module,
    /// Calls by the function that their first argument names: they can set its prototype.
    by_argument: FxHashMap<NodeRef, Vec<u32>>,
    /// Where the numbers of each kind of unit begin.
    offsets: [usize; 6],
    /// For each unit, the text that met it last, and when.
    met: Vec<(u32, u32)>,
    text: u32,
    queue: Vec<Unit>,
    out: Vec<u8>,
    left: usize,
}

impl<'m> Walk<'m> {
    pub(super) fn new(of: &'m Module) -> Self {
        let s = &of.summary;
        let sizes = [
            s.nodes.len(),
            s.types.len(),
            s.signatures.len(),
            s.type_vars.len(),
            s.shapes.len(),
            s.writes.len(),
        ];
        let mut offsets = [0; 6];
        for i in 1..6 {
            offsets[i] = offsets[i - 1] + sizes[i - 1];
        }
        let all = sizes.iter().sum();
        let mut by_argument: FxHashMap<NodeRef, Vec<u32>> = FxHashMap::default();
        for (i, call) in (0..).zip(&s.calls) {
            if let [child, _, ..] = call.arguments.of(&s.arguments) {
                let mut shape = *s.shape(child.shape);
                if let Shape::Member(inner, _) = shape {
                    shape = *s.shape(inner);
                }
                if let Shape::Binding(node) | Shape::Function(node) = shape
                    && of.function(node).is_some()
                {
                    by_argument.entry(node).or_default().push(i);
                }
            }
        }
        Walk {
            of,
            by_argument,
            offsets,
            met: vec![(0, 0); all],
            text: 0,
            queue: Vec::new(),
            out: Vec::new(),
            left: all * MAX_WRITTEN + MIN_WRITTEN,
        }
    }

    /// Writes a text that `begin` begins, with all that can be reached; answers its hash.
    pub(super) fn text(&mut self, begin: impl FnOnce(&mut Self)) -> Option<Hash> {
        self.text += 1;
        self.queue.clear();
        self.out.clear();
        begin(self);
        let mut next = 0;
        while let Some(&unit) = self.queue.get(next) {
            next += 1;
            self.left = self.left.checked_sub(1)?;
            match unit {
                Unit::Node(node) => self.node(NodeRef(node)),
                Unit::Type(ty) => self.type_at(TypeRef(ty)),
                Unit::Signature(signature) => self.signature(SignatureRef(signature)),
                Unit::Var(var) => {
                    if let Some(&TypeVar {
                        constraint,
                        default,
                    }) = self.of.summary.type_vars.get(var as usize)
                    {
                        self.ty(constraint);
                        self.ty(default);
                    }
                }
                Unit::Shape(shape) => self.shape_at(ShapeRef(shape)),
                Unit::Write(write) => self.write(write),
            }
        }
        // Values are sorted by their places in the summary, so that order counts too.
        let mut order: Vec<(Unit, u32)> = self.queue.iter().copied().zip(0..).collect();
        order.retain(|(unit, _)| !matches!(unit, Unit::Shape(_) | Unit::Write(_)));
        order.sort_unstable();
        for (_, position) in order {
            self.number(position);
        }
        Some(xxh3_128(&self.out))
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub(super) fn flags(&mut self, flags: &[bool]) {
        let bits = flags.iter().fold(1, |bits, &b| bits << 1 | u32::from(b));
        self.number(bits);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.out.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn name(&mut self, sym: Sym) {
        let of = self.of;
        self.string(of.summary.name(sym));
    }

    pub(super) fn string(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn names(&mut self, names: &[Sym]) {
        self.number(names.len() as u32);
        for &name in names {
            self.name(name);
        }
    }

    /// Writes a reference; what is met for the first time is written itself later.
    pub(super) fn refer(&mut self, unit: Unit) {
        let (kind, index) = match unit {
            Unit::Node(i) => (0, i),
            Unit::Type(i) => (1, i),
            Unit::Signature(i) => (2, i),
            Unit::Var(i) => (3, i),
            Unit::Shape(i) => (4, i),
            Unit::Write(i) => (5, i),
        };
        self.byte(kind as u8);
        let Some(met) = self.met.get_mut(self.offsets[kind] + index as usize) else {
            return;
        };
        if met.0 != self.text {
            *met = (self.text, self.queue.len() as u32);
            self.queue.push(unit);
        }
        let position = met.1;
        self.number(position);
    }

    pub(super) fn to(&mut self, node: NodeRef) {
        self.refer(Unit::Node(node.0));
    }

    pub(super) fn some_node(&mut self, node: Option<NodeRef>) {
        match node {
            Some(node) => self.to(node),
            None => self.byte(u8::MAX),
        }
    }

    pub(super) fn ty(&mut self, ty: TypeRef) {
        self.refer(Unit::Type(ty.0));
    }

    pub(super) fn shape(&mut self, shape: ShapeRef) {
        self.refer(Unit::Shape(shape.0));
    }

    pub(super) fn shapes(&mut self, list: List) {
        self.number(list.len);
        for &shape in list.of(&self.of.summary.shape_lists) {
            self.shape(shape);
        }
    }

    pub(super) fn types(&mut self, list: List) {
        self.number(list.len);
        for &ty in list.of(&self.of.summary.type_lists) {
            self.ty(ty);
        }
    }

    pub(super) fn path(&mut self, list: List) {
        self.names(list.of(&self.of.summary.paths));
    }

    pub(super) fn vars(&mut self, list: List) {
        self.number(list.len);
        for var in list.indexes() {
            self.refer(Unit::Var(var));
        }
    }

    pub(super) fn signature_of(&mut self, signature: SignatureRef) {
        self.refer(Unit::Signature(signature.0));
    }

    /// A node: all facts about it, and those that mention it and are found from it.
    fn node(&mut self, node: NodeRef) {
        let (of, s) = (self.of, &self.of.summary);
        let Some(at) = s.nodes.get(node.0 as usize) else {
            return;
        };
        self.out.extend_from_slice(&at.id.to_le_bytes());
        self.byte(at.node_type);
        match of.fact(node) {
            Fact::None => {}
            Fact::Import(i) => self.import(&s.imports[i as usize]),
            Fact::Variable(_) => {}
            Fact::Class(i) => {
                self.class(&s.classes[i as usize]);
                self.some_node(of.merged_interface(node));
            }
            Fact::Object(i) => self.object(&s.objects[i as usize]),
            Fact::Array(i) => self.shapes(s.arrays[i as usize].elements),
            Fact::Function(i) => self.function(&s.functions[i as usize]),
            Fact::Parameter(i) => self.binding(&s.bindings[i as usize]),
            Fact::Type(i) => {
                let fact = &s.type_facts[i as usize];
                self.type_fact(fact);
                for other in &s.type_facts {
                    if other.name == fact.name && other.node != fact.node {
                        self.to(other.node);
                    }
                }
            }
            Fact::Scope(i) => {
                for &(name, member) in &s.scopes[i as usize].members {
                    self.name(name);
                    self.to(member);
                }
            }
            Fact::Call(i) => {
                self.call(&s.calls[i as usize]);
                if let Some(props) = of.object(node) {
                    self.object(props);
                }
            }
            Fact::TypeVar(var) => self.refer(Unit::Var(var)),
        }
        for variable in of.variables(node) {
            let VariableFact {
                node: _,
                declared,
                init,
                path,
                reassigned,
                is_const,
            } = variable;
            self.ty(*declared);
            self.shape(*init);
            self.names(path);
            self.flags(&[*reassigned, *is_const]);
        }
        for target in [
            Target::Node(node),
            Target::Prototype(node),
            Target::This(node),
        ] {
            for &write in of.property_writes(target) {
                self.refer(Unit::Write(write));
            }
        }
        if let Some(calls) = self.by_argument.get(&node) {
            for call in calls.clone() {
                self.to(s.calls[call as usize].node);
            }
        }
        if let Some(role) = of.role(node) {
            self.role(role);
        }
    }

    fn object(&mut self, object: &ObjectFact) {
        let ObjectFact {
            node: _,
            properties,
        } = *object;
        self.number(properties.len);
        for &PropertyFact { name, shape, kind } in properties.of(&self.of.summary.properties) {
            self.name(name);
            self.shape(shape);
            self.byte(kind as u8);
        }
    }

    /// Where a literal stands: what is expected of it is found from there.
    fn role(&mut self, role: Role) {
        let s = &self.of.summary;
        match role {
            Role::Argument(call, index) => {
                self.byte(1);
                self.number(index);
                self.to(s.calls[call as usize].node);
            }
            Role::Variable(variable) => self.to(s.variables[variable as usize].node),
            Role::Property(object, name) => {
                self.to(object);
                self.name(name);
            }
            Role::Element(array) => self.to(array),
            Role::Returned(function) => self.to(s.functions[function as usize].node),
            Role::Member(class, member) => {
                self.to(class);
                if let Some(member) = s.members.get(member as usize) {
                    self.member(member);
                }
            }
            Role::Written(write) => self.refer(Unit::Write(write)),
            Role::Default(function, index) => {
                self.number(index);
                self.to(s.functions[function as usize].node);
            }
            Role::Cast(ty) => self.ty(ty),
        }
    }

    pub(super) fn export(&mut self, export: &ExportFact) {
        let ExportFact {
            node,
            name,
            target,
            shape,
            type_only,
            common_js,
        } = export;
        self.to(*node);
        self.name(*name);
        match target {
            ExportTarget::Local(nodes) | ExportTarget::Equals(nodes) => {
                self.number(nodes.len() as u32);
                for &node in nodes {
                    self.to(node);
                }
            }
            ExportTarget::Reexport {
                specifier,
                imported,
            } => {
                self.byte(2);
                self.name(*specifier);
                self.name(*imported);
            }
            ExportTarget::Star { specifier } => {
                self.byte(3);
                self.name(*specifier);
            }
            ExportTarget::StarAs { specifier } => {
                self.byte(4);
                self.name(*specifier);
            }
        }
        self.shape(*shape);
        self.flags(&[*type_only, *common_js]);
    }

    fn import(&mut self, import: &ImportFact) {
        let ImportFact {
            node: _,
            specifier,
            form,
            imported,
            type_only,
            // Edges of the module itself.
            selected: _,
        } = import;
        if let Some(specifier) = specifier {
            self.name(*specifier);
        }
        self.byte(*form as u8);
        self.name(*imported);
        self.flags(&[*type_only]);
    }

    fn class(&mut self, class: &ClassFact) {
        let ClassFact {
            node: _,
            type_vars,
            extends,
            extends_arguments,
            implements,
            constructor,
            is_abstract,
            members,
            writes,
        } = class;
        self.vars(*type_vars);
        self.shape(extends.unwrap_or(ShapeRef::UNKNOWN));
        self.types(*extends_arguments);
        self.types(*implements);
        self.some_node(*constructor);
        self.flags(&[*is_abstract]);
        self.members(*members);
        for &(name, is_static, node, shape) in writes {
            self.name(name);
            self.flags(&[is_static]);
            self.to(node);
            self.shape(shape);
        }
    }

    /// The members of an object type, as far as they are not looked up by names that are read apart.
    pub(super) fn members_apart(&mut self, members: List) {
        let of = self.of;
        let Some(id) = of.member_lists().id(members) else {
            return self.members(members);
        };
        self.byte(1);
        self.out.extend_from_slice(&id.to_le_bytes());
        for member in members.of(&of.summary.members) {
            if !is_named(member) {
                self.member(member);
            }
        }
    }

    pub(super) fn members(&mut self, members: List) {
        self.number(members.len);
        for member in members.of(&self.of.summary.members) {
            self.member(member);
        }
    }

    pub(super) fn member(&mut self, member: &MemberFact) {
        let MemberFact {
            name,
            node,
            kind,
            is_static,
            optional,
            is_abstract,
            declared,
            init,
            signature,
        } = *member;
        self.name(name);
        self.some_node(node);
        self.byte(kind as u8);
        self.flags(&[is_static, optional, is_abstract, signature.is_some()]);
        self.ty(declared);
        self.shape(init);
        if let Some(signature) = signature {
            self.signature_of(signature);
        }
    }

    fn type_fact(&mut self, fact: &TypeFact) {
        let TypeFact {
            node: _,
            name,
            type_vars,
            extends,
            members,
            alias,
        } = *fact;
        self.name(name);
        self.vars(type_vars);
        self.types(extends);
        self.members_apart(members);
        self.ty(alias);
    }

    fn function(&mut self, function: &FunctionFact) {
        let FunctionFact {
            node,
            signature,
            overloads,
            class,
            object,
            this_shape,
            is_static,
            is_async,
            is_generator,
            is_arrow,
            has_body,
            js_doc,
            returned,
            yielded,
        } = *function;
        self.signature_of(signature);
        for &overload in overloads.of(&self.of.summary.overloads) {
            self.signature_of(overload);
        }
        self.some_node(class);
        self.some_node(object);
        self.shape(this_shape);
        self.flags(&[
            is_static,
            is_async,
            is_generator,
            is_arrow,
            has_body,
            js_doc,
        ]);
        self.shapes(returned);
        self.shapes(yielded);
        let of = self.of;
        for (_, binding) in of.bindings_of(node) {
            self.to(binding.node);
        }
    }

    fn binding(&mut self, binding: &ParameterBinding) {
        let ParameterBinding {
            node: _,
            function,
            index,
            path,
            default,
        } = binding;
        self.to(*function);
        self.number(*index);
        self.names(path);
        self.shape(*default);
    }

    /// Calls that may run what is passed to a function: others tell what their arguments reach then.
    pub(super) fn uses_of_parameters(&mut self, function: NodeRef) {
        let (of, s) = (self.of, &self.of.summary);
        for (i, binding) in of.bindings_of(function) {
            self.number(binding.index);
            self.names(&binding.path);
            for one in of.parameter_uses(i) {
                let call = &s.calls[one.call as usize];
                let arguments = call.arguments.of(&s.arguments).iter();
                let nodes = [Some(call.node)]
                    .into_iter()
                    .chain(arguments.map(|a| a.node));
                for node in nodes {
                    let id = node.and_then(|node| s.nodes.get(node.0 as usize));
                    self.out
                        .extend_from_slice(&id.map_or(0, |node| node.id).to_le_bytes());
                }
                for argument in call.arguments.of(&s.arguments) {
                    self.flags(&[argument.spread]);
                }
                match one.passed_to() {
                    Some(at) => {
                        self.number(at);
                        self.shape(call.callee);
                        self.some_node(call.resolved);
                    }
                    None => self.string(one.method().map_or("", |name| s.name(name))),
                }
            }
        }
    }

    fn call(&mut self, call: &CallFact) {
        let CallFact {
            node: _,
            kind,
            callee,
            resolved,
            arguments,
            type_arguments,
            // What happens inside of the caller.
            caller: _,
            settles: _,
            protected: _,
        } = *call;
        self.byte(kind as u8);
        self.shape(callee);
        self.some_node(resolved);
        self.number(arguments.len);
        for &Argument {
            // A node of the module's own edges.
            node: _,
            shape,
            spread,
        } in arguments.of(&self.of.summary.arguments)
        {
            self.shape(shape);
            self.flags(&[spread]);
        }
        self.types(type_arguments);
    }

    fn write(&mut self, write: u32) {
        let WriteFact {
            object,
            name,
            value,
            node,
            declared,
        } = self.of.summary.writes[write as usize];
        self.shape(object);
        self.name(name);
        self.shape(value);
        self.some_node(node);
        self.ty(declared);
    }
}
