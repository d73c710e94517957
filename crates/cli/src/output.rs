//! What goes to stdout: one line at a time, for people or for programs.
//!
//! A reader that has gone away (`steadyline … | head`) is no error.

use std::fmt::Display;
use std::io::Write as _;

use serde_json::{Value, json};

use crate::settings::Format;

/// Prints one line to stdout.
pub(crate) fn line(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    // Nobody reads any more, and nobody needs to be told.
    let _gone = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints one line to stderr.
pub(crate) fn aside(text: impl Display) {
    let _gone = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a value to stdout, indented.
pub(crate) fn json(value: &Value) {
    line(format_args!("{value:#}"));
}

/// Tells that a server listens; the line that scripts wait for.
pub(crate) fn listening(format: Format, name: &str, url: &str) {
    match format {
        Format::Text => line(format_args!("listening {name} {url}")),
        Format::Json => line(json!({ "listening": name, "url": url })),
    }
}

/// Prints bytes to stdout as they are.
pub(crate) fn raw(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    let _gone = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// Prints rows in columns as wide as their widest cell, the heads first.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) {
    for text in columns(heads, rows) {
        line(text);
    }
}

fn columns(heads: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let all = || std::iter::once(&heads).chain(rows);
    let width = |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..heads.len()).map(|column| width(column).unwrap_or_default()).collect();
    let row = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    all().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["crm".to_owned(), "closed".to_owned()], vec!["billing-ü".to_owned(), "open".to_owned()]];
        let told = columns(&["CIRCUIT", "PHASE"], &rows);
        assert_eq!(told, ["CIRCUIT    PHASE", "crm        closed", "billing-ü  open"]);
    }
}
