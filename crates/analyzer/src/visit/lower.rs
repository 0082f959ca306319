//! From the syntax of types to the types of the summary.

use std::borrow::Cow;

use swc_ecma_ast::*;

use super::text::static_key;
use crate::builder::facts::list;
use crate::builder::scope::{BindingKind, Space};
use crate::builder::{Builder, NO_NODE};
use graph_model::summary::{
    List, MemberFact, MemberKind, NodeRef, ParameterFact, Shape, ShapeRef, Signature, SignatureRef,
    Sym, Type, TypeRef, VarRef,
};

/// A property of an object type, of which nothing but the name is known.
pub(super) fn property_of_type(name: Sym) -> MemberFact {
    MemberFact {
        name,
        node: None,
        kind: MemberKind::Property,
        is_static: false,
        optional: false,
        is_abstract: true,
        declared: TypeRef::UNKNOWN,
        init: ShapeRef::UNKNOWN,
        signature: None,
    }
}

impl Builder<'_> {
    /// The type of an annotation.
    pub(crate) fn lower_annotation(&mut self, annotation: Option<&TsTypeAnn>) -> TypeRef {
        annotation.map_or(TypeRef::UNKNOWN, |a| self.lower(&a.type_ann))
    }

    /// Type arguments.
    pub(crate) fn lower_arguments(&mut self, arguments: Option<&TsTypeParamInstantiation>) -> List {
        let Some(arguments) = arguments else {
            return List::EMPTY;
        };
        let types: Vec<TypeRef> = arguments.params.iter().map(|t| self.lower(t)).collect();
        self.facts.type_list(&types)
    }

    fn lower_all<'t>(&mut self, types: impl Iterator<Item = &'t TsType>) -> List {
        let types: Vec<TypeRef> = types.map(|t| self.lower(t)).collect();
        self.facts.type_list(&types)
    }

    /// A type.
    pub(crate) fn lower(&mut self, ty: &TsType) -> TypeRef {
        let ty = super::with_stack(|| self.lowered(ty));
        self.facts.ty(ty)
    }

    fn lowered(&mut self, ty: &TsType) -> Type {
        match ty {
            TsType::TsKeywordType(keyword) => {
                let name = match keyword.kind {
                    TsKeywordTypeKind::TsStringKeyword => "string",
                    TsKeywordTypeKind::TsNumberKeyword => "number",
                    TsKeywordTypeKind::TsBooleanKeyword => "boolean",
                    TsKeywordTypeKind::TsBigIntKeyword => "bigint",
                    TsKeywordTypeKind::TsSymbolKeyword => "symbol",
                    TsKeywordTypeKind::TsVoidKeyword => "void",
                    TsKeywordTypeKind::TsUndefinedKeyword => "undefined",
                    TsKeywordTypeKind::TsNullKeyword => "null",
                    TsKeywordTypeKind::TsNeverKeyword => "never",
                    TsKeywordTypeKind::TsObjectKeyword => "object",
                    _ => "any",
                };
                Type::Primitive(self.word(name))
            }
            TsType::TsTypeRef(reference) => {
                let arguments = self.lower_arguments(reference.type_params.as_deref());
                let (root, path) = self.entity_path(&reference.type_name);
                self.named(root, path, arguments)
            }
            TsType::TsArrayType(array) => Type::Array(self.lower(&array.elem_type)),
            TsType::TsParenthesizedType(inner) => self.lowered(&inner.type_ann),
            TsType::TsOptionalType(inner) => self.lowered(&inner.type_ann),
            TsType::TsRestType(inner) => Type::Rest(self.lower(&inner.type_ann)),
            TsType::TsTypeOperator(inner) => match inner.op {
                TsTypeOperatorOp::KeyOf => Type::KeyOf(self.lower(&inner.type_ann)),
                _ => self.lowered(&inner.type_ann),
            },
            TsType::TsTupleType(tuple) => {
                Type::Tuple(self.lower_all(tuple.elem_types.iter().map(|e| &*e.ty)))
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => {
                Type::Union(self.lower_all(union.types.iter().map(|t| &**t)))
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsIntersectionType(
                intersection,
            )) => Type::Intersection(self.lower_all(intersection.types.iter().map(|t| &**t))),
            TsType::TsFnOrConstructorType(TsFnOrConstructorType::TsFnType(f)) => Type::Function(
                self.lower_signature(f.type_params.as_deref(), &f.params, Some(&f.type_ann)),
            ),
            TsType::TsFnOrConstructorType(TsFnOrConstructorType::TsConstructorType(f)) => {
                Type::Constructor(self.lower_signature(
                    f.type_params.as_deref(),
                    &f.params,
                    Some(&f.type_ann),
                ))
            }
            TsType::TsTypeLit(literal) => Type::Object(self.lower_members(&literal.members, &[])),
            TsType::TsTypeQuery(query) => match &query.expr_name {
                TsTypeQueryExpr::TsEntityName(name) => {
                    let (root, path) = self.entity_path(name);
                    let mut shape = match self.scopes.resolve(Space::Value, root) {
                        Some(id) if self.scopes.get(id).node != NO_NODE => {
                            let node = self.scopes.get(id).node;
                            self.shape(Shape::Binding(NodeRef(node)))
                        }
                        _ => self.shape(Shape::Global(root)),
                    };
                    for name in path {
                        shape = self.shape(Shape::Member(shape, name));
                    }
                    Type::TypeOf(shape)
                }
                TsTypeQueryExpr::Import(import) => self.import_type(import),
            },
            TsType::TsConditionalType(conditional) => {
                self.scopes.enter();
                self.lower(&conditional.check_type);
                self.lower(&conditional.extends_type);
                let yes = self.lower(&conditional.true_type);
                let no = self.lower(&conditional.false_type);
                self.scopes.leave();
                Type::Conditional(yes, no)
            }
            TsType::TsInferType(infer) => {
                let name = self.atom(&infer.type_param.name.sym);
                Type::Var(self.local_type_var(name))
            }
            TsType::TsIndexedAccessType(access) => {
                let object = self.lower(&access.obj_type);
                Type::Indexed(object, self.lower(&access.index_type))
            }
            TsType::TsMappedType(mapped) => {
                self.scopes.enter();
                let name = self.atom(&mapped.type_param.name.sym);
                self.local_type_var(name);
                let value = match &mapped.type_ann {
                    Some(ty) => self.lower(ty),
                    None => TypeRef::UNKNOWN,
                };
                self.scopes.leave();
                Type::Mapped(value)
            }
            TsType::TsLitType(literal) => match &literal.lit {
                TsLit::Str(s) => {
                    let text = format!("'{}", s.value.to_string_lossy());
                    Type::Literal(self.sym(&text))
                }
                TsLit::Bool(b) => Type::Literal(self.sym(if b.value { "true" } else { "false" })),
                TsLit::Number(n) => {
                    let text = super::text::number_text(n.value);
                    Type::Literal(self.sym(&text))
                }
                TsLit::BigInt(_) => Type::Primitive(self.word("bigint")),
                TsLit::Tpl(_) => Type::Primitive(self.word("string")),
            },
            TsType::TsTypePredicate(predicate) => {
                let name = match &predicate.param_name {
                    TsThisTypeOrIdent::Ident(ident) => self.atom(&ident.sym),
                    TsThisTypeOrIdent::TsThisType(_) => self.known.this,
                };
                let ty = self.lower_annotation(predicate.type_ann.as_deref());
                Type::Predicate(name, ty)
            }
            TsType::TsImportType(import) => self.import_type(import),
            TsType::TsThisType(_) => Type::This,
        }
    }

    fn import_type(&mut self, import: &TsImportType) -> Type {
        let specifier = self.sym(&import.arg.value.to_string_lossy());
        let mut path = Vec::new();
        if let Some(qualifier) = &import.qualifier {
            let (root, rest) = self.entity_path(qualifier);
            path.push(root);
            path.extend(rest);
        }
        let path = self.facts.path(&path);
        let arguments = self.lower_arguments(import.type_args.as_deref());
        Type::Import(specifier, path, arguments)
    }

    /// `import("specifier").A.B`.
    pub(crate) fn imported<'n>(
        &mut self,
        specifier: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Type {
        let specifier = self.sym(specifier);
        let path: Vec<Sym> = names.map(|name| self.sym(name)).collect();
        let path = self.facts.path(&path);
        Type::Import(specifier, path, List::EMPTY)
    }

    /// What a name means as a type.
    pub(crate) fn named(&mut self, root: Sym, path: Vec<Sym>, arguments: List) -> Type {
        let binding = self.scopes.resolve(Space::Type, root).or_else(|| {
            let id = self.scopes.resolve(Space::Value, root)?;
            // In a comment, values name types too.
            (!path.is_empty() || !self.typed).then_some(id)
        });
        if let Some(ty) = self.doc_defined(root) {
            if path.is_empty() {
                return Type::Alias(ty);
            }
            // `ns.T`, where a comment imports `ns`.
            if let Type::Import(specifier, names, _) = self.facts.type_at(ty) {
                let names = names.of(&self.facts.paths).to_vec();
                let path = self.facts.path(&[names, path].concat());
                return Type::Import(specifier, path, arguments);
            }
        }
        if !path.is_empty()
            && let Some(namespace) = self.namespace_meant(root)
        {
            let path = self.facts.path(&path);
            return Type::Ref(NodeRef(namespace), path, arguments);
        }
        let path = self.facts.path(&path);
        let Some(id) = binding else {
            return Type::Global(root, path, arguments);
        };
        let binding = self.scopes.get(id);
        if binding.type_var != 0 {
            return Type::Var(VarRef(binding.type_var - 1));
        }
        if binding.node == NO_NODE {
            return Type::Unknown;
        }
        Type::Ref(NodeRef(binding.node), path, arguments)
    }

    fn entity_path(&mut self, mut name: &TsEntityName) -> (Sym, Vec<Sym>) {
        let mut path = Vec::new();
        loop {
            match name {
                TsEntityName::TsQualifiedName(inner) => {
                    path.push(self.atom(&inner.right.sym));
                    name = &inner.left;
                }
                TsEntityName::Ident(ident) => {
                    path.reverse();
                    return (self.atom(&ident.sym), path);
                }
            }
        }
    }

    /// A type variable without a node.
    pub(crate) fn local_type_var(&mut self, name: Sym) -> VarRef {
        let var = self.facts.type_var();
        let id = self.declare(Space::Type, name, NO_NODE, BindingKind::Type);
        self.scopes.get_mut(id).type_var = var.0 + 1;
        var
    }

    /// Type variables of a signature without a node; they are declared in the open scope.
    fn lower_type_params(&mut self, params: Option<&TsTypeParamDecl>) -> List {
        let Some(params) = params else {
            return List::EMPTY;
        };
        let start = self.facts.type_vars.len() as u32;
        for param in &params.params {
            let name = self.atom(&param.name.sym);
            self.local_type_var(name);
        }
        for (i, param) in params.params.iter().enumerate() {
            self.lower_type_param(start + i as u32, param);
        }
        List {
            start,
            len: params.params.len() as u32,
        }
    }

    /// Constraint and default of a type variable.
    pub(crate) fn lower_type_param(&mut self, var: u32, param: &TsTypeParam) {
        let constraint = param
            .constraint
            .as_ref()
            .map_or(TypeRef::UNKNOWN, |t| self.lower(t));
        let default = param
            .default
            .as_ref()
            .map_or(TypeRef::UNKNOWN, |t| self.lower(t));
        let var = &mut self.facts.type_vars[var as usize];
        var.constraint = constraint;
        var.default = default;
    }

    /// A signature of a type.
    pub(crate) fn lower_signature(
        &mut self,
        type_params: Option<&TsTypeParamDecl>,
        params: &[TsFnParam],
        returns: Option<&TsTypeAnn>,
    ) -> SignatureRef {
        self.scopes.enter();
        let type_vars = self.lower_type_params(type_params);
        let mut this_type = TypeRef::UNKNOWN;
        let mut parameters = Vec::with_capacity(params.len());
        for param in params {
            let (name, annotation, rest, optional) = match param {
                TsFnParam::Ident(ident) => (
                    self.atom(&ident.id.sym),
                    ident.type_ann.as_deref(),
                    false,
                    ident.id.optional,
                ),
                TsFnParam::Array(array) => {
                    (self.known.empty, array.type_ann.as_deref(), false, false)
                }
                TsFnParam::Object(object) => {
                    (self.known.empty, object.type_ann.as_deref(), false, false)
                }
                TsFnParam::Rest(rest) => (self.known.empty, rest.type_ann.as_deref(), true, true),
            };
            let declared = self.lower_annotation(annotation);
            if name == self.known.this {
                this_type = declared;
                continue;
            }
            parameters.push(ParameterFact {
                name,
                declared,
                default: ShapeRef::UNKNOWN,
                rest,
                optional,
            });
        }
        let returns = self.lower_annotation(returns);
        self.scopes.leave();
        let parameters = list(&mut self.facts.parameters, &parameters);
        self.facts.signatures.push(Signature {
            type_vars,
            parameters,
            returns,
            this_type,
        });
        SignatureRef(self.facts.signatures.len() as u32 - 1)
    }

    /// A signature of a declaration without a body.
    pub(crate) fn lower_declared(&mut self, function: &Function) -> SignatureRef {
        self.scopes.enter();
        let type_vars = self.lower_type_params(function.type_params.as_deref());
        let mut parameters = Vec::with_capacity(function.params.len());
        for param in &function.params {
            let fact = self.lower_parameter(&param.pat);
            parameters.push(fact);
        }
        let returns = self.lower_annotation(function.return_type.as_deref());
        let this_type = self.lower_annotation(
            function
                .this_param
                .as_ref()
                .and_then(|p| p.type_ann.as_deref()),
        );
        self.scopes.leave();
        let parameters = list(&mut self.facts.parameters, &parameters);
        self.facts.signatures.push(Signature {
            type_vars,
            parameters,
            returns,
            this_type,
        });
        SignatureRef(self.facts.signatures.len() as u32 - 1)
    }

    /// A parameter, without its default.
    pub(crate) fn lower_parameter(&mut self, pattern: &Pat) -> ParameterFact {
        let declared = self.lower_annotation(super::parameter::pattern_type(pattern));
        let (name, optional) = match pattern {
            Pat::Ident(ident) => (self.atom(&ident.id.sym), ident.id.optional),
            Pat::Assign(assign) => match &*assign.left {
                Pat::Ident(ident) => (self.atom(&ident.id.sym), true),
                _ => (self.known.empty, true),
            },
            _ => (self.known.empty, false),
        };
        let rest = matches!(pattern, Pat::Rest(_));
        ParameterFact {
            name,
            declared,
            default: ShapeRef::UNKNOWN,
            rest,
            optional: optional || rest,
        }
    }

    /// Members of an object type; `nodes` are those of the members, where they have some.
    pub(crate) fn lower_members(
        &mut self,
        members: &[TsTypeElement],
        nodes: &[Option<NodeRef>],
    ) -> List {
        let mut facts = Vec::with_capacity(members.len());
        for (i, member) in members.iter().enumerate() {
            let node = nodes.get(i).copied().flatten();
            let mut fact = MemberFact {
                node,
                ..property_of_type(self.known.empty)
            };
            match member {
                TsTypeElement::TsPropertySignature(m) => {
                    fact.name = self.type_member_key(&m.key, m.computed);
                    fact.declared = self.lower_annotation(m.type_ann.as_deref());
                    fact.optional = m.optional;
                }
                TsTypeElement::TsMethodSignature(m) => {
                    fact.name = self.type_member_key(&m.key, m.computed);
                    fact.kind = MemberKind::Method;
                    fact.optional = m.optional;
                    fact.signature = Some(self.lower_signature(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                    ));
                }
                TsTypeElement::TsGetterSignature(m) => {
                    fact.name = self.type_member_key(&m.key, m.computed);
                    fact.kind = MemberKind::Getter;
                    fact.declared = self.lower_annotation(m.type_ann.as_deref());
                }
                TsTypeElement::TsSetterSignature(m) => {
                    fact.name = self.type_member_key(&m.key, m.computed);
                    fact.kind = MemberKind::Setter;
                    fact.declared =
                        self.lower_annotation(super::interface::fn_param_type(&m.param));
                }
                TsTypeElement::TsCallSignatureDecl(m) => {
                    fact.kind = MemberKind::Call;
                    fact.signature = Some(self.lower_signature(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                    ));
                }
                TsTypeElement::TsConstructSignatureDecl(m) => {
                    fact.kind = MemberKind::Construct;
                    fact.signature = Some(self.lower_signature(
                        m.type_params.as_deref(),
                        &m.params,
                        m.type_ann.as_deref(),
                    ));
                }
                TsTypeElement::TsIndexSignature(m) => {
                    fact.kind = MemberKind::Index;
                    fact.declared = self.lower_annotation(m.type_ann.as_deref());
                }
            }
            facts.push(fact);
        }
        list(&mut self.facts.members, &facts)
    }

    fn type_member_key(&mut self, key: &Expr, computed: bool) -> Sym {
        let text = match key {
            Expr::Ident(ident) if !computed => Cow::Borrowed(ident.sym.as_str()),
            key => match static_key(key).or_else(|| super::class::symbol_key(key)) {
                Some(text) => text,
                None => {
                    let known = self.known_key(key);
                    return known.unwrap_or_else(|| self.word("<computed>"));
                }
            },
        };
        self.sym(&text)
    }
}
