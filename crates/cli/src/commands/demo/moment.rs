//! One moment of a story: when, what, and the numbers that belong to it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moment {
    /// Always the same words for the same thing, so that programs can look for them.
    pub(super) what: &'static str,
    /// The numbers as people read them.
    pub(super) words: Vec<String>,
    /// The numbers by name.
    pub(super) numbers: Map<String, Value>,
}

impl Moment {
    /// Something without numbers, as yet.
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, words: Vec::new(), numbers: Map::new() }
    }

    /// Adds what people read.
    pub(super) fn say(mut self, words: impl Into<String>) -> Self {
        self.words.push(words.into());
        self
    }

    /// Adds a number for programs.
    pub(super) fn number(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.numbers.insert(name.to_owned(), value.into());
        self
    }

    /// The form for programs.
    pub(super) fn to_json(&self, at: Timestamp) -> Value {
        json!({ "at": at.to_string(), "what": self.what, "numbers": self.numbers })
    }
}

/// `1 caller`, `2 callers`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Seconds with a tenth.
pub(super) fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_words_for_people_and_numbers_for_programs() {
        let moment = Moment::new("healthy").number("calls", 12).say(count(12, "call", "calls"));
        assert_eq!(moment.words, ["12 calls"]);
        assert_eq!(
            moment.to_json(Timestamp::UNIX_EPOCH),
            json!({ "at": "1970-01-01T00:00:00Z", "what": "healthy", "numbers": { "calls": 12 } })
        );
        assert_eq!(count(1, "call", "calls"), "1 call");
    }
}
