//! A flow carried out in every way.

#![no_main]

use std::sync::Arc;

use flow::chart::{Chart, Substitutions};
use flow::trace::{self, Scenario};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(chart) = Chart::read(text, &Substitutions::default()) else { return };
    let stories = trace::stories(&Arc::new(chart), &Scenario::default());
    assert!(stories.list.len() <= trace::STORIES_MAX);
});
