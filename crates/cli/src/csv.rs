//! Counts by the minute as CSV: what all files of them have in common.

use api::Exit;
use base::{Count, Minute, Untrue};
use jiff::Timestamp;
use miette::Report;

use crate::failure::Failure;

/// The most wrong lines that are told one by one.
const WRONG_TOLD_MAX: usize = 20;

/// Everything that is wrong, each with its line, as the end of a command.
pub(crate) fn wrong(name: &str, wrong: &[(usize, String)], hint: &str) -> Report {
    let told: Vec<_> = wrong.iter().take(WRONG_TOLD_MAX).map(|(line, what)| format!("{name}:{line}: {what}")).collect();
    let more = wrong.len() - told.len();
    let rest = if more == 0 { String::new() } else { format!("\nand {more} more") };
    let message = format!("the counts cannot be used:\n{}{rest}", told.join("\n"));
    Failure::new(Exit::Usage, message, hint).into()
}

/// The cells of a line.
pub(crate) fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| cell.trim().trim_matches('"'))
}

/// The minute that begins at an instant.
pub(crate) fn minute(text: &str) -> Result<Minute, String> {
    let at: Timestamp = text.parse().map_err(|_| format!("`{text}` is no instant; write 2026-11-21T08:00:00Z"))?;
    if at.as_nanosecond() % 60_000_000_000 != 0 {
        return Err(format!("`{text}` is within a minute; write when the minute begins"));
    }
    Ok(Minute::of(at))
}

/// A whole number; nothing in an empty cell.
pub(crate) fn number(name: &str, text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("`{name}` is `{text}`; write a whole number, or nothing"))
}

/// What a minute counts, from the cells of its bad events and of all; empty ones are a minute of which nothing is known.
pub(crate) fn count(part: &str, bad: Option<u64>, total: Option<u64>) -> Result<Count, String> {
    match (bad, total) {
        (Some(bad), Some(total)) => Count::bad(bad, total).map_err(|untrue| untruth(untrue).to_owned()),
        (None, None) => Ok(Count::Missing),
        (Some(_), None) => Err(format!("`{part}` needs `total` beside it; leave both empty if nothing is known")),
        // Of nothing, nothing can have been bad.
        (None, Some(0)) => Ok(Count::Empty),
        (None, Some(_)) => Err(format!("`total` needs `{part}` beside it; leave both empty if nothing is known")),
    }
}

/// What is to be done about counts that cannot be.
pub(crate) fn untruth(untrue: Untrue) -> &'static str {
    match untrue {
        Untrue::BadAboveTotal => "more were bad than there were; correct `bad` or `total`",
        Untrue::GoodAboveTotal => "more were good than there were; correct `good` or `total`",
        Untrue::TooMany => "a minute has more than 4,294,967,295 events; correct `total`",
        Untrue::NoCount => "this is no count; write whole numbers from 0 on",
    }
}
