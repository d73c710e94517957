//! What the organisation has configured and the twin need not understand to keep: call routes, trunks, tables, campaigns.
//!
//! Each kind is a list of JSON objects with an `id`, in the order in which they came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The most documents of one kind.
pub(crate) const DOCUMENTS_MAX: usize = 10_000;

/// A kind of document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its name in files that hold the whole organisation.
    pub(crate) name: &'static str,
    /// What an error calls it.
    pub(crate) what: &'static str,
    /// Where it is found, without a slash at the end.
    pub(crate) uri: &'static str,
    /// True when it carries a `version` that a change must name.
    pub(crate) is_versioned: bool,
}

/// All documents, by the name of their kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Documents(BTreeMap<String, Vec<Map<String, Value>>>);

/// Why a document was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// There is none with this id.
    NotFound,
    /// It has changed since; its version now.
    Conflict(u64),
    /// There are too many.
    Full,
}

impl Documents {
    /// All of a kind.
    pub(crate) fn all(&self, kind: &Kind) -> &[Map<String, Value>] {
        self.0.get(kind.name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn get(&self, kind: &Kind, id: &str) -> Option<&Map<String, Value>> {
        self.all(kind).iter().find(|document| is(document, id))
    }

    pub(crate) fn get_mut(&mut self, kind: &Kind, id: &str) -> Option<&mut Map<String, Value>> {
        self.0.get_mut(kind.name)?.iter_mut().find(|document| is(document, id))
    }

    /// Adds a document; one with the same id is replaced without a question.
    pub(crate) fn add(&mut self, kind: &Kind, id: &str, document: Value) -> Result<&Map<String, Value>, DocumentError> {
        let mut document = if let Value::Object(document) = document { document } else { Map::new() };
        document.insert("id".to_owned(), id.into());
        if kind.is_versioned {
            document.entry("version").or_insert_with(|| 1.into());
        }
        document.entry("selfUri").or_insert_with(|| format!("{}/{id}", kind.uri).into());
        let list = self.0.entry(kind.name.to_owned()).or_default();
        let at = match list.iter().position(|known| is(known, id)) {
            Some(at) => {
                list[at] = document;
                at
            }
            None if list.len() >= DOCUMENTS_MAX => return Err(DocumentError::Full),
            None => {
                list.push(document);
                list.len() - 1
            }
        };
        Ok(&list[at])
    }

    /// Replaces a document as a whole, when `change` names its version.
    pub(crate) fn replace(
        &mut self,
        kind: &Kind,
        id: &str,
        change: &Map<String, Value>,
    ) -> Result<&Map<String, Value>, DocumentError> {
        let known = self.get_mut(kind, id).ok_or(DocumentError::NotFound)?;
        let version = known.get("version").and_then(Value::as_u64);
        if kind.is_versioned && change.get("version").and_then(Value::as_u64) != version {
            return Err(DocumentError::Conflict(version.unwrap_or(0)));
        }
        let (id, uri) = (known.get("id").cloned(), known.get("selfUri").cloned());
        let division = known.get("division").cloned();
        *known = change.clone();
        known.insert("id".to_owned(), id.unwrap_or_default());
        known.insert("selfUri".to_owned(), uri.unwrap_or_default());
        if let Some(division) = division {
            known.entry("division").or_insert(division);
        }
        if let (true, Some(version)) = (kind.is_versioned, version) {
            known.insert("version".to_owned(), json!(version + 1));
        }
        Ok(known)
    }
}

fn is(document: &Map<String, Value>, id: &str) -> bool {
    document.get("id").and_then(Value::as_str) == Some(id)
}
