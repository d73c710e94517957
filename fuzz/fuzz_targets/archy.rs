//! Archy YAML, with and without template parameters: read, linted, fixed.

#![no_main]

use std::time::Duration;

use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings, fix};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(chart) = Chart::read(text, &Substitutions::default()) else { return };
    let _found = lint::flow(&chart, &Settings::default(), &Library::default());
    let options = fix::Options { queue: Some("Support".to_owned()), limit: Duration::from_secs(3) };
    let _fixed = fix::flow(text, &Substitutions::default(), &options);
});
