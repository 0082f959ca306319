//! A YAML document as a tree whose values know their lines.

use std::collections::HashMap;

use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::{Marker, ScanError, TScalarStyle};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: u32,
    /// From 0.
    pub(super) column: u32,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Text(String),
    /// A text without quotes, which can also be a number or a truth value.
    Plain(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What a person calls this kind of value.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) | Value::Plain(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Plain(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads the first document of a text; `None` if there is nothing in it.
pub(super) fn parse(text: &str) -> Result<Option<Node>, ScanError> {
    let mut builder = Builder::default();
    Parser::new_from_str(text).load(&mut builder, false)?;
    Ok(builder.root)
}

#[derive(Default)]
struct Builder {
    /// Open lists and maps, with their anchors.
    open: Vec<(Node, usize, Option<Node>)>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

impl Builder {
    fn close(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some((parent, _, key)) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut parent.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match key.take() {
                None => {
                    // A map begins where its first key does.
                    if entries.is_empty() {
                        (parent.line, parent.column) = (node.line, node.column);
                    }
                    *key = Some(node);
                }
                Some(name) => entries.push((name, node)),
            },
            _ => {}
        }
    }
}

impl MarkedEventReceiver for Builder {
    fn on_event(&mut self, event: Event, mark: Marker) {
        let node = |value| Node {
            line: mark.line() as u32,
            column: mark.col() as u32,
            value,
        };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match (style, text.as_str()) {
                    (TScalarStyle::Plain, "" | "~" | "null") => Value::Null,
                    (TScalarStyle::Plain, _) => Value::Plain(text),
                    _ => Value::Text(text),
                };
                self.close(node(value), anchor);
            }
            Event::SequenceStart(anchor, _) => {
                self.open
                    .push((node(Value::List(Vec::new())), anchor, None));
            }
            Event::MappingStart(anchor, _) => {
                self.open.push((node(Value::Map(Vec::new())), anchor, None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((node, anchor, _)) = self.open.pop() {
                    self.close(node, anchor);
                }
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).map(|known| known.value.clone());
                self.close(node(value.unwrap_or(Value::Null)), 0);
            }
            _ => {}
        }
    }
}
