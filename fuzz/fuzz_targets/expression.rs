//! An expression: what is read prints as something that reads the same.

#![no_main]

use flow::expr;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(expr) = expr::parse(text) else { return };
    assert_eq!(expr::parse(&expr.to_string()), Ok(expr));
});
