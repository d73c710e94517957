//! Rows of data tables, by key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most rows of one table.
pub(crate) const ROWS_MAX: usize = 5_000;

/// A row: a value for each column.
pub(crate) type Row = Map<String, Value>;

/// The rows of every table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rows(BTreeMap<String, BTreeMap<String, Row>>);

impl Rows {
    pub(crate) fn of(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.0.get(table).into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn get(&self, table: &str, key: &str) -> Option<&Row> {
        self.0.get(table)?.get(key)
    }

    /// Writes a row; false when the table is full.
    pub(crate) fn put(&mut self, table: &str, key: &str, row: Row) -> bool {
        let rows = self.0.entry(table.to_owned()).or_default();
        if rows.len() >= ROWS_MAX && !rows.contains_key(key) {
            return false;
        }
        rows.insert(key.to_owned(), row);
        true
    }

    pub(crate) fn remove(&mut self, table: &str, key: &str) -> bool {
        self.0.get_mut(table).is_some_and(|rows| rows.remove(key).is_some())
    }

    pub(crate) fn clear(&mut self, table: &str) {
        self.0.remove(table);
    }
}
