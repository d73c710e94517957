//! The JSON of an export of Architect: read, linted, drawn.

#![no_main]

use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings};
use flow::picture::Highlight;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(chart) = Chart::read(text, &Substitutions::default()) else { return };
    let _found = lint::flow(&chart, &Settings::default(), &Library::default());
    let _drawn = flow::picture::svg(&chart, &Highlight::default());
});
