//! What differs between what is there and what is in a file, line by line.

use similar::{ChangeTag, TextDiff};

/// Unchanged lines that are shown around a change.
const AROUND: usize = 3;
/// The most lines that are shown of one flow; a flow that is written anew is better looked at whole.
const LINES_MAX: usize = 400;

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Diff {
    /// Lines that are new.
    pub(super) added: usize,
    /// Lines that are gone.
    pub(super) removed: usize,
    /// Both, with what stands around them, as tools write it; not all when there is too much.
    pub(super) text: String,
}

/// Compares two texts; `None` when they mean the same: ends of lines, blanks behind them and comments mean nothing.
pub(super) fn between(before: &str, after: &str) -> Option<Diff> {
    let (old, new) = (plain(before), plain(after));
    if old == new || is_same_yaml(before, after) {
        return None;
    }
    let compared = TextDiff::from_lines(&old, &new);
    let count = |tag| compared.iter_all_changes().filter(|change| change.tag() == tag).count();
    let whole = compared.unified_diff().context_radius(AROUND).to_string();
    let mut lines: Vec<&str> = whole.lines().collect();
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    let mut text = lines.join("\n");
    if more > 0 {
        text.push_str(&format!("\n… and {more} more lines"));
    }
    Some(Diff { added: count(ChangeTag::Insert), removed: count(ChangeTag::Delete), text })
}

fn plain(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn is_same_yaml(before: &str, after: &str) -> bool {
    let read = |text: &str| serde_saphyr::from_str::<serde_json::Value>(text).ok();
    read(before).is_some_and(|before| Some(before) == read(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_does_not_differ() {
        assert_eq!(between("a: 1\r\nb: 2 \r\n", "a: 1\nb: 2\n\n"), None);
        assert_eq!(between("# old\na: {b: 1}\n", "a:\n  b: 1\n"), None);
        assert_eq!(between("no yaml: [", "no yaml: ["), None);
    }

    #[test]
    fn lines_that_differ_are_shown_and_counted() {
        let diff = between("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 5\nc: 3\nd: 4\n").unwrap();
        assert_eq!((diff.added, diff.removed), (2, 1));
        assert_eq!(diff.text, "@@ -1,3 +1,4 @@\n a: 1\n-b: 2\n+b: 5\n c: 3\n+d: 4");
    }

    #[test]
    fn a_flow_that_is_written_anew_is_not_shown_whole() {
        let after: String = (0..1_000).map(|line| format!("key{line}: 1\n")).collect();
        let diff = between("a: 1\n", &after).unwrap();
        assert_eq!((diff.added, diff.text.lines().count()), (1_000, LINES_MAX + 1));
        assert!(diff.text.ends_with("more lines"), "{}", diff.text);
    }
}
