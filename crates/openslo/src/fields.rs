//! Values out of nodes: maps with known keys, words, numbers, shares. What does not fit is noted, and reading goes on.

use base::Ppm;

use crate::number::{self, NotExact};
use crate::problem::{Found, suggest};
use crate::tree::{Kind, Node};

/// What a key that is not known is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// A problem: it is probably a misspelt one.
    Wrong,
    /// A loss: another tool's format has it, we do not.
    Lost,
}

impl Found {
    /// A map that has no other keys than these.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, known: &[&str]) -> Option<&'n Node> {
        self.map_with(node, known, Unknown::Wrong)
    }

    /// A map; a key that is not among these is what `unknown` says.
    pub(crate) fn map_with<'n>(&mut self, node: &'n Node, known: &[&str], unknown: Unknown) -> Option<&'n Node> {
        let Kind::Map(entries) = &node.kind else {
            let hint = format!("write keys and values; known keys here: {}", known.join(", "));
            self.wrong(node, "a map belongs here", hint);
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            match unknown {
                Unknown::Wrong => {
                    let hint = suggest(&entry.key, known.iter().copied(), "keys here");
                    self.wrong_at(entry.at, &entry.value.path, format!("there is no key `{}` here", entry.key), hint);
                }
                Unknown::Lost => {
                    self.lost(&entry.value, format!("`{}` has no equivalent", entry.key), "it is left out");
                }
            }
        }
        Some(node)
    }

    /// The value of a key that must be there.
    pub(crate) fn need<'n>(&mut self, map: &'n Node, key: &str, hint: &str) -> Option<&'n Node> {
        let value = map.get(key);
        if value.is_none() {
            self.wrong(map, format!("`{key}` is missing here"), hint);
        }
        value
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, hint: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            Kind::Null | Kind::Scalar { .. } | Kind::Map(_) => {
                self.wrong(node, "a list belongs here", hint);
                None
            }
        }
    }

    /// A text that is not empty.
    pub(crate) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar { text, .. } if !text.trim().is_empty() => Some(text),
            Kind::Null | Kind::Scalar { .. } => {
                self.wrong(node, "this is empty", "write a text, or remove the key");
                None
            }
            Kind::List(_) | Kind::Map(_) => {
                self.wrong(node, "a text belongs here", "write one word or line");
                None
            }
        }
    }

    /// The text of a key, if it is there.
    pub(crate) fn text_of(&mut self, map: &Node, key: &str) -> Option<String> {
        map.get(key).and_then(|node| self.text(node)).map(str::to_owned)
    }

    /// A text that may be empty or absent.
    pub(crate) fn prose_of(&mut self, map: &Node, key: &str) -> String {
        match map.get(key) {
            None => String::new(),
            Some(Node { kind: Kind::Scalar { text, .. }, .. }) => text.clone(),
            Some(node) => self.text(node).map_or_else(String::new, str::to_owned),
        }
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node, known: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let hint = suggest(text, known.iter().map(|(word, _)| *word), "words");
            self.wrong(node, format!("`{text}` may not stand here"), hint);
        }
        found
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match &node.kind {
            Kind::Scalar { text, quoted: false } if text == "true" => Some(true),
            Kind::Scalar { text, quoted: false } if text == "false" => Some(false),
            _ => {
                self.wrong(node, "this is neither `true` nor `false`", "write one of the two, without quotes");
                None
            }
        }
    }

    /// The boolean of a key; `usual` when it is absent or wrong.
    pub(crate) fn boolean_of(&mut self, map: &Node, key: &str, usual: bool) -> bool {
        map.get(key).and_then(|node| self.boolean(node)).unwrap_or(usual)
    }

    /// A share as a part of 1: `0.995`.
    pub(crate) fn ratio(&mut self, node: &Node) -> Option<Ppm> {
        self.share(node, 6, "write a part of 1 with at most 6 digits behind the point: `0.995`")
    }

    /// A share in per cent: `99.5`.
    pub(crate) fn percent(&mut self, node: &Node) -> Option<Ppm> {
        self.share(node, 4, "write per cent with at most 4 digits behind the point: `99.5`")
    }

    fn share(&mut self, node: &Node, digits: u32, hint: &str) -> Option<Ppm> {
        let parts = self.exact(node, digits, hint)?;
        let share = u32::try_from(parts).ok().and_then(Ppm::new);
        if share.is_none() {
            self.wrong(node, "this is more than the whole", hint);
        }
        share
    }

    /// A decimal number of 0 or more, times ten to the power of `digits`.
    pub(crate) fn exact(&mut self, node: &Node, digits: u32, hint: &str) -> Option<u64> {
        let text = self.text(node)?;
        match number::exact(text, digits) {
            Ok(number) => Some(number),
            Err(NotExact::NoNumber) => {
                self.wrong(node, format!("`{text}` is not a number of 0 or more"), hint);
                None
            }
            Err(NotExact::TooFine) => {
                self.wrong(node, format!("`{text}` has more than {digits} digits behind the point"), hint);
                None
            }
        }
    }

    /// A number, below zero too.
    pub(crate) fn number(&mut self, node: &Node) -> Option<f64> {
        let text = self.text(node)?;
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong(node, format!("`{text}` is not a number"), "write a decimal number: `0.5`");
        }
        number
    }
}
