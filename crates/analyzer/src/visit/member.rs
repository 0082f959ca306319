//! Reads of members: PROPERTY_ACCESS.

use graph_model::{EdgeType, NodeType};
use swc_common::Span;
use swc_ecma_ast::*;

use super::class::symbol_key;
use super::name::Meaning;
use super::naming::ANONYMOUS;
use super::text::{shown, static_key, super_text, transparent, write_member};
use crate::builder::scope::BindingId;
use crate::builder::{Builder, Member, NO_NODE, NodeIdx, Val};
use graph_model::summary::{AccessFact, ImportFact, NodeRef, Shape, ShapeRef, Sym};

impl<'a> Builder<'a> {
    /// `o.p` where it is read.
    pub(crate) fn member(&mut self, member: &'a MemberExpr) -> Val {
        if self.is_module_exports(member) {
            let shape = self.shape(Shape::Exports);
            return Val::new(Self::MODULE, shape);
        }
        self.property_access(member, member.span, false)
    }

    pub(crate) fn property_access(
        &mut self,
        member: &'a MemberExpr,
        span: Span,
        optional: bool,
    ) -> Val {
        let mut text = std::mem::take(&mut self.scratch);
        let object = write_member(&mut text, &member.obj, &member.prop);
        let range = self.range(span);
        let id_name = self.names.intern(if object.is_some() {
            shown(&text)
        } else {
            "<chain>"
        });
        let node = self.add(NodeType::PropertyAccess, id_name, range);
        let (name, key) = self.member_key(&member.prop);
        let column = if name == self.known.star && key.is_some() {
            self.word("<computed>")
        } else {
            name
        };
        self.nodes[node as usize].name = column;

        let fragment = self.node_fragment();
        let object = object.map(|length| &text[..length]);
        self.m_object_text("objectName", &member.obj, object);
        self.scratch = text;
        self.m_flag("optional", optional);
        self.m_flag("computed", key.is_some());
        self.m_computed_key(key);
        self.set_meta(node, fragment);

        let named = match key {
            Some(key) => self.known_key(key).unwrap_or(name),
            None => name,
        };
        let shape = match transparent(&member.obj) {
            Expr::This(_) => {
                let this = self.this_shape();
                self.reads_this_member(node, name);
                self.member_shape(this, named)
            }
            Expr::MetaProp(meta) if meta.kind == MetaPropKind::ImportMeta => {
                self.operand(&member.obj);
                self.note_import_meta(&member.obj, column);
                self.shape(Shape::Unknown)
            }
            _ => {
                // What is read of a literal comes from it.
                let object = self.value(&member.obj, ANONYMOUS);
                let fragment = self.fragment();
                self.m_path("propertyPath", &[name]);
                self.value_edge(node, object, EdgeType::DerivesFrom, fragment);
                self.local_member(node, object, name);
                self.note_selected(object, name);
                self.member_shape(object.shape(), named)
            }
        };
        if let Some(key) = key {
            let value = self.operand(key);
            self.uses(node, value, "key");
        }
        self.access_fact(node, shape);
        Val::new(node, shape)
    }

    fn access_fact(&mut self, node: NodeIdx, shape: ShapeRef) {
        if shape != ShapeRef::UNKNOWN {
            self.facts.accesses.push(AccessFact {
                node: NodeRef(node),
                shape,
            });
        }
    }

    /// The property that a key names which is not written as a text: by a constant of the module, an import, or `Symbol.x`.
    pub(crate) fn known_key(&mut self, key: &Expr) -> Option<Sym> {
        match transparent(key) {
            Expr::Ident(ident) => match self.meaning(ident) {
                Meaning::Bound(id) => {
                    let constant = self.constant_texts.get(&id.0).copied();
                    constant.or_else(|| self.imported_key(id))
                }
                _ => None,
            },
            Expr::Member(member) => {
                if let Some(text) = symbol_key(key) {
                    return Some(self.sym(&text));
                }
                if let Some(name) = self.module_member(member) {
                    let text = constant_key(self.names.get(name));
                    return Some(self.sym(&text));
                }
                let name = member.prop.as_ident()?;
                let of = self.constants_name(&member.obj)?;
                let text = format!("{}.{}", self.names.get(of), name.sym);
                Some(self.sym(&constant_key(&text)))
            }
            _ => None,
        }
    }

