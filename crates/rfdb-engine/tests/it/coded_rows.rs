//! Rows whose texts are numbers of a dictionary are stored as the same rows with their texts.

use proptest::prelude::*;
use rfdb_engine::{
    Batch, CodedEdgeRow, CodedId, CodedMetadata, CodedNodeRow, EdgeRow, Engine, Error, IndexMode,
    NodeId, NodeRow, Options, Owner, RowDictionary,
};

struct Dictionary {
    texts: Vec<&'static str>,
    templates: Vec<&'static str>,
}

impl RowDictionary for Dictionary {
    fn text(&self, number: u32) -> &str {
        self.texts[number as usize]
    }

    fn template(&self, number: u32) -> &str {
        self.templates[number as usize]
    }

    fn type_name(&self, number: u32) -> &str {
        ["FUNCTION", "CALL", "CALLS", "http:route"][number as usize]
    }
}

fn dictionary() -> Dictionary {
    Dictionary {
        texts: vec!["", "a", "[in:a]", "q\\\"\\u00e9", "ü→", "a->b"],
        templates: vec![
            "{\"line\":\u{1},\"kind\":\"\u{2}\"}",
            "{\"list\":[\"\u{2}\",\"\u{2}\"],\"deep\":{\"n\":\u{1}}}",
            "{}",
            "{\"literal\":0.5,\"null\":null}",
        ],
    }
}

/// The texts of holes, for each template: how many values, and which of them are texts.
const HOLES: [&[bool]; 4] = [&[false, true], &[true, true, false], &[], &[]];

fn filled(dictionary: &Dictionary, template: usize, holes: &[u32]) -> String {
    let mut holes = holes.iter();
    dictionary.templates[template]
        .chars()
        .map(|c| match c {
            '\u{1}' => holes.next().unwrap().to_string(),
            '\u{2}' => dictionary.texts[*holes.next().unwrap() as usize].to_owned(),
            c => c.to_string(),
        })
        .collect()
}

#[derive(Debug, Clone)]
struct Metadata {
    template: Option<usize>,
    values: [u32; 3],
}

impl Metadata {
    fn holes(&self) -> Vec<u32> {
        let kinds = self.template.map_or(&[][..], |template| HOLES[template]);
        let values = kinds.iter().zip(self.values);
        values
            .map(|(is_text, value)| if *is_text { value % 6 } else { value })
            .collect()
    }

    fn text(&self, dictionary: &Dictionary) -> String {
        self.template.map_or_else(String::new, |template| {
            filled(dictionary, template, &self.holes())
        })
    }
}

fn metadata() -> impl Strategy<Value = Metadata> {
    (prop::option::of(0..4usize), any::<[u32; 3]>())
        .prop_map(|(template, values)| Metadata { template, values })
}

#[derive(Debug, Clone)]
struct Node {
    node_type: u32,
    name: u32,
    id: CodedId,
    in_file: bool,
    exported: bool,
    metadata: Metadata,
}

fn node() -> impl Strategy<Value = Node> {
    let id = (
        any::<bool>(),
        prop::option::of(0..6u32),
        prop::option::of(any::<u32>()),
    );
    (
        0..4u32,
        0..6u32,
        id,
        any::<bool>(),
        any::<bool>(),
        metadata(),
    )
        .prop_map(
            |(node_type, name, (named, text, ordinal), in_file, exported, metadata)| Node {
                node_type,
                name,
                id: CodedId {
                    named,
                    text,
                    ordinal,
                },
                in_file,
                exported,
                metadata,
            },
        )
}

fn engine() -> Engine {
    Engine::in_memory(Options::default())
}

/// Everything that is stored, as one reads it.
fn stored(engine: &Engine) -> Vec<String> {
    let snapshot = engine.snapshot();
    let mut rows = Vec::new();
    for id in snapshot.find(&rfdb_engine::NodeQuery::default()).unwrap() {
        rows.push(format!("{:?}", snapshot.node(id).unwrap().unwrap()));
        for edge in snapshot.outgoing(id, &[]).unwrap() {
            rows.push(format!("{edge:?}"));
        }
    }
    rows
}

