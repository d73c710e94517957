//! Text to a tree of nodes that know their place.
//!
//! A tree of our own, built from the parser's events, because the typed route through `serde` stops
//! at the first mismatch and forgets whether a scalar was quoted: `lit: "true"` is text, `lit: true`
//! is not. JSON is read the same way, being YAML. Anchors and aliases are refused: no export has
//! them, and an alias can make a small file a huge tree.

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::problem::{Findings, Place, Problem, ProblemKind};

/// The longest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The deepest nesting of lists and maps; the deepest export seen has about eighty.
const DEPTH_MAX: usize = 200;

/// A value in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Place,
    pub(crate) kind: NodeKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NodeKind {
    Scalar { text: String, quoted: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) at: Place,
    pub(crate) key: String,
    pub(crate) value: Node,
}

impl Node {
    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            NodeKind::Scalar { .. } | NodeKind::List(_) => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::List(items) => items,
            NodeKind::Scalar { .. } | NodeKind::Map(_) => &[],
        }
    }

    /// The value of `key` in a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            NodeKind::List(_) | NodeKind::Map(_) => None,
        }
    }

    /// True for `null`, `~` and nothing at all.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// True for an unquoted `true`.
    pub(crate) fn is_true(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, quoted: false } if text.eq_ignore_ascii_case("true"))
    }
}

/// Reads the first document of `text`.
pub(crate) fn parse(text: &str) -> Result<Node, Problem> {
    if text.len() > FILE_BYTES_MAX {
        return Err(Problem {
            at: Place { line: 1, column: 1 },
            kind: ProblemKind::TooLarge,
            message: format!("read a file of {} bytes", text.len()),
            hint: format!("A flow has at most {FILE_BYTES_MAX} bytes."),
        });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { parser: Parser::new_from_str(text), last: Place { line: 1, column: 1 } };
    loop {
        let (event, at) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd | Event::DocumentEnd => return Err(syntax(at, "read an empty file")),
            event => return reader.node(event, at, 0),
        }
    }
}

/// Notes every key that occurs twice in one map; the later one would silently win elsewhere.
pub(crate) fn note_duplicate_keys(node: &Node, findings: &mut Findings) {
    for item in node.items() {
        note_duplicate_keys(item, findings);
    }
    let mut seen = std::collections::BTreeSet::new();
    for entry in node.entries() {
        if !seen.insert(entry.key.as_str()) {
            findings.note(
                entry.at,
                ProblemKind::Duplicate,
                format!("read the key `{}` twice in one map", entry.key),
                "Remove or rename one of the two; only one can hold.",
            );
        }
        note_duplicate_keys(&entry.value, findings);
    }
}

struct Reader<'a> {
    parser: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    last: Place,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Place), Problem> {
        loop {
            match self.parser.next_event() {
                None => return Err(syntax(self.last, "read beyond the end of the file")),
                Some(Err(error)) => {
                    let at = Place { line: number(error.marker().line()), column: number(error.marker().col() + 1) };
                    return Err(syntax(at, &format!("read YAML: {}", error.info())));
                }
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok((event, span))) => {
                    self.last = place(span);
                    return Ok((event, self.last));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, at: Place, depth: usize) -> Result<Node, Problem> {
        if depth > DEPTH_MAX {
            return Err(Problem {
                at,
                kind: ProblemKind::TooLarge,
                message: format!("read lists and maps nested more than {DEPTH_MAX} deep"),
                hint: "Move the inner part into a reusable task.".to_owned(),
            });
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let kind = NodeKind::Scalar { text: text.into_owned(), quoted: style != ScalarStyle::Plain };
                Ok(Node { at, kind })
            }
            Event::SequenceStart(..) => self.list(at, depth),
            Event::MappingStart(..) => self.map(at, depth),
            Event::Alias(_) => Err(Problem {
                at,
                kind: ProblemKind::Syntax,
                message: "read a YAML alias".to_owned(),
                hint: "Write the value out: flows have no anchors and aliases.".to_owned(),
            }),
            _ => Err(syntax(at, "read a value")),
        }
    }

    fn list(&mut self, at: Place, depth: usize) -> Result<Node, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node { at, kind: NodeKind::List(items) }),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, at: Place, depth: usize) -> Result<Node, Problem> {
        let mut entries = Vec::new();
        loop {
            let (event, key_at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Node { at, kind: NodeKind::Map(entries) }),
                other => other,
            };
            let Event::Scalar(key, ..) = event else {
                return Err(syntax(key_at, "read a list or map as the key of a map"));
            };
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth + 1)?;
            entries.push(Entry { at: key_at, key: key.into_owned(), value });
        }
    }
}

fn syntax(at: Place, message: &str) -> Problem {
    Problem {
        at,
        kind: ProblemKind::Syntax,
        message: message.to_owned(),
        hint: "Check indentation and quotes near this place; text with `: ` or `#` must be quoted.".to_owned(),
    }
}

fn place(span: Span) -> Place {
    Place { line: number(span.start.line()), column: number(span.start.col() + 1) }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