    /// The name of an enum, or of what is imported and may be one, under the name that its module gives it: its members are
    /// keys by their names, which every module writes alike.
    fn constants_name(&mut self, object: &Expr) -> Option<Sym> {
        match object {
            Expr::Ident(ident) => {
                let Meaning::Bound(id) = self.meaning(ident) else {
                    return None;
                };
                let node = self.scopes.get(id).node;
                if node == NO_NODE {
                    return None;
                }
                if self.node(node).node_type == NodeType::Enum {
                    return Some(self.atom(&ident.sym));
                }
                self.imported_name(node)
            }
            Expr::Member(member) => self.module_member(member),
            _ => None,
        }
    }

    /// The name of what a member expression takes from a whole module.
    fn module_member(&mut self, member: &MemberExpr) -> Option<Sym> {
        match (&*member.obj, &member.prop) {
            (Expr::Ident(object), MemberProp::Ident(name)) if self.names_module(object) => {
                Some(self.atom(&name.sym))
            }
            _ => None,
        }
    }

    /// The name that its module gives to what is imported by itself.
    fn imported_name(&self, node: NodeIdx) -> Option<Sym> {
        let imported = self.import_fact(node)?.imported;
        let is_named = imported != self.known.star && imported != self.known.default;
        is_named.then_some(imported)
    }

    /// What a name that is imported by itself stands for as a key: itself, under the name that its module gives it.
    fn imported_key(&mut self, id: BindingId) -> Option<Sym> {
        let imported = self.imported_name(self.scopes.get(id).node)?;
        let text = constant_key(self.names.get(imported));
        Some(self.sym(&text))
    }

    /// Whether a name stands for a whole module.
    pub(crate) fn names_module(&mut self, ident: &Ident) -> bool {
        let Meaning::Bound(id) = self.meaning(ident) else {
            return false;
        };
        self.module_names.contains(&id.0) || self.is_module_import(self.scopes.get(id).node)
    }

    /// Whether a node is the IMPORT of a whole module.
    pub(crate) fn is_module_import(&self, node: NodeIdx) -> bool {
        let import = self.import_fact(node);
        import.is_some_and(|import| import.imported == self.known.star)
    }

    /// The fact of an IMPORT; none for other nodes.
    pub(crate) fn import_fact(&self, node: NodeIdx) -> Option<&ImportFact> {
        self.facts.imports.get(*self.import_facts.get(&node)?)
    }

    /// Name of a member for its shape.
    pub(crate) fn shape_name(&mut self, prop: &'a MemberProp) -> Sym {
        match self.member_key(prop) {
            (name, Some(key)) => self.known_key(key).unwrap_or(name),
            (name, None) => name,
        }
    }

    /// Name of a member, and its key expression where only that tells it.
    pub(crate) fn member_key(&mut self, prop: &'a MemberProp) -> (Sym, Option<&'a Expr>) {
        match prop {
            MemberProp::Ident(name) => (self.atom(&name.sym), None),
            MemberProp::PrivateName(name) => (self.private_name(name), None),
            MemberProp::Computed(computed) => self.computed_name(&computed.expr),
        }
    }

    /// The same of a member of `super`.
    pub(crate) fn super_key(&mut self, prop: &'a SuperProp) -> (Sym, Option<&'a Expr>) {
        match prop {
            SuperProp::Ident(name) => (self.atom(&name.sym), None),
            SuperProp::Computed(computed) => self.computed_name(&computed.expr),
        }
    }

    fn computed_name(&mut self, key: &'a Expr) -> (Sym, Option<&'a Expr>) {
        match static_key(key) {
            Some(key) => (self.sym(&key), None),
            None => (self.known.star, Some(key)),
        }
    }

    /// The variable that tells which member it is.
    pub(crate) fn m_computed_key(&mut self, key: Option<&Expr>) {
        if let Some(Expr::Ident(key)) = key {
            let key = self.atom(&key.sym);
            self.m_sym("computedPropertyVar", key);
        }
    }

