//! What is wrong with a configuration: where, why, and what to write instead.

use std::fmt;
use std::ops::Range;

use serde_saphyr::Location;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Line, counted from 1; 0 when it concerns the file as a whole.
    pub line: u32,
    /// Column, counted from 1.
    pub column: u32,
    /// Bytes of the source that it is about.
    pub span: Range<usize>,
}

/// A configuration that cannot be used, with all that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// Name of the file.
    pub file: String,
    /// Its text.
    pub source_text: String,
    /// In the order of the file; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let Problem { message, hint, line, column, .. } = problem;
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{line}:{column}: {message}\n  hint: {hint}", self.file)?;
        }
        Ok(())
    }
}

impl Problem {
    /// A problem at a place of `source`.
    pub(crate) fn at(source: &str, location: Location, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let number = |number: u64| u32::try_from(number).unwrap_or(0);
        Self::on(source, (number(location.line()), number(location.column())), message, hint)
    }

    /// A problem on a line, at a column.
    pub(crate) fn on(
        source: &str,
        (line, column): (u32, u32),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { message: message.into(), hint: hint.into(), line, column, span: span(source, line, column) }
    }
}

/// From the place to the end of its line's text, so that an excerpt shows what is meant.
fn span(source: &str, line: u32, column: u32) -> Range<usize> {
    let Some(index) = (line as usize).checked_sub(1) else { return 0..0 };
    let start_of_line: usize = source.split_inclusive('\n').take(index).map(str::len).sum();
    let text = source.get(start_of_line..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let before: usize = text.chars().take((column as usize).saturating_sub(1)).map(char::len_utf8).sum();
    let end = start_of_line + text.trim_end().len();
    let start = (start_of_line + before).min(end);
    start..end
}

/// The nearest of the known words, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |known: &&str| strsim::damerau_levenshtein(word, known);
    known.min_by_key(near).filter(|known| near(known) <= known.len().max(word.len()) / 3 + 1)
}

/// "did you mean", or all that is known.
pub(crate) fn suggest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone, what: &str) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known {what}: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["deadline", "fallback", "upstream"];
        assert_eq!(nearest("deadlin", known.into_iter()), Some("deadline"));
        assert_eq!(nearest("fallbcak", known.into_iter()), Some("fallback"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }

    #[test]
    fn a_span_reaches_from_the_column_to_the_end_of_the_line() {
        let source = "a: 1\n  bé: two \nc: 3\n";
        assert_eq!(&source[span(source, 2, 7)], "two");
        assert_eq!(span(source, 99, 1), source.len()..source.len());
    }
}
