//! What stands in the file itself: the parts that are shown as they were written.
//!
//! Where a secret comes from is known only to the file; its value is known only to the process, and is never shown.

use serde_json::{Value, json};

/// The file as a tree.
pub(super) struct Written(Value);

impl Written {
    /// Reads a text that is known to be a valid configuration.
    pub(super) fn read(text: &str) -> Self {
        let tree = if text.trim().is_empty() { None } else { serde_saphyr::from_str(text).ok() };
        Self(tree.unwrap_or(Value::Null))
    }

    /// What stands under these keys; null when nothing does.
    pub(super) fn at(&self, path: &[&str]) -> Value {
        let mut tree = &self.0;
        for key in path {
            tree = &tree[key];
        }
        tree.clone()
    }

    /// Where a secret comes from.
    pub(super) fn secret(&self, path: &[&str]) -> Value {
        let source = self.at(path);
        if source.is_null() { json!("(hidden)") } else { source }
    }
}