    /// `super.p` where it is read.
    pub(crate) fn super_property(&mut self, member: &'a SuperPropExpr) -> Val {
        let text = super_text(member);
        let range = self.range(member.span);
        let id_name = self.sym(&text);
        let node = self.add(NodeType::PropertyAccess, id_name, range);
        let (name, key) = self.super_key(&member.prop);
        self.nodes[node as usize].name = if key.is_some() {
            self.word("<computed>")
        } else {
            name
        };
        let fragment = self.node_fragment();
        self.m_str("objectName", "super");
        self.m_flag("computed", key.is_some());
        self.set_meta(node, fragment);
        if let Some(key) = key {
            let value = self.operand(key);
            self.uses(node, value, "key");
        }
        let receiver = self.super_shape();
        let shape = self.member_shape(receiver, name);
        self.access_fact(node, shape);
        Val::new(node, shape)
    }

    /// `import.meta` and `new.target`.
    pub(crate) fn meta_property(&mut self, meta: &'a MetaPropExpr) -> Val {
        let (text, name, object) = match meta.kind {
            MetaPropKind::ImportMeta => {
                self.is_module = true;
                ("import.meta", "meta", "import")
            }
            MetaPropKind::NewTarget => ("new.target", "target", "new"),
        };
        let range = self.range(meta.span);
        let id_name = self.sym(text);
        let node = self.add(NodeType::PropertyAccess, id_name, range);
        self.nodes[node as usize].name = self.sym(name);
        let fragment = self.node_fragment();
        self.m_str("objectName", object);
        self.set_meta(node, fragment);
        Val::new(node, graph_model::summary::ShapeRef::UNKNOWN)
    }

    /// A name that the module selects from `import.meta`.
    pub(crate) fn note_import_meta(&mut self, object: &'a Expr, name: Sym) {
        let Expr::MetaProp(meta) = super::text::transparent(object) else {
            return;
        };
        if meta.kind != MetaPropKind::ImportMeta || name == self.known.star {
            return;
        }
        let text = self.names.get(name).to_owned();
        if !self.import_meta.contains(&text) {
            self.import_meta.push(text);
        }
    }

    /// The declared member that `this.name` means, inside a class.
    pub(crate) fn this_member(&self, name: Sym) -> Option<Member> {
        let frame = &self.frames[self.this_frame()];
        let class = &self.classes[frame.class?];
        class.members.get(&(name, frame.is_static)).copied()
    }

    /// `READS_FROM` the member of the enclosing class that `this.name` means.
    pub(crate) fn reads_this_member(&mut self, access: NodeIdx, name: Sym) {
        if let Some(member) = self.this_member(name) {
            self.edge(access, member.read, EdgeType::ReadsFrom);
        } else {
            self.await_implicit_property(access, name);
        }
    }

    /// A read of `this.p` before any write that would make the PROPERTY.
    fn await_implicit_property(&mut self, access: NodeIdx, name: Sym) {
        let frame = &self.frames[self.this_frame()];
        let (Some(class), is_static) = (frame.class, frame.is_static) else {
            return;
        };
        self.classes[class]
            .pending_reads
            .push((access, name, is_static));
    }

    /// A member of an ENUM or NAMESPACE of this module is read directly. A namespace may
    /// be merged with a class or function, which its name then means.
    fn local_member(&mut self, access: NodeIdx, object: Val, name: Sym) {
        if object.exists()
            && matches!(
                self.node(object.node).node_type,
                NodeType::Enum | NodeType::Namespace | NodeType::Class | NodeType::Function
            )
        {
            self.pending_members.push((access, object.node, name));
        }
    }

    /// A name selected from a whole module: `ns.x`.
    pub(crate) fn note_selected(&mut self, object: Val, name: Sym) {
        if !object.exists()
            || name == self.known.star
            || self.node(object.node).node_type != NodeType::Import
        {
            return;
        }
        if let Some(&index) = self.import_facts.get(&object.node)
            && let Some(import) = self.facts.imports.get_mut(index)
            && import.imported == self.known.star
            && !import.selected.contains(&name)
        {
            import.selected.push(name);
        }
    }
}

/// How a member is called whose key a constant of this name stands for, or `Symbol.name`. The linker knows such names by their
/// beginning.
pub(crate) fn constant_key(name: &str) -> String {
    format!("@@{name}")
}
