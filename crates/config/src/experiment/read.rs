//! Values out of nodes. What does not fit is noted, and reading goes on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use base::Ppm;
use drill::Unfit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::found::Found;
use super::tree::{Kind, Node};
use crate::problem::suggest;

/// Something that can be read from a node.
pub(crate) trait Read: Sized {
    /// Reads it; what is wrong is noted, and `None` means that nothing could be made of the node.
    fn read(node: &Node, found: &mut Found) -> Option<Self>;
}

impl Found {
    /// A map that has no other keys than these.
    pub(crate) fn map(&mut self, node: &Node, known: &[&str]) -> Option<()> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong(node, "a map belongs here", format!("write keys and values; keys here: {}", known.join(", ")));
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let hint = suggest(&entry.key, known.iter().copied(), "keys here");
            self.add(entry.at, &entry.value.path, format!("there is no key `{}` here", entry.key), hint);
        }
        Some(())
    }

    /// The value of a key, which must be there when there is a hint to what it is.
    pub(crate) fn key<T: Read>(&mut self, map: &Node, key: &str, hint: Option<&str>) -> Option<T> {
        match (map.get(key), hint) {
            (Some(value), _) => T::read(value, self),
            (None, Some(hint)) => {
                self.add(map.at, &format!("{}/{key}", map.path), format!("`{key}` is missing here"), hint);
                None
            }
            (None, None) => None,
        }
    }

    /// The text of a scalar.
    pub(crate) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar(text) if !text.trim().is_empty() => Some(text),
            Kind::Null | Kind::Scalar(_) => {
                self.wrong(node, "this is empty", "write a text, or remove the key");
                None
            }
            Kind::List(_) | Kind::Map(_) => {
                self.wrong(node, "a text belongs here", "write one word or line");
                None
            }
        }
    }

    fn parsed<T>(&mut self, node: &Node, parse: impl FnOnce(&str) -> Result<T, Unfit>) -> Option<T> {
        let text = self.text(node)?;
        parse(text).map_err(|unfit| self.wrong(node, unfit.what, unfit.fix)).ok()
    }
}

impl Read for String {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        found.text(node).map(str::to_owned)
    }
}

/// A whole number without a sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Read for u64 {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        found.parsed(node, |text| {
            let wrong = || unfit(format!("`{text}` is no whole number of 0 or more"), "write digits alone");
            number(text).ok_or_else(wrong)
        })
    }
}

impl Read for u32 {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        let number = u64::read(node, found)?;
        let number = Self::try_from(number);
        number.map_err(|_| found.wrong(node, "this is too much", format!("write {} at most", Self::MAX))).ok()
    }
}

impl Read for bool {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        found.parsed(node, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(unfit(format!("`{text}` is neither `true` nor `false`"), "write one of the two")),
        })
    }
}

fn unfit(what: impl Into<String>, fix: impl Into<String>) -> Unfit {
    Unfit { what: what.into(), fix: fix.into() }
}

/// A node as it is; what it may be depends on another.
#[derive(Debug, Default)]
pub(crate) struct Later(pub(crate) Node);

impl Read for Later {
    fn read(node: &Node, _: &mut Found) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl JsonSchema for Later {
    fn schema_name() -> Cow<'static, str> {
        "With".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// A list; what could not be read is a gap, so that the rest keeps its places.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<Option<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> List<T> {
    /// What could be read.
    pub(crate) fn into_read(self) -> impl Iterator<Item = T> {
        self.0.into_iter().flatten()
    }
}

impl<T: Read> Read for List<T> {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        let Kind::List(items) = &node.kind else {
            found.wrong(node, "a list belongs here", "begin each item with `- `, or write [one, another]");
            return None;
        };
        Some(Self(items.iter().map(|item| T::read(item, found)).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}

/// Values by names that whoever writes the file has chosen.
#[derive(Debug)]
pub(crate) struct Names<T>(pub(crate) BTreeMap<String, Option<T>>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Read> Read for Names<T> {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            found.wrong(node, "a map belongs here", "write each name with what it names");
            return None;
        };
        let read = entries.iter().map(|entry| (entry.key.clone(), T::read(&entry.value, found)));
        Some(Self(read.collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Names<T> {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}

/// A short text of a form that the room knows.
pub(crate) trait Form: FromStr<Err = Unfit> {
    /// What it is called in the schema.
    const NAME: &'static str;
    /// What it is, with an example.
    const ABOUT: &'static str;
}

/// A text of such a form.
#[derive(Debug)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Form> Read for Text<T> {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        found.parsed(node, |text| text.parse().map(Self))
    }
}

impl<T: Form> JsonSchema for Text<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": T::ABOUT })
    }
}

/// One of some words.
pub(crate) trait Words: Copy + 'static {
    /// What it is called in the schema.
    const NAME: &'static str;
    /// All of them.
    fn all() -> Vec<(&'static str, Self)>;
}

/// Such a word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Words> Read for Word<T> {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        let all = T::all();
        found.parsed(node, |text| {
            let known = all.iter().find(|(word, _)| *word == text);
            let hint = || suggest(text, all.iter().map(|(word, _)| *word), "words");
            known.map(|(_, value)| Self(*value)).ok_or_else(|| unfit(format!("`{text}` may not stand here"), hint()))
        })
    }
}

impl<T: Words> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::all().into_iter().map(|(word, _)| word).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

/// A length of time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lasting(pub(crate) Duration);

impl Read for Lasting {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        found.parsed(node, |text| drill::length(text).map(Self))
    }
}

impl JsonSchema for Lasting {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A length of time: 250ms, 30s, 5m, 2h, or ISO 8601 such as PT30S." })
    }
}

/// A share in per cent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share(pub(crate) Ppm);

impl Read for Share {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        found.parsed(node, |text| {
            let wrong = || unfit(format!("`{text}` is no share between 0% and 100%"), "write `50%` or `0.5%`");
            crate::raw::percent(text).map(Self).ok_or_else(wrong)
        })
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A share in per cent: 5%, 0.5%." })
    }
}

/// One text, or several.
#[derive(Debug, Default)]
pub(crate) struct OneOrMore(pub(crate) Vec<String>);

impl Read for OneOrMore {
    fn read(node: &Node, found: &mut Found) -> Option<Self> {
        match &node.kind {
            Kind::List(_) => List::<String>::read(node, found).map(|list| Self(list.into_read().collect())),
            Kind::Null | Kind::Scalar(_) | Kind::Map(_) => String::read(node, found).map(|text| Self(vec![text])),
        }
    }
}

impl JsonSchema for OneOrMore {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

/// A map of known keys: one line says the key, the field and its type, and what to write when it must be there and is
/// not. The reader and the schema are made of the same lines, so that they cannot differ.
macro_rules! record {
    ($(#[$about:meta])* $name:ident {
        $($(#[$doc:meta])* $key:literal $field:ident: $type:ty $(= $hint:literal)?,)*
    }) => {
        #[derive(Debug, Default, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        $(#[$about])*
        pub(crate) struct $name {
            $(
                $(#[$doc])*
                #[schemars(rename = $key)]
                $(#[schemars(required)] #[cfg_attr(any(), doc = $hint)])?
                pub(crate) $field: Option<$type>,
            )*
        }

        impl Read for $name {
            fn read(node: &Node, found: &mut Found) -> Option<Self> {
                found.map(node, &[$($key),*])?;
                Some(Self { $($field: found.key(node, $key, record!(@hint $($hint)?)),)* })
            }
        }
    };
    (@hint) => { None };
    (@hint $hint:literal) => { Some($hint) };
}

pub(crate) use record;
