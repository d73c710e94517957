//! Numbers in sentences.

use std::time::Duration;

/// `850 ms`, `4 s`, `2.5 s`, `3 min`.
pub(crate) fn time(time: Duration) -> String {
    let millis = time.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..120_000 if millis.is_multiple_of(1_000) => format!("{} s", millis / 1_000),
        1_000..120_000 => format!("{:.1} s", time.as_secs_f64()),
        120_000..7_200_000 => format!("{} min", time.as_secs() / 60),
        _ => format!("{} h", time.as_secs() / 3_600),
    }
}

/// `one flow`, `3 flows`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("one {one}"),
        number => format!("{number} {one}s"),
    }
}

/// Names for a sentence, not too many of them.
pub(crate) fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}
