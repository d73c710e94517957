//! The CRM's modes over HTTP.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{HEALTHY, Mode, State};

/// A mode as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    mode: Word,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Word {
    Healthy,
    Hang,
    Unavailable,
    Slow,
    Garbage,
    Reset,
    WrongLength,
    Endless,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    mode: Option<Word>,
    latency_ms: Option<u64>,
    retry_after_seconds: Option<u64>,
    tokens: Option<Written>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(flatten)]
    mode: Written,
    tokens: Written,
    requests: Counts,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    lookups: u64,
    health: u64,
    tokens: u64,
}

/// The present modes and counts.
pub(super) fn show(state: &State) -> String {
    let requests = state.requests();
    let shown = Shown {
        mode: written(&state.mode),
        tokens: written(&state.token_mode),
        requests: Counts { lookups: requests.lookups, health: requests.health, tokens: requests.tokens },
    };
    serde_json::to_string(&shown).expect("plain structs of words and numbers are JSON")
}

/// Switches what the order names.
pub(super) fn switch(state: &State, body: &[u8]) -> Result<(), String> {
    let order: Order = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(mode) = order.mode {
        let (latency_ms, retry_after_seconds) = (order.latency_ms, order.retry_after_seconds);
        state.mode.send_replace(meant(&Written { mode, latency_ms, retry_after_seconds }));
    }
    if let Some(tokens) = order.tokens {
        state.token_mode.send_replace(meant(&tokens));
    }
    Ok(())
}

fn meant(written: &Written) -> Mode {
    let latency = written.latency_ms.map(Duration::from_millis);
    match written.mode {
        Word::Healthy => latency.map_or(HEALTHY, Mode::Healthy),
        Word::Slow => Mode::Slow(latency.unwrap_or(Duration::from_secs(10))),
        Word::Hang => Mode::Hang,
        Word::Unavailable => Mode::Unavailable(written.retry_after_seconds.map(Duration::from_secs)),
        Word::Garbage => Mode::Garbage,
        Word::Reset => Mode::Reset,
        Word::WrongLength => Mode::WrongLength,
        Word::Endless => Mode::Endless,
    }
}

fn written(mode: &watch::Sender<Mode>) -> Written {
    let ms = |length: Duration| Some(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
    let (mode, latency_ms, retry_after_seconds) = match *mode.borrow() {
        Mode::Healthy(latency) => (Word::Healthy, ms(latency), None),
        Mode::Slow(over) => (Word::Slow, ms(over), None),
        Mode::Hang => (Word::Hang, None, None),
        Mode::Unavailable(after) => (Word::Unavailable, None, after.map(|after| after.as_secs())),
        Mode::Garbage => (Word::Garbage, None, None),
        Mode::Reset => (Word::Reset, None, None),
        Mode::WrongLength => (Word::WrongLength, None, None),
        Mode::Endless => (Word::Endless, None, None),
    };
    Written { mode, latency_ms, retry_after_seconds }
}
