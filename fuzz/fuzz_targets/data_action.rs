//! The JSON of a Data Action: read, linted, fixed.

#![no_main]

use std::time::Duration;

use flow::DataAction;
use flow::lint::{self, Settings, fix};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _read = DataAction::parse(text);
    let _found = lint::action(text, &Settings::default());
    let _fixed = fix::action(text, &fix::Options { queue: None, limit: Duration::from_secs(3) });
});
