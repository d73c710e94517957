//! The JSON of a retry policy: linted.

#![no_main]

use flow::lint::{self, Settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _found = lint::retry_policy(text, &Settings::default());
});
