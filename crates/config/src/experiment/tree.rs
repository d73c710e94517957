//! Text to a tree of nodes that know their place and their path.
//!
//! A tree of our own, because the typed route through `serde` stops at the first mismatch, and a file shall be told
//! everything that is wrong with it at once. Aliases are refused: with them a small file can be a huge tree.

use std::collections::BTreeSet;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, StrInput};

use super::found::Found;

/// The longest text that is read, in bytes. Two hundred faults take a tenth of it.
pub const EXPERIMENT_BYTES_MAX: usize = 256 * 1024;
/// The deepest nesting of lists and maps.
const DEPTH_MAX: usize = 32;

/// A place in the file; both numbers count from 1, and are 0 for the file as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Node {
    /// Where people look for it: a scalar itself, the key of a list or a map.
    pub(crate) at: Place,
    /// A JSON pointer from the top.
    pub(crate) path: String,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Kind {
    #[default]
    Null,
    Scalar(String),
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
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
            .filter(|it| it.kind != Kind::Null)
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Null | Kind::Scalar(_) | Kind::List(_) => &[],
        }
    }

    /// The place of what a JSON pointer leads to, or of the nearest thing above it that there is.
    pub(crate) fn place_of(&self, pointer: &str) -> Place {
        let (mut node, mut place) = (self, self.at);
        for part in pointer.split('/').skip(1) {
            let next = match &node.kind {
                Kind::Null | Kind::Scalar(_) => None,
                Kind::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                Kind::Map(entries) => entries.iter().find(|entry| entry.key == part).map(|entry| &entry.value),
            };
            let Some(next) = next else { break };
            (node, place) = (next, next.at);
        }
        place
    }

    /// Gives this node and all below it their paths.
    fn name(&mut self, path: String) {
        match &mut self.kind {
            Kind::Null | Kind::Scalar(_) => {}
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.name(format!("{path}/{index}"));
                }
            }
            Kind::Map(entries) => {
                for entry in entries {
                    entry.value.name(format!("{path}/{}", entry.key));
                }
            }
        }
        self.path = path;
    }

    fn note_duplicate_keys(&self, found: &mut Found) {
        if let Kind::List(items) = &self.kind {
            items.iter().for_each(|item| item.note_duplicate_keys(found));
        }
        let mut seen = BTreeSet::new();
        for entry in self.entries() {
            if !seen.insert(entry.key.as_str()) {
                let message = format!("`{}` stands here twice", entry.key);
                found.add(entry.at, &entry.value.path, message, "rename one of the two, or remove it");
            }
            entry.value.note_duplicate_keys(found);
        }
    }
}

/// Reads the one document of a text.
pub(crate) fn read(text: &str, found: &mut Found) -> Option<Node> {
    if EXPERIMENT_BYTES_MAX < text.len() {
        let message = format!("the file is longer than {EXPERIMENT_BYTES_MAX} bytes");
        found.add(Place::default(), "", message, "make several experiments of it");
        return None;
    }
    let source = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { parser: Parser::new_from_str(source), last: Place { line: 1, column: 1 } };
    let mut read = || -> Result<Option<Node>, Unreadable> {
        let Some(first) = reader.document()? else { return Ok(None) };
        match reader.document()? {
            None => Ok(Some(first)),
            Some(second) => {
                let message = "a second document begins here".to_owned();
                Err(Unreadable { at: second.at, message, hint: "write each into a file of its own" })
            }
        }
    };
    match read() {
        Ok(Some(mut node)) if node.kind != Kind::Null => {
            node.name(String::new());
            node.note_duplicate_keys(found);
            Some(node)
        }
        Ok(_) => {
            found.add(Place::default(), "", "the file is empty", "begin with `apiVersion: steadyline/v1`");
            None
        }
        Err(Unreadable { at, message, hint }) => {
            found.add(at, "", message, hint);
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
                    let at = place(error.marker().line(), error.marker().col());
                    return Err(syntax(at, format!("this is not YAML: {}", error.info())));
                }
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok((event, span))) => {
                    self.last = place(span.start.line(), span.start.col());
                    return Ok((event, self.last));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, at: Place, depth: usize) -> Result<Node, Unreadable> {
        if DEPTH_MAX < depth {
            let message = format!("lists and maps are nested more than {DEPTH_MAX} deep");
            return Err(Unreadable { at, message, hint: "no experiment needs that" });
        }
        let kind = match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style != ScalarStyle::Plain),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            Event::Alias(_) => {
                let message = "YAML aliases are not read".to_owned();
                return Err(Unreadable { at, message, hint: "write the value out" });
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
            let mut value = self.node(event, value_at, depth + 1)?;
            if !matches!(value.kind, Kind::Scalar(_)) {
                value.at = at;
            }
            entries.push(Entry { at, key, value });
        }
    }
}

fn place(line: usize, before: usize) -> Place {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Place { line: number(line), column: number(before.saturating_add(1)) }
}

fn scalar(text: String, is_quoted: bool) -> Kind {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if !is_quoted => Kind::Null,
        _ => Kind::Scalar(text),
    }
}

fn syntax(at: Place, message: String) -> Unreadable {
    Unreadable { at, message, hint: "check indentation and quotes near here; text with `: ` or ` #` must be quoted" }
}
