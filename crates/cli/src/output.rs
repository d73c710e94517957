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
