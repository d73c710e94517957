//! Counts by the minute as CSV: what all files of them have in common.

use std::borrow::Cow;

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

/// The cells of a line as RFC 4180 has them, without the blanks around them: in quotes where they hold commas or quotes,
/// which are doubled there. A cell ends in the line in which it begins.
pub(crate) fn cells(line: &str) -> Result<Vec<Cow<'_, str>>, String> {
    if line.chars().any(|character| character.is_control() && character != '\t') {
        return Err("there is a control character in it; leave it out".to_owned());
    }
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let (cell, behind) = cell(rest)?;
        cells.push(cell);
        match behind {
            Some(behind) => rest = behind,
            None => return Ok(cells),
        }
    }
}

/// The first cell, and what is behind its comma.
fn cell(text: &str) -> Result<(Cow<'_, str>, Option<&str>), String> {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let (cell, behind) = comma(text);
        if cell.contains('"') {
            let cell = cell.trim();
            return Err(format!(
                "there is a quote within `{cell}`; put the cell in quotes, and write its quotes twice"
            ));
        }
        return Ok((Cow::Borrowed(cell.trim()), behind));
    };
    let end = closing(quoted).ok_or("a quote is not closed; close it in the same line")?;
    let (after, behind) = comma(&quoted[end + 1..]);
    if !after.trim().is_empty() {
        let after = after.trim();
        return Err(format!("`{after}` stands behind a closing quote; quotes within a cell are written twice"));
    }
    let cell = &quoted[..end];
    let cell = if cell.contains('"') { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) };
    Ok((cell, behind))
}

/// A cell as it is read back.
pub(crate) fn written(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"']) {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Up to the next comma, and what is behind it.
fn comma(text: &str) -> (&str, Option<&str>) {
    text.split_once(',').map_or((text, None), |(cell, behind)| (cell, Some(behind)))
}

/// Where the quote is that closes, behind doubled ones.
fn closing(quoted: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + quoted[from..].find('"')?;
        if !quoted[end + 1..].starts_with('"') {
            return Some(end);
        }
        from = end + 2;
    }
}

/// The columns that a first line names, in lower case.
pub(crate) struct Heads(Vec<String>);

impl Heads {
    /// Reads a first line.
    pub(crate) fn of(line: &str) -> Result<Self, String> {
        Ok(Self(cells(line)?.iter().map(|head| head.to_ascii_lowercase()).collect()))
    }

    /// Where a column is, if it is there.
    pub(crate) fn place(&self, name: &str) -> Result<Option<usize>, String> {
        let mut places = (0..self.0.len()).filter(|place| self.0[*place] == name);
        match (places.next(), places.next()) {
            (_, Some(_)) => Err(format!("there are two columns `{name}`; leave one of them out")),
            (place, None) => Ok(place),
        }
    }
}

/// A name of which a table can be made.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if name.chars().any(char::is_control) {
        return Err(format!("the name {name:?} has a control character; leave it out"));
    }
    Ok(())
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

/// What the columns of a count are called.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    /// That of the bad or good events.
    pub(crate) part: &'a str,
    /// That of all.
    pub(crate) total: &'a str,
}

impl Names<'_> {
    /// What a minute counts, from the cells of its bad events and of all; empty ones are a minute of which nothing is
    /// known.
    pub(crate) fn count(self, bad: Option<u64>, total: Option<u64>) -> Result<Count, String> {
        let Self { part, total: whole } = self;
        match (bad, total) {
            (Some(bad), Some(total)) => Count::bad(bad, total).map_err(|untrue| self.untruth(untrue)),
            (None, None) => Ok(Count::Missing),
            (Some(_), None) => Err(format!("`{part}` needs `{whole}` beside it; leave both empty if nothing is known")),
            // Of nothing, nothing can have been bad.
            (None, Some(0)) => Ok(Count::Empty),
            (None, Some(_)) => Err(format!("`{whole}` needs `{part}` beside it; leave both empty if nothing is known")),
        }
    }

    /// What is to be done about counts that cannot be.
    pub(crate) fn untruth(self, untrue: Untrue) -> String {
        let Self { part, total } = self;
        match untrue {
            Untrue::BadAboveTotal => format!("more were bad than there were; correct `{part}` or `{total}`"),
            Untrue::GoodAboveTotal => format!("more were good than there were; correct `{part}` or `{total}`"),
            Untrue::TooMany => format!("a minute has more than 4,294,967,295 events; correct `{total}`"),
            Untrue::NoCount => "this is no count; write whole numbers from 0 on".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_commas_and_quotes_together() {
        let table: [(&str, &[&str]); 9] = [
            ("", &[""]),
            ("a,b", &["a", "b"]),
            (" a , b,", &["a", "b", ""]),
            (r#""Main, IVR",5,0"#, &["Main, IVR", "5", "0"]),
            (r#"1, "Main, IVR" ,5"#, &["1", "Main, IVR", "5"]),
            (r#""say ""hello""",1"#, &[r#"say "hello""#, "1"]),
            ("\"\",\"\"\"\",\"\"\",\"\"\"", &["", "\"", "\",\""]),
            (r#""","#, &["", ""]),
            ("\"Größe, ü\",\t1", &["Größe, ü", "1"]),
        ];
        for (line, expected) in table {
            assert_eq!(cells(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn quotes_that_mean_nothing_are_refused() {
        let table = [
            (r#""Main, IVR,5,0"#, "a quote is not closed"),
            (r#"1,""#, "a quote is not closed"),
            (r#"1,"a"""#, "a quote is not closed"),
            (r#""Main" IVR,5"#, "`IVR` stands behind a closing quote"),
            (r#"Main "IVR",5"#, r#"a quote within `Main "IVR"`"#),
            ("Main\u{1b}[31m,5", "a control character"),
        ];
        for (line, part) in table {
            let said = cells(line).unwrap_err();
            assert!(said.contains(part), "{line}: {said}");
        }
    }
}