proptest! {
    #[test]
    fn coded_rows_are_the_rows_with_their_texts(
        owners in prop::collection::vec(prop::collection::vec(node(), 1..6), 1..4),
        edges in prop::collection::vec((any::<u32>(), any::<u32>(), 2..4u32, metadata()), 0..8),
        at_once in 1..5usize,
    ) {
        let dictionary = dictionary();
        let (mut coded, mut plain) = (Batch::new(), Batch::new());
        for (number, nodes) in owners.iter().enumerate() {
            // The second owner is named again, and goes on with its rows.
            let file = format!("f{}", number % 2);
            for batch in [&mut coded, &mut plain] {
                batch.owner(Owner::new(&file, ""));
            }
            let id = |row: usize| NodeId((number * 100 + row) as u128);
            let texts: Vec<_> = (nodes.iter().map(|node| &node.metadata))
                .map(|metadata| (metadata.text(&dictionary), metadata.holes()))
                .collect();
            let rows: Vec<_> = (nodes.iter().zip(&texts).enumerate())
                .map(|(row, (node, (metadata, holes)))| CodedNodeRow {
                    id: id(row),
                    semantic_id: node.id,
                    node_type: node.node_type,
                    name: node.name,
                    file: if node.in_file { &file } else { "" },
                    exported: node.exported,
                    metadata: match node.metadata.template {
                        None => CodedMetadata::Text(""),
                        // Rows with and without numbers may stand side by side.
                        Some(_) if row % 4 == 3 => CodedMetadata::Text(metadata),
                        Some(template) => CodedMetadata::Filled { template: template as u32, holes },
                    },
                })
                .collect();
            for rows in rows.chunks(at_once) {
                coded.push_coded_nodes(&dictionary, rows.iter().copied());
            }
            for (row, (node, (metadata, _))) in nodes.iter().zip(&texts).enumerate() {
                let file = if node.in_file { &*file } else { "" };
                let (type_name, name) = (
                    dictionary.type_name(node.node_type),
                    dictionary.text(node.name),
                );
                let semantic_id = format!(
                    "{file}->{type_name}->{}{}{}",
                    if node.id.named { name } else { "" },
                    node.id.text.map_or("", |text| dictionary.text(text)),
                    node.id.ordinal.map_or_else(String::new, |n| format!("#{n}")),
                );
                plain.push_node(NodeRow {
                    id: id(row),
                    semantic_id: &semantic_id,
                    node_type: type_name,
                    name,
                    file,
                    exported: node.exported,
                    metadata,
                });
            }
            let row = |end: u32| end as usize % nodes.len();
            let texts: Vec<_> = (edges.iter())
                .map(|(.., metadata)| (metadata.text(&dictionary), metadata.holes()))
                .collect();
            let rows: Vec<_> = (edges.iter().zip(&texts))
                .map(|((src, dst, edge_type, metadata), (_, holes))| CodedEdgeRow {
                    src: row(*src) as u32,
                    dst: row(*dst) as u32,
                    edge_type: *edge_type,
                    metadata: metadata.template.map_or(CodedMetadata::Text(""), |template| {
                        CodedMetadata::Filled { template: template as u32, holes }
                    }),
                })
                .collect();
            for rows in rows.chunks(at_once) {
                coded.push_coded_edges(&dictionary, rows.iter().copied());
            }
            for ((src, dst, edge_type, _), (text, _)) in edges.iter().zip(&texts) {
                plain.push_edge(EdgeRow {
                    src: id(row(*src)),
                    dst: id(row(*dst)),
                    edge_type: dictionary.type_name(*edge_type),
                    metadata: text,
                });
            }
        }
        let (a, b) = (engine(), engine());
        a.commit(coded, IndexMode::Immediate).unwrap();
        b.commit(plain, IndexMode::Immediate).unwrap();
        prop_assert_eq!(stored(&a), stored(&b));
    }
}

fn commit_node(dictionary: &Dictionary, metadata: CodedMetadata<'_>) -> rfdb_engine::Result<()> {
    let mut batch = Batch::new();
    batch.owner(Owner::new("f", ""));
    batch.push_coded_nodes(
        dictionary,
        std::iter::once(CodedNodeRow {
            id: NodeId(1),
            semantic_id: CodedId {
                named: true,
                text: None,
                ordinal: None,
            },
            node_type: 0,
            name: 1,
            file: "f",
            exported: false,
            metadata,
        }),
    );
    engine().commit(batch, IndexMode::Immediate).map(|_| ())
}

#[test]
fn metadata_that_would_be_no_json_object_are_refused() {
    let dictionary = Dictionary {
        texts: vec!["plain", "a \" quote", "half an escape \\", "line\n"],
        templates: vec!["{\"a\":\"\u{2}\"}", "[\u{1}]", "{\"a\":\u{1}"],
    };
    let refused = |template, holes: &[u32]| {
        let error = commit_node(&dictionary, CodedMetadata::Filled { template, holes });
        matches!(error, Err(Error::InvalidMetadata { .. }))
    };
    assert!(!refused(0, &[0]));
    for text in 1..4 {
        assert!(refused(0, &[text]), "{}", dictionary.text(text));
    }
    assert!(refused(0, &[]), "a hole without a value");
    assert!(refused(0, &[0, 0]), "a value without a hole");
    assert!(refused(1, &[1]), "a list");
    assert!(refused(2, &[1]), "half an object");
}

#[test]
fn an_edge_to_a_row_that_was_not_pushed_is_refused() {
    let mut batch = Batch::new();
    batch.owner(Owner::new("f", ""));
    batch.push_coded_edges(
        &dictionary(),
        std::iter::once(CodedEdgeRow {
            src: 0,
            dst: 7,
            edge_type: 2,
            metadata: CodedMetadata::Text(""),
        }),
    );
    let error = engine().commit(batch, IndexMode::Immediate).unwrap_err();
    assert_eq!(
        error.to_string(),
        "edge 0 -CALLS-> 7 names a row that its owner does not have: there are 0 nodes"
    );
}
