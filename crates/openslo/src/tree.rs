//! Text to a tree of nodes that know their place and their path.
//!
//! A tree of our own, built from the parser's events, because the typed route through `serde` stops at the first
//! mismatch, and a file shall be told everything that is wrong with it at once. Aliases are refused: an alias can make
//! a small file a huge tree.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, StrInput};

use crate::problem::{Found, Text};

/// The longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The deepest nesting of lists and maps.
const DEPTH_MAX: usize = 64;

/// A place in one of the files; both numbers count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Place,
    /// A JSON pointer from the top of its document.
    pub(crate) path: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
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
    /// The value of `key` in a map; `null` is no value.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Null | Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    /// Gives this node and all below it their paths.
    fn name(&mut self, path: String) {
        match &mut self.kind {
            Kind::Null | Kind::Scalar { .. } => {}
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.name(format!("{path}/{index}"));
                }
            }
            Kind::Map(entries) => {
                for entry in entries {
                    let key = entry.key.replace('~', "~0").replace('/', "~1");
                    entry.value.name(format!("{path}/{key}"));
                }
            }
        }
        self.path = path;
    }

    fn note_duplicate_keys(&self, found: &mut Found) {
        if let Kind::List(items) = &self.kind {
            for item in items {
                item.note_duplicate_keys(found);
            }
        }
        let mut seen = BTreeSet::new();
        for entry in self.entries() {
            if !seen.insert(entry.key.as_str()) {
                let message = format!("`{}` stands here twice", entry.key);
                found.wrong_at(entry.at, &entry.value.path, message, "rename one of the two, or remove it");
            }
            entry.value.note_duplicate_keys(found);
        }
    }
}

/// Reads all documents of a YAML text, those before a mistake in the syntax included; empty ones are left out.
pub(crate) fn yaml(text: &Text<'_>, file: usize, found: &mut Found) -> Vec<Node> {
    let start = Place { file, line: 0, column: 0 };
    if TEXT_BYTES_MAX < text.text.len() {
        let message = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
        found.wrong_at(start, "", message, "split it into several files");
        return Vec::new();
    }
    let source = text.text.strip_prefix('\u{feff}').unwrap_or(text.text);
    let mut reader = Reader { parser: Parser::new_from_str(source), last: Place { line: 1, column: 1, ..start } };
    let mut documents = Vec::new();
    loop {
        match reader.document() {
            Ok(Some(mut document)) => {
                document.name(String::new());
                document.note_duplicate_keys(found);
                if !document.is_null() {
                    documents.push(document);
                }
            }
            Ok(None) => return documents,
            Err(Unreadable { at, message, hint }) => {
                found.wrong_at(at, "", message, hint);
                return documents;
            }
        }
    }
}

/// Reads a JSON text.
pub(crate) fn json(text: &Text<'_>, found: &mut Found) -> Option<Node> {
    if TEXT_BYTES_MAX < text.text.len() {
        let message = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
        found.wrong_at(Place::default(), "", message, "an objective takes a few hundred");
        return None;
    }
    match serde_json::from_str::<Node>(text.text) {
        Ok(mut node) => {
            node.name(String::new());
            node.note_duplicate_keys(found);
            Some(node)
        }
        Err(error) => {
            let at = Place {
                file: 0,
                line: u32::try_from(error.line()).unwrap_or(0),
                column: u32::try_from(error.column()).unwrap_or(0),
            };
            let text = error.to_string();
            let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            found.wrong_at(
                at,
                "",
                format!("this is not JSON: {message}"),
                "check commas, quotes and brackets near here",
            );
            None
        }
    }
}

struct Unreadable {
    at: Place,
    message: String,
    hint: &'static str,
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    last: Place,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Option<Node>, Unreadable> {
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(None),
                event => return self.node(event, at, 0).map(Some),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Place), Unreadable> {
        loop {
            match self.parser.next_event() {
                None => return Ok((Event::StreamEnd, self.last)),
                Some(Err(error)) => {
                    let at = self.place(error.marker().line(), error.marker().col());
                    return Err(syntax(at, format!("this is not YAML: {}", error.info())));
                }
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok((event, span))) => {
                    self.last = self.place(span.start.line(), span.start.col());
                    return Ok((event, self.last));
                }
            }
        }
    }

    fn place(&self, line: usize, before: usize) -> Place {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Place { file: self.last.file, line: number(line), column: number(before.saturating_add(1)) }
    }

    fn node(&mut self, event: Event<'a>, at: Place, depth: usize) -> Result<Node, Unreadable> {
        if DEPTH_MAX < depth {
            let message = format!("lists and maps are nested more than {DEPTH_MAX} deep");
            return Err(Unreadable { at, message, hint: "no objective needs that" });
        }
        let kind = match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style != ScalarStyle::Plain),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            Event::Alias(_) => {
                let message = "YAML aliases are not read".to_owned();
                return Err(Unreadable {
                    at,
                    message,
                    hint: "write the value out, or refer to a document by its name",
                });
            }
            _ => return Err(syntax(at, "a value is missing here".to_owned())),
        };
        Ok(Node { at, path: String::new(), kind })
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Unreadable> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(items)),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Unreadable> {
        let mut entries = Vec::new();
        loop {
            let (key, at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Kind::Map(entries)),
                (Event::Scalar(key, ..), at) => (key.into_owned(), at),
                (_, at) => return Err(syntax(at, "a key must be a word".to_owned())),
            };
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth + 1)?;
            entries.push(Entry { at, key, value });
        }
    }
}

fn scalar(text: String, quoted: bool) -> Kind {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if !quoted => Kind::Null,
        _ => Kind::Scalar { text, quoted },
    }
}

fn syntax(at: Place, message: String) -> Unreadable {
    Unreadable { at, message, hint: "check indentation and quotes near here; text with `: ` or ` #` must be quoted" }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kind = deserializer.deserialize_any(AnyKind)?;
        Ok(Self { at: Place::default(), path: String::new(), kind })
    }
}

struct AnyKind;

impl AnyKind {
    fn plain(text: impl ToString) -> Kind {
        Kind::Scalar { text: text.to_string(), quoted: false }
    }
}

impl<'de> Visitor<'de> for AnyKind {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Kind, E> {
        Ok(Self::plain(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Kind, E> {
        Ok(Self::plain(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Kind, E> {
        Ok(Self::plain(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Kind, E> {
        Ok(Self::plain(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar { text: value.to_owned(), quoted: true })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry()? {
            entries.push(Entry { at: Place::default(), key, value });
        }
        Ok(Kind::Map(entries))
    }
}
