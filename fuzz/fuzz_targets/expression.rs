//! An expression: what is read prints as something that reads the same.

#![no_main]

use flow::expr;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(expr) = expr::parse(text) else { return };
    match expr::parse(&expr.to_string()) {
        Ok(again) => assert_eq!(again, expr),
        // The brackets of the printed form may be more than the limits allow.
        Err(error) => assert!(["deep", "parts"].iter().any(|limit| error.message.contains(limit)), "{error}"),
    }
});
